"""What of a samordnad individuell plan an actor may see, by the person's consent.

R78, R94, R100, R110; DOMAIN 0.7. Secrecy holds between the region, the municipality, its boards
and others (offentlighets- och sekretesslagen, OSL, 25 kap. 1 § and 26 kap. 1 §); the person may
lift it (10 kap. 1 § and 12 kap. 2 §). School, and individ- och familjeomsorg for children, have no
direct access (lagen 2022:913): what is told here is what may be handed out to them.

The rule: each of those who consented, and each guardian of a child, must permit it, and no denial
in force may stand against it. A consent that names nobody is for those who take part in the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, consents, periods
from fhir_server.sweden.elements import Json, Target, child, extension, items, target, text
from fhir_server.sweden.rulings import refusal, warning

REGION_CLASS, KOMMUN_CLASS, ANNAN_CLASS = "insatser-region", "insatser-kommun", "insatser-annan"
CLASS_OF_HUVUDMAN = {
    codes.REGION: REGION_CLASS,
    codes.KOMMUN: KOMMUN_CLASS,
    codes.ANNAN: ANNAN_CLASS,
}
DESCRIPTION, NEEDS, HEALTH, GOALS = "beskrivning", "behov", "halsotillstand", "mal"
CONTACTS, FOLLOWING_UP = "kontakter", "uppfoljning"
ALL_CLASSES = frozenset(
    {DESCRIPTION, NEEDS, HEALTH, GOALS, CONTACTS, FOLLOWING_UP, *CLASS_OF_HUVUDMAN.values()}
)
_NOTHING: frozenset[str] = frozenset()
# A consent may also name R4's types, as those of before the project's own kinds did.
_RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
_CLASSES_OF_TYPE = {
    "CarePlan": ALL_CLASSES,
    "Goal": frozenset({GOALS}),
    "CareTeam": frozenset({CONTACTS}),
    "Condition": frozenset({HEALTH}),
}

_SECRECY = (codes.OSL_25_1, codes.OSL_26_1, codes.OSL_12_2)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What an actor may see of a plan.

    Args:
        allowed: whether it may see anything.
        classes: the kinds of information that it may see: codes of ``information-class``.
        until: when this ends at the latest; None where no end is set.
        why: what stands against it, or against some kinds, with paragraphs.
    """

    allowed: bool
    classes: frozenset[str]
    until: datetime | None
    why: tuple[Issue, ...]

    @property
    def whole(self) -> bool:
        """Whether every kind of information may be seen."""
        return self.classes >= ALL_CLASSES


def disclosure(
    plan: Json,
    given: Sequence[Json],
    actor: Sequence[str],
    now: datetime,
    *,
    guardians: Collection[str] = (),
    called: Collection[str] = (),
) -> Disclosure:
    """Say what an actor may see of a plan at a moment (R78, R94, R100).

    Args:
        plan: a CarePlan of category SIP.
        given: the person's Consents; others among them count for nothing.
        actor: what the reader is: its literal references (``Organization/[id]`` and those it is
            part of, ``PractitionerRole/[id]``), and ``system|value`` of their identifiers.
        now: an aware datetime.
        guardians: of a child: each must have consented, and each takes part in what the child
            does, and sees it (R80; föräldrabalken 6 kap. 11 §).
        called: references that take part without standing in the plan, such as those called to
            its meeting (R84, R94).
    """
    person = target(child(plan, "subject"))
    if (person.literal and person.literal in actor) or any(each in actor for each in guardians):
        return Disclosure(True, ALL_CLASSES, None, ())
    in_force = [each for each in given if _in_force(each, person, now)]
    reader = _Reader(frozenset(actor), now, _takes_part(plan, actor, called))
    resting = _resting_on(plan, in_force, given)
    classes, until = _permitted(resting, reader, guardians)
    classes -= _denied(in_force, reader)
    if not classes:
        return Disclosure(False, _NOTHING, None, _why_not(in_force, resting, guardians, plan))
    return Disclosure(True, classes, until, _why_less(classes))


def objects(given: Sequence[Json], person: Target, actor: Sequence[str], now: datetime) -> bool:
    """Tell whether the person does not want an actor to be called to a meeting (R78, R84).

    They said no, to everybody or to this actor; or took back what they had consented to. Where they
    have said nothing yet there is no objection: the law asks for their consent to the plan.

    Args:
        given: the person's Consents; others among them count for nothing.
        person: whose.
        actor: what the actor is, as for `disclosure`.
        now: an aware datetime.
    """
    said = [each for each in given if consents.is_consent_to_sip(each)]
    in_force = [each for each in said if _in_force(each, person, now)]
    reader = _Reader(frozenset(actor), now, takes_part=True)
    if _denied(in_force, reader) >= ALL_CLASSES:
        return True
    permits = [each for each in in_force if consents.facts_from(each).permits]
    if permits:
        return not any(reader.excepted(child(each, "provision")) for each in permits)
    return any(_taken_back(each, now) for each in said)


def classes_of(rule: Json, *, unknown: frozenset[str] = _NOTHING) -> frozenset[str]:
    """Give the kinds of information that a rule of a consent is about; all where it names none.

    Args:
        rule: ``Consent.provision``, or one inside it.
        unknown: what a kind that is not known here stands for.
    """
    named = [each for _, each in items(rule, "class")]
    if not named:
        return ALL_CLASSES
    return frozenset.union(*(_class_of(each, unknown) for each in named))


def _class_of(coding: Json, unknown: frozenset[str]) -> frozenset[str]:
    code = text(coding, "code")
    if coding.get("system") == _RESOURCE_TYPES:
        return _CLASSES_OF_TYPE.get(code, unknown)
    known = coding.get("system") == codes.INFORMATION_CLASS_SYSTEM and code in ALL_CLASSES
    return frozenset({code}) if known else unknown


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who reads, when, and whether it takes part in the plan."""

    actor: frozenset[str]
    now: datetime
    takes_part: bool

    def apply(self, granted: frozenset[str], rule: Json) -> frozenset[str]:
        """Give what is granted after a rule and the exceptions inside it."""
        kind = text(rule, "type")
        if self._concerns(rule, denies=kind != "permit"):
            if kind == "permit":
                granted |= classes_of(rule)
            else:
                granted -= classes_of(rule, unknown=ALL_CLASSES)
        for _, exception in items(rule, "provision"):
            granted = self.apply(granted, exception)
        return granted

    def excepted(self, rule: Json) -> frozenset[str]:
        """Give what a permission leaves this reader, were everybody permitted."""
        granted = ALL_CLASSES
        for _, exception in items(rule, "provision"):
            granted = self.apply(granted, exception)
        return granted

    def _concerns(self, rule: Json, *, denies: bool) -> bool:
        if not periods.read(rule).covers(self.now):
            return False
        named = [target(child(each, "reference")) for _, each in items(rule, "actor")]
        if not named:
            return denies or self.takes_part
        # An exception for somebody who can't be told is kept towards everybody.
        return any(is_one_of(self.actor, aim) or (denies and not aim.key) for aim in named)


def is_one_of(actor: Collection[str], aim: Target) -> bool:
    """Tell whether a reference means an actor, by its place or by its identifier."""
    return bool(aim.literal and aim.literal in actor) or bool(aim.logical and aim.logical in actor)


def _in_force(consent: Json, person: Target, now: datetime) -> bool:
    return consents.is_consent_to_sip(consent) and consents.facts_from(consent).in_force(
        person, now
    )


def _taken_back(consent: Json, now: datetime) -> bool:
    facts = consents.facts_from(consent)
    return facts.permits and (
        facts.status in ("inactive", "rejected")
        or (facts.status == "active" and facts.period.ended(now))
    )


def _resting_on(plan: Json, in_force: Sequence[Json], given: Sequence[Json]) -> list[Json]:
    """Give the consents in force that the plan rests on; all, where it names none yet (R84)."""
    named = {target(each).literal for _, each in items(plan, "supportingInfo")}
    rests = any(f"Consent/{each.get('id')}" in named for each in given)
    return [each for each in in_force if not rests or f"Consent/{each.get('id')}" in named]


def _permitted(
    resting: Iterable[Json], reader: _Reader, guardians: Collection[str]
) -> tuple[frozenset[str], datetime | None]:
    by_giver: dict[str, frozenset[str]] = dict.fromkeys(guardians, _NOTHING)
    ends = []
    for consent in resting:
        rule = child(consent, "provision")
        if not consents.facts_from(consent).permits:
            continue
        granted = reader.apply(_NOTHING, rule)
        for giver in consents.givers(consent):
            by_giver[giver.key] = by_giver.get(giver.key, _NOTHING) | granted
        end = periods.read(rule).end
        if granted and end is not None:
            ends.append(end)
    if not by_giver:
        return _NOTHING, None
    return frozenset.intersection(*by_giver.values()), min(ends, default=None)


def _denied(in_force: Iterable[Json], reader: _Reader) -> frozenset[str]:
    """Give what a denial takes, wherever it is kept: a no must count."""
    denied = _NOTHING
    for consent in in_force:
        rule = child(consent, "provision")
        if text(rule, "type") == "deny" and "permit" not in consents.rule_types(rule):
            denied |= ALL_CLASSES - reader.apply(ALL_CLASSES, rule)
    return denied


def _takes_part(plan: Json, actor: Collection[str], called: Collection[str]) -> bool:
    """Tell whether the reader stands in the plan, or is called to its meeting."""
    if any(each in actor for each in called):
        return True
    return any(is_one_of(actor, target(each)) for each in participants(plan))


def participants(plan: Json) -> Iterator[Json]:
    """Give the references to who takes part: author, units, teams, performers, responsible."""
    yield child(plan, "author")
    yield from (each for _, each in items(plan, "contributor"))
    yield from (each for _, each in items(plan, "careTeam"))
    for _, activity in items(plan, "activity"):
        yield from (each for _, each in items(child(activity, "detail"), "performer"))
    for url, parts in (
        (codes.OVERALL_RESPONSIBLE, ("organization", "person")),
        (codes.FOLLOW_UP, ("responsible",)),
    ):
        for _, found in items(plan, "extension"):
            if found.get("url") == url:
                yield from (child(extension(found, part), "valueReference") for part in parts)


def actors_named(rule: Json) -> Iterator[Json]:
    """Give the references to actors that a rule of a consent and its exceptions name."""
    yield from (child(each, "reference") for _, each in items(rule, "actor"))
    for _, exception in items(rule, "provision"):
        yield from actors_named(exception)


def _why_not(
    in_force: Sequence[Json], resting: Sequence[Json], guardians: Collection[str], plan: Json
) -> tuple[Issue, ...]:
    where = "CarePlan.supportingInfo"
    asked = {giver.key for consent in resting for giver in consents.givers(consent)}
    if any(guardian not in asked for guardian in guardians):
        text_ = "Every guardian of a child must consent, and not all have. Ask those who remain."
        return (refusal(text_, where, codes.FB_6_11, *_SECRECY),)
    if not resting:
        text_ = (
            "The plan does not rest on a consent in force. Ask the person, register the Consent, "
            "and name it in supportingInfo."
        )
        if in_force:
            text_ = (
                "The consents that the plan rests on are not in force; the person has given "
                "another. Name it in supportingInfo."
            )
        return (refusal(text_, where, *_SECRECY),)
    text_ = (
        "The person's consent does not let this actor see the plan. Ask them; until they permit "
        "it, the plan stays hidden from the actor."
    )
    return (refusal(text_, where, codes.OSL_10_1, *_SECRECY),)


def _why_less(classes: frozenset[str]) -> tuple[Issue, ...]:
    hidden = ", ".join(sorted(ALL_CLASSES - classes))
    if not hidden:
        return ()
    text_ = f"The person's consent leaves out what is of the kinds {hidden}."
    return (warning(text_, "CarePlan", codes.OSL_10_1, *_SECRECY),)
