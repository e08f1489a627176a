"""$assign-fast-vardkontakt: everything a call can say, what continues, and what guidance answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.sweden import codes, contact_reading
from tests.domain.clinic import (
    PHONE,
    Clinic,
    Json,
    advice,
    category,
    certificate,
    code,
    days,
    extension,
    fast_kontakt,
    guidance,
    licence,
    members,
    paragraphs,
    part,
    reference,
    refusals,
    refused_by,
    result,
    string,
)

MEMBER = "CareTeam.participant[0].member"
UNIT = "CareTeam.managingOrganization[0]"
ROLE = "CareTeam.participant[0].role"
EXTENSION = "CareTeam.extension"


def date(value: str) -> Json:
    return {"valueDateTime": value}


def parts(care_team: Json, url: str) -> dict[str, Any]:
    """Give the parts of the one extension with a url: value by name."""
    return {
        each["url"]: next(v for k, v in each.items() if k.startswith("value"))
        for each in extension(care_team, url)["extension"]
    }


def coded(care_team: Json, url: str) -> list[str]:
    """Give the codes of all extensions with a url."""
    return [
        each["valueCodeableConcept"]["coding"][0]["code"]
        for each in care_team.get("extension", [])
        if each["url"] == url
    ]


def reasons(care_team: Json) -> list[str]:
    return [each["coding"][0]["code"] for each in care_team.get("reasonCode", [])]


def heard(response: Any, severity: str = "warning") -> list[tuple[list[str], str]]:
    """Give paragraphs and place of what guidance says with a severity."""
    return [
        (paragraphs(issue), issue["expression"][0])
        for issue in guidance(response)
        if issue["severity"] == severity
    ]


def again(clinic: Clinic, patient: str, role: str, **more: Any) -> Json:
    """Assign with basis fortsatt, which must find the contact; give the CareTeam."""
    response = clinic.assign(patient, role, basis=code("fortsatt"), **more)
    assert response.status_code == 200, response.text
    [found] = [p["resource"] for p in response.json["parameter"] if p["name"] == "return"]
    return dict(found)


# ---- what a call says -------------------------------------------------------------------------


def test_a_call_with_everything_lands_in_one_valid_care_team(
    clinic: Clinic, app_server: Server
) -> None:
    """R2-R4, R6, R8, R10, R19, R20, R25-R28, R32, R43-R45: each parameter has its element."""
    patient, unit = clinic.patient(), clinic.unit()
    eva, ola, vera = clinic.nurse(unit), clinic.nurse(unit), clinic.nurse(unit)
    karin = clinic.physician()
    document = {"system": "urn:oid:1.2.3", "value": "UPPDRAG-12"}
    message = {"system": "url", "value": "https://e-tjanster.1177.se"}
    response = clinic.assign(
        patient,
        eva,
        "4",
        localTitle={"valueCodeableConcept": category(codes.CONTACT_TITLE_SYSTEM, "samordnare")},
        coordinationReason=code("grundsjukdom"),
        basis=code("behov"),
        selection=code("vald"),
        needIdentified=date("2026-03-02T15:40:00+01:00"),
        ground=[code("trygghet"), code("samordning")],
        criterion=code("flera-vardgivare"),
        course=code("stabilt"),
        reason={"valueCodeableConcept": {"text": "Bor ensam"}},
        appointed=part(by=reference(vera), at=date("2026-03-03T09:00:00+01:00")),
        preference=part(wish=string("Eva, som jag känner"), person=reference(eva)),
        acceptance=part(at=date("2026-03-03")),
        informed=[
            part(at=date("2026-03-03"), by=reference(eva), channel=code("telefon")),
            part(recipient=code("narstaende"), channel=code("besok")),
        ],
        period={"valuePeriod": {"start": "2026-03-03"}},
        channel=[
            part(
                telecom={"valueContactPoint": PHONE},
                day=[code("mon"), code("tue")],
                to={"valueTime": "16:00:00"},
                callBack={"valueBoolean": True},
                **{"from": {"valueTime": "08:00:00"}},
            ),
            part(telecom={"valueContactPoint": PHONE}, day=code("wed")),
            part(
                telecom={"valueContactPoint": message},
                answerDays={"valuePositiveInt": 5},
                note=string("Logga in med BankID."),
            ),
        ],
        deputy=part(
            member=reference(ola),
            period={"valuePeriod": {"start": "2026-03-09", "end": "2026-03-13"}},
            telecom={"valueContactPoint": PHONE},
        ),
        medicallyResponsible=reference(karin),
        task=[code("samordna"), code("informera")],
        roleDescription=part(document={"valueIdentifier": document}, version=string("3")),
        reviewDate={"valueDate": "2027-03-03"},
        note=string("Ring före tio."),
        internalNote=string("Portkod 1234."),
    )
    team = result(response)
    assert advice(response) == []
    role = team["participant"][0]["role"][0]
    assert [each["code"] for each in role["coding"]] == ["4", "samordnare"]
    assert extension(team, codes.COORDINATION_REASON)["valueCode"] == "grundsjukdom"
    assert coded(team, codes.APPOINTMENT_BASIS) == ["behov", "vald"]
    assert extension(team, codes.NEED_IDENTIFIED)["valueDateTime"] == "2026-03-02T15:40:00+01:00"
    assert reasons({"reasonCode": team["reasonCode"][:-1]}) == [
        "trygghet", "samordning", "flera-vardgivare", "stabilt",
    ]  # fmt: skip
    assert team["reasonCode"][-1] == {"text": "Bor ensam"}
    assert parts(team, codes.APPOINTED_BY) == {
        "by": {"reference": vera},
        "at": "2026-03-03T09:00:00+01:00",
    }
    assert parts(team, codes.PATIENT_PREFERENCE) == {
        "wish": "Eva, som jag känner",
        "person": {"reference": eva},
        "met": True,
    }
    assert parts(team, codes.PATIENT_DECISION) == {
        "decision": "accepted",
        "at": "2026-03-03",
        "by": {"reference": patient},
    }
    told = [each for each in team["extension"] if each["url"] == codes.INFORMATION_GIVEN]
    assert [parts({"extension": [each]}, codes.INFORMATION_GIVEN) for each in told] == [
        {
            "at": "2026-03-03",
            "by": {"reference": eva},
            "channel": "telefon",
            "recipient": "patient",
        },
        {"at": days(0), "channel": "besok", "recipient": "narstaende"},
    ]
    assert coded(team, codes.CONTACT_TASK) == ["samordna", "informera"]
    assert parts(team, codes.ROLE_DESCRIPTION) == {"document": document, "version": "3"}
    assert extension(team, codes.MEDICALLY_RESPONSIBLE)["valueReference"] == {"reference": karin}
    assert extension(team, codes.REVIEW_DATE)["valueDate"] == "2027-03-03"
    internal = extension(team, codes.INTERNAL_NOTE)["valueAnnotation"]
    assert internal == {"time": days(0), "text": "Portkod 1234."}
    assert team["note"] == [{"text": "Ring före tio."}]
    stands_in = parts(team["participant"][0], codes.DEPUTY)
    assert stands_in["member"] == {"reference": ola}
    assert stands_in["period"] == {"start": "2026-03-09", "end": "2026-03-13"}
    found = app_server.validator.validate(team)
    assert [i for i in found if i.severity in ("error", "warning")] == []
    assert heard(response, "information") == [([HSF], EXTENSION)], "Vera is no verksamhetschef here"


HSF = "HSF-4-1"


def test_one_way_with_several_hours_stands_in_the_assignment_once(clinic: Clinic) -> None:
    """R43, R44: hours that differ between days, and how it is answered."""
    phone = {"valueContactPoint": PHONE}
    eight, ten = {"valueTime": "08:00:00"}, {"valueTime": "10:00:00"}
    response = clinic.assign(
        clinic.patient(),
        clinic.nurse(),
        telecom=phone,
        channel=[
            part(telecom=phone, day=code("mon"), **{"from": eight, "to": ten}),
            part(telecom=phone, day=code("fri"), answerDays={"valuePositiveInt": 1}),
        ],
    )
    [way] = result(response)["telecom"]
    assert (way["system"], way["value"]) == (PHONE["system"], PHONE["value"])
    assert [each["url"].rpartition("/")[2] for each in way["extension"]] == [
        "contact-availability",
        "contact-availability",
        "contact-answer",
    ]
    monday, friday, answer = (each["extension"] for each in way["extension"])
    assert monday == [
        {"url": "daysOfWeek", "valueCode": "mon"},
        {"url": "availableStartTime", "valueTime": "08:00:00"},
        {"url": "availableEndTime", "valueTime": "10:00:00"},
    ]
    assert friday == [{"url": "daysOfWeek", "valueCode": "fri"}]
    assert answer == [{"url": "days", "valuePositiveInt": 1}]


def test_a_wish_for_another_is_met_only_where_the_caller_says_so(clinic: Clinic) -> None:
    """R6: another role may be the same person's, so nothing is concluded; it is asked for."""
    kim = clinic.nurse()
    response = clinic.assign(
        clinic.patient(), clinic.nurse(), preference=part(person=reference(kim))
    )
    assert parts(result(response), codes.PATIENT_PREFERENCE) == {"person": {"reference": kim}}
    assert (["PL-6-2"], EXTENSION) in heard(response, "information")
    no = {"valueBoolean": False}
    response = clinic.assign(
        clinic.patient(), clinic.nurse(), preference=part(wish=string("Kim"), met=no)
    )
    assert parts(result(response), codes.PATIENT_PREFERENCE) == {"wish": "Kim", "met": False}


@pytest.mark.parametrize("selection", ["vald", "tilldelad", "omrade", "listning", "fodelsedatum"])
def test_how_the_person_was_chosen_stands_beside_why(clinic: Clinic, selection: str) -> None:
    """R4, R8, R37: own choice, assigned, by area, by listing, by birthday."""
    response = clinic.assign(
        clinic.patient(), clinic.physician(), "2", basis=code("begard"), selection=code(selection)
    )
    assert coded(result(response), codes.APPOINTMENT_BASIS) == ["begard", selection]


@pytest.mark.parametrize(
    ("given", "status", "kind"),
    [
        ({"appointed": part(by=reference("Organization/x")),
          "appointedBy": reference("Organization/x")}, 400, "invalid"),
        ({"channel": part(telecom={"valueContactPoint": PHONE},
                          **{"from": {"valueTime": "08:00:00"}})}, 400, "invalid"),
        ({"selection": code("begard")}, 400, "code-invalid"),
        ({"course": code("bra")}, 400, "code-invalid"),
        ({"task": code("mata-katten")}, 400, "code-invalid"),
        ({"coordinationReason": code("grundsjukdom")}, 422, "invariant"),
        ({"basis": code("vald"), "selection": code("omrade")}, 422, "invariant"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(
    clinic: Clinic, given: dict[str, Json], status: int, kind: str
) -> None:
    """R3, R8, R18, R25, R32, R44: before anything is stored."""
    patient, nurse = clinic.patient(), clinic.nurse()
    with clinic.nothing_stored():
        response = clinic.assign(patient, nurse, **given)
        assert {each[0] for each in refusals(response, status)} == {kind}


def test_the_municipality_appoints_when_the_patient_asks(clinic: Clinic) -> None:
    """R12, R24: a municipal unit, on request."""
    home_care = clinic.unit(codes.KOMMUN)
    response = clinic.assign(clinic.patient(), clinic.nurse(home_care), basis=code("begard"))
    assert result(response)["managingOrganization"] == [{"reference": home_care}]
    assert advice(response) == []


@pytest.mark.parametrize("kind", ["11", "14", "15", "16", ""])
def test_a_contact_may_be_at_any_unit_in_any_form_of_care(clinic: Clinic, kind: str) -> None:
    """R12: inpatient, outpatient, primary, specialised; municipal above."""
    response = clinic.assign(clinic.patient(), clinic.nurse(clinic.unit(kind=kind)))
    result(response)
    assert advice(response) == []


@pytest.mark.parametrize("profession", ["LK", "SJ", "FT", "AT", "HK", "PS", "DT", ""])
def test_a_contact_may_be_of_any_suitable_profession(clinic: Clinic, profession: str) -> None:
    """R13: prop. 2009/10:67; a mentalskötare has no licence."""
    held = [licence(profession)] if profession else []
    person = clinic.person(*held, code=[{"text": "Mentalskötare"}])
    response = clinic.assign(clinic.patient(), person)
    result(response)
    assert advice(response) == []


def test_while_it_is_unclear_who_answers_somebody_is_to_be_asked(clinic: Clinic) -> None:
    """R33: the fast läkarkontakt, or a team meeting."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    [issue] = advice(clinic.assign(patient, clinic.nurse()))
    assert "ask the fast läkarkontakt or a team meeting" in issue["details"]["text"]


# ---- discharge --------------------------------------------------------------------------------


def stay(clinic: Clinic, patient: str, status: str = "in-progress") -> str:
    return clinic.put(
        {
            "resourceType": "Encounter",
            "status": status,
            "class": {"code": "IMP"},
            "subject": {"reference": patient},
        }
    )


def test_the_assignment_outlives_the_discharge_case(clinic: Clinic) -> None:
    """R21: the stay is over and the contact is the contact; details may change all the same."""
    patient, nurse = clinic.patient(), clinic.nurse()
    where = stay(clinic, patient)
    response = clinic.assign(patient, nurse, basis=code("utskrivning"), encounter=reference(where))
    team = result(response)
    assert extension(team, codes.LEGAL_BASIS)["valueCoding"]["code"] == "SAMVL-2-5"
    clinic.put(clinic.read(where) | {"status": "finished"})
    assert members(clinic.contacts(patient)) == [nurse]
    changed = team | {"telecom": [PHONE]}
    assert clinic.fhir.put(f"CareTeam/{team['id']}", changed).status_code == 200


def test_a_contact_who_was_there_continues_with_the_stay(clinic: Clinic) -> None:
    """R22, SamvL 2 kap. 5 §: the same assignment gets the encounter; no second one is made."""
    patient, nurse, ola = clinic.patient(), clinic.nurse(), clinic.nurse()
    began = {"valuePeriod": {"start": "2025-01-07"}}
    first = result(
        clinic.assign(
            patient, nurse, basis=code("begard"), ground=code("trygghet"), period=began,
            note=string("Före"), task=code("samordna"),
        )
    )  # fmt: skip
    where = stay(clinic, patient)
    held = again(
        clinic, patient, nurse, encounter=reference(where), ground=[code("sakerhet")],
        note=string("Efter"), task=[code("samordna"), code("formedla")],
        deputy=part(member=reference(ola)), telecom={"valueContactPoint": PHONE},
        informed=part(channel=code("telefon")),
    )  # fmt: skip
    assert (held["id"], held["meta"]["versionId"]) == (first["id"], "2")
    assert held["encounter"] == {"reference": where}
    assert held["period"] == first["period"]
    assert coded(held, codes.APPOINTMENT_BASIS) == ["begard", "fortsatt"]
    assert coded(held, codes.CONTACT_TASK) == ["samordna", "formedla"]
    assert reasons(held) == ["trygghet", "sakerhet"]
    assert [each["text"] for each in held["note"]] == ["Före", "Efter"]
    assert held["telecom"] == [PHONE]
    assert parts(held["participant"][0], codes.DEPUTY)["member"] == {"reference": ola}
    assert clinic.contacts(patient)["total"] == 1
    last = again(clinic, patient, nurse)
    assert last["encounter"] == {"reference": where}, "what a call leaves out stays"
    assert last["participant"] == held["participant"]
    history = clinic.read(f"CareTeam/{first['id']}/_history")
    assert history["total"] == 3


def test_what_an_assignment_has_once_is_replaced_when_it_continues(clinic: Clinic) -> None:
    """R20, R22, R48: the latest word holds, and the history keeps the earlier one."""
    patient, nurse = clinic.patient(), clinic.nurse()
    result(clinic.assign(patient, nurse, reviewDate={"valueDate": "2026-12-01"}))
    held = again(clinic, patient, nurse, reviewDate={"valueDate": "2027-06-01"})
    assert extension(held, codes.REVIEW_DATE)["valueDate"] == "2027-06-01"


def test_a_contact_this_server_did_not_know_is_recorded_as_continuing(clinic: Clinic) -> None:
    """R22: the contact existed elsewhere; another person's assignment is left alone."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    response = clinic.assign(patient, clinic.nurse(), basis=code("fortsatt"))
    assert coded(result(response), codes.APPOINTMENT_BASIS) == ["fortsatt"]
    assert clinic.contacts(patient)["total"] == 2


def test_the_law_holds_for_a_contact_who_continues(clinic: Clinic) -> None:
    """R15, R22: a nurse does not continue on a life-threatening ground."""
    patient, nurse = clinic.patient(), clinic.nurse()
    result(clinic.assign(patient, nurse))
    condition = clinic.life_in_danger(patient)
    with clinic.nothing_stored():
        response = clinic.assign(
            patient, nurse, basis=code("fortsatt"), reasonReference=reference(condition)
        )
        refused_by(response, "SOSFS-2011-7-2-3", MEMBER)


def test_an_assignment_that_is_over_does_not_continue(clinic: Clinic) -> None:
    """R22, R48: a new one begins."""
    patient, nurse = clinic.patient(), clinic.nurse()
    past = {"valuePeriod": {"start": "2024-01-01", "end": "2024-12-31"}}
    result(clinic.assign(patient, nurse, period=past))
    response = clinic.assign(patient, nurse, basis=code("fortsatt"))
    assert result(response)["period"] == {"start": days(0)}


# ---- life in danger ---------------------------------------------------------------------------


@pytest.mark.parametrize("ground", ["basis", "reasonReference"])
def test_the_physician_answers_for_planning_and_follow_up(clinic: Clinic, ground: str) -> None:
    """R15, R16, SOSFS 2011:7 2 kap. 3-5 §§: so it stands in the assignment."""
    patient = clinic.patient()
    condition = clinic.life_in_danger(patient)
    given = {"basis": code("livshotande"), "reasonReference": reference(condition)}
    lena = clinic.physician()
    task = code("ansvara-planering")
    team = result(clinic.assign(patient, lena, "4", task=task, **{ground: given[ground]}))
    assert coded(team, codes.CONTACT_TASK) == ["ansvara-planering", "ansvara-uppfoljning"]
    bases = [e["valueCoding"]["code"] for e in team["extension"] if e["url"] == codes.LEGAL_BASIS]
    assert bases == ["SOSFS-2011-7-2-3", "SOSFS-2011-7-2-4", "SOSFS-2011-7-2-5"]
    nurse = clinic.nurse()
    with clinic.nothing_stored():
        refused = clinic.assign(patient, nurse, task=code("ansvara-uppfoljning"))
        laws = ["SOSFS-2011-7-2-4", "SOSFS-2011-7-2-5"]
        assert refusals(refused) == [("business-rule", laws, EXTENSION)]
    result(clinic.assign(patient, nurse, task=code("folja-upp")))


# ---- guidance ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("course", "warned"), [("instabilt", True), ("stabilt", False)])
def test_the_course_advises_on_the_profession(clinic: Clinic, course: str, warned: bool) -> None:
    """R18: a nurse in an unstable course is a warning, and is stored."""
    response = clinic.assign(clinic.patient(), clinic.nurse(), course=code(course))
    assert reasons(result(response)) == [course]
    assert heard(response) == ([([HSF], MEMBER)] if warned else [])


def enrolled(clinic: Clinic, patient: str, form: str, status: str = "active") -> str:
    return clinic.put(
        {
            "resourceType": "EpisodeOfCare",
            "status": status,
            "type": [category(codes.CARE_FORM_SYSTEM, form)],
            "patient": {"reference": patient},
            "period": {"start": "2026-01-01"},
        }
    )


def test_hemsjukvard_asks_for_a_municipal_distriktsskoterska(clinic: Clinic) -> None:
    """R23: enrolment in hemsjukvård; one that has ended asks for nothing."""
    patient, home_care = clinic.patient(), clinic.unit(codes.KOMMUN)
    episode = enrolled(clinic, patient, "hemsjukvard")
    assert heard(clinic.assign(patient, clinic.physician())) == [(["PL-6-2"], UNIT)]
    sara = clinic.nurse(home_care)
    assert ([HSF], MEMBER) in heard(clinic.assign(patient, sara, "4"))
    other = clinic.patient()
    enrolled(clinic, other, "hemsjukvard")
    dsk = clinic.nurse(home_care, code=[category(codes.BEFATTNING, "206011")])
    assert heard(clinic.assign(other, dsk)) == []
    third = clinic.patient()
    clinic.put(clinic.read(enrolled(clinic, third, "hemsjukvard")) | {"status": "finished"})
    assert heard(clinic.assign(third, clinic.physician())) == []
    assert clinic.read(episode)["status"] == "active"


def test_sabo_asks_for_its_nurse_and_hemtjanst_for_an_omsorgskontakt(clinic: Clinic) -> None:
    """R23, R38: the responsible nurse; a fast omsorgskontakt is offered."""
    patient, home = clinic.patient(), clinic.unit(codes.KOMMUN)
    enrolled(clinic, patient, "sabo")
    enrolled(clinic, patient, "hemtjanst")
    response = clinic.assign(patient, clinic.person(certificate(), unit=home))
    assert heard(response) == [([HSF], MEMBER)]
    assert (["SOL-10-7"], "CareTeam.subject") in heard(response, "information")
    ali = clinic.person(certificate(), unit=home)
    response = clinic.assign(patient, ali, "3")
    assert (["SOL-10-7"], "CareTeam.subject") not in heard(response, "information")


def test_a_cancer_patient_gets_a_kontaktsjukskoterska(clinic: Clinic) -> None:
    """R19, R29: by the criterion of the call, or by a diagnosis in the record."""
    icd = category(codes.ICD_10_SE_SYSTEMS[0], "C50.9")
    for by_diagnosis in (True, False):
        patient = clinic.patient()
        if by_diagnosis:
            clinic.put(
                {"resourceType": "Condition", "subject": {"reference": patient}, "code": icd}
            )
        more = {} if by_diagnosis else {"criterion": code("cancer")}
        assert heard(clinic.assign(patient, clinic.physician(), **more)) == [(["PL-6-2"], ROLE)]
        title = category(codes.CONTACT_TITLE_SYSTEM, "kontaktsjukskoterska")
        response = clinic.assign(
            patient, clinic.nurse(), "4", localTitle={"valueCodeableConcept": title}
        )
        assert (["PL-6-2"], ROLE) not in heard(response)


def agreeing(clinic: Clinic, patients: int, **more: Any) -> str:
    """Store a unit that has agreed on a number of patients for each contact."""
    agreed = [
        {"url": codes.HUVUDMAN, "valueCode": codes.REGION},
        {
            "url": codes.CASELOAD_THRESHOLD,
            "extension": [{"url": "patients", "valueUnsignedInt": patients}],
        },
    ]
    return clinic.unit(extension=agreed, **more)


def test_a_contact_near_or_over_the_threshold_is_told(clinic: Clinic) -> None:
    """R49, R51: counted are patients now, each once; the unit above may have agreed."""
    unit = clinic.unit(partOf={"reference": agreeing(clinic, 2)})
    busy = clinic.nurse(unit)
    over = {"valuePeriod": {"start": "2024-01-01", "end": "2024-12-31"}}
    result(clinic.assign(clinic.patient(), busy, period=over))
    first = clinic.patient()
    assert heard(clinic.assign(first, busy)) == []
    result(clinic.assign(first, busy, "4"))
    near = clinic.assign(clinic.patient(), busy)
    assert heard(near) == [([HSF], MEMBER)]
    assert "2 patients" in guidance(near)[0]["details"]["text"]
    assert heard(clinic.assign(clinic.patient(), busy)) == [([HSF], MEMBER)]
    assert heard(clinic.assign(clinic.patient(), clinic.nurse(unit))) == []


def test_a_third_change_of_utforare_within_a_year_is_told(clinic: Clinic) -> None:
    """R37: of units, counted from the assignments; a change of physician at one unit is none."""
    patient = clinic.patient()
    units = [clinic.unit(kind="15") for _ in range(4)]
    periods = [(-900, -401), (-400, -200), (-199, -100), (-99, -50), (-49, -1)]
    where = [units[0], units[1], units[2], units[2], units[3]]
    for unit, (start, end) in zip(where, periods, strict=True):
        held = {"valuePeriod": {"start": days(start), "end": days(end)}}
        response = clinic.assign(patient, clinic.physician(unit), "2", period=held)
        assert heard(response) == []
    response = clinic.assign(patient, clinic.physician(units[0]), "2", selection=code("listning"))
    assert heard(response) == [(["PL-6-3"], UNIT)]
    same = clinic.patient()
    assert heard(clinic.assign(same, clinic.physician(units[0]), "2")) == []


def function(clinic: Clinic, unit: str, name: str, **more: Any) -> str:
    coding = category(codes.STAFF_FUNCTION_SYSTEM, name)
    return clinic.person(licence("SJ"), unit=unit, code=[coding], **more)


def test_the_verksamhetschef_is_known_by_the_function(clinic: Clinic) -> None:
    """R3: coded or in words; a unit may stand for its head."""
    unit = clinic.unit()
    head, other = function(clinic, unit, "verksamhetschef"), clinic.nurse(unit)
    in_words = clinic.nurse(unit, code=[{"text": "Verksamhetschef"}])
    for by, known in ((head, True), (in_words, True), (unit, True), (other, False)):
        response = clinic.assign(clinic.patient(), clinic.physician(), appointedBy=reference(by))
        assert (([HSF], EXTENSION) in heard(response, "information")) is not known


def test_a_municipal_contact_without_physician_leans_on_mas_or_mar(clinic: Clinic) -> None:
    """R26, R42, HSF 4 kap. 6 §: registered at the unit or above it, in service."""
    top = clinic.unit(codes.KOMMUN)
    home_care = clinic.unit(codes.KOMMUN, partOf={"reference": top})
    nurse = clinic.nurse(home_care)
    routine = (["HSF-4-6"], UNIT)
    function(clinic, top, "mas", active=False)
    assert routine in heard(clinic.assign(clinic.patient(), nurse), "information")
    function(clinic, top, "mar")
    response = clinic.assign(clinic.patient(), nurse)
    assert routine not in heard(response, "information")
    assert (["PL-6-2"], EXTENSION) in heard(response, "information"), "R26 stands"
    karin = reference(clinic.physician())
    named = clinic.assign(clinic.patient(), nurse, medicallyResponsible=karin)
    assert (["PL-6-2"], EXTENSION) not in heard(named, "information")


def test_at_discharge_the_unit_has_a_sip_stodjare(clinic: Clinic) -> None:
    """R41: at least one at each unit."""
    unit = clinic.unit()
    missing = (["SAMVL-4-1"], UNIT)
    response = clinic.assign(clinic.patient(), clinic.nurse(unit), basis=code("utskrivning"))
    assert missing in heard(response, "information")
    assert missing not in heard(
        clinic.assign(clinic.patient(), clinic.nurse(unit), basis=code("behov")), "information"
    )
    function(clinic, unit, "sip-stodjare")
    response = clinic.assign(clinic.patient(), clinic.nurse(unit), basis=code("utskrivning"))
    assert missing not in heard(response, "information")


def test_guidance_is_no_law(clinic: Clinic) -> None:
    """R10, R26: other codes tell them apart; a plain write is not bothered with guidance."""
    patient, nurse = clinic.patient(), clinic.nurse()
    response = clinic.assign(patient, nurse)
    assert advice(response) == []
    assert heard(response, "information") == [(["PL-3-2"], EXTENSION), (["PL-6-2"], EXTENSION)]
    told = clinic.assign(clinic.patient(), clinic.physician(), informed=part(channel=code("1177")))
    assert guidance(told) == []
    care_team = fast_kontakt(clinic.patient(), nurse)
    stored = clinic.fhir.post("CareTeam", care_team, Prefer="return=OperationOutcome")
    assert stored.status_code == 201
    said = [paragraphs(issue) for issue in stored.json["issue"] if issue["code"] != "invariant"]
    assert [each for each in said if each] == []


def test_how_a_way_is_answered_is_read_in_words(clinic: Clinic) -> None:
    """R43: a call back, the days, and what else to know, in plain Swedish."""
    patient = clinic.patient()
    response = clinic.assign(
        patient,
        clinic.nurse(),
        channel=part(
            telecom={"valueContactPoint": PHONE},
            callBack={"valueBoolean": True},
            answerDays={"valuePositiveInt": 5},
            note=string("Tala tydligt."),
        ),
    )
    [way] = contact_reading.channels(result(response), dt.datetime.now(dt.UTC))
    told = "Lämna ditt nummer, så blir du uppringd. Du får svar inom 5 dagar. Tala tydligt."
    assert way.note == told
    soon = part(telecom={"valueContactPoint": PHONE}, answerDays={"valuePositiveInt": 1})
    response = clinic.assign(clinic.patient(), clinic.nurse(), channel=soon)
    [way] = contact_reading.channels(result(response), dt.datetime.now(dt.UTC))
    assert way.note == "Du får svar inom 1 dag."
