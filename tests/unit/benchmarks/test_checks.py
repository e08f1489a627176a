"""A fast wrong answer counts as an error.

The checks run in the load generator's environment, which has nothing else of the server.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from benchmarks.load.checks import wrong


def bundle(*ids: str, included: tuple[str, ...] = (), **more: Any) -> bytes:
    entries: list[Any] = [
        {"resource": {"resourceType": "Patient", "id": each}, "search": {"mode": "match"}}
        for each in ids
    ]
    entries += [
        {"resource": {"resourceType": "Group", "id": each}, "search": {"mode": "include"}}
        for each in included
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries, **more})


RIGHT = {"bundle": "searchset", "found": 2, "ids": {"a", "b"}}


def test_a_right_answer_is_right() -> None:
    assert wrong(RIGHT, 200, bundle("a", "b")) is None


@pytest.mark.parametrize(
    ("expected", "status", "body"),
    [
        ({}, 500, b"{}"),
        ({"type": "Patient"}, 200, b"not JSON"),
        ({"type": "Patient"}, 200, b'{"resourceType": "Group"}'),
        ({"type": "Patient", "id": "a"}, 200, b'{"resourceType": "Patient", "id": "b"}'),
        (RIGHT, 200, bundle("a")),
        (RIGHT, 200, bundle("a", "a")),
        (RIGHT, 200, bundle("a", "c")),
        (RIGHT | {"included": ["Group/g"]}, 200, bundle("a", "b")),
        (RIGHT | {"keys": {"a": 2, "b": 1}}, 200, bundle("a", "b")),
        ({"total": 3}, 200, bundle(total=2)),
        ({"least": 3}, 200, bundle(total=2)),
        ({"entries": 1}, 200, b'{"entry": [{"response": {"status": "400 Bad Request"}}]}'),
        ({"issues": True}, 200, b'{"resourceType": "OperationOutcome", "issue": []}'),
        ({"contains": "x"}, 200, b"y"),
    ],
)
def test_a_wrong_answer_is_wrong(expected: Any, status: int, body: bytes) -> None:
    assert wrong(expected, status, body) is not None


def test_a_page_that_is_full_may_have_any_of_the_matches() -> None:
    expected = {"bundle": "searchset", "found": 3, "page": 2, "ids": {"a", "b", "c"}}
    assert wrong(expected, 200, bundle("c", "a")) is None


def test_an_order_may_leave_equal_ones_in_any_order() -> None:
    expected = RIGHT | {"keys": {"a": 1, "b": 1}, "descending": True}
    assert wrong(expected, 200, bundle("b", "a")) is None
    first = {"found": 3, "page": 2, "ids": {"a", "b", "c"}, "keys": {"a": 1, "b": 2, "c": 3}}
    assert wrong(first | {"descending": True}, 200, bundle("c", "b")) is None
    assert wrong(first | {"descending": True}, 200, bundle("b", "a")) is not None
