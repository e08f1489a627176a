"""Scenarios 6a and SIP as they run when the server knows who asks.

Ward, hälsocentral, home care and the patient each reach the server with a token of their own, over
HTTP. Each does what its own part asks for and sees no more than the law gives it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.conftest import ServerProcess
from tests.domain.clinic import code, extension, part, reference, string
from tests.domain.life_cycle import every, moment, named, url_of
from tests.domain.secured_parties import Party, person, secured_server, staff
from tests.domain.sip_calls import activity, follow_up, responsible

ALBERTINA = "Patient/albertina-hammar"
EVA, VERA, PER = (
    f"PractitionerRole/{name}" for name in ("eva-test-hc", "vera-test-hc", "per-test-avd108")
)
ALI, SARA = "PractitionerRole/ali-test-hemtjanst", "PractitionerRole/sara-test-hemsjukvard"
WARD, CENTRE = "Organization/avd-108", "Organization/halsocentralen-test"
NURSING, HOME_HELP = "Organization/hemsjukvarden", "Organization/hemtjansten"


@dataclass(frozen=True)
class Parties:
    """Who takes part.

    Args:
        ward: Per, physician at the ward.
        eva: district nurse at the hälsocentral.
        vera: its verksamhetschef.
        sara: nurse in the municipality's home care.
        ali: of the municipality's home help.
        neurology: a clinic of the region that has nothing to do with her.
        school: of another huvudman.
        albertina: herself.
        maria: another patient.
    """

    ward: Party
    eva: Party
    vera: Party
    sara: Party
    ali: Party
    neurology: Party
    school: Party
    albertina: Party
    maria: Party


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("secured") / "data"
    with secured_server(folder, "a-elderly-discharge", "b-als") as found:
        yield found


@pytest.fixture(scope="module")
def parties(server: ServerProcess) -> Parties:
    return Parties(
        ward=staff(server, "avd-108", "coordinator", "per"),
        eva=staff(server, "halsocentralen-test", "sip-coordinator", "eva"),
        vera=staff(server, "halsocentralen-test", "manager", "vera"),
        sara=staff(server, "hemsjukvarden", "sip-coordinator", "sara"),
        ali=staff(server, "hemtjansten", "coordinator", "ali"),
        neurology=staff(server, "neurologmottagningen", "coordinator", "SE-nobody"),
        school=staff(server, "testskolan", "reader", "SE-school"),
        albertina=person(server, "albertina-hammar"),
        maria=person(server, "maria-ljungberg"),
    )


def done(response: Any, *statuses: int) -> Any:
    """Give an answer that must be none of a refusal."""
    assert response.status_code in (statuses or (200, 201)), response.text
    return response


def refused(response: Any, status: int = 403) -> str:
    """Give the words of a refusal."""
    assert response.status_code == status, response.text
    return str(response.json["issue"][0]["diagnostics"])


def test_albertina_from_admission_to_a_closed_plan(parties: Parties) -> None:
    """R54-R66, R75-R79, R81, R87, R90-R94, R110, R111: scenario 6a, each party by itself."""
    who = parties
    stay = she_is_admitted(who)
    the_units_take_it_on(who, stay)
    she_goes_home(who, stay)
    she_consents(who)
    plan = the_plan_is_drafted(who)
    meeting = everybody_is_called(who, plan)
    plan = the_plan_comes_into_force(who, plan)
    those_who_take_part_see_it(who, plan, meeting)
    she_gets_it_in_writing(who, plan)
    it_is_followed_up_and_closed(who, plan)


def she_is_admitted(who: Parties) -> str:
    """The ward's own stay; those told of it see it, and nobody acts in the ward's name."""
    made = who.ward.fhir.post(
        "Encounter",
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
            },
            "subject": {"reference": ALBERTINA},
            "period": {"start": "2026-11-02T08:10:00+01:00"},
            "serviceProvider": {"reference": WARD},
        },
    )
    stay = f"Encounter/{done(made).json['id']}"
    for other in (who.sara, who.neurology, who.school):
        assert other.status(stay) == 404, "nobody has told them yet"
    given = {
        "at": moment("2026-11-02T15:40:00+01:00"),
        "expectedDischarge": moment("2026-11-06T11:00:00+01:00"),
        "need": [code(codes.REGION), code(codes.KOMMUN)],
        "recipient": [reference(CENTRE), reference(NURSING), reference(HOME_HELP)],
    }
    in_others_name = who.ward.call(f"{stay}/$admission-notice", by=reference(EVA), **given)
    assert "no other's name" in refused(in_others_name)
    sent = done(who.ward.call(f"{stay}/$admission-notice", by=reference(PER), **given))
    told = {r["reference"] for m in every(sent, "communication") for r in m["recipient"]}
    assert told >= {CENTRE, NURSING, HOME_HELP}
    assert who.sara.status(stay) == who.ali.status(stay) == who.eva.status(stay) == 200
    assert who.neurology.status(stay) == who.school.status(stay) == 404
    assert who.albertina.status(stay) == 200
    assert who.maria.status(stay) == 404
    return stay


def the_units_take_it_on(who: Parties, stay: str) -> None:
    """Each answers the task that was sent to it; the verksamhetschef appoints the contact."""
    for party, unit in ((who.eva, CENTRE), (who.sara, NURSING), (who.ali, HOME_HELP)):
        [task] = party.found(f"Task?encounter={stay}&code=planering&status=requested")
        owner = party.read(task)["owner"]["reference"]
        assert owner == unit
        accepted = [
            {"op": "replace", "path": "/status", "value": "accepted"},
            {"op": "add", "path": "/executionPeriod", "value": {"start": "2026-11-03T08:00:00Z"}},
        ]
        patched = party.fhir._request(
            "PATCH", task, accepted, {"Content-Type": "application/json-patch+json"}
        )
        done(patched)
    contact = {
        "practitionerRole": reference(EVA),
        "basis": code(codes.UTSKRIVNING),
        "encounter": reference(stay),
        "appointedBy": reference(VERA),
        "period": {"valuePeriod": {"start": "2026-11-03"}},
    }
    by_another = who.sara.call(f"{ALBERTINA}/$assign-fast-vardkontakt", **contact)
    assert by_another.status_code == 403, by_another.text
    done(who.vera.call(f"{ALBERTINA}/$assign-fast-vardkontakt", **contact))
    [task] = who.eva.found(f"Task?encounter={stay}&code={codes.UTSE_KONTAKT}")
    assert who.eva.read(task)["status"] == "completed"
    timeline = done(who.sara.fhir.get(f"{stay}/$discharge-timeline")).json
    assert any(each["name"] == "step" for each in timeline["parameter"])
    page = done(who.eva.fhir.get("Organization/halsocentralen-test/$discharge-timeline")).json
    assert stay in [f"Encounter/{e['resource']['id']}" for e in page["entry"]]


def she_goes_home(who: Parties, stay: str) -> None:
    """The ward's steps; the summary is hers to read, with her contact in it."""
    ready = {"by": reference(PER), "at": moment("2026-11-06T09:30:00+01:00")}
    done(who.ward.call(f"{stay}/$ready-for-discharge", **ready))
    told = who.ward.call(
        f"{stay}/$transfer-information",
        by=reference(PER),
        at=moment("2026-11-06T15:00:00+01:00"),
        text=string("Ny vätskedrivande medicin."),
    )
    done(told)
    home = who.ward.call(
        f"{stay}/$discharge",
        by=reference(PER),
        at=moment("2026-11-06T16:00:00+01:00"),
        summary=string("Du har vårdats för hjärtsvikt."),
        given=part(
            at=moment("2026-11-06T15:30:00+01:00"), to=reference(ALBERTINA), channel=code("besok")
        ),
    )
    assert named(done(home))["return"]["status"] == "finished"
    for reader in (who.albertina, who.ward, who.eva):
        page = done(reader.fhir.get(f"{stay}/$discharge-summary?_format=html")).text
        assert "hjärtsvikt" in page
        assert "Eva Test" in page
    assert who.maria.status(f"{stay}/$discharge-summary") == 404


def she_consents(who: Parties) -> None:
    """What she said to Sara before ends; Eva writes down that home care may see all but her health."""
    stored = who.sara.read("Consent/albertina-sip-samtycke")
    done(who.sara.fhir.put("Consent/albertina-sip-samtycke", stored | {"status": "inactive"}))
    answer = who.eva.call(
        f"{ALBERTINA}/$record-sip-consent",
        decision=code("permit"),
        form=code("muntligt"),
        givenBy=reference(ALBERTINA),
        documentedBy=reference(EVA),
        actor=[reference(CENTRE), reference(NURSING)],
        information=[code(each) for each in INFORMATION],
    )
    consent = url_of(named(done(answer))["return"])
    assert who.albertina.status(consent) == 200
    assert who.maria.status(consent) == 404


INFORMATION = ("beskrivning", "behov", "mal", "kontakter", "insatser-region", "insatser-kommun")


def the_plan_is_drafted(who: Parties) -> str:
    """Another unit's name is not hers to write under."""
    given = {
        "status": code("draft"),
        "goal": part(description=string("Gå till brevlådan")),
        "whatMatters": string("Att få bo kvar hemma."),
        "crisisPlan": string("Ring 112 vid bröstsmärta."),
    }
    not_hers = who.eva.call(f"{ALBERTINA}/$generate-sip", author=reference(SARA), **given)
    assert not_hers.status_code == 403, not_hers.text
    made = done(who.eva.call(f"{ALBERTINA}/$generate-sip", author=reference(EVA), **given))
    plan = url_of(every(made, "return")[0])
    assert who.eva.status(plan) == 200
    assert who.ali.status(plan) == who.school.status(plan) == 404
    return plan


def everybody_is_called(who: Parties, plan: str) -> str:
    """Each answers its own kallelse; the answers are the caller's to see."""
    called = who.eva.call(
        f"{plan}/$call-sip-meeting",
        by=reference(EVA),
        form=code("hemma"),
        place=string("Testgatan 1, Östersund"),
        start={"valueDateTime": "2027-03-12T10:00:00+01:00"},
        agenda=string("Hur ska vardagen fungera?"),
        actor=[reference(each) for each in (ALBERTINA, EVA, SARA)],
    )
    meeting = url_of(named(done(called))["return"])
    tasks = {t["owner"]["reference"]: url_of(t) for t in every(called, "task")}
    assert who.sara.status(meeting) == who.albertina.status(meeting) == 200
    assert who.school.status(meeting) == 404
    stranger = who.school.call(f"{tasks[SARA]}/$answer-call", answer=code("accepted"))
    assert stranger.status_code in (403, 404)
    done(who.sara.call(f"{tasks[SARA]}/$answer-call", answer=code("accepted")))
    answers = done(who.eva.fhir.get(f"{meeting}/$meeting-answers")).text
    assert "accepted" in answers
    return meeting


def the_plan_comes_into_force(who: Parties, plan: str) -> str:
    revised = who.eva.fhir.post(
        f"{plan}/$revise-sip",
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "by", **reference(EVA)},
                {"name": "status", "valueCode": "active"},
                activity(codes.REGION, "Väger dig varje vecka", owner=reference(EVA)),
                activity(codes.KOMMUN, "Sköterska varje dag", owner=reference(SARA)),
                activity(codes.ANNAN, "Grannen handlar", owner=reference(ALBERTINA)),
                responsible(codes.KOMMUN, organization=reference(NURSING)),
                follow_up("2027-04-16", responsible=reference(EVA)),
            ],
        },
    )
    return url_of(every(done(revised), "return")[0])


def those_who_take_part_see_it(who: Parties, plan: str, meeting: str) -> None:
    """R78, R94: home care reads what she consented to, by the operations that cut; a search has none."""
    assert who.sara.status(plan) == 404, "the stored plan says more than she consented to"
    assert plan not in who.sara.found("CarePlan?patient=albertina-hammar")
    document = done(who.sara.fhir.get(f"{plan}/$document"))
    assert "Gå till brevlådan" in document.text
    assert "Sköterska varje dag" in document.text
    for kept in ("bröstsmärta", "Grannen handlar", "hjärtsvikt"):
        assert kept not in document.text, kept
    page = done(who.sara.fhir.get(f"{plan}/$document?_format=html")).text
    assert "Gå till brevlådan" in page
    assert "bröstsmärta" not in page
    in_hers = who.sara.call(f"{plan}/$document", recipient=reference(ALBERTINA))
    assert "no other" in refused(in_hers), "her copy is whole"
    kontrakt = done(who.sara.fhir.get(f"{ALBERTINA}/$patientkontrakt")).text
    assert "Gå till brevlådan" in kontrakt
    assert "bröstsmärta" not in kontrakt
    access = done(who.sara.fhir.get(f"{plan}/$sip-access")).json
    assert [p["part"][0]["valueReference"]["reference"] for p in access["parameter"]] == [NURSING]
    others = who.sara.call(f"{plan}/$sip-access", actor=reference(CENTRE))
    assert "yourself" in refused(others)
    for stranger in (who.ali, who.school, who.neurology):
        assert stranger.status(f"{plan}/$document") == 404
        assert stranger.status(f"{plan}/$sip-access") == 404
    assert who.maria.status(f"{plan}/$document") == 404


def she_gets_it_in_writing(who: Parties, plan: str) -> None:
    """Albertina reads all of it; staff who write under another's name are refused."""
    whole = done(who.albertina.fhir.get(f"{plan}/$document?_format=html")).text
    for words in ("Gå till brevlådan", "bröstsmärta", "Grannen handlar"):
        assert words in whole
    assert who.albertina.status(f"{plan}/$document?_format=pdf") == 200
    as_staff = who.albertina.call(f"{plan}/$document", recipient=reference(CENTRE))
    assert "yourself" in refused(as_staff)
    kontrakt = done(who.albertina.fhir.get(f"{ALBERTINA}/$patientkontrakt?_format=html")).text
    assert "Eva Test" in kontrakt
    given = {"to": reference(ALBERTINA), "channel": code("brev")}
    not_hers = who.sara.call(f"{plan}/$record-plan-copy", by=reference(EVA), **given)
    assert not_hers.status_code == 403
    done(who.eva.call(f"{plan}/$record-plan-copy", by=reference(EVA), **given))
    assert extension(who.eva.read(plan), codes.COPY_GIVEN)


def it_is_followed_up_and_closed(who: Parties, plan: str) -> None:
    """R111: another's plan is not there to be closed; its own unit closes it."""
    reason = {"reason": code("mal-uppnadda")}
    hers = who.sara.call(f"{plan}/$close-sip", by=reference(SARA), **reason)
    assert hers.status_code == 404, hers.text
    judged = who.eva.call(
        f"{plan}/$follow-up-sip",
        by=reference(EVA),
        decision=code(codes.FORTSATT_PLAN),
        text=string("Går till brevlådan."),
        next={"valueDate": "2027-10-15"},
    )
    done(judged)
    done(who.eva.call(f"{plan}/$close-sip", by=reference(EVA), **reason))
    assert who.eva.read(plan)["status"] == "completed"
