"""Reads elements of FHIR JSON for the Swedish rules, forgiving about shape.

A rule may meet a resource before the validator has refused it. An element of the wrong shape
reads as absent here; that it is wrong is the validator's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fhir_server.fhir.reference import local as local_reference
from fhir_server.sweden import codes

Json = Mapping[str, Any]
Result = TypeVar("Result")


class Settled(dict[str, Any]):
    """A resource that nobody changes, and what was worked out about it (`once`)."""

    __slots__ = ("worked_out",)

    def __init__(self, resource: Json) -> None:
        super().__init__(resource)
        self.worked_out: dict[Callable[[Json], Any], Any] = {}


def once(resource: Json, work_out: Callable[[Json], Result]) -> Result:
    """Give what follows from a resource alone; of one that nobody changes it is worked out once."""
    if not isinstance(resource, Settled):
        return work_out(resource)
    known = resource.worked_out
    if work_out not in known:
        known[work_out] = work_out(resource)
    found: Result = known[work_out]
    return found


def items(element: Json, name: str) -> Iterator[tuple[int, Json]]:
    """Give the objects of a repeating element with their positions."""
    values = element.get(name)
    if isinstance(values, list):
        for index, value in enumerate(values):
            # What JSON has is a dict, which is told at a fraction of the cost.
            if type(value) is dict or isinstance(value, Mapping):
                yield index, value


def child(element: Json, name: str) -> Json:
    """Give an object-valued element; an empty one where it is absent."""
    value = element.get(name)
    if value is None or type(value) is dict:
        return value or {}
    return value if isinstance(value, Mapping) else {}


def text(element: Json, name: str) -> str:
    """Give a string-valued element; empty where it is absent or blank."""
    value = element.get(name)
    return value.strip() if isinstance(value, str) else ""


def codings(concept: Json, *systems: str) -> list[str]:
    """Give the codes of a CodeableConcept that are of one of the systems."""
    return [
        text(coding, "code")
        for _, coding in items(concept, "coding")
        if coding.get("system") in systems and text(coding, "code")
    ]


def concept_codes(element: Json, name: str, *systems: str) -> list[str]:
    """Give the codes, of one of the systems, in a repeating or single CodeableConcept."""
    concepts = [concept for _, concept in items(element, name)] or [child(element, name)]
    return [code for concept in concepts for code in codings(concept, *systems)]


def says(element: Json, name: str, code: str, *systems: str) -> bool:
    """Tell whether a CodeableConcept has a code of one of the systems, however it is capitalised.

    Search finds codes without regard to case (R4, search.html#token); the law looks at what search
    finds, or a capital letter would be the way around it.
    """
    return code.casefold() in (each.casefold() for each in concept_codes(element, name, *systems))


def extension(element: Json, url: str) -> Json:
    """Give the first extension with a url; an empty one where there is none."""
    values = element.get("extension")
    if isinstance(values, list):
        for each in values:
            if (type(each) is dict or isinstance(each, Mapping)) and each.get("url") == url:
                found: Json = each
                return found
    return {}


def extension_codes(element: Json, url: str, system: str) -> list[str]:
    """Give the codes, of a system, in all extensions with a url that hold a CodeableConcept."""
    found = (each for _, each in items(element, "extension") if each.get("url") == url)
    return [code for each in found for code in codings(child(each, "valueCodeableConcept"), system)]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a Reference points.

    Args:
        literal: ``Type/id``, ``#id`` or whatever else ``reference`` says; without a version,
            because the law asks about things as they are.
        logical: ``system|value`` of ``Reference.identifier``.
    """

    literal: str = ""
    logical: str = ""

    @property
    def local(self) -> bool:
        """Whether the reference names a resource this server may hold."""
        return local_reference(self.literal) is not None

    @property
    def contained(self) -> bool:
        """Whether the reference names a resource contained in the one that holds it."""
        return self.literal.startswith("#")

    @property
    def key(self) -> str:
        """What tells targets in different resources apart; empty for contained and absent ones."""
        return self.logical if self.contained else self.literal or self.logical

    @property
    def resource_type(self) -> str:
        """The type in ``Type/id``; empty for other references."""
        return self.literal.split("/")[0] if self.local else ""

    def same(self, other: Target) -> bool:
        """Tell whether two references in one resource lead to the same thing."""
        if self.literal and other.literal:
            return self.literal == other.literal
        return bool(self.logical) and self.logical == other.logical

    def same_elsewhere(self, other: Target) -> bool:
        """Tell the same of references in different resources, whose ``#id`` have no relation."""
        if self.contained or other.contained:
            return bool(self.logical) and self.logical == other.logical
        return self.same(other)


def target(reference: Json) -> Target:
    """Read a Reference element."""
    return Target(literal_of(reference), _logical(child(reference, "identifier")))


def literal_of(reference: Json) -> str:
    """Give `Target.literal` of a Reference element."""
    literal = text(reference, "reference")
    here = local_reference(literal)
    return str(here) if here else literal


def _logical(identifier: Json) -> str:
    if not identifier:
        return ""
    system, value = text(identifier, "system"), text(identifier, "value")
    if system in codes.HSA_ID_SYSTEMS:
        # DOMAIN 0.10: the same HSA-id is written under two systems.
        system = codes.HSA_ID
    return f"{system}|{value}" if value else ""


def concept_words(value: Json) -> str:
    """Give a CodeableConcept in words: its text, else a display."""
    displays = [text(coding, "display") for _, coding in items(value, "coding")]
    return text(value, "text") or next(filter(None, displays), "")
