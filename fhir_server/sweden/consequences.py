"""What follows when somebody's consent to a SIP is withdrawn, narrowed, denied or deleted (R78).

No plan is against the person's will: an active plan that no longer rests on a consent is revoked,
and what was called for it is called off. Where the consent goes on without some actors, their
open kallelser are cancelled and they leave the meetings that are still to come (R84, R94).

The change is judged by what it does, not by who makes it: a plain PUT, a patch, a bundle and an
operation end alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from fhir_server.fhir.reference import normal
from fhir_server.sweden import (
    actors,
    codes,
    consents,
    discharge,
    guardians,
    periods,
    plan_calls,
    plans,
    sharing,
    sip,
)
from fhir_server.sweden.elements import Json, child, items, target, text
from fhir_server.sweden.periods import STOCKHOLM
from fhir_server.sweden.references import Read

Resource = dict[str, Any]
# A resource before and after a write; None where it was not there, or no longer is.
Pair = tuple[Json | None, Json | None]

SIP_CONSENTS = f"{codes.CONSENT_CATEGORY_SYSTEM}|{codes.CONSENT_TO_SIP}"
SIPS = f"{codes.CARE_PLAN_CATEGORY}|{codes.SIP}"
_PROFESSIONALS = ("PractitionerRole/", "Practitioner/", "HealthcareService/")


class Reader(Protocol):
    """The store as the write leaves it; see `write_rules.Reader`."""

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give the current resource at ``Type/id``."""
        ...

    def search(self, resource_type: str, **tokens: str) -> Iterable[dict[str, Any]]:
        """Give the current resources that match."""
        ...


def consequences(changes: Sequence[Pair], reader: Reader, now: datetime) -> list[Resource]:
    """Give the resources that change because some consents did, as they become.

    Args:
        changes: Consents before and after the write; others among them count for nothing.
        reader: sees the store with the write in it.
        now: an aware datetime.
    """
    return [
        changed
        for person, pairs in _by_person(changes).items()
        if any(_takes_away(*pair) for pair in pairs)
        for changed in _Person(person, pairs, reader, now).consequences()
    ]


def persons_of(consent: Json) -> list[str]:
    """Give the references that a Consent's patient may mean, as ``Patient/[id]``."""
    literal = target(child(consent, "patient")).literal
    # An absolute reference to this server is found under its relative form.
    tail = "/".join(normal(literal).rsplit("/", 2)[-2:])
    return [tail] if tail.startswith("Patient/") else []


def may_lapse(reader: Reader) -> Iterator[str]:
    """Give the persons, as ``Patient/[id]``, with a plan that `lapsed` may end; some repeatedly."""
    for plan in reader.search("CarePlan", category=SIPS, status="active"):
        subject = target(child(plan, "subject")).literal
        if subject.startswith("Patient/"):
            yield subject


def lapsed(person: str, reader: Reader, now: datetime) -> list[Resource]:
    """Give what changes because time, and no write, has ended a person's consent to plans (R78).

    Args:
        person: ``Patient/[id]``.
        reader: sees the store.
        now: an aware datetime.

    Returns:
        The active plans that rest on no consent any more, and what was called for them, as they
        become; nothing where every active plan rests on one.
    """
    found = _Person(person, (), reader, now)
    return list(found.consequences()) if found.ending() else []


def _by_person(changes: Sequence[Pair]) -> dict[str, list[Pair]]:
    found: dict[str, list[Pair]] = {}
    for pair in changes:
        sides = [each for each in pair if each is not None and consents.is_consent_to_sip(each)]
        for person in {each for side in sides for each in persons_of(side)}:
            found.setdefault(person, []).append(pair)
    return found


def _takes_away(before: Json | None, after: Json | None) -> bool:
    """Tell whether a change may leave somebody with less: a new permission does not."""
    return before is not None or after is None or not consents.facts_from(after).permits


class _Person:
    """One person's plans, calls and meetings after a change of consent."""

    def __init__(self, person: str, changed: Sequence[Pair], reader: Reader, now: datetime) -> None:
        self._person = person
        self._reader = reader
        self._now = now
        self._moment = now.astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
        self._read: Read = reader.read
        self._given = list(reader.search("Consent", patient=person, category=SIP_CONSENTS))
        self._before = _as_before(self._given, changed)
        self._plans = list(reader.search("CarePlan", patient=person, category=SIPS))
        self._guardians = guardians_of(person, reader, now)
        said_no = bool(changed) or self._denied()
        self._why = codes.SAMTYCKE_ATERKALLAT if said_no else codes.SAMTYCKE_UPPHORT

    def consequences(self) -> Iterator[Resource]:
        revoked = self.ending()
        ended = {plan["id"] for plan in revoked}
        yield from (revoked_plan(plan, self._moment, self._why) for plan in revoked)
        yield from self._tasks(ended)
        yield from self._meetings(ended)

    def ending(self) -> list[Json]:
        return [plan for plan in self._plans if self._must_end(plan)]

    def _denied(self) -> bool:
        person = target({"reference": self._person})
        known = [consents.facts_from(each) for each in self._given]
        return any(each.denies and each.in_force(person, self._now) for each in known)

    def _must_end(self, plan: Json) -> bool:
        if plan.get("status") != "active":
            return False
        facts = plans.facts_from(plan, self._read, self._given, guardians=self._guardians)
        return sip.lacks_consent(facts, self._now)

    def _tasks(self, ended: Collection[str]) -> Iterator[Resource]:
        kinds = (codes.KALLELSE, codes.UPPFOLJNING)
        code = ",".join(f"{codes.TASK_CODE_SYSTEM}|{each}" for each in kinds)
        for task in self._reader.search("Task", patient=self._person, code=code):
            if not plan_calls.is_open_task(task):
                continue
            plan = plan_calls.plan_of_task(task, self._plans)
            owner = target(child(task, "owner")).literal
            over = plan is not None and plan.get("id") in ended
            if over or (discharge.is_kallelse(task) and self._loses(owner, plan)):
                yield cancelled_task(task, self._moment, self._why)

    def _meetings(self, ended: Collection[str]) -> Iterator[Resource]:
        for meeting in self._reader.search("Appointment", patient=self._person):
            if not plan_calls.is_open_meeting(meeting, self._now):
                continue
            plan = plan_calls.plan_of_meeting(meeting, self._plans)
            called = {target(child(p, "actor")).literal for _, p in items(meeting, "participant")}
            gone = {each for each in called if self._loses(each, plan)}
            left = any(each.startswith(_PROFESSIONALS) for each in called - gone)
            if (plan is not None and plan.get("id") in ended) or (gone and not left):
                yield cancelled_meeting(meeting, self._why)
            elif gone:
                yield meeting_without(meeting, gone)

    def _loses(self, actor: str, plan: Json | None) -> bool:
        """Tell whether an actor may no longer see the plan, or the person objects to a call."""
        if not actor.startswith(actors.KINDS) or actor == self._person:
            return False
        if objects_to_call(self._given, self._person, actor, self._read, self._now):
            return actor not in self._guardians
        return self._may(actor, plan, self._before) and not self._may(actor, plan, self._given)

    def _may(self, actor: str, plan: Json | None, given: Sequence[Json]) -> bool:
        about = plan if plan is not None else {"subject": {"reference": self._person}}
        meant = actors.meanings(actor, self._read)
        return sharing.disclosure(
            about, given, meant, self._now, guardians=self._guardians, called=[actor]
        ).allowed


def objects_to_call(
    given: Sequence[Json], person: str, actor: str, read: Read, now: datetime
) -> bool:
    """Tell whether a person does not want an actor to be called (R78, R84)."""
    whose = target({"reference": person})
    return sharing.objects(given, whose, actors.meanings(actor, read), now)


def guardians_of(person: str, reader: Reader, now: datetime) -> tuple[str, ...]:
    """Give the references of a child's guardians; none of an adult (R80)."""
    patient = reader.read(person) or {}
    if not guardians.is_child(patient, now):
        return ()
    return guardians.guardians_of(patient, reader.search("RelatedPerson", patient=person), now)


def revoked_plan(plan: Json, moment: str, why: str) -> Resource:
    """Give a plan as it is once the consent is gone: revoked, ended, with the reason (R78, R93)."""
    end = {
        "url": codes.PLAN_END,
        "extension": [
            {"url": "reason", "valueCode": why},
            {"url": "at", "valueDateTime": moment},
        ],
    }
    others = [each for _, each in items(plan, "extension") if each.get("url") != codes.PLAN_END]
    return _without_generated_text(
        {**plan, "extension": [*others, end], "status": "revoked", "period": _ended(plan, moment)}
    )


def cancelled_task(task: Json, moment: str, why: str) -> Resource:
    """Give a kallelse, or a follow-up, as it is once it is called off (R78)."""
    changed = {**task, "status": "cancelled", "statusReason": _reason(why), "lastModified": moment}
    return _without_generated_text(changed)


def cancelled_meeting(appointment: Json, why: str) -> Resource:
    """Give a meeting as it is once it is called off (R78)."""
    changed = {**appointment, "status": "cancelled", "cancelationReason": _reason(why)}
    return _without_generated_text(changed)


def meeting_without(appointment: Json, gone: Collection[str]) -> Resource:
    """Give a meeting without those whom the person no longer lets take part (R78, R84)."""
    kept = [
        each
        for _, each in items(appointment, "participant")
        if target(child(each, "actor")).literal not in gone
    ]
    return _without_generated_text({**appointment, "participant": kept})


_DISPLAY = {
    codes.SAMTYCKE_ATERKALLAT: "Samtycket är återkallat",
    codes.SAMTYCKE_UPPHORT: "Samtycket gäller inte längre",
}


def _reason(why: str) -> Resource:
    coding = {"system": codes.PLAN_END_REASON_SYSTEM, "code": why, "display": _DISPLAY[why]}
    return {"coding": [coding]}


def _as_before(given: Sequence[Json], changed: Sequence[Pair]) -> list[Json]:
    new = {each.get("id") for pair in changed for each in pair if each is not None}
    old = [before for before, _ in changed if before is not None]
    return [*(each for each in given if each.get("id") not in new), *old]


def _ended(plan: Json, moment: str) -> Resource:
    """Give the plan's period with the moment as its end, unless it begins later."""
    period = dict(child(plan, "period"))
    start = periods.read(plan).start
    if start is None or start <= datetime.fromisoformat(moment):
        period["end"] = moment
    return period


def _without_generated_text(resource: Resource) -> Resource:
    """Leave out a narrative made from what has changed; https://hl7.org/fhir/R4/narrative.html."""
    if text(child(resource, "text"), "status") == "generated":
        resource.pop("text", None)
    return resource
