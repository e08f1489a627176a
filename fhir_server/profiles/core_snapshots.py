"""R4's own types as StructureDefinitions with a snapshot, made from the compact tables.

Only what constrains is there: no short texts, definitions or mappings.

Source: https://hl7.org/fhir/R4/structuredefinition.html,
https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from fhir_server.profiles.elements import Element, TypeRef

Resource = Mapping[str, Any]
Constraint = Mapping[str, Any]

STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM = "http://hl7.org/fhirpath/System."
FHIR_TYPE = f"{STRUCTURES}structuredefinition-fhir-type"
BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}

# Elements that R4 defines with FHIRPath's own type, and the FHIR type that they stand for.
_SYSTEM_TYPED = {"Resource.id": "string", "Element.id": "string", "Extension.url": "uri"}
_SYSTEM_NAMES = {"boolean": "Boolean", "decimal": "Decimal", "time": "Time", "date": "Date"}
_INTEGERS = ("integer", "positiveInt", "unsignedInt")
_DATE_TIMES = ("dateTime", "instant")
# https://hl7.org/fhir/R4/datatypes.html#string
MOST_CHARACTERS = 1_048_576
# Profiles on Quantity that R4's own elements name.
_QUANTITIES = ("SimpleQuantity", "MoneyQuantity")
_INLINE = ("BackboneElement", "Element")
# Of these R4 repeats no invariant of Element: they are no FHIR elements, or whole resources.
_WITHOUT_ELE_1 = ("Resource",)


class Types(Protocol):
    """What has to be known of R4's types; `Definitions` knows it."""

    def children(self, path_or_type: str) -> Mapping[str, Element]:
        """Give the elements inside a type or element, inherited ones included."""

    def is_primitive(self, type_name: str) -> bool:
        """Tell whether a type is carried by a JSON string, number or boolean."""

    def is_abstract(self, type_name: str) -> bool:
        """Tell whether no instance has just this type."""

    def kind(self, type_name: str) -> str | None:
        """Give ``resource``, ``complex-type`` or ``primitive-type``; None for an unknown type."""

    def lineage(self, type_name: str) -> list[str]:
        """Give a type and those it is derived from, the most general first."""

    def invariants(self, type_name: str) -> Mapping[str, Sequence[Constraint]]:
        """Give a type's own invariants, by the path of the element they stand at."""


def core_definition(types: Types, name: str) -> dict[str, Any] | None:
    """Give R4's StructureDefinition of a type.

    Args:
        types: R4's types.
        name: e.g. ``CareTeam``, ``HumanName``, ``string``, ``SimpleQuantity``.

    Returns:
        None where R4 has no such type.
    """
    kind = types.kind(name)
    if kind is None:
        return None
    if name in _QUANTITIES:
        return _quantity(types, name)
    return _type_definition(types, name, kind)


def _type_definition(types: Types, name: str, kind: str) -> dict[str, Any]:
    lineage = types.lineage(name)
    definition: dict[str, Any] = {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": f"{STRUCTURES}{name}",
        "version": "4.0.1",
        "name": name,
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": kind,
        "abstract": types.is_abstract(name),
        "type": name,
        "derivation": "specialization",
    }
    if len(lineage) > 1:
        definition["baseDefinition"] = f"{STRUCTURES}{lineage[-2]}"
    definition["snapshot"] = {"element": list(_Elements(types, name, lineage).all())}
    return definition


def _quantity(types: Types, name: str) -> dict[str, Any]:
    """Give one of R4's profiles on Quantity, which forbid some of its elements."""
    quantity = _type_definition(types, "Quantity", "complex-type")
    allowed = types.children(name)
    elements = [
        element
        if element["path"].rpartition(".")[2] in ("Quantity", *allowed)
        else {**element, "max": "0"}
        for element in quantity["snapshot"]["element"]
    ]
    own = {"id": name, "url": f"{STRUCTURES}{name}", "name": name, "derivation": "constraint"}
    base = {"baseDefinition": quantity["url"], "snapshot": {"element": elements}}
    return {**quantity, **own, **base}


class _Elements:
    """The ElementDefinitions of one type."""

    def __init__(self, types: Types, name: str, lineage: Sequence[str]) -> None:
        self._types = types
        self._name = name
        self._lineage = lineage
        self._own = types.invariants(name)
        self._of_element = _sourced(types.invariants("Element").get("Element", ()), "Element")
        self._of_extension = _sourced(
            types.invariants("Extension").get("Extension", ()), "Extension"
        )

    def all(self) -> Iterator[dict[str, Any]]:
        yield self._root()
        yield from self._inside(self._name)
        if self._types.is_primitive(self._name):
            yield _primitive_value(self._name)

    def _root(self) -> dict[str, Any]:
        inherited = [
            constraint
            for name in self._lineage
            for constraint in _sourced(self._types.invariants(name).get(name, ()), name)
        ]
        limits = {"min": 0, "max": "*"}
        root = {"id": self._name, "path": self._name, **limits}
        root["base"] = {"path": self._name, **limits}
        if inherited:
            root["constraint"] = inherited
        root["isModifier"] = False
        return root

    def _inside(self, path: str) -> Iterator[dict[str, Any]]:
        for element in self._types.children(path).values():
            yield self._element(element)
            inline = element.types and element.types[0].code in _INLINE
            if inline and not element.content_reference and element.max != 0:
                yield from self._inside(element.path)

    def _element(self, element: Element) -> dict[str, Any]:
        path = f"{element.path}[x]" if element.is_choice else element.path
        limits = {"min": element.min, "max": "*" if element.max is None else str(element.max)}
        owner = self._owner(element)
        entry: dict[str, Any] = {"id": path, "path": path, **limits}
        if element.name == "extension" and self._types.kind(self._name) == "complex-type":
            # R4 slices those of data types only.
            entry["slicing"] = BY_URL
        entry["base"] = {"path": owner, **limits}
        if element.content_reference:
            entry["contentReference"] = f"#{element.content_reference}"
        else:
            entry["type"] = [_type(owner, each) for each in element.types]
        constraints = self._constraints(element)
        if constraints:
            entry["constraint"] = constraints
        entry["isModifier"] = element.is_modifier
        entry["isSummary"] = element.is_summary
        if element.binding is not None:
            binding = element.binding
            entry["binding"] = {"strength": binding.strength, "valueSet": binding.value_set}
        return entry

    def _owner(self, element: Element) -> str:
        """Give the path where an element is defined first."""
        parent = element.path.rpartition(".")[0]
        name = f"{element.name}[x]" if element.is_choice else element.name
        if parent == self._name:
            lineage = self._lineage
        elif name in self._types.children("BackboneElement"):
            lineage = ["Element", "BackboneElement"]
        else:
            return f"{parent}.{name}"
        for type_name in lineage[:-1] if parent == self._name else lineage:
            if element.name in self._types.children(type_name):
                return f"{type_name}.{name}"
        return f"{parent}.{name}"

    def _constraints(self, element: Element) -> list[Constraint]:
        path = f"{element.path}[x]" if element.is_choice else element.path
        own = _sourced(self._own.get(path, ()), self._name)
        codes = [each.code for each in element.types]
        if self._owner(element) in _SYSTEM_TYPED or (codes and codes[0] in _WITHOUT_ELE_1):
            return list(own)
        extension = self._of_extension if codes == ["Extension"] else ()
        return [*self._of_element, *extension, *own]


def _sourced(constraints: Sequence[Constraint], type_name: str) -> list[Constraint]:
    return [{**each, "source": f"{STRUCTURES}{type_name}"} for each in constraints]


def _type(owner: str, type_: TypeRef) -> dict[str, Any]:
    stands_for = _SYSTEM_TYPED.get(owner)
    if stands_for is not None:
        return _system_type("String", stands_for)
    entry: dict[str, Any] = {"code": type_.code}
    if type_.profiles:
        entry["profile"] = [f"{STRUCTURES}{name}" for name in type_.profiles]
    if type_.targets:
        entry["targetProfile"] = [f"{STRUCTURES}{name}" for name in type_.targets]
    return entry


def _system_type(name: str, stands_for: str) -> dict[str, Any]:
    return {
        "extension": [{"url": FHIR_TYPE, "valueUrl": stands_for}],
        "code": f"{SYSTEM}{name}",
    }


def _primitive_value(name: str) -> dict[str, Any]:
    system = _SYSTEM_NAMES.get(name, "String")
    if name in _INTEGERS:
        system = "Integer"
    elif name in _DATE_TIMES:
        system = "DateTime"
    path, limits = f"{name}.value", {"min": 0, "max": "1"}
    return {
        "id": path,
        "path": path,
        **limits,
        "base": {"path": path, **limits},
        "type": [_system_type(system, name)],
        **({"maxLength": MOST_CHARACTERS} if name == "string" else {}),
        "isModifier": False,
        "isSummary": False,
    }
