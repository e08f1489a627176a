"""What a definition says about one element and about one search parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type that an element may have.

    Args:
        code: a FHIR type; FHIRPath's system types are given as the FHIR type they stand for.
        targets: for Reference and canonical, the resource types that may be referred to; empty
            or ``Resource`` for any.
        profiles: profiles on the data type, such as ``SimpleQuantity``.
    """

    code: str
    targets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """The value set that an element's codes come from."""

    strength: str
    value_set: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a resource or data type.

    Args:
        name: as in JSON; a choice element's name stands without ``[x]``.
        path: where it is defined, e.g. ``CareTeam.participant.role``.
        max: None for no upper limit.
        types: empty where ``content_reference`` says whose children it has.
    """

    name: str
    path: str
    min: int
    max: int | None
    types: tuple[TypeRef, ...]
    binding: Binding | None
    content_reference: str | None
    is_choice: bool
    is_summary: bool
    is_modifier: bool

    @property
    def is_array(self) -> bool:
        """Tell whether JSON carries the element as an array."""
        return self.max != 1

    def properties(self) -> dict[str, TypeRef]:
        """Give the JSON properties that may carry the element: several for a choice."""
        if not self.is_choice:
            return {self.name: self.types[0] if self.types else TypeRef("BackboneElement")}
        return {f"{self.name}{t.code[0].upper()}{t.code[1:]}": t for t in self.types}


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a composite search parameter."""

    definition: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter as it applies to one resource type.

    Args:
        expression: FHIRPath for that type alone; empty for what no expression finds (``_text``).
        base: the type that defines it: the resource type itself, DomainResource or Resource.
        revision: of the search state that registered it, where it is data; 0 where it is published.
    """

    url: str
    code: str
    type: str
    expression: str
    targets: tuple[str, ...]
    components: tuple[Component, ...]
    base: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Compartment:
    """Which search parameters make a resource a member of a compartment."""

    name: str
    url: str
    parameters: Mapping[str, tuple[str, ...]]


def element_from(entry: Mapping[str, Any], path: str) -> Element:
    """Make an Element from its entry in structures.json, at the path where it is met."""
    name = path.rpartition(".")[2]
    binding = entry.get("binding")
    return Element(
        name=name.removesuffix("[x]"),
        path=path.removesuffix("[x]"),
        min=entry.get("min", 0),
        max=entry.get("max", 1),
        types=tuple(_type_ref(t) for t in entry.get("types", ())),
        binding=Binding(binding["strength"], binding["valueSet"]) if binding else None,
        content_reference=entry.get("contentReference"),
        is_choice=name.endswith("[x]"),
        is_summary=entry.get("summary", False),
        is_modifier=entry.get("modifier", False),
    )


def search_parameter_from(code: str, entry: Mapping[str, Any], base: str) -> SearchParameter:
    """Make a SearchParameter from its entry in search.json, or from the resource."""
    components = entry.get("components", ())
    return SearchParameter(
        url=entry["url"],
        code=code,
        type=entry["type"],
        expression=entry["expression"],
        targets=tuple(entry.get("targets", ())),
        components=tuple(Component(c["definition"], c["expression"]) for c in components),
        base=base,
    )


def _type_ref(entry: str | Mapping[str, Any]) -> TypeRef:
    if isinstance(entry, str):
        return TypeRef(entry)
    return TypeRef(entry["code"], tuple(entry.get("targets", ())), tuple(entry.get("profiles", ())))
