"""What R4 and the project's own profiles define: types, elements, codes, search, compartments.

Source: https://hl7.org/fhir/R4/structuredefinition.html,
https://hl7.org/fhir/R4/searchparameter-registry.html,
https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from fhir_server.fhir.locations import definition_directories
from fhir_server.profiles.canonical_versions import split_canonical
from fhir_server.profiles.conformance import ConformanceResources, ConformanceSource
from fhir_server.profiles.core_snapshots import STRUCTURES, core_definition
from fhir_server.profiles.elements import (
    Compartment,
    Element,
    SearchParameter,
    TypeRef,
    element_from,
    search_parameter_from,
)
from fhir_server.profiles.json_lines import Lines
from fhir_server.profiles.search_expressions import expression_for

Resource = Mapping[str, Any]

_HL7 = ("http://hl7.org/fhir/", "http://terminology.hl7.org/")
_LINES = {"CodeSystem": "code_systems", "ValueSet": "value_sets", "ConceptMap": "concept_maps"}


class Definitions:
    """The definitions, read-only and safe to share between threads.

    Args:
        tables: the R4 tables by name, as `tools.derive_r4` writes them.
        conformance_directories: folders with the project's own conformance resources; read on
            first use.
        r4_directory: where the tables are that few need, read on first use; None for none.
    """

    def __init__(
        self,
        tables: Mapping[str, Any],
        conformance_directories: Sequence[Path] = (),
        r4_directory: Path | None = None,
    ) -> None:
        self._r4_directory = r4_directory
        self._structures: Mapping[str, Any] = tables["structures"]
        self._codes: Mapping[str, Any] = tables["codes"]
        self._search: Mapping[str, Any] = tables["search"]
        self._compartments: Mapping[str, Any] = tables["compartments"]
        self._operations: Mapping[str, Resource] = tables.get("operations", {})
        self._directories = conformance_directories
        self._children: dict[str, Mapping[str, Element]] = {}
        self._parameters: dict[str, Mapping[str, SearchParameter]] = {}
        self._core: dict[str, Resource | None] = {}
        self._lines = {
            resource_type: Lines(r4_directory and r4_directory / f"{name}.jsonl")
            for resource_type, name in _LINES.items()
        }
        self._stored: ConformanceSource | None = None
        self._added: Mapping[str, Mapping[str, SearchParameter]] = {}
        self.resource_types: tuple[str, ...] = tuple(
            sorted(
                name
                for name, structure in self._structures.items()
                if structure["kind"] == "resource" and not structure.get("abstract")
            )
        )
        self._resource_type_set = frozenset(self.resource_types)

    @classmethod
    def load(cls, directories: Sequence[Path] | None = None) -> Definitions:
        """Read the definitions.

        Args:
            directories: the folder with the R4 tables and any number of folders with conformance
                resources; by default those of the installation.
        """
        chosen = definition_directories() if directories is None else tuple(directories)
        r4 = next(d for d in chosen if (d / "structures.json").is_file())
        names = ("structures", "codes", "search", "compartments", "operations")
        tables = {name: orjson.loads((r4 / f"{name}.json").read_bytes()) for name in names}
        return cls(tables, [d for d in chosen if d != r4], r4)

    def is_resource_type(self, name: str) -> bool:
        """Tell whether R4 has a concrete resource type of this name."""
        return name in self._resource_type_set

    def is_primitive(self, type_name: str) -> bool:
        """Tell whether a type is carried by a JSON string, number or boolean."""
        structure = self._structures.get(type_name)
        return structure is not None and structure["kind"] == "primitive-type"

    def base_type(self, type_name: str) -> str | None:
        """Give the type that a type is derived from, e.g. DomainResource for CareTeam."""
        base: str | None = self._structures[type_name].get("base")
        return base

    def kind(self, type_name: str) -> str | None:
        """Give ``resource``, ``complex-type`` or ``primitive-type``; None for an unknown type."""
        structure = self._structures.get(type_name)
        return None if structure is None else str(structure["kind"])

    def is_abstract(self, type_name: str) -> bool:
        """Tell whether no instance has just this type."""
        return bool(self._structures[type_name].get("abstract"))

    def invariants(self, type_name: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Give a type's own FHIRPath invariants, by the path of the element they stand at."""
        found: Mapping[str, Sequence[Mapping[str, Any]]] = self._invariants.get(type_name, {})
        return found

    def children(self, path_or_type: str) -> Mapping[str, Element]:
        """Give the elements inside a type or element, inherited ones included.

        Args:
            path_or_type: ``CareTeam``, ``CareTeam.participant``, ``CareTeam.participant.role``
                (the children of its type) or ``HumanName``. Of a primitive, those of
                ``_property``: id and extension.

        Returns:
            Elements by name, in the order of the specification; a choice element appears once,
            without ``[x]``.

        Raises:
            KeyError: for a path that is not defined.
        """
        found = self._children.get(path_or_type)
        if found is None:
            found = self._children[path_or_type] = self._collect(path_or_type)
        return found

    def search_parameters(self, resource_type: str) -> Mapping[str, SearchParameter]:
        """Give a type's search parameters by code: R4's, its base types' and the project's own."""
        found = self._parameters.get(resource_type)
        if found is None:
            found = self._parameters[resource_type] = self._collect_parameters(resource_type)
        return found

    def with_search_parameters(
        self, added: Mapping[str, Mapping[str, SearchParameter]]
    ) -> Definitions:
        """Give the same definitions with further search parameters.

        Args:
            added: by resource type, under any key that no published code has.
        """
        other = copy.copy(self)
        other._parameters = {}
        other._added = added
        return other

    def lineage(self, resource_type: str) -> list[str]:
        """Give a type and those it is derived from, the most general first."""
        chain: list[str] = []
        base: str | None = resource_type
        while base is not None:
            chain.insert(0, base)
            base = self.base_type(base)
        return chain

    def compartment(self, name: str) -> Compartment | None:
        """Give a compartment by its resource type, e.g. ``Patient``."""
        entry = self._compartments.get(name)
        if entry is None:
            return None
        parameters = {code: tuple(names) for code, names in entry["resources"].items()}
        return Compartment(name, entry["url"], parameters)

    def codes(self, value_set: str) -> Mapping[str, Sequence[str]] | None:
        """Give the codes by system of a value set that R4 requires somewhere.

        Returns:
            None where the value set is unknown here or can't be enumerated (mime types, UCUM).
        """
        found: Mapping[str, Sequence[str]] | None = self._codes["closed"].get(value_set)
        return found

    def value_sets(self) -> tuple[Resource, ...]:
        """Give the ValueSets: the project's, and those that are stored."""
        return tuple(self.conformance_of_type("ValueSet"))

    def conformance(self, resource_type: str, canonical: str) -> Resource | None:
        """Give a conformance resource: the project's, R4's StructureDefinitions, stored ones.

        Args:
            resource_type: of the conformance resource.
            canonical: with ``|version`` just that version; without, the published one, else the
                highest stored version that is not retired.

        Returns:
            A StructureDefinition with its snapshot; None for what is not known here.
        """
        url, version = split_canonical(canonical)
        published = self._own.get(resource_type, url)
        if published is None and resource_type == "StructureDefinition":
            published = self.core(url.removeprefix(STRUCTURES)) if STRUCTURES in url else None
        if published is not None:
            own = str(published.get("version", ""))
            fits = not version or not own or f"{own}.".startswith(f"{version}.")
            return published if fits else None
        return None if self._stored is None else self._stored.get(resource_type, canonical)

    def publishes(self, resource_type: str, url: str) -> bool:
        """Tell whether a url belongs to R4's tables or to the project's own resources."""
        if self._own.get(resource_type, url) is not None:
            return True
        match resource_type:
            case "StructureDefinition":
                return url.startswith(STRUCTURES) and url[len(STRUCTURES) :] in self._structures
            case "CodeSystem":
                # What others publish (SNOMED CT, DICOM) may be stored by who has it.
                return url.startswith(_HL7) and self._lines[resource_type].has(url)
            case "ValueSet" | "ConceptMap":
                return self._lines[resource_type].has(url)
        return False

    def with_conformance(self, source: ConformanceSource) -> Definitions:
        """Give the same definitions with the conformance resources of a source beside them.

        Args:
            source: of what is stored; it does not come before what is published.
        """
        other = copy.copy(self)
        other._stored = source
        return other

    @property
    def stored(self) -> ConformanceSource | None:
        """The source of stored conformance resources; None where there are none."""
        return self._stored

    def core(self, name: str) -> Resource | None:
        """Give R4's StructureDefinition of a type, with its snapshot; None for an unknown type."""
        found = self._core.get(name)
        if found is None and name in self._structures:
            found = self._core[name] = core_definition(self, name)
        return found

    def lines(self, resource_type: str) -> Lines:
        """Give R4's CodeSystems, ValueSets or ConceptMaps, compact and unread."""
        return self._lines[resource_type]

    def published_of_type(self, resource_type: str) -> Iterator[Resource]:
        """Give the project's own conformance resources of a type."""
        return self._own.of_type(resource_type)

    def published(self, resource_type: str, id_: str) -> Resource | None:
        """Give the project's own conformance resource with a logical id; None for none."""
        return self._own.with_id(resource_type, id_)

    def conformance_of_type(self, resource_type: str) -> Iterator[Resource]:
        """Give the project's own conformance resources of a type, and the stored ones."""
        yield from self._own.of_type(resource_type)
        if self._stored is not None:
            yield from self._stored.of_type(resource_type)

    def operations(self) -> tuple[Resource, ...]:
        """Give the OperationDefinitions: R4's that the server offers, and the project's own."""
        return (*self._operations.values(), *self._own.of_type("OperationDefinition"))

    def profiles(self, resource_type: str) -> tuple[Resource, ...]:
        """Give the StructureDefinitions that constrain a type; reads those that are stored."""
        own = self._own_profiles(resource_type)
        if self._stored is None:
            return own
        names = self._stored.profiles_of(resource_type)
        found = (self._stored.get("StructureDefinition", name) for name in names)
        return (*own, *(each for each in found if each is not None))

    def profile_urls(self, resource_type: str) -> tuple[str, ...]:
        """Give the canonical urls of the profiles on a type, without reading them."""
        own = tuple(str(each["url"]) for each in self._own_profiles(resource_type))
        if self._stored is None:
            return own
        stored = (split_canonical(name)[0] for name in self._stored.profiles_of(resource_type))
        return (*own, *sorted(set(stored)))

    def _own_profiles(self, resource_type: str) -> tuple[Resource, ...]:
        return tuple(
            definition
            for definition in self._own.of_type("StructureDefinition")
            if definition.get("type") == resource_type
            and definition.get("derivation") == "constraint"
        )

    @property
    def canonical(self) -> str:
        """The project's canonical base url; empty where its package.json is missing."""
        return self._own.canonical

    @property
    def package_name(self) -> str:
        """The name of the project's package; empty where its package.json is missing."""
        return self._own.package_name

    @cached_property
    def invariant_expressions(self) -> frozenset[tuple[str, str]]:
        """Key and expression of each of R4's invariants."""
        return frozenset(
            (invariant["key"], invariant["expression"])
            for elements in self._table("invariants").values()
            for invariants in elements.values()
            for invariant in invariants
        )

    @cached_property
    def _own(self) -> ConformanceResources:
        return ConformanceResources(self._directories)

    @cached_property
    def _invariants(self) -> Mapping[str, Any]:
        return self._table("invariants")

    def _table(self, name: str) -> Mapping[str, Any]:
        path = self._r4_directory and self._r4_directory / f"{name}.json"
        return orjson.loads(path.read_bytes()) if path and path.is_file() else {}

    def _collect(self, path: str) -> Mapping[str, Element]:
        type_name = path.partition(".")[0]
        if path == type_name:
            inherited = self._inherited(self._structures[path].get("base"), path)
            own = {**inherited, **self._own_elements(type_name, path)}
            return {name: element for name, element in own.items() if element.max != 0}
        element = self._element_at(path)
        if element.content_reference:
            return self.children(element.content_reference)
        code = element.types[0].code
        if code not in ("BackboneElement", "Element"):
            return self.children(code)
        return {**self._inherited(code, path), **self._own_elements(type_name, path)}

    def _element_at(self, path: str) -> Element:
        parent, _, name = path.rpartition(".")
        return self.children(parent)[name]

    def _inherited(self, base: str | None, path: str) -> Mapping[str, Element]:
        if base is None:
            return {}
        above = self._inherited(self._structures[base].get("base"), path)
        return {**above, **self._own_elements(base, path, at=base)}

    def _own_elements(
        self, type_name: str, path: str, at: str | None = None
    ) -> Mapping[str, Element]:
        prefix = f"{at or path}."
        elements = (
            element_from(entry, f"{path}.{entry['path'][len(prefix) :]}")
            for entry in self._structures[type_name]["elements"]
            if entry["path"].startswith(prefix) and "." not in entry["path"][len(prefix) :]
        )
        return {element.name: element for element in elements}

    def _collect_parameters(self, resource_type: str) -> Mapping[str, SearchParameter]:
        found: dict[str, SearchParameter] = {}
        for name in self.lineage(resource_type):
            for code, entry in self._search.get(name, {}).items():
                found[code] = search_parameter_from(code, entry, name)
            found.update(self._published_parameters(name))
        return {**found, **self._added.get(resource_type, {})}

    def _published_parameters(self, base: str) -> Mapping[str, SearchParameter]:
        found = {}
        for resource in self._own.of_type("SearchParameter"):
            if base in resource.get("base", ()):
                own = expression_for(base, resource.get("expression", ""))
                entry = {
                    **resource,
                    "expression": own,
                    "targets": resource.get("target", ()),
                    "components": resource.get("component", ()),
                }
                found[resource["code"]] = search_parameter_from(resource["code"], entry, base)
        return found


__all__ = ["Compartment", "Definitions", "Element", "SearchParameter", "TypeRef"]
