"""Any sequence of the operations, from several clients at once, keeps every invariant.

Each client of a life draws its steps from a seed, so a life is the same again but for who is first;
what was asked and answered is told when something breaks. The invariants are read from what is
stored, by `contact_invariants`, which shares nothing with the rules under test.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask

from fhir_server.operations.registry import OPERATIONS as OFFERED
from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import (
    PHONE,
    Clinic,
    Json,
    certificate,
    code,
    days,
    parameters,
    part,
    reference,
    result,
    string,
)
from tests.domain.contact_invariants import kinds, violations
from tests.domain.life_cycle import change, decline, end, granted, moment, tell

LIVES, CLIENTS, STEPS = 12, 3, 8

# A refusal has its reason; anything else is a fault of the server.
ANSWERS = {200, 201, 400, 409, 422}


@dataclass
class Staff:
    """Who may be chosen: those who fit a type of contact, and those whom the law refuses."""

    chef: str
    fit: dict[str, list[str]]
    others: list[str]


@dataclass
class Life:
    """One patient, as one client sees them."""

    clinic: Clinic
    staff: Staff
    patient: str
    chance: random.Random
    log: list[str] = field(default_factory=list)

    def role(self, kind: str) -> str:
        """Give somebody who mostly fits the type."""
        if self.chance.random() < 0.75:
            return self.chance.choice(self.staff.fit[kind])
        return self.chance.choice([*self.staff.fit[self.kind()], *self.staff.others])

    def kind(self) -> str:
        return self.chance.choice("1112344")

    def teams(self) -> list[Json]:
        """Give the patient's contacts as they are stored."""
        category = f"{codes.CARE_TEAM_CATEGORY}|{codes.FAST_KONTAKT}"
        asked = f"CareTeam?patient={self.patient}&category={category}&_count=500"
        found = self.clinic.fhir.get(asked)
        assert found.status_code == 200, found.text
        return [entry["resource"] for entry in found.json.get("entry", [])]

    def team(self) -> tuple[str, str]:
        """Give one of the contacts, whatever became of it, and its type; mostly one in force."""
        teams = self.teams()
        active = [team for team in teams if team["status"] == "active"]
        some = active if active and self.chance.random() < 0.85 else teams
        if not some:
            return "CareTeam/none", "1"
        chosen = self.chance.choice(some)
        return f"CareTeam/{chosen['id']}", kinds(chosen)[0]

    def ahead(self, chance: float) -> Json | None:
        """Give a later day now and then; else nothing, which is now."""
        far = self.chance.random() < chance
        return moment(days(self.chance.randint(1, 20))) if far else None


def assign(life: Life) -> Any:
    more: dict[str, Any] = {}
    if life.chance.random() < 0.3:
        bounds = sorted(life.chance.sample(range(-3, 25), 2))
        more["period"] = {"valuePeriod": {"start": days(bounds[0]), "end": days(bounds[1])}}
    if life.chance.random() < 0.2:
        more["basis"] = code("livshotande")
    kind = life.kind()
    return life.clinic.assign(life.patient, life.role(kind), kind, **more)


def alter(life: Life) -> Any:
    more: dict[str, Any] = {"at": life.ahead(0.3)}
    if life.chance.random() < 0.5:
        more["handover"] = part(at=moment(days(0)), how=code("samtal"))
    if life.chance.random() < 0.15:
        more |= {"decision": code("avslaget"), "decisionReason": string("Nej")}
    if life.chance.random() < 0.1:
        more["decidedBy"] = None
    team, kind = life.team()
    asked = granted(life.patient, life.staff.chef, life.role(kind), **more)
    return change(life.clinic, team, **asked)


def finish(life: Life) -> Any:
    reason = life.chance.choice(["behov-upphort", "annat", "byte-patient", "avbojd"])
    return end(life.clinic, life.team()[0], reason, at=life.ahead(0.4))


def finish_all(life: Life) -> Any:
    return end(life.clinic, life.patient, life.chance.choice(["flyttat", "avliden"]))


def say_no(life: Life) -> Any:
    if life.chance.random() < 0.5:
        return decline(life.clinic, life.team()[0])
    return decline(life.clinic, life.patient, type=code(life.kind()))


def take_back(life: Life) -> Any:
    back, kind = {"valueBoolean": True}, code(life.kind())
    if life.chance.random() < 0.3:
        return decline(life.clinic, life.team()[0], withdraw=back)
    if life.chance.random() < 0.5:
        decline(life.clinic, life.patient, type=kind)
    return decline(life.clinic, life.patient, type=kind, withdraw=back)


def inform(life: Life) -> Any:
    told = {"channel": code("telefon"), "recipient": reference(life.patient)}
    return tell(life.clinic, life.team()[0], by=reference(life.staff.chef), **told)


def deputise(life: Life) -> Any:
    bounds = sorted(life.chance.sample(range(25), 2))
    period = {"valuePeriod": {"start": days(bounds[0]), "end": days(bounds[1])}}
    team, kind = life.team()
    named = {"deputy": reference(life.role(kind)), "period": period}
    return life.clinic.fhir.post(f"{team}/$set-deputy", parameters(**named))


def reassign(life: Life) -> Any:
    kind = life.kind()
    leaving = life.chance.choice(life.staff.fit[kind])
    named = {"to": reference(life.role(kind))}
    return life.clinic.fhir.post(f"{leaving}/$reassign", parameters(**named))


def write(life: Life) -> Any:
    """Update a contact as any client may: another period, status or type, the reason left out."""
    teams = life.teams()
    if not teams:
        return life.clinic.fhir.get(life.patient)
    team = dict(life.chance.choice(teams))
    match life.chance.randrange(4):
        case 0:
            team["period"] = {"start": days(life.chance.randint(-3, 5))}
        case 1:
            team["period"] = {**team["period"], "end": days(life.chance.randint(1, 20))}
        case 2:
            team["status"] = life.chance.choice(["active", "inactive", "suspended"])
        case _:
            role = {"coding": [{"system": codes.CONTACT_TYPE, "code": life.kind()}]}
            team["participant"] = [{**team["participant"][0], "role": [role]}]
    return life.clinic.fhir.put(f"CareTeam/{team['id']}", team)


# A new operation needs a line here: what calls it, how often, and its code where it may be absent.
STEP = Callable[[Life], Any]
TABLE: tuple[tuple[STEP, int, str], ...] = (
    (assign, 6, "assign-fast-vardkontakt"),
    (alter, 6, "change-fast-vardkontakt"),
    (finish, 3, "end-fast-vardkontakt"),
    (finish_all, 1, "end-fast-vardkontakt"),
    (say_no, 2, "decline-fast-vardkontakt"),
    (take_back, 2, "decline-fast-vardkontakt"),
    (inform, 1, "record-information"),
    (deputise, 2, "set-deputy"),
    (reassign, 1, "reassign"),
    (write, 2, ""),
)
STEPS_TO_TAKE = [step for step in TABLE if not step[2] or step[2] in OFFERED]


@pytest.fixture(scope="module")
def staff(app: Flask) -> Staff:
    """A health centre, a clinic and home care, with people who fit and people who do not."""
    clinic = Clinic(Fhir(app.test_client()))
    centre, ward = clinic.unit(kind="15"), clinic.unit()
    home = clinic.unit(codes.KOMMUN)
    nameless = clinic.put({"resourceType": "Practitioner"})
    physicians = [clinic.physician(centre) for _ in range(2)]
    nurses = [clinic.nurse(unit) for unit in (centre, centre, ward, ward)]
    assistants = [clinic.person(certificate(), unit=home) for _ in range(2)]
    others = [
        clinic.nurse(ward, active=False),
        clinic.nurse(ward, telecom=None),
        clinic.role(nameless, ward),
    ]
    fit = {"1": [*physicians, *nurses], "2": physicians, "3": assistants, "4": nurses}
    return Staff(clinic.person(unit=centre), fit, others)


@pytest.fixture(scope="module")
def tally() -> Counter[tuple[str, bool]]:
    """How often each step was let through, and refused, in all lives."""
    return Counter()


def lived(life: Life) -> list[tuple[str, int]]:
    """Take one client's steps; give what was answered."""
    answers = []
    weights = [weight for _, weight, _ in STEPS_TO_TAKE]
    for step, _, _ in life.chance.choices(STEPS_TO_TAKE, weights, k=STEPS):
        answer = step(life)
        life.log.append(f"{step.__name__}: {answer.status_code} {answer.text[:300]}")
        answers.append((step.__name__, answer.status_code))
    return answers


@pytest.mark.parametrize("seed", range(LIVES))
def test_whatever_several_clients_do_at_once_every_invariant_holds(
    app: Flask, staff: Staff, tally: Counter[tuple[str, bool]], seed: int
) -> None:
    """R5, R7, R15, R20, R31, R32, R35, R36, R38, R43, R45, R46, R48; ct-1 to ct-11."""
    first = Clinic(Fhir(app.test_client()))
    patient = first.patient()
    result(first.assign(patient, staff.fit["4"][seed % 4], "4"))
    lives = [
        Life(Clinic(Fhir(app.test_client())), staff, patient, random.Random(f"{seed}/{number}"))
        for number in range(CLIENTS)
    ]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [answer for taken in pool.map(lived, lives) for answer in taken]
    told = "\n".join(line for life in lives for line in ("", *life.log))
    assert {status for _, status in answers} <= ANSWERS | {404}, told
    tally.update((name, status < 300) for name, status in answers)
    reader, now = lives[0], dt.datetime.now(dt.UTC)
    found = violations(reader.teams(), known(reader.clinic), now)
    assert found == [], f"{found}\n{told}"


def test_each_step_was_let_through_and_the_law_refused_some(
    tally: Counter[tuple[str, bool]],
) -> None:
    """The lives above are none where everything, or nothing, is refused."""
    never = {step.__name__ for step, _, _ in STEPS_TO_TAKE if not tally[step.__name__, True]}
    always = {name for name in ("assign", "alter", "finish", "write") if not tally[name, False]}
    assert (never, always) == (set(), set()), tally


def known(clinic: Clinic) -> Callable[[str], Json | None]:
    """Give what reads a resource; None for none."""

    def read(url: str) -> Json | None:
        answer = clinic.fhir.get(url) if url else None
        return answer.json if answer is not None and answer.status_code == 200 else None

    return read


# The reader of invariants finds each of them broken.


PERSON = {"resourceType": "Practitioner", "id": "p", "name": [{"family": "Test"}]}
ROLE = {
    "resourceType": "PractitionerRole",
    "id": "r",
    "practitioner": {"reference": "Practitioner/p"},
    "telecom": [PHONE],
}
MUTE = {**ROLE, "telecom": []}
UNIT = {
    "resourceType": "Organization",
    "id": "u",
    "extension": [{"url": codes.HUVUDMAN, "valueCode": "region"}],
    "type": [{"coding": [{"system": codes.VERKSAMHETSKOD, "code": "15"}]}],
}
SINCE = dt.datetime.now(dt.UTC)


def contact(name: str, kind: str = "1", **more: Any) -> Json:
    """Give an active contact that keeps the law."""
    role = {"coding": [{"system": codes.CONTACT_TYPE, "code": kind}]}
    return {
        "resourceType": "CareTeam",
        "id": name,
        "status": "active",
        "period": {"start": days(-5)},
        "participant": [{"role": [role], "member": {"reference": "PractitionerRole/r"}}],
        "managingOrganization": [{"reference": "Organization/u"}],
    } | more


def ended(name: str, last: str, **more: Any) -> Json:
    why = {"coding": [{"system": codes.END_REASON_SYSTEM, "code": "annat"}]}
    told = [{"url": codes.END_REASON, "valueCodeableConcept": why}]
    over = {"status": "inactive", "period": {"start": days(-9), "end": last}, "extension": told}
    return contact(name, **(over | more))


def after(before: str) -> list[Json]:
    to = {"reference": f"CareTeam/{before}"}
    return [{"url": codes.REPLACES_CONTACT, "valueReference": to}]


def with_deputy(member: str, **period: str) -> list[Json]:
    of_whom = {"url": "member", "valueReference": {"reference": member}}
    during = {"url": "period", "valuePeriod": period}
    extension = {"url": codes.DEPUTY, "extension": [of_whom, *([during] if period else [])]}
    return [{**contact("a")["participant"][0], "extension": [extension]}]


LIFE_AT_RISK = [
    {
        "url": codes.APPOINTMENT_BASIS,
        "valueCodeableConcept": {"coding": [{"code": "livshotande"}]},
    }
]


@pytest.mark.parametrize(
    ("rule", "teams", "around"),
    [
        ("ct-1", [contact("a", participant=[])], {}),
        (
            "ct-2",
            [contact("a", participant=[{"member": {"reference": "x"}}], status="inactive")],
            {},
        ),
        ("ct-3", [contact("a")], {"Practitioner/p": {**PERSON, "name": []}}),
        ("ct-3", [contact("a")], {"PractitionerRole/r": {**ROLE, "active": False}}),
        ("ct-4", [contact("a", "2")], {}),
        ("ct-5", [contact("a", extension=LIFE_AT_RISK)], {}),
        ("ct-6", [contact("a", "4"), contact("b", "4", managingOrganization=[{}])], {}),
        ("ct-7", [contact("a", "3")], {}),
        ("ct-8", [contact("a")], {"PractitionerRole/r": MUTE}),
        ("ct-9", [contact("a", participant=with_deputy("PractitionerRole/r"))], {}),
        ("ct-9", [contact("a", participant=with_deputy("x", start=days(-6)))], {}),
        (
            "ct-9",
            [
                contact(
                    "a",
                    participant=with_deputy("x", start=days(0), end=days(3)),
                    period={"start": days(-5), "end": days(2)},
                )
            ],
            {},
        ),
        ("ct-10", [ended("a", days(-1), extension=[])], {}),
        ("ct-11", [contact("a"), contact("b")], {}),
        ("R48", [ended("a", days(-7)), contact("b", "4", extension=after("a"))], {}),
        ("R48", [ended("a", days(-4)), contact("b", "4", extension=after("a"))], {}),
        ("R48", [contact("b", "4", extension=after("elsewhere"))], {}),
    ],
)
def test_what_breaks_an_invariant_is_found(
    rule: str, teams: list[Json], around: dict[str, Json]
) -> None:
    there = {"Practitioner/p": PERSON, "PractitionerRole/r": ROLE, "Organization/u": UNIT} | around
    found = {text.split()[0] for text in violations(teams, there.get, SINCE)}
    assert rule in found


def test_what_keeps_the_law_is_not_found() -> None:
    there = {"Practitioner/p": PERSON, "PractitionerRole/r": ROLE, "Organization/u": UNIT}
    teams = [
        ended("a", days(-6)),
        contact("b", extension=after("a"), period={"start": days(-5), "end": days(4)}),
        contact("c", extension=after("b"), period={"start": days(5)}),
        contact("d", status="entered-in-error", participant=[]),
        ended("e", days(-1), participant=with_deputy("x", start=days(-3), end=days(-1))),
    ]
    assert violations(teams, there.get, SINCE) == []
