"""Whether an answer is right: a fast wrong answer counts as an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Expected = Mapping[str, Any]


def wrong(expected: Expected, status: int, body: bytes) -> str | None:
    """Say what is wrong with an answer; None where nothing is.

    Args:
        expected: what is right, by name. ``status``: each that is; ``contains``: text in the body;
            ``type`` and ``id`` of the resource; ``bundle``: its type; ``total``, or what it is at
            ``least``; ``entries``: how many; ``issues``: whether an OperationOutcome must have
            errors. Of a search besides: ``found``: how many there are; ``page``: how many fit;
            ``ids``: all that match; ``included``: references of what must come with them; ``keys``:
            what each id is ordered by, and whether ``descending``.
        status: of the answer.
        body: of the answer.
    """
    if status not in expected.get("status", (200,)):
        return f"{status}: {body[:300]!r}"
    text = expected.get("contains")
    if text is not None and text.encode() not in body:
        return f"lacks {text}: {body[:300]!r}"
    if not expected.keys() & _LOOK_INSIDE:
        return None
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"no JSON: {body[:300]!r}"
    for name, check in _CHECKS:
        if name in expected and (said := check(expected, answer)):
            return said
    return None


def _type(expected: Expected, answer: Any) -> str | None:
    if answer.get("resourceType") != expected["type"]:
        return f"a {answer.get('resourceType')}, not a {expected['type']}"
    return None


def _id(expected: Expected, answer: Any) -> str | None:
    return None if answer.get("id") == expected["id"] else f"id {answer.get('id')}"


def _bundle(expected: Expected, answer: Any) -> str | None:
    if answer.get("resourceType") != "Bundle" or answer.get("type") != expected["bundle"]:
        return f"no {expected['bundle']}"
    return None


def _total(expected: Expected, answer: Any) -> str | None:
    if answer.get("total") != expected["total"]:
        return f"total {answer.get('total')}, not {expected['total']}"
    return None


def _least(expected: Expected, answer: Any) -> str | None:
    if answer.get("total", 0) < expected["least"]:
        return f"total {answer.get('total')}, less than {expected['least']}"
    return None


def _found(expected: Expected, answer: Any) -> str | None:
    """Compare the matches with what the loaded data say."""
    matches = _of_mode(answer, "match")
    found, page = expected["found"], expected.get("page", 20)
    if len(matches) != min(found, page):
        return f"{len(matches)} matches, not {min(found, page)} of {found}"
    ids = [resource.get("id") for resource in matches]
    if len(set(ids)) != len(ids):
        return "the same match twice"
    allowed = expected.get("ids")
    if allowed is not None and not set(ids) <= _as_set(allowed):
        return f"matches that don't match: {sorted(set(ids) - _as_set(allowed))[:3]}"
    return _order(expected, ids) if "keys" in expected else None


def _order(expected: Expected, ids: Sequence[str]) -> str | None:
    """Compare by what the order is by: several may have the same, in any order among them."""
    down = expected.get("descending", False)
    known = [key for key in expected["keys"].values() if key is not None]
    right = sorted(known, reverse=down)[: len(ids)]
    got = [key for each in ids if (key := expected["keys"][each]) is not None]
    return None if got == right[: len(got)] and len(got) == len(right) else "in another order"


def _included(expected: Expected, answer: Any) -> str | None:
    got = {f"{r['resourceType']}/{r['id']}" for r in _of_mode(answer, "include")}
    missing = set(expected["included"]) - got
    return f"not included: {sorted(missing)[:3]}" if missing else None


def _entries(expected: Expected, answer: Any) -> str | None:
    entries = answer.get("entry", [])
    if len(entries) != expected["entries"]:
        return f"{len(entries)} entries, not {expected['entries']}"
    for entry in entries:
        status = str(entry.get("response", {}).get("status", ""))
        if not status.startswith(("200", "201")):
            return f"an entry answered {status}"
    return None


def _issues(expected: Expected, answer: Any) -> str | None:
    if answer.get("resourceType") != "OperationOutcome":
        return f"a {answer.get('resourceType')}, not an OperationOutcome"
    errors = [i for i in answer.get("issue", ()) if i.get("severity") in {"error", "fatal"}]
    if bool(errors) is not bool(expected["issues"]):
        return f"errors found: {str(errors)[:300]}" if errors else "no errors found"
    return None


def _of_mode(bundle: Any, mode: str) -> list[Any]:
    entries: Sequence[Any] = bundle.get("entry", ())
    return [
        entry["resource"]
        for entry in entries
        if entry.get("search", {}).get("mode", "match") == mode
    ]


def _as_set(ids: Any) -> set[str]:
    return ids if isinstance(ids, set) else set(ids)


_CHECKS = (
    ("type", _type),
    ("id", _id),
    ("bundle", _bundle),
    ("total", _total),
    ("least", _least),
    ("found", _found),
    ("included", _included),
    ("entries", _entries),
    ("issues", _issues),
)
_LOOK_INSIDE = frozenset(name for name, _ in _CHECKS)
