"""SMART App Launch 2.0 scopes: what a token allows.

    parse("user/CarePlan.rs?category=sip launch/patient")
                      what is about resources; the rest is left out
    allows(scopes, "CarePlan", "r")
                      whether anything of the type may be read at all
    covers(scope, "CarePlan", "rs")
                      the same of one scope, whose search then says which

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


def allows(scopes: Iterable[Scope], resource_type: str, letter: str) -> bool:
    """Tell whether any scope allows an interaction with a type; letters of ``cruds``."""
    return any(covers(scope, resource_type, letter) for scope in scopes)


def covers(scope: Scope, resource_type: str, letters: str) -> bool:
    """Tell whether a scope allows any of some interactions with a type."""
    return scope.resource_type in ("*", resource_type) and any(
        letter in scope.interactions for letter in letters
    )
