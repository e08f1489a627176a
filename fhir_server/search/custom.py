"""SearchParameters that are data: what a stored one comes to, and why one can't be used.

Source: https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.profiles.definitions import Definitions, SearchParameter
from fhir_server.profiles.elements import Component
from fhir_server.profiles.search_expressions import expression_within
from fhir_server.search.parameters import Parameters
from fhir_server.search.search_state import SearchState, Version

# What of a SearchParameter decides how it searches; the rest may change and nothing happens.
DECIDING = ("url", "code", "type", "base", "expression", "target")
_PART = ("definition", "expression")

Found = dict[str, dict[str, SearchParameter]]


def takes_effect(resource: Mapping[str, Any]) -> bool:
    """Tell whether a SearchParameter is to be searched by: the active ones are."""
    return resource.get("status") == "active"


def deciding(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Give the elements of a SearchParameter that decide how it searches."""
    found = {name: resource[name] for name in DECIDING if name in resource}
    if "component" in resource:
        parts = resource["component"]
        found["component"] = [{name: part[name] for name in _PART} for part in parts]
    return found


def types_of(definitions: Definitions, definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the resource types that a SearchParameter applies to: its bases, or what derives."""
    bases = set(definition["base"])
    return tuple(t for t in definitions.resource_types if bases & set(definitions.lineage(t)))


def definition_for(
    definitions: Definitions, definition: Mapping[str, Any], resource_type: str, revision: int
) -> SearchParameter:
    """Give a SearchParameter as it applies to one type; without expression where none does."""
    expression = definition.get("expression", "")
    return SearchParameter(
        url=definition["url"],
        code=definition["code"],
        type=definition["type"],
        expression=expression_within(definitions.lineage(resource_type), expression),
        targets=tuple(definition.get("target", ())),
        components=tuple(
            Component(each["definition"], each["expression"])
            for each in definition.get("component", ())
        ),
        base=resource_type,
        revision=revision,
    )


def searchable(definitions: Definitions, state: SearchState) -> Definitions:
    """Give the definitions that searches may use: the published ones and what is complete."""
    found: Found = {}
    for known in state.parameters.values():
        if known.active:
            _add(found, definitions, known.active, unique=False)
    return definitions.with_search_parameters(found)


def indexable(definitions: Definitions, state: SearchState) -> Definitions:
    """Give the definitions to index by: also what is being built."""
    found: Found = {}
    for known in state.parameters.values():
        for version in known.versions:
            _add(found, definitions, version, unique=True)
    return definitions.with_search_parameters(found)


def problem_of(definitions: Definitions, definition: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say why a SearchParameter can't be used.

    Returns:
        The element to point at and the reason, for a client; None where it can be used.
    """
    code = definition["code"]
    types = types_of(definitions, definition)
    for type_ in types:
        published = definitions.search_parameters(type_).get(code)
        if published is not None:
            return "code", (
                f"{type_} is searched by '{code}' already, as {published.url} defines it. The "
                "server's own parameters can't be replaced: choose another code, or store this "
                "one with a status other than active."
            )
    if code.startswith("_"):
        # So begin the labels in the index that decide who sees a resource.
        return "code", f"'{code}' begins as only the server's own do: choose another code."
    for type_ in types:
        own = definition_for(definitions, definition, type_, revision=1)
        alone = definitions.with_search_parameters({type_: {code: own}})
        reason = Parameters(alone).unsupported(type_).get(code)
        if reason is not None:
            at = "component" if definition["type"] == "composite" else "expression"
            return at, f"This server can't search {type_} by this parameter: {reason}."
    return None


def clash_of(state: SearchState, id_: str, code: str, types: tuple[str, ...]) -> str | None:
    """Name the other SearchParameter that has the same code for one of the types already."""
    for other, known in sorted(state.parameters.items()):
        for version in known.versions if other != id_ else ():
            if version.definition["code"] == code and set(version.types) & set(types):
                return other
    return None


def _add(found: Found, definitions: Definitions, version: Version, *, unique: bool) -> None:
    code = version.definition["code"]
    for type_ in version.types:
        # One that came to be published since it was stored gives way.
        if code not in definitions.search_parameters(type_):
            own = definition_for(definitions, version.definition, type_, version.revision)
            key = f"{code}~{version.revision}" if unique else code
            found.setdefault(type_, {})[key] = own
