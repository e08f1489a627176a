"""What XML and JSON call the elements of each type, and in which order XML has them.

Source: https://hl7.org/fhir/R4/xml.html. Made from the definitions, once for each type, on first
use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from fhir_server.profiles.definitions import Definitions, Element, TypeRef

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
_IN_LINE = ("BackboneElement", "Element")
_NUMBERS = ("integer", "positiveInt", "unsignedInt", "decimal")


class Kind(IntEnum):
    """How an element is carried in XML."""

    PRIMITIVE = 0  # in the attribute `value`
    COMPLEX = 1  # as elements
    RESOURCE = 2  # as one element named by a resource type
    XHTML = 3  # as it is
    ATTRIBUTE = 4  # as an attribute of the element around it


@dataclass(frozen=True, slots=True)
class Slot:
    """One property of a JSON object.

    Args:
        name: the JSON property, which is also the XML element: ``valueString``.
        element: its name in FHIRPath: ``value``.
        order: its position in XML; a choice element's properties share one.
        content: the table of what is inside; for a primitive, of its id and extensions.
        value: ``boolean``, ``number`` or ``text``, for a primitive.
    """

    name: str
    underscored: str
    element: str
    order: int
    is_array: bool
    kind: Kind
    content: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The elements of one type.

    Args:
        slots: by JSON property.
        tags: by the name that expat gives the XML element: namespace, space, name.
        order: the position of each JSON property, those with ``_`` included.
        attributes: the properties that XML carries as attributes.
    """

    path: str
    slots: Mapping[str, Slot]
    tags: Mapping[str, Slot]
    order: Mapping[str, int]
    attributes: tuple[str, ...]


class XmlTables:
    """The tables, safe to share between threads."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._tables: dict[str, Table] = {}
        self.resources = {f"{FHIR} {name}": name for name in definitions.resource_types}

    def __getitem__(self, path: str) -> Table:
        """Give the table of a type or element, such as ``CareTeam.participant``."""
        found = self._tables.get(path)
        if found is None:
            found = self._tables[path] = self._make(path)
        return found

    def _make(self, path: str) -> Table:
        slots: dict[str, Slot] = {}
        for order, element in enumerate(self._definitions.children(path).values()):
            for name, type_ref in element.properties().items():
                slots[name] = self._slot(path, element, name, type_ref, order)
        tags = {
            f"{XHTML if slot.kind is Kind.XHTML else FHIR} {name}": slot
            for name, slot in slots.items()
            if slot.kind is not Kind.ATTRIBUTE
        }
        order_of = {name: slot.order for slot in slots.values() for name in _spellings(slot)}
        attributes = tuple(n for n, slot in slots.items() if slot.kind is Kind.ATTRIBUTE)
        return Table(path, slots, tags, {"resourceType": -1, **order_of}, attributes)

    def _slot(self, path: str, element: Element, name: str, type_ref: TypeRef, order: int) -> Slot:
        kind = self._kind(path, element, type_ref)
        value = "number" if type_ref.code in _NUMBERS else "text"
        return Slot(
            name=name,
            underscored=f"_{name}",
            element=element.name,
            order=order,
            is_array=element.is_array,
            kind=kind,
            content=self._content(path, element, type_ref),
            value="boolean" if type_ref.code == "boolean" else value,
        )

    def _kind(self, path: str, element: Element, type_ref: TypeRef) -> Kind:
        is_resource = self._definitions.is_resource_type(path)
        if (element.name == "id" and not is_resource) or element.path == "Extension.url":
            return Kind.ATTRIBUTE
        if type_ref.code == "xhtml":
            return Kind.XHTML
        if type_ref.code == "Resource":
            return Kind.RESOURCE
        return Kind.PRIMITIVE if self._definitions.is_primitive(type_ref.code) else Kind.COMPLEX

    def _content(self, path: str, element: Element, type_ref: TypeRef) -> str:
        if element.content_reference:
            return element.content_reference
        if type_ref.code in _IN_LINE:
            return element.path
        if element.name == "id" and self._definitions.is_resource_type(path):
            return ""  # Resource.id has no extensions (json.html#primitive)
        return type_ref.code


def _spellings(slot: Slot) -> tuple[str, str]:
    return slot.name, slot.underscored
