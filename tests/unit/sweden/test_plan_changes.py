"""What is changed from one version of a SIP to the next, in Swedish."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.plan_changes import changes

GOALS = {"Goal/1": "Gå till brevlådan", "Goal/2": "Träffa vänner"}


def activity(id_: str = "a", huvudman: str = "region", **detail: Any) -> dict[str, Any]:
    own = [{"url": codes.HUVUDMAN, "valueCode": huvudman}]
    return {"id": id_, "extension": own, "detail": {"description": "Väger", **detail}}


def ext(url: str, **value: Any) -> dict[str, Any]:
    return {"url": url, **value}


def responsible(huvudman: str, **more: Any) -> dict[str, Any]:
    parts = [{"url": "huvudman", "valueCode": huvudman}, *more.values()]
    return ext(codes.OVERALL_RESPONSIBLE, extension=parts)


def follow_up(day: str, *more: Any) -> dict[str, Any]:
    return ext(codes.FOLLOW_UP, extension=[{"url": "date", "valueDate": day}, *more])


PERSON = {"url": "person", "valueReference": {"reference": "Practitioner/1"}}
CASES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"title": "A"}, {"title": "A"}, []),
    ({"title": "A"}, {"title": "B"}, ["Titeln är ändrad."]),
    ({"description": "A"}, {}, ["Beskrivningen är ändrad."]),
    (
        {},
        {"extension": [ext(codes.WHAT_MATTERS, valueString="Hemma")]},
        ["Det som är viktigt för personen är ändrat."],
    ),
    (
        {"extension": [ext(codes.SIP_NEED, valueString="Mat")]},
        {"extension": [ext(codes.SIP_NEED, valueString="Ro")]},
        ["Nytt behov: Ro", "Behov som inte finns kvar: Mat"],
    ),
    (
        {"goal": [{"reference": "Goal/1"}]},
        {"goal": [{"reference": "Goal/2"}]},
        ["Nytt mål: Träffa vänner", "Mål som inte finns kvar: Gå till brevlådan"],
    ),
    (
        {"activity": [activity("a"), activity("b")]},
        {"activity": [activity("b"), activity("a")]},
        [],
    ),
    (
        {"activity": [activity()]},
        {"activity": [activity(huvudman="kommun", status="completed")]},
        ["Ändrad insats: Väger (ansvarar: kommunen, läget)"],
    ),
    (
        {"activity": [activity("a")]},
        {"activity": [activity("b", "annan")]},
        ["Ny insats (annan): Väger", "Insats som inte finns kvar (regionen): Väger"],
    ),
    (
        {"extension": [responsible("region")]},
        {"extension": [responsible("kommun")]},
        ["Huvudansvar: kommunen"],
    ),
    ({"extension": [responsible("region")]}, {}, ["Huvudansvar: ingen utsedd"]),
    (
        {"extension": [responsible("region")]},
        {"extension": [responsible("region", person=PERSON)]},
        ["Den som har huvudansvaret är ändrad."],
    ),
    (
        {"extension": [follow_up("2026-04-16")]},
        {"extension": [follow_up("2026-09-01")]},
        ["Uppföljning: 2026-09-01"],
    ),
    ({"extension": [follow_up("2026-04-16")]}, {}, ["Uppföljning: ingen dag bestämd"]),
    (
        {"extension": [follow_up("2026-04-16")]},
        {"extension": [follow_up("2026-04-16", PERSON | {"url": "responsible"})]},
        ["Den som ansvarar för uppföljningen är ändrad."],
    ),
    (
        {"contributor": [{"reference": "Organization/1"}]},
        {"contributor": [{"reference": "Organization/2"}, {"reference": "Organization/3"}]},
        ["Nya deltagare: 2", "Deltagare som inte är med längre: 1"],
    ),
]


@pytest.mark.parametrize(("before", "after", "lines"), CASES)
def test_what_is_changed_is_said_and_nothing_else(
    before: dict[str, Any], after: dict[str, Any], lines: list[str]
) -> None:
    """R93: what only moved is no change."""
    assert list(changes(before, after, GOALS)) == lines
