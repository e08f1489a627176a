"""People, plans and stays that are hard to show: long, empty, protected, in many hands, many."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.domain import written_plan
from tests.domain.clinic import Clinic, Json, category, fast_kontakt
from tests.domain.sip_calls import consent_to_sip

LONG = "Överstelöjtnantsdotter-Sörgårdshammarströmskonstantinopolitanska"
SECRET = {
    "security": [
        {
            "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
            "code": "sekretessmarkering",
        }
    ]
}
# The law asks for a way to reach a contact (R10); it need not be a telephone.
MAIL = [{"system": "email", "value": "vardcentralen@example.org"}]
WARD = "Organization/avd-svara"
UNITS = {"many": WARD, "none": "Organization/avd-tom", "home": "Organization/hemsjukvarden"}
STAYS = {
    "withdrawn": "Encounter/tre-ganger",
    "compulsory": "Encounter/enligt-lpt",
    "bare": "Encounter/nyss-inskriven",
    "demo": "Encounter/albertina-avd108",
}
PLANS = {
    "demo": "CarePlan/albertina-sip",
    "child": "CarePlan/lo-sip",
    "draft": "CarePlan/nastan-tom",
    "many": "CarePlan/fyrtio-insatser",
    "protected": "CarePlan/skyddad",
    "revoked": "CarePlan/aterkallad",
    "language": "CarePlan/annat-sprak",
}
MEETINGS = {"demo": "Appointment/albertina-sip-mote", "answers": "Appointment/alla-svar"}
NOW = "2026-03-10T12:00:00+01:00"


def _to(where: str) -> Json:
    return {"reference": where}


def _at(moment: str) -> str:
    return f"2026-03-{moment}:00+01:00"


def _told(name: str, moment: str, **more: Json) -> Json:
    parts = [{"url": "at", "valueDateTime": _at(moment)}]
    return {
        "url": codes.structure(name),
        "extension": [*parts, *({"url": u, **v} for u, v in more.items())],
    }


def _expected(time: str, recorded: str) -> Json:
    parts = [
        {"url": "time", "valueDateTime": _at(time)},
        {"url": "recorded", "valueDateTime": _at(recorded)},
    ]
    return {"url": codes.EXPECTED_DISCHARGE, "extension": parts}


def _needs() -> list[Json]:
    each = ("region", "kommun")
    return [{"url": codes.NEEDS_AFTER_DISCHARGE, "valueCode": value} for value in each]


def stored(clinic: Clinic) -> None:
    """Store all of them, and the demo people."""
    written_plan.stored(clinic)
    clinic.load_demo("b-als", "c-child")
    _people(clinic)
    _plans(clinic)
    _answers(clinic)
    _stays(clinic)


def _person(clinic: Clinic, id_: str, given: str, family: str, **more: Any) -> str:
    name = [{"use": "official", "given": [given], "family": family}]
    who = clinic.patient(id=id_, **{"name": name, "birthDate": "1941-05-03", **more})
    clinic.put(consent_to_sip(who, id=f"samtycke-{id_}"))
    return who


def _people(clinic: Clinic) -> None:
    _person(clinic, "utan-allt", "Åsa", "Test")
    _person(clinic, "langa-ord", LONG, LONG)
    _person(clinic, "skyddad", "Hemlig", "Testsson", meta=SECRET)
    language = {"coding": [{"system": "urn:ietf:bcp:47", "code": "ti"}], "text": "ትግርኛ (tigrinja)"}
    _person(
        clinic,
        "annat-sprak",
        "Łucja Đặng",
        "ተስፋይ Παπαδοπούλου",
        communication=[{"language": language, "preferred": True}],
    )
    silent = clinic.put(
        {
            "resourceType": "Organization",
            "id": "utan-telefon",
            "name": "Vårdcentralen utan telefon",
            "extension": [{"url": codes.HUVUDMAN, "valueCode": codes.REGION}],
        }
    )
    long = clinic.unit(id="lang-enhet", name=LONG, kind="15")
    for who, unit in (("utan-allt", silent), ("langa-ord", long), ("skyddad", silent)):
        nurse = clinic.nurse(unit, telecom=MAIL) if unit == silent else clinic.nurse(unit)
        more: Any = {"period": {"start": "2026-01-01"}}
        if unit == long:
            more["note"] = [{"text": f"{LONG} {LONG}"}]
        clinic.put(fast_kontakt(f"Patient/{who}", nurse, id=f"kontakt-{who}", **more))


def _plan(id_: str, who: str, **more: Any) -> Json:
    return {
        "resourceType": "CarePlan",
        "id": id_,
        "status": "active",
        "intent": "plan",
        "title": "Samordnad individuell plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, codes.SIP)],
        "subject": _to(f"Patient/{who}"),
        "period": {"start": "2026-02-01"},
        "created": "2026-02-01",
        "author": _to("PractitionerRole/sara-test-hemsjukvard"),
        "supportingInfo": [_to(f"Consent/samtycke-{who}")],
    } | more


def _insats(number: int) -> Json:
    whose = ("region", "kommun", "annan")[number % 3]
    words = f"Insats {number}: " + (
        LONG if number % 7 == 0 else "hjälp med mat, dusch och promenad"
    )
    return {
        "id": f"i{number}",
        "extension": [{"url": codes.HUVUDMAN, "valueCode": whose}],
        "detail": {
            "status": ("in-progress", "scheduled", "completed")[number % 3],
            "description": words,
            "scheduledString": "Varje måndag, onsdag och fredag klockan 9, utom på helgdagar",
            "performer": [_to("PractitionerRole/ali-test-hemtjanst")],
        },
    }


def _plans(clinic: Clinic) -> None:
    whole = [each for each in written_plan.plan()["extension"] if "meeting" not in each["url"]]
    clinic.put(_plan("nastan-tom", "utan-allt", status="draft"))
    goal = {
        "resourceType": "Goal",
        "id": "langt-mal",
        "lifecycleStatus": "active",
        "description": {"text": f"Kunna säga {LONG} utan att stanna"},
        "subject": _to("Patient/langa-ord"),
    }
    many: Any = {
        "extension": whole,
        "goal": [_to(clinic.put(goal))],
        "activity": [_insats(n) for n in range(40)],
        "description": f"{LONG}. " + "Det här är en lång beskrivning av hur det är. " * 12,
    }
    clinic.put(_plan("fyrtio-insatser", "langa-ord", **many))
    acts = [_insats(1), _insats(2), _insats(3)]
    for id_, who in (("skyddad", "skyddad"), ("annat-sprak", "annat-sprak")):
        words = "ትግርኛ ይዛረብ፤ አስተርጓሚ የድልዮ። Jag vill ha tolk på varje möte."
        own = {"url": codes.WHAT_MATTERS, "valueString": words}
        rest = [each for each in whole if each["url"] != codes.WHAT_MATTERS]
        clinic.put(
            _plan(id_, who, extension=[own, *rest], activity=acts, goal=[_to("Goal/langt-mal")])
            if id_ == "annat-sprak"
            else _plan(id_, who, extension=rest, activity=acts, goal=[_to("Goal/langt-mal")])
        )
    ended = {
        "url": codes.PLAN_END,
        "extension": [
            {"url": "reason", "valueCode": "samtycke-aterkallat"},
            {"url": "at", "valueDateTime": "2026-03-01T10:00:00+01:00"},
        ],
    }
    clinic.put(_plan("aterkallad", "utan-allt", status="revoked", extension=[ended], activity=acts))


def _answers(clinic: Clinic) -> None:
    long_role = clinic.nurse("Organization/lang-enhet", id="lang-roll")
    said = {
        "Patient/albertina-hammar": "accepted",
        "RelatedPerson/albertina-dotter": "tentative",
        "PractitionerRole/eva-test-hc": "accepted",
        "PractitionerRole/ali-test-hemtjanst": "needs-action",
        "PractitionerRole/sara-test-hemsjukvard": "declined",
        long_role: "needs-action",
    }
    meeting = {
        "resourceType": "Appointment",
        "id": "alla-svar",
        "status": "pending",
        "serviceType": [category(codes.code_system("service-type"), codes.SIP_MEETING)],
        "description": f"Så går vi vidare efter sjukhuset. {LONG}",
        "created": _at("06T09:00"),
        "start": _at("12T13:00"),
        "end": _at("12T14:00"),
        "participant": [{"actor": _to(who), "status": status} for who, status in said.items()],
    }
    clinic.put(meeting)
    for number, (who, status) in enumerate(said.items()):
        done = {"accepted": "accepted", "declined": "rejected"}.get(status, "requested")
        clinic.put(
            {
                "resourceType": "Task",
                "id": f"kallelse-{number}",
                "status": done,
                "intent": "order",
                "code": category(codes.TASK_CODE_SYSTEM, codes.KALLELSE),
                "description": "SIP-möte",
                "focus": _to("Appointment/alla-svar"),
                "for": _to("Patient/albertina-hammar"),
                "authoredOn": _at("06T09:00"),
                "lastModified": _at("07T09:00"),
                "requester": _to("PractitionerRole/eva-test-hc"),
                "owner": _to(who),
                "restriction": {"period": {"end": "2026-03-09"}},
                **(
                    {"statusReason": {"text": "Vi är på kurs den dagen."}}
                    if done == "rejected"
                    else {}
                ),
            }
        )


def _stay(clinic: Clinic, id_: str, who: str, *extensions: Json, **more: Any) -> str:
    stay: Json = {
        "resourceType": "Encounter",
        "id": id_,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": _to(who),
        "period": {"start": _at("02T08:10")},
        "serviceProvider": _to(WARD),
    }
    return clinic.put(stay | ({"extension": list(extensions)} if extensions else {}) | more)


def _stays(clinic: Clinic) -> None:
    clinic.unit(id="avd-svara", name="Avdelning 7, medicin")
    clinic.unit(id="avd-tom", name="Avdelning 9, kirurgi")
    home = {"valueReference": _to("Organization/hemsjukvarden")}
    notice = _told("admission-notice-sent", "02T15:40", to=home)
    start = [*_needs(), _expected("06T11:00", "02T15:40"), notice]
    _stay(clinic, "nyss-inskriven", "Patient/langa-ord")
    back_and_forth = [
        _told(name, moment)
        for ready, back in (("04T09:00", "04T14:00"), ("05T09:00", "05T13:30"), ("06T09", "06T15"))
        for name, moment in (
            ("discharge-ready", ready if ":" in ready else f"{ready}:30"),
            ("discharge-ready-withdrawn", back if ":" in back else f"{back}:10"),
        )
    ]
    again = _told("discharge-ready", "09T08:00")
    _stay(clinic, "tre-ganger", "Patient/utan-allt", *start, *back_and_forth, again)
    lpt = {"url": codes.COMPULSORY_CARE, "valueCode": "lpt"}
    _stay(clinic, "enligt-lpt", "Patient/skyddad", *start, lpt)
    for number in range(60):
        who = clinic.patient(id=f"p{number}", name=[{"text": f"Patient {number} Testsson"}])
        ready = _told("discharge-ready", f"0{4 + number % 6}T09:30")
        late = _told("admission-notice-sent", f"0{3 + number % 4}T15:40", to=home)
        kinds: list[list[Json]] = [
            [],
            _needs(),
            start,
            [*start, ready],
            [*_needs(), _expected("06T11:00", "03T15:40"), late],
        ]
        done: Any = (
            {"status": "finished", "period": {"start": _at("02T08:10"), "end": _at("09T10:00")}}
            if number % 10 == 9
            else {}
        )
        _stay(clinic, f"s{number}", who, *kinds[number % 5], **done)
