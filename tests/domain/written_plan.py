"""A whole SIP for the demo patient Albertina Hammar (scenario 6a), with all that it refers to."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, category

PATIENT = "Patient/albertina-hammar"
STAY = "Encounter/albertina-avd108"
PLAN = "CarePlan/albertina-sip"
MATTERS = (
    "Att kunna bo kvar hemma, gå till brevlådan själv och slippa åka in till sjukhuset så ofta. "
    "Jag vill känna de som kommer hem till mig."
)
SITUATION = "Albertina bor ensam i lägenhet på andra våningen. Hon ramlade i hallen den 2 mars."
CRISIS = (
    "Ring hemsjukvården på 063-000 00 05 om du går upp mer än två kilo på tre dagar, får svårare "
    "att andas eller svullna ben. Kvällar och helger svarar Tove."
)
SUMMARY = (
    "Du kom till oss efter att ha ramlat hemma. Hjärtat orkade inte pumpa som det ska, och du hade "
    "vatten i kroppen. Du har fått vätskedrivande medicin och gått ner fyra kilo.\n\n"
    "Ny medicin: Furosemid 40 mg, en tablett varje morgon. Din andra medicin är som förut.\n\n"
    "Väg dig varje morgon. Hemsjukvården tar blodprover den 13 mars."
)


def _ext(name: str, **parts: Any) -> Json:
    """Give an extension with parts; a part's value is a pair of type and value."""
    return {
        "url": codes.structure(name),
        "extension": [{"url": url, f"value{kind}": value} for url, (kind, value) in parts.items()],
    }


def _to(where: str) -> Json:
    return {"reference": where}


def _goal(id_: str, words: str, by: str, **more: Any) -> Json:
    return {
        "resourceType": "Goal",
        "id": id_,
        "lifecycleStatus": "active",
        "description": {"text": words},
        "subject": _to(PATIENT),
        "expressedBy": _to(by),
        **more,
    }


def goals() -> list[Json]:
    """Give the goals: one of the person's that goes forward, one of the nurse's."""
    achievement = "http://terminology.hl7.org/CodeSystem/goal-achievement"
    first = _goal(
        "albertina-mal-brevladan",
        "Gå till brevlådan och tillbaka utan att stanna",
        PATIENT,
        target=[{"dueDate": "2026-06-01"}],
        achievementStatus=category(achievement, "improving"),
        statusDate="2026-04-16",
        note=[{"text": "Går halva vägen med rollator."}],
    )
    nurse = "PractitionerRole/sara-test-hemsjukvard"
    return [first, _goal("albertina-mal-hemma", "Färre akuta inläggningar", nurse)]


def _activity(id_: str, huvudman: str, words: str, goal: str, **detail: Any) -> Json:
    activity: Json = {
        "id": id_,
        "extension": [{"url": codes.HUVUDMAN, "valueCode": huvudman}],
        "detail": {
            "status": "in-progress",
            "description": words,
            "goal": [_to(f"Goal/albertina-mal-{goal}")],
            **detail,
        },
    }
    return activity


def _performer(where: str) -> list[Json]:
    return [_to(where)]


def activities() -> list[Json]:
    """Give the insatser of region, municipality and others."""
    weekly = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}
    thrice = {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}
    nurse, aide = "PractitionerRole/eva-test-hc", "PractitionerRole/ali-test-hemtjanst"
    weight = _activity(
        "a1",
        "region",
        "Distriktssköterskan väger dig och tittar på benen",
        "hemma",
        scheduledTiming=weekly,
        performer=_performer(nurse),
    )
    weight["progress"] = [{"time": "2026-04-16", "text": "Vikten är stabil."}]
    return [
        weight,
        _activity(
            "a2",
            "region",
            "Läkaren går igenom dina läkemedel",
            "hemma",
            status="completed",
            scheduledPeriod={"start": "2026-03-13", "end": "2026-03-31"},
            performer=_performer("PractitionerRole/karin-test-hc"),
        )
        | {"outcomeCodeableConcept": [{"text": "En sömntablett är borttagen"}]},
        _activity(
            "a3",
            "kommun",
            "Hemtjänst hjälper till med mat, dusch och promenad",
            "brevladan",
            scheduledTiming=thrice,
            performer=_performer(aide),
        ),
        _activity(
            "a4",
            "kommun",
            "Trygghetslarm och hjälpmedel i badrummet",
            "hemma",
            status="scheduled",
            scheduledPeriod={"end": "2026-04-01"},
            performer=_performer("Organization/hemsjukvarden"),
        ),
        _activity(
            "a5",
            "annan",
            "Anna handlar och följer med till affären",
            "brevladan",
            scheduledString="Varje lördag",
            performer=_performer("RelatedPerson/albertina-dotter"),
        ),
        _activity(
            "a6",
            "annan",
            "Tränar med gummiband som sjukgymnasten har visat",
            "brevladan",
            scheduledString="Varje morgon",
            performer=_performer(PATIENT),
        ),
    ]


def plan(**more: Any) -> Json:
    """Give the plan, active and complete."""
    sara = ("Reference", _to("PractitionerRole/sara-test-hemsjukvard"))
    extensions = [
        {"url": codes.WHAT_MATTERS, "valueString": MATTERS},
        {"url": codes.CRISIS_PLAN, "valueString": CRISIS},
        {"url": codes.SIP_NEED, "valueString": "Hjälp i vardagen flera gånger om dagen"},
        {"url": codes.SIP_NEED, "valueString": "Någon som håller ihop läkemedel och prover"},
        {"url": codes.SIP_INITIATOR, "valueReference": _to("PractitionerRole/eva-test-hc")},
        {"url": codes.SIP_MEETING_LINK, "valueReference": _to("Appointment/albertina-sip-mote")},
        {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "Internt: svår granne"}},
        _ext(
            "overall-responsible",
            huvudman=("Code", "kommun"),
            organization=("Reference", _to("Organization/hemsjukvarden")),
            person=sara,
        ),
        _ext("follow-up", date=("Date", "2027-01-14"), responsible=sara),
        _ext(
            "plan-evaluation",
            at=("DateTime", "2026-04-16T13:00:00+02:00"),
            by=sara,
            decision=("Code", "fortsatt"),
            text=("String", "Det går åt rätt håll. Vi fortsätter och ses igen i januari."),
            next=("Date", "2027-01-14"),
        ),
        _ext(
            "copy-given",
            at=("DateTime", "2026-03-13"),
            to=("Reference", _to(PATIENT)),
            channel=("Code", "brev"),
        ),
    ]
    return {
        "resourceType": "CarePlan",
        "id": "albertina-sip",
        "meta": {"profile": [codes.structure("sip-careplan")]},
        "extension": extensions,
        "status": "active",
        "intent": "plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, codes.SIP)],
        "title": "Samordnad individuell plan",
        "description": SITUATION,
        "subject": _to(PATIENT),
        "encounter": _to(STAY),
        "period": {"start": "2026-03-12"},
        "created": "2026-03-12",
        "author": _to("PractitionerRole/sara-test-hemsjukvard"),
        "contributor": [_to("Organization/halsocentralen-test"), _to("Organization/hemtjansten")],
        "addresses": [_to("Condition/albertina-hjartsvikt"), _to("Condition/albertina-kol")],
        "supportingInfo": [_to("Consent/albertina-sip-samtycke")],
        "goal": [_to(f"Goal/{each['id']}") for each in goals()],
        "activity": activities(),
    } | more


def summary() -> Json:
    """Give the written summary of the care, as $discharge stores it."""
    return {
        "resourceType": "Communication",
        "id": "albertina-utskrivning",
        "status": "completed",
        "category": [
            category(codes.COMMUNICATION_CATEGORY_SYSTEM, codes.SKRIFTLIG_UTSKRIVNINGSINFORMATION)
        ],
        "medium": [category(codes.INFORMATION_CHANNEL_SYSTEM, "besok")],
        "subject": _to(PATIENT),
        "encounter": _to(STAY),
        "sent": "2026-03-06T16:00:00+01:00",
        "recipient": [_to(PATIENT)],
        "sender": _to("PractitionerRole/per-test-avd108"),
        "payload": [{"contentString": SUMMARY}],
    }


def stored(clinic: Clinic, **more: Any) -> str:
    """Store the demo patient, the plan and what it needs; give the plan's reference."""
    clinic.load_demo("0-organisations", "a-elderly-discharge")
    for resource in (*goals(), summary()):
        clinic.put(resource)
    return clinic.put(plan(**more))
