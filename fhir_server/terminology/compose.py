"""How a value set is composed, laid out for quick answers, and whether a code is in it.

An answer is True, False or None: nobody here can tell, because the code system is not here, is
here only in part, or is filtered in a way that is not known.

Source: https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fhir_server.terminology.concepts import Concept, Resource, TerminologyError
from fhir_server.terminology.filters import predicate
from fhir_server.terminology.sources import CodeSystem, Condition, Selection

# Code systems of these contents know of a code they lack only that they lack it.
PARTIAL = frozenset(("fragment", "example"))
NOWHERE = frozenset(("not-present",))


@dataclass(frozen=True, slots=True)
class Include:
    """One ``compose.include`` or ``compose.exclude``.

    Args:
        system: None where only value sets are named.
        listed: the concepts it lists, by code; None where it takes all, or those of the filters.
        value_sets: a concept has to be in all of them.
    """

    system: str | None
    version: str | None = None
    listed: Mapping[str, Mapping[str, Any]] | None = None
    conditions: tuple[Condition, ...] = ()
    value_sets: tuple[str, ...] = ()

    @property
    def is_whole_system(self) -> bool:
        """Whether it takes every code of its system."""
        return self.listed is None and not self.conditions and not self.value_sets


@dataclass(frozen=True, slots=True)
class Plan:
    """A value set.

    Args:
        url: empty for one that has none.
        inactive: whether inactive concepts count.
        fixed: an expansion that stands in place of a composition: entries by system and code.
    """

    url: str
    includes: tuple[Include, ...] = ()
    excludes: tuple[Include, ...] = ()
    inactive: bool = True
    fixed: Mapping[tuple[str, str], Mapping[str, Any]] | None = None

    @property
    def systems(self) -> tuple[str, ...]:
        """The code systems it takes codes from directly, each once."""
        if self.fixed is not None:
            return tuple(dict.fromkeys(system for system, _ in self.fixed))
        return tuple(dict.fromkeys(i.system for i in self.includes if i.system))


@dataclass(frozen=True, slots=True)
class Found:
    """Whether a code is in a value set.

    Args:
        why: why nobody can tell.
        concept: what the code system knows of it.
        displays: what the value set itself calls it.
    """

    holds: bool | None
    why: str = ""
    concept: Concept | None = None
    displays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that is looked for.

    Args:
        system: None for a bare code, of whichever system.
        path: the value sets that led here, against circles.
    """

    code: str
    system: str | None
    path: tuple[str, ...] = field(default=())


class Library(Protocol):
    """Finds what value sets are composed of."""

    def system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Give a code system; None where it is not known here."""

    def plan(self, canonical: str) -> Plan | None:
        """Give a value set; None where it is not known here."""


NO = Found(False)


def plan_of(value_set: Resource) -> Plan:
    """Lay out a value set; ``lockedDate`` is left out of account: one version of each is here.

    Raises:
        TerminologyError: not-found, where it says nothing about what it contains.
    """
    compose = value_set.get("compose")
    if compose is None:
        if "expansion" not in value_set:
            raise TerminologyError(
                "not-found", "The value set has neither a composition nor an expansion."
            )
        entries = _flat(value_set["expansion"].get("contains", ()))
        fixed = {(e.get("system", ""), e["code"]): e for e in entries if "code" in e}
        return Plan(value_set.get("url", ""), fixed=fixed)
    return Plan(
        value_set.get("url", ""),
        tuple(map(_include, compose.get("include", ()))),
        tuple(map(_include, compose.get("exclude", ()))),
        compose.get("inactive", True),
    )


def _flat(entries: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for entry in entries:
        yield entry
        yield from _flat(entry.get("contains", ()))


def _include(include: Mapping[str, Any]) -> Include:
    listed = include.get("concept")
    return Include(
        system=include.get("system"),
        version=include.get("version"),
        listed=None if listed is None else {each["code"]: each for each in listed},
        conditions=tuple(
            Condition(each["property"], each["op"], each["value"])
            for each in include.get("filter", ())
        ),
        value_sets=tuple(include.get("valueSet", ())),
    )


def find_in(library: Library, plan: Plan, asked: Asked) -> Found:
    """Tell whether a code is in a value set.

    Raises:
        TerminologyError: processing, for value sets that import each other in a circle.
        SourceUnavailable: a source does not answer.
    """
    if plan.fixed is not None:
        return _in_fixed(plan.fixed, asked)
    found = _first(find_in_include(library, include, asked) for include in plan.includes)
    if found.holds is False:
        return NO
    if found.concept is not None and found.concept.inactive and not plan.inactive:
        return NO
    excluded = [find_in_include(library, each, asked) for each in plan.excludes]
    if any(each.holds for each in excluded):
        return NO
    unknown = next((each for each in excluded if each.holds is None), None)
    return unknown or found


def _in_fixed(fixed: Mapping[tuple[str, str], Mapping[str, Any]], asked: Asked) -> Found:
    for system, code in fixed if asked.system is None else ():
        if code == asked.code:
            return _in_fixed(fixed, Asked(code, system))
    entry = fixed.get((asked.system or "", asked.code), {})
    if not entry or entry.get("abstract"):
        return NO
    displays = (entry["display"],) if "display" in entry else ()
    return Found(True, displays=displays)


def _first(found: Iterable[Found]) -> Found:
    """Give the first that holds, or else one that can't be told, or else False."""
    unknown = NO
    for each in found:
        if each.holds:
            return each
        if each.holds is None:
            unknown = each
    return unknown


def find_in_include(library: Library, include: Include, asked: Asked) -> Found:
    """Tell whether a code is among those of one part of a composition."""
    if include.system is not None and asked.system not in (None, include.system):
        return NO
    found = None
    if include.system is not None:
        found = _in_system(library, include, asked)
        if found.holds is False or not include.value_sets:
            return found
        asked = Asked(
            found.concept.code if found.concept else asked.code, include.system, asked.path
        )
    parts = [find_in_set(library, url, asked) for url in include.value_sets]
    if found is not None:
        parts.insert(0, found)
    return _all(parts)


def _all(parts: Sequence[Found]) -> Found:
    if not parts or any(each.holds is False for each in parts):
        return NO
    unknown = next((each for each in parts if each.holds is None), None)
    return unknown or parts[0]


def find_in_set(library: Library, canonical: str, asked: Asked) -> Found:
    """Tell whether a code is in an imported value set."""
    imported = require_acyclic(canonical, asked.path)
    plan = library.plan(canonical)
    if plan is None:
        return Found(None, f"the value set {canonical} is not known to this server")
    return find_in(library, plan, Asked(asked.code, asked.system, imported))


def require_acyclic(canonical: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """Give the path with one more value set.

    Raises:
        TerminologyError: processing, where the path has been there already.
    """
    url = canonical.partition("|")[0]
    if url in path:
        raise TerminologyError(
            "processing", f"The value set {url} imports itself, perhaps by way of others."
        )
    return (*path, url)


def _in_system(library: Library, include: Include, asked: Asked) -> Found:
    system = library.system(include.system or "", include.version)
    if include.listed is not None:
        return _in_list(include.listed, system, asked.code)
    if system is None or system.info.content in NOWHERE:
        return Found(None, absent(include))
    concept = system.concept(asked.code)
    if concept is None:
        partial = system.info.content in PARTIAL
        return Found(None, _incomplete(system)) if partial else NO
    try:
        wanted = predicate(Selection(include.conditions), system)(concept)
    except TerminologyError as error:
        return Found(None, error.text.rstrip("."))
    return Found(True, concept=concept) if wanted else NO


def _in_list(
    listed: Mapping[str, Mapping[str, Any]], system: CodeSystem | None, code: str
) -> Found:
    concept = None if system is None else system.concept(code)
    entry = listed.get(code) or (listed.get(concept.code) if concept is not None else None)
    if entry is None:
        return NO
    texts = (entry.get("display"), *(d["value"] for d in entry.get("designation", ())))
    return Found(True, concept=concept, displays=tuple(filter(None, texts)))


def absent(include: Include) -> str:
    """Say that a code system is not here."""
    version = f" in version {include.version}" if include.version else ""
    return f"the code system {include.system} is not known to this server{version}"


def _incomplete(system: CodeSystem) -> str:
    return f"the code system {system.info.url} is known to this server only in part"
