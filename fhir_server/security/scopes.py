"""SMART App Launch 2.0 scopes: what a token allows.

    parse("user/CarePlan.rs?category=sip launch/patient")
                      what is about resources; the rest is left out
    allows(scopes, "CarePlan", "r")
                      whether anything of the type may be read at all
    limits(scopes, "CarePlan", "s")
                      what the resources must besides be like

Version 1's ``read``, ``write`` and ``*`` are ``rs``, ``cud`` and ``cruds``.

Source: https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

LETTERS = "cruds"
CONTEXTS = ("patient", "user", "system")
VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
_FORM = re.compile(r"(patient|user|system)/([A-Z][A-Za-z]{1,60}|\*)\.(\*|[a-z]{1,5})(?:\?(\S+))?")
_IN_ORDER = re.compile(r"c?r?u?d?s?")
MAX_SCOPES = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope for resources: ``system/CarePlan.rs?category=sip``.

    Args:
        context: ``patient``, ``user`` or ``system``.
        resource_type: a type, or ``*``.
        interactions: of the letters ``cruds``.
        search: the parameters after ``?``; empty for none.
    """

    context: str
    resource_type: str
    interactions: str
    search: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """What a resource must be like for one scope to reach it.

    Args:
        patient: whether it must be about the patient of the launch context.
        search: parameters of a search that must find it, all of them.
    """

    patient: bool = False
    search: tuple[tuple[str, str], ...] = ()


Scopes = tuple[Scope, ...]


def parse(text: str) -> Scopes:
    """Give the scopes about resources in a token's ``scope``; what is unknown is left out.

    Args:
        text: scopes, separated by spaces.
    """
    found = (scope_of(each) for each in text.split(" ")[:MAX_SCOPES])
    return tuple(dict.fromkeys(scope for scope in found if scope is not None))


@lru_cache(maxsize=1024)
def scope_of(text: str) -> Scope | None:
    """Give one scope; None for one that is not about resources, or that has no sense."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    context, resource_type, asked, search = match.groups()
    letters = VERSION_1.get(asked, asked)
    if not letters or not _IN_ORDER.fullmatch(letters):
        return None
    if search is None:
        return Scope(context, resource_type, letters)
    # A scope whose search can't be read is none: without its search it would allow more.
    try:
        pairs = tuple(parse_qsl(search, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return None
    if resource_type == "*" or any(not name or not value for name, value in pairs):
        return None
    return Scope(context, resource_type, letters, pairs)


def allowing(scopes: Iterable[Scope], resource_type: str, letter: str) -> Scopes:
    """Give those scopes that allow an interaction with a type, perhaps only of some resources."""
    return tuple(
        scope
        for scope in scopes
        if letter in scope.interactions and scope.resource_type in ("*", resource_type)
    )


def allows(scopes: Scopes | None, resource_type: str, letter: str) -> bool:
    """Tell whether any resource of a type may be read, written or searched.

    Args:
        scopes: a principal's; None limits nothing.
        resource_type: the type.
        letter: ``c`` create, ``r`` read, ``u`` update, ``d`` delete or ``s`` search.
    """
    return scopes is None or bool(allowing(scopes, resource_type, letter))


def limits(scopes: Scopes | None, resource_type: str, letter: str) -> tuple[Limit, ...] | None:
    """Give what resources of a type must be like, for an interaction with them to be allowed.

    Args:
        scopes: a principal's; None limits nothing.
        resource_type: the type.
        letter: as for `allows`.

    Returns:
        Alternatives, of which one must hold; no alternative allows nothing. None: no limit.
    """
    if scopes is None:
        return None
    found = {
        Limit(scope.context == "patient", scope.search)
        for scope in allowing(scopes, resource_type, letter)
    }
    if Limit() in found:
        return None
    return tuple(sorted(found, key=lambda limit: (limit.patient, limit.search)))


def as_text(scope: Scope) -> str:
    """Write a scope as a token has it."""
    from urllib.parse import urlencode

    search = f"?{urlencode(scope.search)}" if scope.search else ""
    return f"{scope.context}/{scope.resource_type}.{scope.interactions}{search}"
