"""What an actor sees of a goal, of the person and of relatives around a plan."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes, shown
from fhir_server.sweden.sharing import ALL_CLASSES, CONTACTS, FOLLOWING_UP, GOALS, HEALTH

_OF_KIND = {
    HEALTH: {"addresses": [{"reference": "Condition/kol"}]},
    FOLLOWING_UP: {
        "note": [{"text": "Orkar mer"}],
        "achievementStatus": {"text": "på väg"},
        "_statusReason": {"id": "varför"},
        "outcomeCode": [{"text": "gick"}],
        "outcomeReference": [{"reference": "Observation/steg"}],
    },
    CONTACTS: {"expressedBy": {"reference": "RelatedPerson/dotter"}},
}


def _goal() -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Goal",
        "id": "brevlada",
        "lifecycleStatus": "active",
        "description": {"text": "Gå till brevlådan"},
        "subject": {"reference": "Patient/ada"},
        "text": {"status": "generated", "div": "<div>allt</div>"},
        "extension": [{"url": "urn:unknown", "valueString": "x"}],
    }
    for elements in _OF_KIND.values():
        found |= elements
    return found


@pytest.mark.parametrize("kind", sorted(_OF_KIND))
def test_a_goal_shows_of_each_kind_what_the_consent_lets_be_seen(kind: str) -> None:
    """R78, R94: what the goal is for is health, how it went is follow-up; nothing of no kind."""
    seen = shown.goal(_goal(), {GOALS, kind})
    assert seen["description"] == {"text": "Gå till brevlådan"}
    assert {name: seen[name] for name in _OF_KIND[kind]} == _OF_KIND[kind]
    others = {n for each, elements in _OF_KIND.items() if each != kind for n in elements}
    assert not (others | {"text", "extension"}) & seen.keys()
    assert seen["meta"] == {"tag": [codes.SUBSETTED]}


def test_a_goal_is_whole_for_who_may_see_everything() -> None:
    """R94: nothing is left out, and nothing marked."""
    assert shown.goal(_goal(), ALL_CLASSES) == _goal()
    plain = {"resourceType": "Goal", "id": "1", "lifecycleStatus": "active"}
    assert shown.goal(plain, {GOALS}) == plain


def test_the_person_and_relatives_are_told_without_home_and_telephone() -> None:
    """R78, R118: whose the plan is and who they are, not where; no protected name."""
    home = {"address": [{"city": "Frösön"}], "telecom": [{"value": "070"}], "name": [{"text": "A"}]}
    person = shown.person({"resourceType": "Patient", "contact": [{}], **home})
    assert person.keys() == {"resourceType", "name", "meta"}
    relative = {"resourceType": "RelatedPerson", "birthDate": "1960-01-01", **home}
    assert shown.relative(relative).keys() == {"resourceType", "name", "meta"}
    assert shown.relative(relative, "telecom")["telecom"] == home["telecom"]
    label = {"system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"}
    protected = {**relative, "meta": {"security": [{**label, "code": "sekretessmarkering"}]}}
    assert shown.relative(protected, "telecom").keys() == {"resourceType", "meta"}
