"""What an actor may see of a SIP by the person's consent (R78, R80, R94, R100)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from fhir_server.sweden import codes, sharing, shown
from fhir_server.sweden.periods import STOCKHOLM
from fhir_server.sweden.sharing import ALL_CLASSES, Disclosure

Json = dict[str, Any]

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=STOCKHOLM)
LO = "Patient/lo"
MUM, DAD = "RelatedPerson/mamma", "RelatedPerson/pappa"
BUP, IFO, SCHOOL = "Organization/bup", "Organization/ifo", "Organization/skolan"


def rule(kind: str, *actors: str, classes: tuple[str, ...] = (), **more: Any) -> Json:
    """Give a provision."""
    found: Json = {"type": kind}
    if actors:
        found["actor"] = [{"reference": {"reference": each}} for each in actors]
    if classes:
        system = codes.INFORMATION_CLASS_SYSTEM
        found["class"] = [{"system": system, "code": each} for each in classes]
    return found | more


def consent(provision: Json, id_: str = "ja", **more: Any) -> Json:
    """Give a Consent to a SIP."""
    category = {"system": codes.CONSENT_CATEGORY_SYSTEM, "code": codes.CONSENT_TO_SIP}
    return {
        "resourceType": "Consent",
        "id": id_,
        "status": "active",
        "category": [{"coding": [category]}],
        "patient": {"reference": LO},
        "performer": [{"reference": LO}],
        "provision": provision,
    } | more


def activity(huvudman: str, performer: str) -> Json:
    """Give an activity with a result."""
    return {
        "id": huvudman,
        "extension": [{"url": codes.HUVUDMAN, "valueCode": huvudman}],
        "outcomeCodeableConcept": [{"text": "Gick bra"}],
        "detail": {
            "status": "in-progress",
            "description": "Gör något",
            "goal": [{"reference": "Goal/1"}],
            "performer": [{"reference": performer}],
        },
    }


def plan(*rests_on: str, **more: Any) -> Json:
    """Give a SIP with something of every kind."""
    return {
        "resourceType": "CarePlan",
        "id": "sip",
        "meta": {"versionId": "1"},
        "text": {"status": "generated", "div": "<div>Allt</div>"},
        "extension": [
            {"url": codes.SIP_NEED, "valueString": "Lugn"},
            {"url": codes.WHAT_MATTERS, "valueString": "Min hund"},
            {"url": codes.FOLLOW_UP, "extension": [{"url": "date", "valueDate": "2026-04-01"}]},
            {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "Bara för personal"}},
        ],
        "status": "active",
        "intent": "plan",
        "title": "SIP",
        "description": "Lo är tolv år",
        "subject": {"reference": LO},
        "author": {"reference": BUP},
        "contributor": [{"reference": BUP}],
        "addresses": [{"reference": "Condition/1"}],
        "supportingInfo": [
            {"reference": "CarePlan/annan"},
            *({"reference": f"Consent/{each}"} for each in rests_on or ("ja",)),
        ],
        "goal": [{"reference": "Goal/1"}],
        "activity": [activity(codes.REGION, BUP), activity(codes.KOMMUN, IFO)],
        "note": [{"text": "Fritext"}],
    } | more


def see(given: list[Json], *actor: str, **more: Any) -> Disclosure:
    """Ask what an actor may see of the plan that rests on what is given."""
    about = more.pop("plan", plan(*(each["id"] for each in given)))
    return sharing.disclosure(about, given, actor, more.pop("now", NOW), **more)


def paragraphs(granted: Disclosure) -> set[str]:
    return {coding.code for issue in granted.why for coding in issue.details}


def test_without_consent_nobody_sees_anything() -> None:
    """R78, R100."""
    granted = see([], BUP)
    assert (granted.allowed, granted.classes) == (False, frozenset())
    assert {"OSL-25-1", "OSL-26-1", "OSL-12-2"} <= paragraphs(granted)
    assert shown.plan(plan(), granted) == {
        "resourceType": "CarePlan",
        "meta": {"tag": [codes.SUBSETTED]},
    }


def test_the_person_and_a_childs_guardians_see_all_of_it() -> None:
    """R79, R80."""
    assert see([], LO).classes == ALL_CLASSES
    assert see([], MUM, guardians=[MUM, DAD]).classes == ALL_CLASSES
    assert not see([], MUM).allowed


def test_a_consent_that_names_nobody_is_for_those_who_take_part() -> None:
    """R78, R94: and for who is called to the meeting, though it is new to the person (R84)."""
    given = [consent(rule("permit"))]
    assert see(given, BUP).classes == ALL_CLASSES
    assert see(given, IFO).allowed
    assert not see(given, SCHOOL).allowed
    assert see(given, SCHOOL, called=[SCHOOL]).classes == ALL_CLASSES


def test_a_consent_that_names_actors_is_for_them_and_their_units_only() -> None:
    """R78, R84: also where the actor does not stand in the plan."""
    given = [consent(rule("permit", "Organization/kommun"))]
    assert see(given, IFO, "Organization/kommun").allowed
    assert not see(given, BUP, "Organization/region").allowed


def test_an_actor_is_known_by_its_hsa_id_too() -> None:
    """R78; DOMAIN 0.10."""
    named = {"identifier": {"system": codes.HSA_ID_SYSTEMS[1], "value": "SE1-A"}}
    given = [consent({"type": "permit", "actor": [{"reference": named}]})]
    assert see(given, IFO, f"{codes.HSA_ID}|SE1-A").allowed
    assert not see(given, IFO, f"{codes.HSA_ID}|SE1-B").allowed


@pytest.mark.parametrize(
    "change",
    [
        {"status": "inactive"},
        {"status": "entered-in-error"},
        {"patient": {"reference": "Patient/annan"}},
        {"category": []},
        {"provision": rule("permit", period={"end": "2026-03-02"})},
        {"provision": rule("permit", period={"start": "2026-03-04"})},
        {"provision": {}},
    ],
)
def test_what_is_no_consent_in_force_shows_nothing(change: Json) -> None:
    """R78: withdrawn, expired, not yet, another's, or saying nothing."""
    assert not see([consent(rule("permit")) | change], BUP).allowed


def test_the_last_moment_of_a_consent_is_the_last_of_the_access() -> None:
    """R78: from the moment of the withdrawal."""
    given = [consent(rule("permit", period={"end": "2026-03-03T09:00:00.999+01:00"}))]
    assert see(given, BUP).until == datetime(2026, 3, 3, 9, 0, 1, tzinfo=STOCKHOLM)
    assert not see(given, BUP, now=datetime(2026, 3, 3, 9, 0, 1, tzinfo=STOCKHOLM)).allowed


def test_a_consent_that_the_plan_does_not_rest_on_permits_nothing() -> None:
    """R78: a plan that names none yet may rest on any (R84)."""
    other = consent(rule("permit"), "ny")
    gone = consent(rule("permit"), status="inactive")
    granted = see([gone, other], BUP, plan=plan("ja"))
    assert not granted.allowed
    assert "another" in granted.why[0].text
    assert see([other], BUP, plan=plan() | {"supportingInfo": []}).allowed


def test_kinds_of_information_limit_what_is_seen() -> None:
    """R78: the rest is named in why."""
    given = [consent(rule("permit", SCHOOL, classes=("behov", "mal")))]
    granted = see(given, SCHOOL)
    assert granted.classes == {"behov", "mal"}
    assert "insatser-kommun" in granted.why[0].text
    assert granted.why[0].severity == "warning"


def test_r4_types_name_kinds_too() -> None:
    """R78: as consents of before the project's kinds have them."""
    system = "http://hl7.org/fhir/resource-types"
    some = rule("permit", BUP) | {"class": [{"system": system, "code": "Goal"}]}
    assert see([consent(some)], BUP).classes == {"mal"}
    some["class"] = [{"system": system, "code": "CarePlan"}]
    assert see([consent(some)], BUP).classes == ALL_CLASSES
    some["class"] = [{"system": "urn:other", "code": "CarePlan"}]
    assert not see([consent(some)], BUP).allowed


def test_an_exception_takes_from_what_is_permitted() -> None:
    """R78: per actor and kind."""
    exceptions = [rule("deny", SCHOOL, classes=("halsotillstand",)), rule("deny", IFO)]
    given = [consent(rule("permit", SCHOOL, IFO, BUP, provision=exceptions))]
    assert see(given, SCHOOL).classes == ALL_CLASSES - {"halsotillstand"}
    assert not see(given, IFO).allowed
    assert see(given, BUP).classes == ALL_CLASSES


def test_an_exception_nobody_can_tell_holds_towards_everybody() -> None:
    """R100."""
    nobody = {"type": "deny", "actor": [{"reference": {"display": "någon"}}]}
    assert not see([consent(rule("permit", BUP, provision=[nobody]))], BUP).allowed
    strange = rule("deny") | {"class": [{"system": "urn:other", "code": "x"}]}
    assert not see([consent(rule("permit", BUP, provision=[strange]))], BUP).allowed


def test_a_denial_stands_above_every_permission_wherever_it_is_kept() -> None:
    """R78: a no to one actor is a no to that actor only."""
    given = [consent(rule("permit", SCHOOL, BUP)), consent(rule("deny", SCHOOL), "nej")]
    about = plan("ja")
    assert not see(given, SCHOOL, plan=about).allowed
    assert see(given, BUP, plan=about).allowed
    assert not see([given[0], consent(rule("deny"), "nej")], BUP, plan=about).allowed


def test_a_denial_may_leave_a_permission_inside() -> None:
    """R78: no to all but one is a consent limited to that one."""
    given = [consent(rule("deny", provision=[rule("permit", BUP)]))]
    assert see(given, BUP).allowed
    assert not see(given, IFO).allowed


def test_several_consents_of_one_person_add_up() -> None:
    """R78: the school is permitted later."""
    given = [consent(rule("permit", BUP)), consent(rule("permit", SCHOOL), "skolan")]
    assert see(given, SCHOOL).allowed
    assert see(given, BUP).allowed


def test_every_guardian_must_have_consented() -> None:
    """R80: föräldrabalken 6 kap. 11 §."""
    mum = consent(rule("permit", BUP, SCHOOL), performer=[{"reference": MUM}])
    granted = see([mum], BUP, guardians=[MUM, DAD])
    assert not granted.allowed
    assert "FB-6-11" in paragraphs(granted)
    dad = consent(rule("permit", BUP), "pappa", performer=[{"reference": DAD}])
    assert see([mum, dad], BUP, guardians=[MUM, DAD]).allowed
    assert not see([mum, dad], SCHOOL, guardians=[MUM, DAD]).allowed
    both = consent(rule("permit"), performer=[{"reference": MUM}, {"reference": DAD}])
    assert see([both], BUP, guardians=[MUM, DAD]).allowed


def test_the_plan_is_cut_to_what_may_be_seen_and_marked() -> None:
    """R78, R100: elements of no kind go to who may see everything only."""
    some = Disclosure(True, frozenset({"behov", "insatser-kommun"}), None, ())
    seen = shown.plan(plan(), some)
    assert seen["meta"] == {"versionId": "1", "tag": [codes.SUBSETTED]}
    assert seen["extension"] == [{"url": codes.SIP_NEED, "valueString": "Lugn"}]
    (only,) = seen["activity"]
    assert only["id"] == "kommun"
    assert only["detail"] == {"status": "in-progress", "description": "Gör något"}
    assert "outcomeCodeableConcept" not in only
    assert seen["supportingInfo"] == [{"reference": "Consent/ja"}]
    hidden = {"text", "description", "addresses", "goal", "contributor", "note"}
    assert not hidden & seen.keys()
    assert shown.plan(plan(), Disclosure(True, ALL_CLASSES, None, ())) == plan()


@pytest.mark.parametrize("kind", sorted(ALL_CLASSES))
def test_each_kind_shows_something_of_its_own_and_nothing_unknown(kind: str) -> None:
    """R78: an element that no kind is known for stays hidden."""
    about = plan(careTeam=[{"reference": "CareTeam/1"}], encounter={"reference": "Encounter/1"})
    about["activity"].append(activity(codes.ANNAN, SCHOOL))
    about["extension"].append({"url": "urn:unknown", "valueString": "x"})
    without = shown.plan(about, Disclosure(True, ALL_CLASSES - {kind}, None, ()))
    only = shown.plan(about, Disclosure(True, frozenset({kind}), None, ()))
    assert only != shown.plan(about, Disclosure(True, frozenset({"x"}), None, ()))
    assert only != without
    for seen in (only, without):
        assert {each["url"] for each in seen.get("extension", [])}.isdisjoint(
            {"urn:unknown", codes.INTERNAL_NOTE}
        )
