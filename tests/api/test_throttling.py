"""Refused tokens: an address that tries one after the other waits, a good token is let in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response, request

from fhir_server.api.throttling import Throttle, Throttled
from fhir_server.security.rate_limits import MOST_KNOWN, RateLimit

Ask = Callable[..., int]


@pytest.fixture
def looked_at() -> list[str]:
    """The tokens that were looked at, and not refused unseen."""
    return []


@pytest.fixture
def ask(looked_at: list[str]) -> Ask:
    """Give a client of an application that takes tokens that begin with good."""
    app = Flask("tokens")
    throttle = Throttle("", "5/minute")
    app.before_request(throttle.begin)
    app.after_request(throttle.end)
    app.register_error_handler(Throttled, lambda error: Response("", error.status))

    @app.route("/")
    def view() -> Response:
        token = request.headers.get("Authorization", "")
        looked_at.append(token)
        return Response("", 200 if token.startswith("Bearer good") else 401)

    def send(token: str, address: str = "10.0.0.1") -> int:
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        client = app.test_client()
        return client.get("/", headers=sent, environ_base={"REMOTE_ADDR": address}).status_code

    return send


def test_an_address_that_tries_many_tokens_has_to_wait(ask: Ask, looked_at: list[str]) -> None:
    statuses = [ask(f"guess-{n}") for n in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert len(looked_at) == 5


def test_other_addresses_do_not_wait_for_it(ask: Ask) -> None:
    for n in range(8):
        ask(f"guess-{n}")
    assert ask("guess", "10.0.0.2") == 401


def test_a_good_token_is_let_in_from_an_address_where_others_fail(ask: Ask) -> None:
    assert ask("good-1") == 200
    for n in range(8):
        ask(f"guess-{n}")
    assert ask("good-1") == 200


def test_one_token_that_has_run_out_is_soon_not_looked_at_and_shuts_nobody_out(
    ask: Ask, looked_at: list[str]
) -> None:
    statuses = [ask("stale") for _ in range(20)]
    assert statuses == [401] * 3 + [429] * 17
    assert len(looked_at) == 3
    assert ask("good-new") == 200


def test_a_token_that_was_good_and_is_refused_now_is_good_no_longer(ask: Ask) -> None:
    for n in range(8):
        ask(f"guess-{n}")
    assert ask("good-new") == 429  # not known to be good


def test_who_asks_without_a_token_is_no_failure(ask: Ask) -> None:
    assert [ask("") for _ in range(10)] == [401] * 10
    assert ask("guess") == 401


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_lets_a_burst_through_and_then_a_steady_stream() -> None:
    clock = Clock()
    limit = RateLimit("6/minute", clock)
    assert [limit.take("a") for _ in range(6)] == [0.0] * 6
    assert limit.take("a") == pytest.approx(10)
    assert limit.wait("a") == pytest.approx(10)
    assert limit.take("b") == 0
    clock.now += 10
    assert limit.take("a") == 0
    assert limit.take("a") == pytest.approx(10)
    clock.now += 60
    assert [limit.take("a") for _ in range(6)] == [0.0] * 6


def test_no_number_of_clients_fills_the_memory() -> None:
    limit = RateLimit("1/hour", Clock())
    for n in range(MOST_KNOWN + 100):
        limit.take(str(n))
    assert len(limit._paid) == MOST_KNOWN
