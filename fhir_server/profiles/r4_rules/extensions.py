"""Extensions: their urls, and where a definition is known, its constraints and its context.

Source: https://hl7.org/fhir/R4/extensibility.html, https://hl7.org/fhir/R4/defining-extensions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

from fhir_server.fhir.suggestions import suggestion
from fhir_server.fhirpath.engine import Engine, FhirPathError
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.profile_checks import ProfileCheck
from fhir_server.profiles.r4_rules.walk import (
    CORE,
    Place,
    PropertyCheck,
    Walk,
    element_path,
    spell,
)

_PROFILE = f"{CORE}Extension"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_PATHS_KEPT = 4096
_MOST_UNKNOWN = 4096


class _Found(NamedTuple):
    """An extension where it stands.

    Args:
        value: the extension.
        holder: the object that has it.
        types: of the holder, the most general first.
        around: the holder's place.
        place: its own.
    """

    value: Mapping[str, Any]
    holder: Mapping[str, Any]
    types: Sequence[str]
    around: Place
    place: Place


@dataclass(frozen=True, slots=True)
class Context:
    """Where an extension may stand."""

    type: str
    expression: str

    @property
    def element(self) -> str:
        """The type or the path of the element that it names; empty for another kind."""
        named = self.type not in ("extension", "fhirpath")
        return self.expression.replace("[x]", "") if named else ""


@dataclass(frozen=True, slots=True)
class Known:
    """An extension whose definition is known.

    Args:
        contexts: where it may stand; empty for anywhere.
        elements: those of them that name a type or an element.
    """

    url: str
    check: ProfileCheck
    contexts: tuple[Context, ...]
    elements: frozenset[str]
    invariants: tuple[str, ...]
    is_modifier: bool


class Extensions:
    """Checks extensions wherever they stand.

    Args:
        definitions: give the definitions of extensions.
        engine: evaluates their contexts.
        profile_check: gives the check of a definition.
    """

    def __init__(
        self,
        definitions: Definitions,
        engine: Engine,
        profile_check: Callable[[Mapping[str, Any]], ProfileCheck],
    ) -> None:
        self._definitions = definitions
        self._engine = engine
        self._profile_check = profile_check
        self._known: dict[str, Known] = {}
        self._unknown: set[str] = set()
        self._own = f"{definitions.canonical}/" if definitions.canonical else None
        self._paths = lru_cache(maxsize=_PATHS_KEPT)(self._element_paths)

    def check(self, types: Sequence[str], *, modifiers: bool) -> PropertyCheck:
        """Give the check of the extensions of values of a type.

        Args:
            types: the type and those it is derived from, the most general first.
            modifiers: whether they stand in ``modifierExtension``.
        """
        name = "modifierExtension" if modifiers else "extension"
        nested = "Extension" in types

        known, unknown = self._known, self._unknown

        def check(holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
            if item.__class__ is not list:
                return
            for position, value in enumerate(item):
                url = value.get("url") if value.__class__ is dict else None
                if url.__class__ is not str:
                    continue
                here = (place, name, position)
                it = known.get(url)
                if it is None and url not in unknown:
                    it = self._find(url)
                if it is not None:
                    found = _Found(value, holder, types, place, here)
                    self._check_known(it, found, walk, modifiers=modifiers)
                elif modifiers or not nested or self._is_own(url):
                    self._check_unknown(url, here, walk, modifiers=modifiers, nested=nested)

        return check

    def _is_own(self, url: str) -> bool:
        return self._own is not None and url.startswith(self._own)

    def _check_unknown(
        self, url: str, place: Place, walk: Walk, *, modifiers: bool, nested: bool
    ) -> None:
        if self._is_own(url):
            hint = suggestion(url, [str(d["url"]) for d in self._definitions.profiles("Extension")])
            text = f"No extension with this url is defined.{hint}"
            _report(walk, (place, "url", None), "extension", text)
        elif modifiers:
            text = "This modifier extension is not known here. It may change the meaning of what "
            text += "it stands in: who reads the resource must know it, or not use it."
            walk.report(
                (place, "url", None),
                "extension",
                text,
                profile=_PROFILE,
                code="extension",
                severity="warning",
            )
        elif not nested and not _ABSOLUTE.match(url):
            text = "The url of an extension is absolute; only parts of an extension have names."
            _report(walk, (place, "url", None), "extension", text)

    def _find(self, url: str) -> Known | None:
        definition = self._definitions.conformance("StructureDefinition", url)
        if definition is None or definition.get("type") != "Extension":
            if len(self._unknown) >= _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown.add(url)
            return None
        contexts = tuple(_contexts(definition))
        known = self._known[url] = Known(
            url,
            self._profile_check(definition),
            contexts,
            frozenset(each.element for each in contexts if each.element),
            tuple(definition.get("contextInvariant", ())),
            _is_modifier(definition),
        )
        return known

    def _check_known(self, known: Known, found: _Found, walk: Walk, *, modifiers: bool) -> None:
        issues = known.check.issues(found.value, partial(spell, found.place), walk.scope)
        if issues:
            walk.include(issues)
        if known.is_modifier is not modifiers:
            right = "modifierExtension" if known.is_modifier else "extension"
            text = f"By its definition this extension belongs in {right}."
            _report(walk, found.place, "extension", text, known.url)
        if (
            known.contexts
            and known.elements.isdisjoint(found.types)
            and not any(self._fits(each, found, walk) for each in known.contexts)
        ):
            allowed = ", ".join(each.expression for each in known.contexts)
            text = f"This extension does not belong here; it may be used on: {allowed}."
            _report(walk, found.place, "context", text, known.url)
        for expression in known.invariants:
            if self._holds(expression, found, walk) is False:
                text = f"This extension may only be used here where {expression} holds."
                _report(walk, found.place, "context", text, known.url)

    def _fits(self, context: Context, found: _Found, walk: Walk) -> bool:
        if context.type == "extension":
            return found.holder.get("url") == context.expression and "Extension" in found.types
        if context.type == "fhirpath":
            return self._selects(context.expression, found, walk)
        resource_type = str(walk.scope.resource.get("resourceType"))
        return context.element in self._paths(element_path(found.around, resource_type))

    def _selects(self, expression: str, found: _Found, walk: Walk) -> bool:
        """Tell whether an expression on the resource selects the holder; so, where it can't."""
        resource = walk.scope.resource
        try:
            compiled = self._engine.compile(expression, str(resource.get("resourceType")))
            selected = compiled.evaluate(resource, walk.environment)
        except FhirPathError:
            return True
        return any(each is found.holder for each in selected)

    def _holds(self, expression: str, found: _Found, walk: Walk) -> bool | None:
        variables = {**walk.environment.variables, "extension": found.value}
        environment = replace(walk.environment, variables=variables)
        try:
            compiled = self._engine.compile(expression, found.types[-1])
            return compiled.holds(found.holder, environment)
        except FhirPathError:
            return None

    def _element_paths(self, path: str) -> frozenset[str]:
        """Give all paths by which definitions name an element: in the resource, in data types."""
        here, *names = path.split(".")
        paths = {path}
        for position, name in enumerate(names):
            try:
                children = self._definitions.children(here)
            except KeyError:
                break
            element = children.get(name)
            if element is None:
                break
            if position == len(names) - 1:
                paths |= {element.path, f"{here}.{name}"}
            if element.is_choice:
                break
            in_line = not element.types or element.types[0].code in ("BackboneElement", "Element")
            here = element.content_reference or (element.path if in_line else element.types[0].code)
        return frozenset(paths)


def _report(walk: Walk, place: Place, rule: str, text: str, profile: str = _PROFILE) -> None:
    walk.report(place, rule, text, profile=profile, code="extension")


def _contexts(definition: Mapping[str, Any]) -> Iterator[Context]:
    for context in definition.get("context", ()):
        if isinstance(context, dict) and isinstance(context.get("expression"), str):
            yield Context(str(context.get("type")), context["expression"])


def _is_modifier(definition: Mapping[str, Any]) -> bool:
    elements = definition.get("snapshot", {}).get("element", [])
    return bool(elements and elements[0].get("isModifier"))
