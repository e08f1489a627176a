"""Says what is wrong with the elements of a FHIR XML document.

Source: https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from fhir_server.fhir.suggestions import element_suggestion
from fhir_server.profiles.xml_tables import FHIR, Kind, Slot, Table

_MAX_LISTED = 12


def unexpected(table: Table | None, tag: str) -> str:
    """Say why an element may not stand where it does.

    Args:
        table: what may stand there; None for a resource.
        tag: as expat names it.
    """
    namespace, _, name = tag.rpartition(" ")
    shown = name[:64]
    if table is None and namespace == FHIR:
        return f"'{shown}' is not a resource type of R4."
    if table is not None and table.slots.get(name, None) in table.tags.values():
        slot = table.slots[name]
        wanted = next(tag for tag, found in table.tags.items() if found is slot).partition(" ")[0]
        return f"The element {shown} must be in the namespace {wanted}."
    if table is not None and name in table.attributes:
        return f"{shown} is an attribute in XML: write it into the tag of the element around it."
    if namespace != FHIR:
        return f"The element '{shown}' must be in the namespace {FHIR}."
    known = [] if table is None else [tag.rpartition(" ")[2] for tag in table.tags]
    return f"R4 does not define the element '{shown}' here.{_hint(shown, known)}"


def misplaced(table: Table | None, slot: Slot, last: Slot | None) -> str:
    """Say what is wrong with an element that comes too late or too often.

    Args:
        slot: the element.
        last: the one before it.
    """
    if last is None or table is None:
        return f"{slot.name} is not allowed here."
    if slot is last:
        return f"{slot.name} does not repeat: give it once."
    if slot.order == last.order:
        text = f"Only one of {last.name} and {slot.name} may be given"
        return f"{text}: they are one element, of one type."
    text = f"{slot.name} must stand before {last.name}: XML has the elements in R4's order."
    return f"{text} After {last.name} may come: {_following(table, last)}."


def _following(table: Table, last: Slot) -> str:
    names = {
        slot.element: None
        for slot in table.slots.values()
        if slot.kind != Kind.ATTRIBUTE
        and (slot.order > last.order or (slot is last and slot.is_array))
    }
    return _listed(list(names)) or "nothing"


def _hint(name: str, known: list[str]) -> str:
    if near := element_suggestion(name, known):
        return near
    return f" It has: {_listed(known)}." if known else ""


def _listed(names: list[str]) -> str:
    more = ", …" if len(names) > _MAX_LISTED else ""
    return f"{', '.join(names[:_MAX_LISTED])}{more}"
