"""What the engine knows of types: R4's from a model, FHIRPath's own from here.

Source: https://hl7.org/fhir/R4/fhirpath.html#types, http://hl7.org/fhirpath/N1/#types-and-reflection
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fhir_server.fhirpath.categories import (
    BOOLEAN,
    COMPLEX,
    DATE,
    DATE_TIME,
    DECIMAL,
    INTEGER,
    QUANTITY,
    RESOURCE,
    STRING,
    TIME,
)
from fhir_server.fhirpath.errors import FhirPathError

FHIR, SYSTEM = "FHIR", "System"


class TypeReference(Protocol):
    """A type that an element may have."""

    @property
    def code(self) -> str:
        """Its name."""


class ElementDefinition(Protocol):
    """What the model says of an element; `profiles.elements.Element` does."""

    @property
    def path(self) -> str:
        """Where it is defined."""

    @property
    def content_reference(self) -> str | None:
        """Whose children it has, where it has another element's."""

    @property
    def is_choice(self) -> bool:
        """Tell whether it may have one of several types."""

    @property
    def is_array(self) -> bool:
        """Tell whether JSON carries it as an array."""

    def properties(self) -> Mapping[str, Any]:
        """Give its types by the JSON property that carries them."""


class Model(Protocol):
    """What the engine needs to know about FHIR's types; `profiles.definitions.Definitions` does."""

    def children(self, path_or_type: str) -> Mapping[str, Any]:
        """Give elements by name; raise KeyError for a path that is not defined."""

    def is_primitive(self, type_name: str) -> bool:
        """Tell whether JSON carries the type as a string, number or boolean."""

    def base_type(self, type_name: str) -> str | None:
        """Give the type that a type is derived from."""

    def is_resource_type(self, name: str) -> bool:
        """Tell whether there is a concrete resource type of this name."""


@dataclass(slots=True, eq=False)
class TypeInfo:
    """A type, or a place whose children are described where it is defined.

    Args:
        name: ``HumanName``, ``BackboneElement``, ``string``; ``String`` of FHIRPath's own.
        namespace: ``FHIR`` or ``System``; empty for what is not known.
        path: what the model knows its children by.
        category: how its values behave: as strings, numbers, dates…
        lineage: the names of the type and those above it.
    """

    name: str
    namespace: str
    path: str = ""
    category: str = COMPLEX
    lineage: frozenset[str] = frozenset()
    children: dict[str, Child | None] = field(default_factory=dict, repr=False)

    @property
    def is_primitive(self) -> bool:
        """Tell whether JSON carries extensions of its values beside them, under ``_name``."""
        return self.namespace == FHIR and self.category not in (COMPLEX, QUANTITY, RESOURCE)

    @property
    def is_system(self) -> bool:
        """Tell whether it is one of FHIRPath's own."""
        return self.namespace == SYSTEM

    @property
    def is_abstract_resource(self) -> bool:
        """Tell whether its values say themselves what they are, by resourceType."""
        return self.name in ("Resource", "DomainResource")


@dataclass(frozen=True, slots=True)
class Child:
    """An element as JSON carries it: several properties for a choice."""

    fields: tuple[tuple[str, TypeInfo], ...]
    is_array: bool
    is_choice: bool


def _system(name: str, category: str) -> TypeInfo:
    return TypeInfo(name, SYSTEM, "", category, frozenset({name, "Any"}))


SYSTEM_STRING = _system("String", STRING)
SYSTEM_BOOLEAN = _system("Boolean", BOOLEAN)
SYSTEM_INTEGER = _system("Integer", INTEGER)
SYSTEM_DECIMAL = _system("Decimal", DECIMAL)
SYSTEM_DATE = _system("Date", DATE)
SYSTEM_DATE_TIME = _system("DateTime", DATE_TIME)
SYSTEM_TIME = _system("Time", TIME)
SYSTEM_QUANTITY = _system("Quantity", QUANTITY)
SYSTEM_TYPES = {
    t.name: t
    for t in (
        SYSTEM_STRING, SYSTEM_BOOLEAN, SYSTEM_INTEGER, SYSTEM_DECIMAL,
        SYSTEM_DATE, SYSTEM_DATE_TIME, SYSTEM_TIME, SYSTEM_QUANTITY,
    )
}  # fmt: skip

# What nobody has said the type of: variables of the caller.
UNKNOWN = TypeInfo("", "")

_CATEGORIES = {
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "positiveInt": INTEGER,
    "unsignedInt": INTEGER,
    "decimal": DECIMAL,
    "date": DATE,
    "dateTime": DATE_TIME,
    "instant": DATE_TIME,
    "time": TIME,
}


class Types:
    """The types of a model, each made when it is first met."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._known: dict[str, TypeInfo] = {}

    def at(self, path_or_type: str) -> TypeInfo | None:
        """Give the type at a path or of a name; None where the model has none, or a choice."""
        path = path_or_type.removesuffix("[x]")
        found = self._known.get(path)
        if found is None:
            found = self._element(path) if "." in path else self._named(path)
            if found is not None:
                self._known[path] = found
        return found

    def child(self, parent: TypeInfo, name: str) -> Child | None:
        """Give an element of a type; None where it has none of this name."""
        if name not in parent.children:
            parent.children[name] = self._child(parent, name)
        return parent.children[name]

    def names(self, parent: TypeInfo) -> list[str]:
        """Give the names of a type's elements."""
        try:
            return list(self.model.children(parent.path))
        except KeyError:
            return []

    def of_resource(self, resource: Any) -> TypeInfo:
        """Give the type that a resource names itself by; `UNKNOWN` for one that there is not."""
        name = resource.get("resourceType")
        if not isinstance(name, str) or not self.model.is_resource_type(name):
            return UNKNOWN
        return self.at(name) or UNKNOWN

    def specified(self, name: str) -> tuple[TypeInfo, bool]:
        """Give the type that ``is``, ``as`` and ``ofType`` name.

        Returns:
            The type, and whether FHIR's primitives count as FHIRPath's own of the same kind: R4
            writes ``answer is Boolean`` and means its own boolean.

        Raises:
            FhirPathError: there is no such type.
        """
        namespace, _, own = name.rpartition(".")
        if namespace not in ("", FHIR, SYSTEM):
            raise FhirPathError(f"There is no namespace {namespace!r}; there are FHIR and System.")
        if namespace != SYSTEM:
            found = self._named(own) if own not in self._known else self._known[own]
            if found is not None:
                return found, False
        if namespace != FHIR and own in SYSTEM_TYPES:
            return SYSTEM_TYPES[own], namespace == ""
        if namespace != SYSTEM and own[:1].isupper():
            # R4 itself writes value.as(DateTime); no other type differs from it in case alone.
            lower = self._named(own[0].lower() + own[1:])
            if lower is not None:
                return lower, False
        raise FhirPathError(f"There is no type {name!r}.")

    def choices(self, path: str) -> tuple[TypeInfo, ...]:
        """Give the types of the element at a path; empty where the model has none there."""
        parent, _, name = path.removesuffix("[x]").rpartition(".")
        above = self.at(parent) if parent else None
        child = self.child(above, name) if above else None
        return tuple(type_ for _, type_ in child.fields) if child else ()

    def _named(self, name: str) -> TypeInfo | None:
        found = self._known.get(name)
        if found is not None:
            return found
        lineage = self._lineage(name)
        if not lineage:
            return None
        found = TypeInfo(name, FHIR, name, self._category(name, lineage), frozenset(lineage))
        self._known[name] = found
        return found

    def _lineage(self, name: str) -> list[str]:
        found: list[str] = []
        above: str | None = name
        try:
            while above:
                below, above = above, self.model.base_type(above)
                found.append(below)
        except KeyError:
            return []
        return found

    def _category(self, name: str, lineage: list[str]) -> str:
        if self.model.is_primitive(name):
            return _CATEGORIES.get(name, STRING)
        if "Resource" in lineage:
            return RESOURCE
        return QUANTITY if "Quantity" in lineage else COMPLEX

    def _element(self, path: str) -> TypeInfo | None:
        choices = self.choices(path)
        return choices[0] if len(choices) == 1 else None

    def _child(self, parent: TypeInfo, name: str) -> Child | None:
        try:
            element: ElementDefinition | None = self.model.children(parent.path).get(name)
        except KeyError:
            return None
        if element is None:
            return None
        typed = {json: type_.code for json, type_ in element.properties().items()}
        fields = ((json, self._field_type(element, code)) for json, code in typed.items())
        known = tuple((json, type_) for json, type_ in fields if type_ is not None)
        return Child(known, element.is_array, element.is_choice) if known else None

    def _field_type(self, element: ElementDefinition, code: str) -> TypeInfo | None:
        if code not in ("BackboneElement", "Element"):
            return self._named(code)
        path = element.content_reference or element.path
        found = self._known.get(path)
        if found is None:
            lineage = frozenset(self._lineage(code))
            found = self._known[path] = TypeInfo(code, FHIR, path, COMPLEX, lineage)
        return found
