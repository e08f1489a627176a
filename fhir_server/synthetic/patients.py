"""The people: who they are, where they live and are listed, what ails them and who cares for them.

How common illnesses and forms of care are is rounded from memory: plausible, not official.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.sweden import codes
from fhir_server.synthetic.chance import Fate
from fhir_server.synthetic.elements import (
    PROTECTED,
    Json,
    concept,
    day,
    extension,
    parts,
    reference,
)
from fhir_server.synthetic.elements import resource as begin
from fhir_server.synthetic.names import STREETS, name_of
from fhir_server.synthetic.places import Kind, Municipality, Unit
from fhir_server.synthetic.population import Person

ICD_10 = "https://www.icd10.se/"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
SABO, HEMSJUKVARD, HEMTJANST = "sabo", "hemsjukvard", "hemtjanst"

# Every case that a small region is to show too, for the oldest people in turn.
CERTAIN: tuple[frozenset[str], ...] = (
    frozenset({"sabo", "lakarkontakt", "nurse-contact", "informed"}),
    frozenset({"hemsjukvard", "hemtjanst", "omsorgskontakt", "nurse-contact", "contact", "deputy"}),
    frozenset({"ill", "contact", "declined"}),
    frozenset({"ill", "contact", "changed", "byte-patient"}),
    frozenset({"ill", "contact", "changed", "byte-verksamhet"}),
    frozenset({"lakarkontakt", "changed", "slutat"}),
    frozenset({"life-threatening", "lakarkontakt"}),
    frozenset({"stay", "discharge-process", "contact-before-discharge", "hemsjukvard", "sip"}),
    frozenset({"protected", "lakarkontakt"}),
    frozenset({"died", "ill", "contact", "lakarkontakt"}),
    frozenset({"hemtjanst", "omsorgskontakt", "visited", "cancelled"}),
    frozenset({"ill", "contact", "over", "stay"}),
)


@dataclass(frozen=True, slots=True)
class Illness:
    """A diagnosis.

    Args:
        key: end of ids.
        code: ICD-10-SE.
        name: in Swedish.
        clinic: end of the id of the clinic that treats it; empty for primary care.
        ages: from and to which age.
        odds: of having it at those ages.
        criterion: what it makes the person a candidate by (need-criteria, R19).
    """

    key: str
    code: str
    name: str
    clinic: str
    ages: tuple[int, int]
    odds: float
    criterion: str


ILLNESSES = (
    Illness("hjartsvikt", "I50.9", "Hjärtsvikt", "kardiologen", (70, 120), 0.09, "multisjuk-aldre"),
    Illness("kol", "J44.9", "Kroniskt obstruktiv lungsjukdom", "", (60, 120), 0.06, "ofta-akut"),
    Illness("diabetes", "E11.9", "Diabetes typ 2", "", (50, 120), 0.13, "langvarig-sjukdom"),
    Illness("hypertoni", "I10.9", "Högt blodtryck", "", (55, 120), 0.30, "langvarig-sjukdom"),
    Illness("demens", "F03.9", "Demenssjukdom", "", (78, 120), 0.13, "demens"),
    Illness("stroke", "I63.9", "Stroke", "neurologen", (65, 120), 0.02, "nedsatt-funktion"),
    Illness("parkinson", "G20.9", "Parkinsons sjukdom", "neurologen", (65, 120), 0.01,
            "nedsatt-funktion"),
    Illness("brostcancer", "C50.9", "Bröstcancer", "onkologen", (45, 120), 0.012, "cancer"),
    Illness("tarmcancer", "C18.9", "Tjocktarmscancer", "onkologen", (55, 120), 0.01, "cancer"),
    Illness("depression", "F32.9", "Depression", "psykiatrin", (18, 75), 0.02, "behov-av-trygghet"),
    Illness("schizofreni", "F20.9", "Schizofreni", "psykiatrin", (20, 75), 0.005,
            "flera-vardgivare"),
    Illness("beroende", "F10.2", "Alkoholberoende", "psykiatrin", (20, 75), 0.008, "beroende"),
    Illness("adhd", "F90.0", "Adhd", "bup", (7, 17), 0.05, "npf"),
    Illness("autism", "F84.0", "Autism", "bup", (5, 17), 0.02, "npf"),
)  # fmt: skip
_GRAVE = (
    Illness("als", "G12.2", "ALS", "neurologen", (40, 120), 0.0004, "flera-vardgivare"),
    Illness("lungcancer", "C34.9", "Lungcancer", "onkologen", (55, 120), 0.003, "cancer"),
)
_COMMON = ILLNESSES[2]
# Form of care: from this age, how many.
_CARE = {
    SABO: ((90, 0.25), (80, 0.06), (65, 0.008), (18, 0.0005)),
    HEMSJUKVARD: ((90, 0.30), (80, 0.14), (65, 0.03), (18, 0.004)),
    HEMTJANST: ((90, 0.32), (80, 0.14), (65, 0.025), (18, 0.002)),
}
_DEATHS = ((90, 0.15), (80, 0.06), (65, 0.015), (0, 0.001))


@dataclass(frozen=True, slots=True)
class Patient:
    """One person with all that decides what their care looks like.

    Args:
        id: logical id.
        fate: draws what happens next.
        person: sex and number.
        name: given and family name.
        age: at the region's last day.
        home: where they live.
        listed: the hälsocentral; None for who is not listed.
        protected: whether the address is secret.
        died: when; None for the living.
        illnesses: what ails them.
        grave: a life-threatening illness; None for none.
        care: forms of municipal care, and since when.
    """

    id: str
    fate: Fate
    person: Person
    name: tuple[str, str]
    age: int
    home: Municipality
    listed: Unit | None
    protected: bool
    died: dt.date | None
    illnesses: tuple[Illness, ...]
    grave: Illness | None
    care: tuple[tuple[str, dt.date], ...]

    @property
    def reference(self) -> str:
        """``Patient/[id]``."""
        return f"Patient/{self.id}"

    def has(self, form: str) -> bool:
        """Tell whether they have a form of municipal care."""
        return any(each == form for each, _ in self.care)


def patient(
    number: int, person: Person, municipalities: tuple[Municipality, ...], seed: str, end: dt.date
) -> Patient:
    """Give a person.

    Args:
        number: of the patient, from 0.
        person: who it is.
        municipalities: where they may live.
        seed: what everything follows from.
        end: the day it is.
    """
    certain = CERTAIN[person.rank] if person.rank < len(CERTAIN) else frozenset[str]()
    fate = Fate(f"{seed}/patient/{number}", certain)
    age = (end - person.identity.born).days * 4 // 1461
    home = fate.weighted([(each, each.people) for each in municipalities])
    listed = fate.one_of(home.of_kind(Kind.HALSOCENTRAL))
    return Patient(
        f"demo-{number:06}",
        fate,
        person,
        name_of(fate, person.sex),
        age,
        home,
        listed if fate.share() < 0.97 or certain else None,
        fate.happens("protected", 0.002),
        _death(fate, age, end),
        tuple(_illnesses(fate, age)),
        _grave(fate, age),
        tuple(_care(fate, age, end)),
    )


def _at_age(table: tuple[tuple[int, float], ...], age: int) -> float:
    return next((odds for least, odds in table if age >= least), 0.0)


def _death(fate: Fate, age: int, end: dt.date) -> dt.date | None:
    days = fate.between(1, 600)
    return end - dt.timedelta(days=days) if fate.happens("died", _at_age(_DEATHS, age)) else None


def _illnesses(fate: Fate, age: int) -> Iterator[Illness]:
    some = [
        each
        for each in ILLNESSES
        if each.ages[0] <= age <= each.ages[1] and fate.share() < each.odds
    ]
    if fate.happens("ill", 0) and _COMMON not in some:
        some.append(_COMMON)
    yield from some


def _grave(fate: Fate, age: int) -> Illness | None:
    for each in _GRAVE:
        possible = each.ages[0] <= age <= each.ages[1]
        if possible and fate.happens("life-threatening", each.odds):
            return each
    return None


def _care(fate: Fate, age: int, end: dt.date) -> Iterator[tuple[str, dt.date]]:
    in_sabo = fate.happens(SABO, _at_age(_CARE[SABO], age))
    since = end - dt.timedelta(days=fate.between(150, 1_200))
    if in_sabo:
        yield SABO, since
        return
    for form in (HEMSJUKVARD, HEMTJANST):
        if fate.happens(form, _at_age(_CARE[form], age)):
            yield form, since + dt.timedelta(days=fate.between(0, 90))


def patient_resource(who: Patient) -> Json:
    """Give the Patient."""
    given, family = who.name
    labels = (PROTECTED,) if who.protected else ()
    identity = who.person.identity
    found: Json = {
        **begin("Patient", who.id, "se-patient", labels=labels),
        "identifier": [{"system": identity.system, "value": identity.number}],
        "active": True,
        "name": [{"use": "official", "text": f"{given} {family}", "family": family,
                  "given": [given]}],
        "gender": who.person.sex,
        "birthDate": day(identity.born),
    }  # fmt: skip
    if who.died is not None:
        found["deceasedDateTime"] = day(who.died)
    if not who.protected:
        found["address"] = [_address(who)]
    if who.listed is not None:
        found["generalPractitioner"] = [reference(who.listed.reference, who.listed.name)]
        # Who answers for the record of the person: staff there find them by name.
        found["managingOrganization"] = reference(who.listed.reference, who.listed.name)
    return found


def _address(who: Patient) -> Json:
    municipality = {"system": codes.KOMMUNKOD, "code": who.home.code, "display": who.home.name}
    return {
        "extension": [extension(codes.MUNICIPALITY, valueCoding=municipality)],
        "use": "home",
        "line": [f"{who.fate.one_of(STREETS)} {who.fate.between(1, 90)}"],
        "city": who.home.name,
    }


def conditions(who: Patient, end: dt.date) -> Iterator[Json]:
    """Give the diagnoses; the life-threatening first."""
    if who.grave is not None:
        found = day(grave_since(who, end))
        flag = parts(codes.LIFE_THREATENING, flag=("Boolean", True), at=("DateTime", found))
        yield {**_condition(who, who.grave, found), "extension": [flag]}
    for illness in who.illnesses:
        since = end - dt.timedelta(days=who.fate.between(300, 4_000))
        yield _condition(who, illness, day(max(since, who.person.identity.born)))


def grave_since(who: Patient, end: dt.date) -> dt.date:
    """Give when a life-threatening illness was found: some months ago, the same at each call."""
    last = who.died or end
    return last - dt.timedelta(days=90 + who.person.rank % 200)


def _condition(who: Patient, illness: Illness, since: str) -> Json:
    return {
        **begin("Condition", f"{who.id}-{illness.key}", "se-condition"),
        "clinicalStatus": concept(_CLINICAL, "active"),
        "verificationStatus": concept(_VERIFICATION, "confirmed"),
        "code": {**concept(ICD_10, illness.code), "text": illness.name},
        "subject": reference(who.reference),
        "onsetDateTime": since,
    }


def episodes(who: Patient, units: dict[str, Unit]) -> Iterator[Json]:
    """Give enrolments in municipal care.

    Args:
        who: the patient.
        units: the unit that answers, by form of care.
    """
    for form, since in who.care:
        over = who.died is not None
        period = {"start": day(min(since, who.died or since))}
        if who.died is not None:
            period["end"] = day(who.died)
        yield {
            **begin("EpisodeOfCare", f"{who.id}-{form}"),
            "status": "finished" if over else "active",
            "type": [concept(codes.CARE_FORM_SYSTEM, form)],
            "patient": reference(who.reference),
            "managingOrganization": reference(units[form].reference),
            "period": period,
        }
