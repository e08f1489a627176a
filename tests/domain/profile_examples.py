"""The examples of the profiles: valid ones, and the table of what breaks one rule each."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests import yaml_files
from tests.conftest import ROOT

FOLDER = ROOT / "profiles" / "examples"
VALID = FOLDER / "valid"
TABLE = FOLDER / "broken.yaml"

STEP = re.compile(r"(?P<name>[A-Za-z_]+)(?:\[(?P<item>[^\]]+)\])?")

Json = dict[str, Any]


@dataclass(frozen=True)
class Breach:
    """One row of the table.

    Args:
        profile: whose rule it breaks, by id.
        what: what is wrong, in a few words.
        base: the valid example that it is made from.
        change: values by path; None removes what is there.
        rule: that the validator names.
        at: where the validator points.
    """

    profile: str
    what: str
    base: str
    rule: str
    at: str
    change: Mapping[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        """What the test is called by."""
        return f"{self.profile}: {self.what}"

    def resource(self) -> Json:
        """Give the example with the change."""
        changed = copy.deepcopy(valid()[self.base])
        for path, value in self.change.items():
            put(changed, path, value)
        return changed


@cache
def valid() -> dict[str, Json]:
    """Give the valid examples by file name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(VALID.glob("*.json"))}


def breaches() -> list[Breach]:
    """Give the rows of the table."""
    table = yaml_files.load(TABLE.read_text())
    return [Breach(profile, **row) for profile, rows in table.items() for row in rows]


@cache
def surroundings() -> dict[str, Json]:
    """Give what references lead to: the demo's resources, and the examples."""
    bundles = (json.loads(path.read_text()) for path in sorted((ROOT / "demo").glob("*.json")))
    demo = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    return {f"{r['resourceType']}/{r['id']}": r for r in (*valid().values(), *demo)}


def put(resource: Any, path: str, value: Any) -> None:
    """Write a value into a resource, or remove one.

    Args:
        resource: is changed.
        path: names with dots; ``[0]`` takes an item of a list, ``[+]`` adds one, and ``[name]``
            takes the extension whose url is that or ends with it.
        value: what to write; None removes.
    """
    steps = [(m["name"], m["item"]) for m in STEP.finditer(path)]
    for name, item in steps[:-1]:
        resource = resource[name] if item is None else _item(resource[name], item)
    name, item = steps[-1]
    if item == "+":
        resource.setdefault(name, []).append(value)
        return
    holder, key = (resource, name) if item is None else _place(resource[name], item)
    if value is None:
        del holder[key]
        _drop_empty(resource, name)
    else:
        holder[key] = value


def _item(items: list[Any], item: str) -> Any:
    holder, key = _place(items, item)
    return holder[key]


def _place(items: list[Any], item: str) -> tuple[list[Any], int]:
    if item.isdigit():
        return items, int(item)
    tails = [each["url"].rpartition("/")[2] for each in items]
    return items, tails.index(item)


def _drop_empty(holder: Any, name: str) -> None:
    """Leave no empty list behind: JSON in FHIR has none."""
    if holder.get(name) == []:
        del holder[name]


def file_of(path: Path) -> str:
    """Give the profile's id that a valid example's file name starts with."""
    ids = sorted((p.stem for p in (ROOT / "docs" / "profiles").glob("*.md")), key=len, reverse=True)
    return next(id_ for id_ in ids if path.name.startswith(f"{id_}-"))
