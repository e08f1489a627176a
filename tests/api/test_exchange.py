"""How an answer leaves: in one piece where it is one, with the headers that all have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from werkzeug.test import create_environ

from fhir_server.api.exchange import Response

STANDING = (
    frozenset(("x-frame-options", "cache-control")),
    (("X-Frame-Options", "DENY"), ("Cache-Control", "no-store")),
)


def sent(
    response: Response, method: str = "GET"
) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
    response.standing = STANDING
    told: list[Any] = []
    body = response(create_environ(method=method), lambda *said: told.append(said))
    return told[0][0], told[0][1], body


def test_a_whole_answer_is_a_list_which_granian_sends_with_one_call() -> None:
    status, headers, body = sent(Response(b"abc", 201, content_type="text/plain"))
    assert (status, body) == ("201 CREATED", [b"abc"])
    assert headers == [("Content-Type", "text/plain"), ("Content-Length", "3"), *STANDING[1]]


def test_what_the_answer_says_itself_stays() -> None:
    _, headers, _ = sent(Response(b"", headers={"cache-control": "max-age=1"}))
    said = [(name.lower(), value) for name, value in headers]
    assert ("cache-control", "max-age=1") in said
    assert ("cache-control", "no-store") not in said
    assert ("x-frame-options", "DENY") in said


@pytest.mark.parametrize(
    ("make", "method"),
    [
        (lambda: Response(b"abc"), "HEAD"),
        (lambda: Response(b"", 204), "GET"),
        (lambda: Response(b"abc", 304), "GET"),
        (lambda: Response(iter([b"a", b"bc"])), "GET"),
        (lambda: Response(["å"]), "GET"),
        (lambda: Response(b"abc", 201, {"Location": "http://localhost/å"}), "POST"),
    ],
)
def test_all_others_leave_as_werkzeug_sends_them(make: Callable[[], Response], method: str) -> None:
    own = sent(make(), method)
    plain, told = make(), list[Any]()
    plain.headers.extend(STANDING[1])
    body = super(Response, plain).__call__(
        create_environ(method=method), lambda *said: told.append(said)
    )
    assert own[:2] == tuple(told[0])
    assert b"".join(own[2]) == b"".join(body)


def test_who_wants_to_hear_of_the_end_hears_of_it() -> None:
    response, ended = Response(b"abc"), list[str]()
    response.call_on_close(lambda: ended.append("ended"))
    sent(response)
    assert ended == ["ended"]
