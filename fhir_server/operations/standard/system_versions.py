"""Which code systems, in which versions, a value set is expanded with: the parameters of $expand.

    exclude-system         codes of the system are left out
    system-version         the version where the value set names none
    check-system-version   the same; an expansion with another version is refused
    force-system-version   the version, whatever the value set says

Source: https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.terminology.concepts import Expansion

Resource = Mapping[str, Any]

EXCLUDE = "exclude-system"
DEFAULT, CHECK, FORCE = "system-version", "check-system-version", "force-system-version"
VERSIONS = (DEFAULT, CHECK, FORCE)


def with_systems(value_set: Resource, arguments: Arguments) -> Resource:
    """Give the value set as the parameters change it.

    Raises:
        FhirError: 400 for a version parameter without a version; not-supported for what can't be
            done, because the value set takes its codes from others.
    """
    asked = [name for name in (EXCLUDE, *VERSIONS) if name in arguments]
    if not asked:
        return value_set
    compose = value_set.get("compose")
    if not compose:
        raise _not_supported(asked[0], "the value set does not say how it is composed")
    versions = {name: dict(_pairs(name, arguments)) for name in VERSIONS if name in arguments}
    parts = [*compose.get("include", ()), *compose.get("exclude", ())]
    if versions and any("valueSet" in part for part in parts):
        raise _not_supported(next(iter(versions)), "the value set is made of other value sets")
    changed = {
        key: [_versioned(part, versions) for part in compose[key]]
        for key in ("include", "exclude")
        if key in compose
    }
    for canonical in arguments.get(EXCLUDE, ()):
        changed = _without(changed, _system(canonical))
    return {**value_set, "compose": {**compose, **changed}}


def _without(parts: dict[str, list[Resource]], system: Resource) -> dict[str, list[Resource]]:
    """Leave a code system out: what is not read need not be known here."""
    includes = [part for part in parts["include"] if not system.items() <= part.items()]
    if not any("valueSet" in part or part["system"] == system["system"] for part in includes):
        return {**parts, "include": includes}
    return {"include": includes, "exclude": [*parts.get("exclude", ()), system]}


def require_versions(expansion: Expansion, arguments: Arguments) -> None:
    """Refuse an expansion with another version of a code system than ``check-system-version``.

    Raises:
        FhirError: 422.
    """
    wanted = dict(_pairs(CHECK, arguments))
    for used in expansion.used:
        system, _, version = used.partition("|")
        if wanted.get(system, version) != version:
            text = f"The value set uses another version of {system} than {CHECK} names."
            raise FhirError(Issue("error", "conflict", text, CHECK), status=422)


def _pairs(name: str, arguments: Arguments) -> Iterator[tuple[str, str]]:
    for canonical in arguments.get(name, ()):
        system, _, version = canonical.partition("|")
        if not version:
            raise invalid(f"{name} must be a system and a version: [system]|[version].", name)
        yield system, version


def _system(canonical: str) -> dict[str, str]:
    system, _, version = canonical.partition("|")
    return {"system": system, "version": version} if version else {"system": system}


def _versioned(part: Resource, versions: Mapping[str, Mapping[str, str]]) -> Resource:
    system = part.get("system", "")
    forced = versions.get(FORCE, {}).get(system)
    if forced:
        return {**part, "version": forced}
    default = versions.get(CHECK, {}).get(system) or versions.get(DEFAULT, {}).get(system)
    if default and "version" not in part:
        return {**part, "version": default}
    return part


def _not_supported(name: str, why: str) -> FhirError:
    text = f"{name} can't be heeded here: {why}."
    return FhirError(Issue("error", "not-supported", text, name))
