"""One contact after another: decided, without a gap, handed over; and the patient's no."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes, refusals

Json = dict[str, Any]
END = "2026-03-19"


def reason(code: str) -> Json:
    concept = {"coding": [{"system": codes.END_REASON_SYSTEM, "code": code}]}
    return {"url": codes.END_REASON, "valueCodeableConcept": concept}


def decision(code: str = codes.BEVILJAT, by: str = "Patient/maria", **parts: str) -> Json:
    asked = {"url": "requestedBy", "valueReference": {"reference": by}}
    named = [{"url": n, "valueReference": {"reference": to}} for n, to in parts.items()]
    decided = {"url": "decision", "valueCode": code}
    return {"url": codes.CHANGE_DECISION, "extension": [asked, decided, *named]}


def replaces(identity: str) -> Json:
    to = {"reference": f"CareTeam/{identity}"}
    return {"url": codes.REPLACES_CONTACT, "valueReference": to}


def handover(how: str) -> Json:
    return {"url": codes.HANDOVER, "extension": [{"url": "how", "valueCode": how}]}


def patient_said(code: str) -> Json:
    return {
        "url": codes.PATIENT_DECISION,
        "extension": [{"url": "decision", "valueCode": code}],
    }


@pytest.fixture
def old(world: Any, cases: Any) -> Json:
    """A contact in force, as stored."""
    nurse = world.person("eva", cases.licence("SJ"))
    return dict(world.put(world.contact(nurse) | {"id": "old"}))


def ended(old: Json, *extensions: Json, end: str = END) -> Json:
    period = {**old["period"], "end": end}
    return old | {"status": "inactive", "period": period, "extension": list(extensions)}


def laws(issues: Any) -> list[tuple[str, str]]:
    return [(issue.severity, issue.details[0].code) for issue in issues]


@pytest.mark.parametrize("why", ["byte-patient", "byte-verksamhet"])
def test_a_contact_in_force_is_not_changed_without_a_decision(
    world: Any, old: Json, why: str
) -> None:
    """R46: HSF 4 kap. 1 §."""
    assert laws(world.check(ended(old, reason(why)))) == [("error", "HSF-4-1")]


def test_what_comes_as_ended_may_lack_its_decision(world: Any, old: Json) -> None:
    """R46: the profile warns (ct-15)."""
    assert world.check(ended(old | {"id": "other"}, reason("byte-patient"))) == []


def test_a_refused_change_ends_no_contact(world: Any, old: Json) -> None:
    """R46: not even one that comes from elsewhere."""
    refused = ended(old, reason("byte-patient"), decision(codes.AVSLAGET))
    assert laws(world.check(refused)) == [("error", "HSF-4-1")]
    assert laws(world.check(refused | {"id": "other"})) == [("error", "HSF-4-1")]


def test_a_decision_with_the_physician_is_all_that_is_asked(world: Any, old: Json) -> None:
    """R46."""
    with_physician = decision(physician="PractitionerRole/mlu")
    assert world.check(ended(old, reason("byte-patient"), with_physician)) == []
    alone = ended(old, reason("byte-patient"), decision())
    assert laws(world.check(alone)) == [("warning", "HSF-4-1")]


def test_a_municipal_unit_has_no_physician_to_ask(world: Any, cases: Any) -> None:
    """R46."""
    nurse = world.person("sara", cases.licence("SJ"), unit="kommun")
    team = world.put(world.contact(nurse, unit="kommun") | {"id": "old"})
    assert world.check(ended(team, reason("byte-patient"), decision())) == []


@pytest.mark.parametrize(
    ("why", "by", "fits"),
    [
        ("byte-patient", "RelatedPerson/dotter", True),
        ("byte-patient", "PractitionerRole/eva", False),
        ("byte-verksamhet", "PractitionerRole/eva", True),
        ("byte-verksamhet", "Patient/maria", False),
    ],
)
def test_who_asked_and_why_it_ended_fit(
    world: Any, old: Json, why: str, by: str, fits: bool
) -> None:
    """R46."""
    said = decision(by=by, physician="PractitionerRole/mlu")
    issues = world.check(ended(old, reason(why), said))
    assert laws(issues) == ([] if fits else [("warning", "HSF-4-1")])


def test_only_the_patient_declines(world: Any, old: Json) -> None:
    """R7."""
    assert laws(world.check(ended(old, reason("avbojd")))) == [("error", "PL-6-2")]
    assert world.check(ended(old, reason("avbojd"), patient_said("declined"))) == []


@pytest.mark.parametrize(
    ("start", "allowed"),
    [
        ("2026-03-20", True),
        ("2026-03-20T00:00:00+01:00", True),
        ("2026-03-19", False),
        ("2026-03-21", False),
        ("2026-03-20T00:00:01+01:00", False),
    ],
)
def test_the_next_contact_begins_the_moment_the_one_before_ends(
    world: Any, old: Json, start: str, allowed: bool
) -> None:
    """R48."""
    world.put(ended(old, reason("ersatt")))
    new = world.contact(
        "PractitionerRole/eva",
        extension=[replaces("old"), handover("samtal")],
        period={"start": start},
    )
    assert laws(world.check(new)) == ([] if allowed else [("error", "PL-6-2")])


def test_nobody_takes_over_from_one_without_an_end(world: Any, old: Json, cases: Any) -> None:
    """R48."""
    other = world.person("nils", cases.licence("SJ"), unit="annan")
    period = {"start": "2026-03-20"}
    new = world.contact(other, unit="annan", extension=[replaces("old")], period=period)
    assert ("error", "PL-6-2") in laws(world.check(new))
    assert old["status"] == "active"


def test_an_end_moves_only_with_the_start_of_what_follows(world: Any, old: Json) -> None:
    """R48: unless what follows was taken back."""
    world.put(ended(old, reason("ersatt")))
    new = world.contact("PractitionerRole/eva", extension=[replaces("old")]) | {"id": "new"}
    world.put(new | {"period": {"start": "2026-03-20"}})
    moved = ended(old, reason("ersatt"), end="2026-03-20")
    assert laws(world.check(moved)) == [("error", "PL-6-2")]
    world.put(new | {"period": {"start": "2026-03-21"}})
    assert world.check(moved) == []
    world.put(new | {"status": "entered-in-error"})
    assert world.check(moved) == []


@pytest.mark.parametrize(
    ("why", "how", "fits"),
    [
        ("ersatt", "", False),
        ("ersatt", "skriftligt", True),
        ("overgang-vuxen", "samtal", False),
        ("overgang-vuxen", "mote", True),
    ],
)
def test_a_handover_has_the_form_that_fits(
    world: Any, old: Json, why: str, how: str, fits: bool
) -> None:
    """R47."""
    world.put(ended(old, reason(why)))
    told = [replaces("old"), *([handover(how)] if how else [])]
    new = world.contact("PractitionerRole/eva", extension=told, period={"start": "2026-03-20"})
    assert laws(world.check(new)) == ([] if fits else [("warning", "PL-6-1")])


def test_a_standing_refusal_is_about_the_type_or_the_person(world: Any, old: Json) -> None:
    """R7."""
    of_person = ended(old, reason("avbojd"), patient_said("declined"))
    role = {"role": old["participant"][0]["role"]}
    of_type = of_person | {"participant": [role]}
    same, other = world.contact("PractitionerRole/eva"), world.contact("PractitionerRole/nils")
    physician = world.contact("PractitionerRole/eva", "2")

    def warned(team: Json, refusal: Json) -> bool:
        return bool(list(refusals.standing_refusal(team, [refusal])))

    assert [warned(each, of_person) for each in (same, other, physician)] == [True, False, False]
    assert [warned(each, of_type) for each in (same, other, physician)] == [True, True, False]
    taken_back = of_type | {"extension": [reason("avbojd"), patient_said("accepted")]}
    assert not warned(same, taken_back)
    assert not warned(same | {"extension": [patient_said("accepted")]}, of_type)
    assert not warned(same, of_type | {"status": "entered-in-error"})
