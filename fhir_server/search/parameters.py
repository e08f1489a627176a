"""The search parameters that this server can search by, compiled from their definitions.

Source: https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.profiles.definitions import Definitions, SearchParameter
from fhir_server.search import tokens
from fhir_server.search.fhirpath import UnsupportedExpression
from fhir_server.search.paths import Location, Step, locations, locations_within
from fhir_server.search.values import emitter

# Those whose index entries have an order: they can be sorted by.
ORDERED = ("date", "number", "quantity", "string")

# What the store keeps beside the index entries.
STORED = ("_id", "_lastUpdated")

# Those whose index entries are ranges.
RANGED = ("date", "number", "quantity")

# Which parts of a composite are ranges: the second, or the second and the third, or none.
COMPOSITIONS = ((False, False), (False, True), (False, True, True))

# Searches of words instead of elements; they are published without an expression.
TEXT_SEARCHES = ("_text", "_content")

SPECIAL_VALUES = "http://hl7.org/fhir/special-values"

_USABLE_CODE = re.compile(r"[A-Za-z0-9_\-]{1,64}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter of one resource type that can be searched by.

    Args:
        name: what its tokens start with, e.g. ``CareTeam.status``.
        definition: as published.
        locations: where its values stand, those only whose type can be indexed.
        targets: the resource types that a reference may point to.
        systems: the code systems of a parameter that only finds plain codes; None where others
            are found too, or where the codes can be of any system.
        kind: how it is indexed and searched: its type; ``phonetic`` or ``words`` where its type
            is string and R4 asks for something else.
        parts: of a composite; their names are empty, and their locations begin where those of
            the composite end.
        said_by: the names of the parameters whose entries say together all that this one's would;
            empty where it has entries of its own.
    """

    name: str
    definition: SearchParameter
    locations: tuple[Location, ...]
    targets: tuple[str, ...] = ()
    systems: frozenset[str] | None = None
    kind: str = ""
    parts: tuple[Parameter, ...] = ()
    said_by: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """As used in a URL."""
        return self.definition.code

    @property
    def type(self) -> str:
        """number, date, string, token, reference, quantity, uri, composite or special.

        R4 publishes ``_text`` and ``_content`` as strings; as they are not searched as strings
        are, they are special here, as they became in R5.
        """
        return "special" if self.kind == "words" else self.definition.type

    @property
    def key(self) -> str:
        """What its sort keys and ranges are stored under: MongoDB gives dots a meaning."""
        return self.name.replace(".", ":")

    @property
    def value_types(self) -> frozenset[str]:
        """The FHIR types of its values."""
        return frozenset(location.type for location in self.locations)


class Parameters:
    """The supported parameters by type, compiled when a type is first asked for.

    Args:
        definitions: the published parameters, and the types they apply to.
        full_text: whether words are indexed, which ``_text`` and ``_content`` need.
    """

    def __init__(self, definitions: Definitions, *, full_text: bool = True) -> None:
        self._definitions = definitions
        self._full_text = full_text
        self._supported: dict[str, Mapping[str, Parameter]] = {}
        self._unsupported: dict[str, Mapping[str, str]] = {}
        self._shared: dict[tuple[str, ...], Mapping[str, Parameter]] = {}

    def of(self, resource_type: str) -> Mapping[str, Parameter]:
        """Give a type's supported parameters by code."""
        if resource_type not in self._supported:
            self._compile(resource_type)
        return self._supported[resource_type]

    def unsupported(self, resource_type: str) -> Mapping[str, str]:
        """Give the reasons by code for those of a type's published parameters that are not."""
        if resource_type not in self._supported:
            self._compile(resource_type)
        return self._unsupported[resource_type]

    def shared(self, types: Sequence[str]) -> Mapping[str, Parameter]:
        """Give the parameters that all of several types have, as the first of them has them."""
        found = self._shared.get(tuple(types))
        if found is None:
            first, *others = (self.of(type_) for type_ in types)
            found = {
                code: parameter
                for code, parameter in first.items()
                if all(code in o and o[code].type == parameter.type for o in others)
            }
            self._shared[tuple(types)] = found
        return found

    def _compile(self, resource_type: str) -> None:
        supported: dict[str, Parameter] = {}
        unsupported: dict[str, str] = {}
        for code, definition in self._definitions.search_parameters(resource_type).items():
            try:
                supported[code] = self._parameter(resource_type, definition)
            except UnsupportedExpression as error:
                unsupported[code] = str(error)
        self._unsupported[resource_type] = unsupported
        for code, each in supported.items():
            if said_by := _said_by(each, supported.values()):
                supported[code] = replace(each, said_by=said_by)
        self._supported[resource_type] = supported

    def _parameter(self, resource_type: str, definition: SearchParameter) -> Parameter:
        if not _USABLE_CODE.fullmatch(definition.code):
            raise UnsupportedExpression("its code can't be used as a name")
        name = index_name(resource_type, definition)
        if definition.code in TEXT_SEARCHES:
            if not self._full_text:
                raise UnsupportedExpression("the setting full_text is off")
            return Parameter(name, definition, (), kind="words")
        if not definition.expression:
            raise UnsupportedExpression("it has no expression")
        found = locations(self._definitions, resource_type, definition.expression)
        if definition.type == "composite":
            parts = self._parts(resource_type, definition, found[0])
            return Parameter(name, definition, tuple(found), kind="composite", parts=parts)
        return self._simple(name, definition, found)

    def _simple(self, name: str, definition: SearchParameter, found: list[Location]) -> Parameter:
        kind = "phonetic" if definition.code == "phonetic" else definition.type
        indexed = tuple(at for at in found if emitter(kind, at.type))
        if not indexed:
            kinds = ", ".join(sorted({at.type for at in found}))
            raise UnsupportedExpression(f"{kind} search of {kinds} is not supported")
        return Parameter(
            name=name,
            definition=definition,
            locations=indexed,
            targets=self._targets(definition, indexed),
            systems=self._systems(indexed),
            kind=kind,
        )

    def _parts(
        self, resource_type: str, definition: SearchParameter, at: Location
    ) -> tuple[Parameter, ...]:
        """Compile a composite's parts; what they are is the same at all of its places."""
        published = self._definitions.search_parameters(resource_type).values()
        parts = []
        for component in definition.components:
            own = next((p for p in published if p.url == component.definition), None)
            if own is None:
                raise UnsupportedExpression(f"{component.definition} is not known here")
            found = locations_within(self._definitions, resource_type, at, component.expression)
            parts.append(self._simple("", _retyped(own, found), found))
        if tuple(_is_ordered(part) for part in parts) not in COMPOSITIONS:
            kinds = ", ".join(part.kind for part in parts)
            raise UnsupportedExpression(f"composites of {kinds} are not supported")
        return tuple(parts)

    def _targets(self, definition: SearchParameter, found: tuple[Location, ...]) -> tuple[str, ...]:
        allowed = {t for at in found if at.reference for t in at.reference.targets}
        declared = set(definition.targets) or allowed
        if allowed and "Resource" not in allowed:
            # R4 lists targets for clinical-patient that most of its elements can't have.
            declared &= allowed or declared
        known = sorted(t for t in declared if self._definitions.is_resource_type(t))
        return tuple(known or self._definitions.resource_types)

    def _systems(self, found: tuple[Location, ...]) -> frozenset[str] | None:
        systems: set[str] = set()
        for at in found:
            if at.type == "boolean":
                systems.add(SPECIAL_VALUES)
                continue
            binding = at.element.binding if at.element and at.type == "code" else None
            codes = self._definitions.codes(binding.value_set) if binding else None
            if codes is None:
                return None
            systems.update(codes)
        return frozenset(systems)


def index_name(resource_type: str, definition: SearchParameter) -> str:
    """Give what a parameter's index entries are found under.

    One that is data gets another name whenever its definition changes, so that old entries are
    never taken for new ones.
    """
    name = f"{resource_type}.{definition.code}"
    return f"{name}~{definition.revision}" if definition.revision else name


def _said_by(parameter: Parameter, others: Iterable[Parameter]) -> tuple[str, ...]:
    """Name the parameters whose values are together those of one, and spelled as those.

    Observation's ``combo-code`` looks where ``code`` and ``component-code`` look. Not of what has
    an order, whose smallest and greatest value are of all its places; of references, whose names
    chains, includes and labels follow; of what is data, which may be withdrawn.
    """
    if parameter.kind not in ("token", "composite") or parameter.definition.revision:
        return ()
    places, form = _places(parameter), _form(parameter)
    within = [
        other
        for other in others
        if _form(other) == form and _places(other) < places and not other.definition.revision
    ]
    together = frozenset().union(*map(_places, within))
    return tuple(other.name for other in within) if together == places else ()


def _places(parameter: Parameter) -> frozenset[tuple[tuple[Step, ...], str]]:
    """Give what decides where its values are found, and which function spells them."""
    return frozenset((at.steps, at.type) for at in parameter.locations)


def _form(parameter: Parameter) -> tuple[Any, ...]:
    """Give what else decides how its values are spelled."""
    return (parameter.kind, *((part.kind, _places(part)) for part in parameter.parts))


def _is_ordered(part: Parameter) -> bool:
    return part.kind in RANGED


def _retyped(definition: SearchParameter, found: list[Location]) -> SearchParameter:
    """Give a part the type of what it leads to, where that is not the published one's.

    R4 names the parts of DocumentReference's ``relationship`` the wrong way round.
    """
    if any(emitter(definition.type, at.type) for at in found):
        return definition
    for other in ("token", "reference"):
        if any(emitter(other, at.type) for at in found):
            return replace(definition, type=other)
    return definition


def present_range(name: str) -> tuple[str, str]:
    """Give the bounds of all tokens of a parameter."""
    return name + tokens.FIRST, name + tokens.AFTER
