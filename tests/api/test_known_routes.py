"""The short way to a route gives what Werkzeug gives, for every route and for what is none."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.test import create_environ

from fhir_server.api.application import Application
from fhir_server.api.known_routes import Adapter

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get")
PIECES = (
    "a", "B-1.x", "metadata", "fhir", "Patient", "CarePlan", "Observation", "Nothing", "_history",
    "_search", "_x", "$x", "$everything", "*", "1", "a" * 64, "a" * 65, "", ".", "..", "å", "a b",
    "%2F", "docs", "assets", "x.css", "_async", "$graphql", "-a",
)  # fmt: skip
Said = tuple[str, Any, Any]


def said(adapter: MapAdapter) -> Said:
    try:
        rule, values = adapter.match(return_rule=True)
    except HTTPException as error:
        return type(error).__name__, getattr(error, "valid_methods", None), error.code
    return rule.endpoint, rule, dict(values)


def both(app: Flask, method: str, path: str, host: str = "localhost:8000") -> tuple[Said, Said]:
    """Give what the application says of an address, and what Werkzeug does."""
    environ = create_environ(path, f"http://{host}/", method=method)
    environ["PATH_INFO"] = path.encode().decode("latin1")
    with app.request_context(environ) as context:
        adapter = context.url_adapter
        assert isinstance(adapter, Adapter)
        plain = app.url_map.bind_to_environ(environ, subdomain="")
        own, werkzeugs = said(adapter), said(plain)
    for each in (own, werkzeugs):
        if isinstance(each[1], list):
            each[1].sort()
    return own, werkzeugs


@pytest.mark.parametrize("value", ["a", "B-1.x", "Patient", "metadata", "_history", "$x"])
def test_every_route_is_found_twice_alike(app: Flask, value: str) -> None:
    # A route has a rule for each of its methods; all methods are tried with the address itself.
    for path in {re.sub(r"<[^>]+>", value, rule.rule): None for rule in app.url_map.iter_rules()}:
        for method in METHODS:
            # The second time it may be known.
            for _ in range(2):
                own, werkzeugs = both(app, method, path)
                assert own == werkzeugs, (method, path)


def test_addresses_at_random_are_found_alike(app: Flask) -> None:
    chance = random.Random(8)
    addresses = [
        "/" + "/".join(["fhir", *chance.choices(PIECES, k=k)])
        for k, _ in itertools.product(range(6), range(250))
    ]
    for path in [*addresses, *addresses, "", "/", "//fhir/CarePlan/a", "/fhir//a", "fhir/CarePlan"]:
        method = chance.choice(METHODS)
        own, werkzeugs = both(app, method, path)
        assert own == werkzeugs, (method, path)


def test_values_are_those_of_the_address_and_not_of_the_one_before(app: Flask) -> None:
    for id_ in ("one", "two"):
        own, werkzeugs = both(app, "GET", f"/fhir/CarePlan/{id_}/_history/3")
        assert own == werkzeugs
        assert own[2] == {"id": id_, "version": "3"}


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.se", "[::1]:8000", "örebro.se", "h:0", ""])
def test_odd_hosts_are_left_to_werkzeug(app: Flask, host: str) -> None:
    environ = create_environ("/fhir/CarePlan/a", "http://localhost/")
    environ["HTTP_HOST"] = host
    with app.test_request_context("/fhir/CarePlan/a"):
        pass  # the shape is known now
    with app.request_context(environ) as context:
        exception = context.request.routing_exception
    werkzeugs: HTTPException | None = None
    try:
        app.url_map.bind_to_environ(environ, subdomain="").match()
    except HTTPException as error:
        werkzeugs = error
    assert type(exception) is type(werkzeugs)


def test_what_is_remembered_is_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(app, Application)
    monkeypatch.setattr("fhir_server.api.known_routes._MOST_SHAPES", 0)
    known = dict(app._known_routes._known)
    own, werkzeugs = both(app, "GET", "/fhir/Patient/docs/_history")
    assert own == werkzeugs
    assert app._known_routes._known == known
