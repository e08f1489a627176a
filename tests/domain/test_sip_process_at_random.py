"""Any order of calls of the SIP process, from several clients at once, keeps the law.

Clients draw their steps from a seed; a watcher reads plans and consents in one transaction all the
while, and asks who may see what. What was asked and answered is told when something breaks. A new
operation of the process is one more line in `STEPS_TO_TAKE`.
"""

from __future__ import annotations

import json
import random
import threading
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
    Clinic,
    Json,
    code,
    days,
    parameters,
    part,
    reference,
    string,
    transaction,
)
from tests.domain.consent_calls import guardian, insats, sip, task
from tests.domain.sip_calls import YES as BESIDE
from tests.domain.sip_calls import (
    activity,
    complete,
    consent_to_sip,
    follow_up,
    generate,
    goal,
    responsible,
)
from tests.domain.sip_invariants import may_not_see, unwanted, violations
from tests.domain.stays import ALBERTINAS_NUMBER, HOME

LIVES, CLIENTS, STEPS = 6, 3, 12
# What was tried so seldom may have been refused each time.
SELDOM = 6

# A refusal has its reason; anything else is a fault of the server.
ANSWERS = {200, 201, 204, 400, 404, 409, 410, 412, 422}
CONSENTS = f"{codes.CONSENT_CATEGORY_SYSTEM}|{codes.CONSENT_TO_SIP}"
SIPS = f"{codes.CARE_PLAN_CATEGORY}|{codes.SIP}"


@dataclass
class Life:
    """One person, as one client sees them."""

    clinic: Clinic
    patient: str
    units: list[str]
    author: str
    guardians: list[str]
    chance: random.Random
    stay: str = ""
    log: list[str] = field(default_factory=list)
    sent: list[Json] = field(default_factory=list)

    def some(self, resource_type: str, category: str, *statuses: str) -> Json:
        """Give one of the person's resources, mostly of a status; an empty one for none."""
        asked = f"{resource_type}?patient={self.patient}&category={category}&_count=100"
        found = [e["resource"] for e in self.clinic.fhir.get(asked).json.get("entry", [])]
        wanted = [each for each in found if each["status"] in statuses]
        chosen = wanted if wanted and self.chance.random() < 0.85 else found
        return self.chance.choice(chosen) if chosen else {}

    def consent(self) -> Json:
        return self.some("Consent", CONSENTS, "active")

    def plan(self, *statuses: str) -> Json:
        return self.some("CarePlan", SIPS, *statuses)

    def givers(self) -> list[Json]:
        """Give who consents: the person, or one or both of the guardians."""
        if not self.guardians:
            return [{"reference": self.patient}]
        both = self.chance.random() < 0.8
        named = self.guardians if both else [self.chance.choice(self.guardians)]
        return [{"reference": each} for each in named]

    def rests_on(self) -> list[Json]:
        """Give what a plan rests on: some of the consents there are."""
        found = [self.consent() for _ in range(self.chance.randint(1, 2))]
        ids = dict.fromkeys(each["id"] for each in found if each)
        return [{"reference": f"Consent/{each}"} for each in ids]

    def put(self, resource: Json, **changed: Any) -> Any:
        """Store a version; a resource that is not there is not found."""
        if not resource:
            return self.clinic.fhir.get("CarePlan/none")
        url = f"{resource['resourceType']}/{resource['id']}"
        headers = {}
        if self.chance.random() < 0.5:
            headers["If-Match"] = f'W/"{resource["meta"]["versionId"]}"'
        return self.clinic.fhir.put(url, resource | changed, **headers)


def give(life: Life) -> Any:
    actors = life.units if life.chance.random() < 0.5 else []
    return life.clinic.fhir.post(
        f"{life.patient}/$record-sip-consent",
        parameters(
            decision=code("permit"),
            form=code("muntligt"),
            documentedBy=reference(life.author),
            givenBy=[{"valueReference": each} for each in life.givers()],
            actor=[reference(each) for each in actors],
        ),
    )


def refuse(life: Life) -> Any:
    named = {"decision": code("deny"), "form": code("skriftligt")}
    by = [{"valueReference": each} for each in life.givers()]
    about = [reference(life.chance.choice(life.units))] if life.chance.random() < 0.6 else []
    body = parameters(**named, documentedBy=reference(life.author), givenBy=by, actor=about)
    return life.clinic.fhir.post(f"{life.patient}/$record-sip-consent", body)


def withdraw(life: Life) -> Any:
    consent = life.consent()
    by = life.chance.choice([life.patient, *life.guardians])
    url = f"Consent/{consent.get('id', 'none')}/$withdraw-sip-consent"
    return life.clinic.fhir.post(url, parameters(by=reference(by)))


def withdraw_a_part(life: Life) -> Any:
    consent = life.consent()
    named = parameters(by=reference(life.author), actor=[reference(life.chance.choice(life.units))])
    return life.clinic.fhir.post(
        f"Consent/{consent.get('id', 'none')}/$withdraw-sip-consent", named
    )


def write_consent(life: Life) -> Any:
    """By a plain write: given, ended, turned into a no, deleted."""
    consent = life.consent()
    way = life.chance.randrange(5)
    if not consent or way == 0:
        fresh = consent_to_sip(life.patient, performer=life.givers())
        return life.clinic.fhir.post("Consent", fresh)
    if way == 1:
        return life.put(consent, status=life.chance.choice(["inactive", "rejected", "active"]))
    if way == 2:
        return life.put(consent, provision={"type": life.chance.choice(["permit", "deny"])})
    if way == 3:
        return life.put(consent, performer=life.givers())
    return life.clinic.fhir.delete(f"Consent/{consent['id']}")


def patch_consent(life: Life) -> Any:
    consent = life.consent()
    patch = [{"op": "replace", "path": "/status", "value": "inactive"}]
    return life.clinic.fhir.client.patch(
        f"/fhir/Consent/{consent.get('id', 'none')}",
        data=json.dumps(patch),
        content_type="application/json-patch+json",
    )


def propose(life: Life) -> Any:
    wanted = [goal(), activity(codes.REGION), activity(codes.KOMMUN), responsible(), follow_up()]
    given = [each for each in wanted if life.chance.random() < 0.92]
    if life.chance.random() < 0.1:
        given.append(responsible(codes.REGION))
    status = life.chance.choice(["draft", "draft", "active"])
    if life.chance.random() < 0.7:
        given.append({"name": "despiteExisting", **BESIDE})
    return generate(life.clinic, life.patient, status, *given, author=reference(life.author))


def write_plan(life: Life) -> Any:
    region, kommun = life.units
    consent = f"Consent/{life.consent().get('id', 'none')}"
    plan = sip(life.clinic, life.patient, consent, region, kommun, life.author)
    return life.clinic.fhir.post("CarePlan", plan | {"supportingInfo": life.rests_on()})


def change_plan(life: Life) -> Any:
    """By a plain write: activated, put on hold, another consent, other activities."""
    plan = life.plan("draft", "active", "on-hold", "revoked")
    extensions = plan.get("extension", [])
    overall = [e for e in extensions if e["url"] == codes.OVERALL_RESPONSIBLE]
    changes: list[Json] = [
        {"status": "active", "supportingInfo": life.rests_on()},
        {"status": "active"},
        {"status": "on-hold"},
        {"supportingInfo": life.rests_on()},
        {"activity": [insats(codes.REGION, life.units[0])]},
        {"extension": [*extensions, *overall]},
    ]
    return life.put(plan, **life.chance.choice(changes))


def both_at_once(life: Life) -> Any:
    """A consent withdrawn and a plan made active, in one transaction."""
    consent, plan = life.consent(), life.plan("draft", "active")
    if not consent or not plan:
        return life.clinic.fhir.get("CarePlan/none")
    gone = consent | {"status": life.chance.choice(["inactive", "active"])}
    return life.clinic.fhir.post(
        "",
        transaction(
            ("PUT", f"Consent/{consent['id']}", gone),
            ("PUT", f"CarePlan/{plan['id']}", plan | {"status": "active"}),
        ),
    )


def call(life: Life) -> Any:
    plan = life.plan("draft", "active")
    about = f"CarePlan/{plan.get('id', 'none')}"
    unit = life.chance.choice(life.units)
    asked = task(codes.KALLELSE, life.patient, about, unit, life.author)
    return life.clinic.fhir.post("Task", asked)


def operation(name: str, statuses: str, *more: str, **fixed: Any) -> Callable[[Life], Any]:
    """Give a step: an operation at one of the person's plans, with ``by`` and what is given.

    Args:
        name: without ``$``.
        statuses: of plans that it is mostly tried on, separated by blanks.
        more: parameters ``remove`` or ``overallResponsible``, made anew each time.
        fixed: parameters that are always the same.
    """

    def step(life: Life) -> Any:
        plan = life.plan(*statuses.split())
        named: dict[str, Any] = {"by": reference(life.author), **fixed}
        # A plan has one insats of each huvudman: most revisions must leave both to come through.
        if "remove" in more and life.chance.random() < 0.3:
            ids = [each["id"] for each in plan.get("activity", []) if "id" in each]
            named["remove"] = [string(life.chance.choice(ids))] if ids else []
        if "overallResponsible" in more:
            count = life.chance.choice([1, 1, 1, 2])
            named["overallResponsible"] = [part(huvudman=code(codes.REGION))] * count
        url = f"CarePlan/{plan.get('id', 'none')}/${name}"
        return life.clinic.fhir.post(url, parameters(**named))

    step.__name__ = name
    return step


def meet(life: Life) -> Any:
    """Call to a meeting about a plan, some of the units."""
    plan = life.plan("draft", "active")
    units = life.chance.sample(life.units, life.chance.randint(1, 2))
    named = parameters(
        by=reference(life.author),
        form=code("hemma"),
        agenda=string("Så gör vi"),
        start={"valueDateTime": f"2090-03-12T{life.chance.randint(10, 20)}:00:00+01:00"},
        actor=[reference(each) for each in units],
    )
    return life.clinic.fhir.post(f"CarePlan/{plan.get('id', 'none')}/$call-sip-meeting", named)


def answer(life: Life) -> Any:
    """Answer a kallelse, and perhaps change one's mind."""
    asked = f"Task?patient={life.patient}&code={codes.TASK_CODE_SYSTEM}|{codes.KALLELSE}&_count=100"
    found = [e["resource"] for e in life.clinic.fhir.get(asked).json.get("entry", [])]
    waiting = [each for each in found if each["status"] in ("requested", "accepted")]
    asked_ = waiting if waiting and life.chance.random() < 0.85 else found
    which = life.chance.choice(asked_)["id"] if asked_ else "none"
    said = life.chance.choice(["accepted", "declined", "tentative"])
    named = parameters(answer=code(said), reason=string("Så är det"))
    return life.clinic.fhir.post(f"Task/{which}/$answer-call", named)


def note(life: Life) -> Any:
    named = parameters(
        by=reference(life.author),
        reason=string("Behöver båda"),
        owner=[reference(life.units[1])],
    )
    return life.clinic.fhir.post(f"{life.patient}/$note-sip-need", named)


def exchange(life: Life) -> Any:
    """Send a plan away, and receive what was sent now or long ago, tampered with perhaps."""
    plan = life.plan("active", "revoked", "draft")
    named = {"resourceType": "Parameters"}
    sent = life.clinic.fhir.post(f"CarePlan/{plan.get('id', 'none')}/$export-sip", named)
    if sent.status_code != 200:
        return sent
    life.sent.append(sent.json)
    bundle = json.loads(json.dumps(life.chance.choice(life.sent)))
    if life.chance.random() < 0.4:
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] in ("CarePlan", "Consent"):
                entry["resource"]["status"] = "active"
    given = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": bundle}]}
    return life.clinic.fhir.post("CarePlan/$receive-sip", given)


def leave_hospital(life: Life) -> Any:
    """Take a step of the discharge, in any order."""
    by, soon_ = reference(life.author), {"valueDateTime": f"{days(9)}T10:00:00+01:00"}
    step, more = life.chance.choice(
        [
            ("admission-notice", {"expectedDischarge": soon_, "recipient": life.units}),
            ("ready-for-discharge", {}),
            ("withdraw-ready-for-discharge", {}),
            ("expected-discharge", {"time": soon_}),
        ]
    )
    if "recipient" in more:
        more = {**more, "recipient": [reference(each) for each in life.units]}
    return life.clinic.fhir.post(f"{life.stay}/${step}", parameters(by=by, **more))


# A step, and how often it is taken. Operations of the process that this server does not offer are
# left out.
STEPS_TO_TAKE: list[tuple[Callable[[Life], Any], int]] = [
    (give, 6),
    (refuse, 1),
    (withdraw, 2),
    (withdraw_a_part, 2),
    (write_consent, 2),
    (patch_consent, 1),
    (propose, 8),
    (write_plan, 4),
    (change_plan, 4),
    (both_at_once, 2),
    (call, 2),
    (meet, 3),
    (answer, 6),
    (note, 1),
    (exchange, 3),
    (leave_hospital, 4),
]
PLAN_OPERATIONS: list[tuple[Callable[[Life], Any], int]] = [
    (operation("activate-sip", "draft"), 4),
    (
        operation(
            "follow-up-sip", "active", decision=code("fortsatt"), next={"valueDate": days(30)}
        ),
        2,
    ),
    (operation("revise-sip", "active", "remove", "overallResponsible", status=code("active")), 3),
    (operation("close-sip", "active", reason=code("mal-uppnadda")), 1),
]
STEPS_TO_TAKE += [each for each in PLAN_OPERATIONS if each[0].__name__ in OFFERED]


@pytest.fixture(scope="module")
def tally() -> Counter[tuple[str, bool]]:
    """How often each step was let through, and refused, in all lives."""
    return Counter()


def began(life: Life) -> None:
    """Take the first steps: a draft, a plan in force with a kallelse, and a notice."""
    for status in ("active", "draft"):
        given = [*complete(), {"name": "despiteExisting", **BESIDE}]
        made = generate(life.clinic, life.patient, status, *given, author=reference(life.author))
        assert made.status_code == 201, made.text
    assert meet(life).status_code == 201


def lived(life: Life) -> list[tuple[str, int]]:
    """Take one client's steps; give what was answered."""
    answers = []
    weights = [weight for _, weight in STEPS_TO_TAKE]
    for step, _ in life.chance.choices(STEPS_TO_TAKE, weights, k=STEPS):
        answer = step(life)
        life.log.append(f"{step.__name__}: {answer.status_code} {answer.text[:300]}")
        answers.append((step.__name__, answer.status_code))
    return answers


def seen(life: Life) -> list[str]:
    """Give what is broken at one moment: all is read in one transaction."""
    about = f"patient={life.patient}&_count=100"
    wanted = [f"CarePlan?{about}&category={SIPS}", f"Consent?{about}&category={CONSENTS}"]
    calls = f"Task?{about}&code={codes.TASK_CODE_SYSTEM}|{codes.KALLELSE}"
    stays = f"Encounter?{about}"
    plans, consents, tasks, [stay] = read_together(life.clinic, [*wanted, calls, stays])
    broken = violations(plans, consents, set(life.guardians))
    broken += unwanted(tasks, consents, {life.patient, *life.guardians})
    broken += out_of_order(stay)
    asked = [(plan, f"CarePlan/{plan['id']}/$sip-access") for plan in plans[:4]]
    if not asked:
        return broken
    # In one transaction again: plans and consents may have changed since.
    found = read_together(life.clinic, [*wanted, *(url for _, url in asked)])
    consents, current = found[1], {each["id"]: each for each in found[0]}
    for (plan, _), answer in zip(asked, found[2:], strict=True):
        broken += [
            f"{plan['id']}: {actor} may see it"
            for actor in allowed(answer)
            if actor in life.units and may_not_see(current[plan["id"]], consents, actor)
        ]
    return broken


def in_hospital(patient: str, unit: str) -> Json:
    """Give a stay that began yesterday."""
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": patient},
        "period": {"start": f"{days(-1)}T08:00:00+01:00"},
        "serviceProvider": {"reference": unit},
    }


def out_of_order(stay: Json) -> list[str]:
    """List what a timeline says in the wrong order (R61, R62)."""
    urls = {codes.DISCHARGE_READY: 1, codes.DISCHARGE_READY_WITHDRAWN: -1}
    steps = [urls[e["url"]] for e in stay.get("extension", []) if e["url"] in urls]
    standing = [sum(steps[: count + 1]) for count in range(len(steps))]
    noticed = any(e["url"] == codes.ADMISSION_NOTICE_SENT for e in stay.get("extension", []))
    if steps and not noticed:
        return ["utskrivningsklar without a notice"]
    return [f"utskrivningsklar {steps}"] if set(standing) - {0, 1} else []


def allowed(answer: list[Json]) -> list[str]:
    """Give the actors that $sip-access allows."""
    found = []
    for each in answer:
        parts = {p["name"]: p for p in each["part"]}
        if parts["allowed"]["valueBoolean"]:
            found.append(parts["actor"]["valueReference"]["reference"])
    return found


def read_together(clinic: Clinic, urls: list[str]) -> list[list[Json]]:
    """Read in one transaction; give the resources of each search, the parameters of each answer."""
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    response = clinic.fhir.post("", bundle)
    assert response.status_code == 200, response.text
    answers = [entry["resource"] for entry in response.json["entry"]]
    return [
        a.get("parameter", []) if a["resourceType"] == "Parameters"
        else [e["resource"] for e in a.get("entry", [])]
        for a in answers
    ]  # fmt: skip


def watched(life: Life, over: threading.Event) -> list[str]:
    """Look again and again until the others are done, and once more."""
    broken: list[str] = []
    while not over.is_set() and not broken:
        broken = seen(life)
        over.wait(0.05)
    return broken or seen(life)


@pytest.mark.parametrize("seed", range(LIVES))
def test_whatever_several_clients_do_at_once_no_plan_breaks_the_law(
    app: Flask, tally: Counter[tuple[str, bool]], seed: int
) -> None:
    """R75, R76, R78, R80, R94: every other person is a child with two guardians."""
    first = Clinic(Fhir(app.test_client()))
    child = seed % 2 == 1
    born = {"birthDate": days(-4000)} if child else {}
    patient = first.patient(identifier=[ALBERTINAS_NUMBER], address=[HOME], **born)
    guardians = [guardian(first, patient) for _ in range(2)] if child else []
    units = [first.unit(codes.REGION), first.unit(codes.KOMMUN)]
    author = first.nurse(units[0])
    given = [{"reference": each} for each in guardians or [patient]]
    first.put(consent_to_sip(patient, performer=given))
    stay = first.put(in_hospital(patient, units[0]))
    lives = [
        Life(
            Clinic(Fhir(app.test_client())), patient, units, author, guardians,
            random.Random(f"{seed}/{number}"), stay,
        )
        for number in range(CLIENTS + 1)
    ]  # fmt: skip
    began(lives[0])
    over = threading.Event()
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        watcher = pool.submit(watched, lives[-1], over)
        try:
            answers = [answer for taken in pool.map(lived, lives[:-1]) for answer in taken]
        finally:
            over.set()
        broken = watcher.result()
    told = "\n".join(line for life in lives for line in ("", *life.log))
    assert {status for _, status in answers} <= ANSWERS, told
    tally.update((name, status < 300) for name, status in answers)
    assert broken == [], f"{broken}\n{told}"


def test_each_step_was_let_through_and_the_law_refused_some(
    tally: Counter[tuple[str, bool]],
) -> None:
    """The lives above are none where everything, or nothing, is refused."""
    tried = {step.__name__ for step, _ in STEPS_TO_TAKE if tally[step.__name__, False] > SELDOM}
    never = {name for name in tried if not tally[name, True]}
    always = {name for name in ("propose", "write_plan", "change_plan") if not tally[name, False]}
    assert (never, always) == (set(), set()), tally


# The reader of invariants finds each of them broken.

YES = {
    "id": "ja",
    "status": "active",
    "performer": [{"reference": "Patient/p"}],
    "provision": {"type": "permit"},
}
PLAN = {
    "id": "sip",
    "status": "active",
    "supportingInfo": [{"reference": "Consent/ja"}],
    "extension": [{"url": codes.OVERALL_RESPONSIBLE}],
    "activity": [insats("region", "Organization/r"), insats("kommun", "Organization/k")],
}


@pytest.mark.parametrize(
    ("plan", "consents", "guardians", "found"),
    [
        ({}, [YES], set(), []),
        ({"status": "revoked"}, [], set(), []),
        ({}, [], set(), ["sip: no consent in force"]),
        ({}, [YES | {"status": "inactive"}], set(), ["sip: no consent in force"]),
        ({}, [YES | {"id": "annan"}], set(), ["sip: no consent in force"]),
        (
            {}, [YES | {"provision": {"type": "permit", "period": {"end": "2026-01-01"}}}], set(),
            ["sip: no consent in force"],
        ),
        ({}, [YES], {"RelatedPerson/m"}, ["sip: a guardian has not consented"]),
        (
            {}, [YES, YES | {"id": "nej", "provision": {"type": "deny"}}], set(),
            ["sip: the person has said no"],
        ),
        (
            {"activity": [insats("region", "Organization/r")]}, [YES], set(),
            ["sip: activities of {'region'} only"],
        ),
        ({"extension": []}, [YES], set(), ["sip: 0 overall-responsible"]),
        ({"extension": PLAN["extension"] * 2}, [YES], set(), ["sip: 2 overall-responsible"]),
    ],
)  # fmt: skip
def test_the_reader_of_invariants_finds_what_is_broken(
    plan: Json, consents: list[Json], guardians: set[str], found: list[str]
) -> None:
    assert violations([PLAN | plan], consents, guardians) == found


def test_the_reader_of_calls_finds_those_that_are_not_wanted() -> None:
    call_ = {"id": "t", "status": "requested", "owner": {"reference": "Organization/k"}}
    actor = [{"reference": {"reference": "Organization/k"}}]
    but = YES | {"provision": {"type": "permit", "provision": [{"type": "deny", "actor": actor}]}}
    gone = YES | {"status": "inactive"}
    told = ["t is open for Organization/k"]
    assert unwanted([call_], [], set()) == unwanted([call_], [YES], set()) == []
    assert unwanted([call_], [gone], set()) == unwanted([call_], [but], set()) == told
    assert unwanted([call_ | {"status": "cancelled"}], [gone], set()) == []


def test_the_reader_of_access_knows_who_certainly_may_not_see() -> None:
    actor = [{"reference": {"reference": "Organization/k"}}]
    exception = {"type": "permit", "provision": [{"type": "deny", "actor": actor}]}
    assert not may_not_see(PLAN, [YES], "Organization/k")
    assert may_not_see(PLAN, [], "Organization/k")
    assert may_not_see(PLAN, [YES | {"provision": exception}], "Organization/k")
    assert may_not_see(
        PLAN, [YES | {"provision": {"type": "permit", "actor": actor}}], "Organization/r"
    )
