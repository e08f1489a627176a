"""What each role may do, as data: ``roles.json``, or a file of an operator's own.

Groups of types: ``directory``, ``definitions``, ``audit``, and ``care``, which is every other type.
Groups of operations: those the file names, and ``reading`` and ``writing``: every operation in none
of its groups that changes nothing, or something.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

Kind = Literal["staff", "system", "national", "analyst", "administrator", "patient"]

CARE = "care"
READING, WRITING = "reading", "writing"
LETTERS = {"read": "rs", "create": "c", "update": "u", "delete": "d"}


@dataclass(frozen=True, slots=True)
class Role:
    """One role.

    Args:
        name: its key.
        kind: whom it is for, which decides whose resources it sees.
        types: by letter of ``cruds``, the types it may do that to.
        update_addressed: types that it may change where they were sent to its unit.
        operations: codes of the operations it may call; those of `READING` and `WRITING` besides.
        chooses_ids: whether it may create under an id of its choice.
        aggregates: whether it sees figures about populations.
    """

    name: str
    kind: Kind
    types: Mapping[str, frozenset[str]]
    update_addressed: frozenset[str]
    operations: frozenset[str]
    chooses_ids: bool = False
    aggregates: bool = False

    def may(self, letter: str, resource_type: str) -> bool:
        """Tell whether the role has a right to a type at all; letters as in SMART scopes."""
        return resource_type in self.types[letter]


@dataclass(frozen=True, slots=True)
class Roles:
    """All roles.

    Args:
        by_name: the roles.
        open_types: types that are about no person: directory and definitions.
        grouped_operations: operations that stand in a group of their own.
    """

    by_name: Mapping[str, Role]
    open_types: frozenset[str]
    grouped_operations: frozenset[str]

    def may_invoke(self, role: Role, code: str, *, writes: bool) -> bool:
        """Tell whether a role may call an operation."""
        if code in role.operations:
            return True
        group = WRITING if writes else READING
        return group in role.operations and code not in self.grouped_operations


def load(path: Path | None, resource_types: Iterable[str]) -> Roles:
    """Read the roles.

    Args:
        path: an operator's file; None for the published roles.
        resource_types: all types there are.

    Raises:
        ValueError: the file does not fit; the text says where.
    """
    text = path.read_text("utf-8") if path else _published()
    try:
        return _read(json.loads(text), frozenset(resource_types))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the file of roles lacks or misspells {error}") from None


def names(path: Path | None) -> tuple[str, ...]:
    """Give the names of the roles alone, which needs no types.

    Args:
        path: an operator's file; None for the published roles.

    Raises:
        ValueError: it names none.
    """
    try:
        return tuple(json.loads(path.read_text("utf-8") if path else _published())["roles"])
    except (OSError, KeyError, TypeError) as error:
        raise ValueError(f"the file of roles lacks or misspells {error}") from None


@cache
def _published() -> str:
    return resources.files("fhir_server.security").joinpath("roles.json").read_text("utf-8")


def _read(said: Mapping[str, Any], all_types: frozenset[str]) -> Roles:
    groups = {name: frozenset(types) for name, types in said["groups"].items()}
    groups[CARE] = all_types - frozenset().union(*groups.values())
    operations = {name: frozenset(codes) for name, codes in said["operations"].items()}
    roles = {
        name: _role(name, each, groups, operations, all_types)
        for name, each in said["roles"].items()
    }
    return Roles(
        roles,
        groups["directory"] | groups["definitions"],
        frozenset().union(*operations.values()),
    )


def _role(
    name: str,
    said: Mapping[str, Any],
    groups: Mapping[str, Collection[str]],
    operations: Mapping[str, Collection[str]],
    all_types: frozenset[str],
) -> Role:
    types: dict[str, frozenset[str]] = {}
    for key, letters in LETTERS.items():
        found = _expanded(said.get(key, ()), groups)
        unknown = found - all_types
        if unknown:
            raise ValueError(f"role {name}, {key}: no resource types: {', '.join(sorted(unknown))}")
        types |= dict.fromkeys(letters, found)
    return Role(
        name,
        said["kind"],
        types,
        frozenset(said.get("update_addressed", ())),
        _expanded(said.get("operations", ()), operations),
        bool(said.get("chooses_ids")),
        bool(said.get("aggregates")),
    )


def _expanded(names: Iterable[str], groups: Mapping[str, Collection[str]]) -> frozenset[str]:
    return frozenset(each for name in names for each in groups.get(name, (name,)))
