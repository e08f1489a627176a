"""Searches carried out by the interaction itself, at every level."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask

from fhir_server.app import create_gate
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.search import search
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir

BASE = "http://localhost/fhir"


@dataclass
class Page:
    """A Bundle of results."""

    bundle: dict[str, Any]

    def entries(self, mode: str) -> list[dict[str, Any]]:
        return [e for e in self.bundle.get("entry", ()) if e["search"]["mode"] == mode]

    def addresses(self, mode: str = "match") -> list[str]:
        return [entry["fullUrl"].removeprefix(f"{BASE}/") for entry in self.entries(mode)]

    @property
    def matches(self) -> list[str]:
        return self.addresses()

    @property
    def included(self) -> list[str]:
        return sorted(self.addresses("include"))

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [entry["resource"] for entry in self.entries("match")]

    @property
    def issues(self) -> list[dict[str, Any]]:
        return [i for e in self.entries("outcome") for i in e["resource"]["issue"]]

    @property
    def total(self) -> int | None:
        return self.bundle.get("total")

    def link(self, relation: str) -> str | None:
        links = {link["relation"]: link["url"] for link in self.bundle["link"]}
        return links.get(relation)


@dataclass
class Searcher:
    """Asks as one client does."""

    server: Server
    store: MongoStore
    lenient: bool = False

    def __call__(self, url: str) -> Page:
        """Search by a URL below the base: ``Patient?name=x``, ``?_type=…``, ``Patient/1/*``."""
        parts = urlsplit(url)
        path = [part for part in parts.path.split("/") if part]
        compartment = (path[0], path[1]) if len(path) > 1 else None
        type_ = path[-1] if path and path[-1] != "*" else None
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        context = Context(
            self.server, create_gate(self.server, self.store).open(), BASE, lenient=self.lenient
        )
        answer = search(context, type_, pairs, compartment)
        assert answer.status == 200
        return Page(json.loads(answer.content or b"{}"))

    def pages(self, url: str, most: int = 50) -> list[Page]:
        """Follow the next links to the end."""
        found = [self(url)]
        while next_ := found[-1].link("next"):
            assert len(found) < most, "there is no end of pages"
            found.append(self(next_.removeprefix(f"{BASE}/").removeprefix(BASE)))
        return found


def searcher(
    app: Flask, server: Server, store: MongoStore, resources: Sequence[dict[str, Any]]
) -> Searcher:
    """Store resources by update, in the order given, and search among them."""
    client = Fhir(app.test_client())
    for resource in resources:
        response = client.put(f"{resource['resourceType']}/{resource['id']}", resource)
        assert response.status_code in (200, 201), response.text
    return Searcher(server, store)
