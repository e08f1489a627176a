"""Whom the person wants at a SIP meeting, whichever way somebody is called: Task or Appointment.

R78, R84: the consent may leave out actors, and be taken back. Who can't be told is not called past
a consent that leaves somebody out. HSL (2017:30) 16 kap. 4 §, SoL (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.reference import normal
from fhir_server.sweden import actors, codes, consents, consequences, plan_calls, sharing
from fhir_server.sweden.consequences import SIP_CONSENTS, guardians_of
from fhir_server.sweden.elements import Json, child, items, target, text
from fhir_server.sweden.references import alone, follow
from fhir_server.sweden.rulings import refusal

_LAW = (codes.HSL_16_4, codes.SOL_10_8)


class Reader(Protocol):
    """See `write_rules.Reader`."""

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give the current resource at ``Type/id``."""
        ...

    def search(self, resource_type: str, **tokens: str) -> Iterable[dict[str, Any]]:
        """Give the current resources that match."""
        ...


def consent_is_somebodys(consent: Json) -> Iterator[Issue]:
    """Demand that a consent in force says whose it is (R78): a no that nobody finds can't count.

    Args:
        consent: a Consent of category ``sip``.
    """
    if text(consent, "status") == "active" and not consequences.persons_of(consent):
        yield refusal(
            "The consent must say whose it is: a reference to a Patient on this server "
            "(Patient/[id]).",
            "Consent.patient",
            *_LAW,
        )


def call_is_wanted(task: Json, reader: Reader, now: datetime) -> Iterator[Issue]:
    """Refuse to call who the person does not want at the meeting (R78, R84).

    Args:
        task: a kallelse.
        reader: sees the state that it will join.
        now: an aware datetime.
    """
    if not plan_calls.is_open_task(task):
        return
    person = _here(target(child(task, "for")).literal)
    if not person.startswith("Patient/"):
        yield refusal(
            "A kallelse must say whose meeting it is: a reference to a Patient on this server "
            "(Patient/[id]).",
            "Task.for",
            *_LAW,
        )
        return
    wishes = _Wishes(person, reader, now)
    owner = child(task, "owner")
    if owner and wishes.against(task, owner):
        yield _unwanted("Task.owner")


def participants_are_wanted(meeting: Json, reader: Reader, now: datetime) -> Iterator[Issue]:
    """Refuse a SIP meeting with somebody whom the person does not want there (R78, R84).

    Args:
        meeting: an Appointment.
        reader: sees the state that it will join.
        now: an aware datetime.
    """
    if not plan_calls.is_open_meeting(meeting, now):
        return
    people = set(persons_at(meeting))
    for _, about in items(meeting, "supportingInformation"):
        plan = target(about)
        if plan.resource_type == "CarePlan" and (found := reader.read(plan.literal)):
            people.add(_here(target(child(found, "subject")).literal))
    for person in sorted(each for each in people if each.startswith("Patient/")):
        wishes = _Wishes(person, reader, now)
        for index, participant in items(meeting, "participant"):
            actor = child(participant, "actor")
            if actor and wishes.against(meeting, actor):
                yield _unwanted(f"Appointment.participant[{index}].actor")


def persons_at(meeting: Json) -> list[str]:
    """Give the patients who take part in a meeting, as ``Patient/[id]``."""
    found = (_here(target(child(p, "actor")).literal) for _, p in items(meeting, "participant"))
    return [each for each in found if each.startswith("Patient/")]


class _Wishes:
    """What one person has said of who may take part."""

    def __init__(self, person: str, reader: Reader, now: datetime) -> None:
        self._person = person
        self._reader = reader
        self._now = now
        # Found as this person's, however the reference to them is spelled: a no must count.
        self._given = [
            {**each, "patient": {"reference": person}}
            for each in reader.search("Consent", patient=person, category=SIP_CONSENTS)
        ]
        self._guardians: tuple[str, ...] | None = None

    def against(self, holder: Json, actor: Json) -> bool:
        """Tell whether the person does not want an actor that a resource names."""
        literal = _here(target(actor).literal)
        if not self._given or literal.startswith(("Patient/", "Location/", "Device/")):
            return False
        objects = sharing.objects(
            self._given, target({"reference": self._person}), self._meant(holder, actor), self._now
        )
        return objects and literal not in self._custody()

    def _meant(self, holder: Json, actor: Json) -> list[str]:
        aim, read = target(actor), self._reader.read
        if aim.contained:
            held = follow(alone(holder), actor, read)
            meant = actors.meant_by(held, "", read) if held else []
            known = any("/" in each for each in meant)
        else:
            literal = _here(aim.literal)
            known = literal.startswith(actors.KINDS) and read(literal) is not None
            meant = actors.meanings(literal, read)
        meant = [each for each in (*meant, aim.logical) if each]
        # Nobody can tell whether it is one of those: it may be.
        return meant if known else [*meant, *self._left_out()]

    def _left_out(self) -> Iterator[str]:
        for consent in self._given:
            if text(consent, "status") == "active":
                yield from consents.left_out(child(consent, "provision"))

    def _custody(self) -> tuple[str, ...]:
        if self._guardians is None:
            self._guardians = guardians_of(self._person, self._reader, self._now)
        return self._guardians


def _here(literal: str) -> str:
    """Give ``Type/id`` of an absolute reference too: how it is spelled is no way around."""
    return "/".join(normal(literal).rsplit("/", 2)[-2:]) if "://" in literal else literal


def _unwanted(expression: str) -> Issue:
    return refusal(
        "The person has said no to this actor, or has withdrawn the consent; or it can't be told "
        "who the actor is. Refer to the actor as Type/[id]; ask the person, and record their "
        "consent, before the actor is called.",
        expression,
        *_LAW,
    )
