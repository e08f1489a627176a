"""Interactions of all shapes, made at random from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from fhir_server.security.audit.event import Form, Interaction, Occurrence
from fhir_server.security.principal import Principal

FORM = Form("urn:oid:1.2.752.29.4.19", "http://localhost/fhir")
MOMENT = 1_780_000_000_123_456


def occurrences(count: int, seed: int = 1) -> Iterator[tuple[Occurrence, int]]:
    """Give interactions, each with its moment."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _occurrence(chance), MOMENT + chance.randrange(10**12)


def _occurrence(chance: random.Random) -> Occurrence:
    def one_of(*options: Any) -> Any:
        return chance.choice(options)

    return Occurrence(
        Interaction(
            one_of("", "read", "operation", "search-type"),
            one_of(*"CRUDE"),
            one_of("", "everything"),
        ),
        one_of(200, 404, 503),
        _principal(chance),
        chance.sample(["Patient/a", "Patient/b", "Patient/c"], chance.randrange(4)),
        [f"CareTeam/{n}" for n in range(chance.randrange(30))],
        one_of([], ["AuditEvent/x/_history/1"], ["CarePlan/1/_history/3", "Patient/d/_history/9"]),
        one_of(True, False),
        one_of("", "Patient/a", "CarePlan/z"),
        one_of("", "GET /fhir/å?x=1"),
        one_of(b"", b'[["GET","Patient/1","200"]]'),
        {"AuditEvent/x/_history/1": "ab"},
        one_of("", "r-1", "A.B-c_9"),
        one_of("", "127.0.0.1", "::1"),
    )


def _principal(chance: random.Random) -> Principal:
    hsa = "SE2321000016-"
    return Principal(
        chance.choice([f"{hsa}p1", "Patient/p1", "local", "Åsa Ö", "RelatedPerson/9"]),
        chance.choice(["coordinator", "open"]),
        chance.choice(["", "app"]),
        chance.choice(["", f"{hsa}p1"]),
        chance.choice(["", f"{hsa}v"]),
        chance.choice(["", f"{hsa}u"]),
        chance.choice(["", f"{hsa}a"]),
        chance.choice(["", "TREAT", "ETREAT"]),
    )
