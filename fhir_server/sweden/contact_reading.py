"""Reads a named contact, as a reader needs it, from its CareTeam and what that refers to.

Give it what is left for an audience (`fhir_server.sweden.audience`): it adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from fhir_server.fhir import json
from fhir_server.sweden import codes, hours, periods
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.contact_view import Channel, ContactView, Hours, Place, Somebody, StandIn
from fhir_server.sweden.elements import (
    Json,
    child,
    concept_codes,
    extension,
    items,
    once,
    target,
    text,
)
from fhir_server.sweden.people import name_of
from fhir_server.sweden.periods import Period
from fhir_server.sweden.references import Held, Read, alone, follow, organization_chain

_NOBODY = Somebody("")
_NEVER = Period(end=datetime.min.replace(tzinfo=periods.STOCKHOLM))


# What a licence without a display is called; see CodeSystem hosp-yrke.
_LICENSED = {
    "LK": "Läkare",
    "SJ": "Sjuksköterska",
    "BM": "Barnmorska",
    "AT": "Arbetsterapeut",
    "FT": "Fysioterapeut",
    "PS": "Psykolog",
    "PT": "Psykoterapeut",
    "HK": "Hälso- och sjukvårdskurator",
    "DT": "Dietist",
    "LG": "Logoped",
}


def titles_of(care_team: Json) -> list[str]:
    """Give the codes of the local titles, such as kontaktsjukskoterska (R28)."""
    return [
        title
        for _, participant in items(care_team, "participant")
        for title in concept_codes(participant, "role", codes.CONTACT_TITLE_SYSTEM)
    ]


def view(care_team: Json, read: Read, moment: datetime) -> ContactView:
    """Give one assignment as it is to be read at a moment.

    Args:
        care_team: a CareTeam of category ``fast-kontakt``.
        read: gives the resource at ``Type/id``, as far as the audience may see it.
        moment: ways to reach somebody that do not hold then are left out.
    """
    held = alone(care_team)
    participant = next((each for _, each in items(care_team, "participant")), {})
    period = periods.read(care_team)
    unit = _first(held, "managingOrganization", read)
    person, role = _somebody(held, child(participant, "member"), read, moment)
    unit = unit or (follow(role, child(role.resource, "organization"), read) if role else None)
    via = child(extension(participant, codes.CONTACT_VIA_TEAM), "valueReference")
    team = follow(held, via, read)
    responsible = child(extension(care_team, codes.MEDICALLY_RESPONSIBLE), "valueReference")
    kind = kind_of(care_team)
    return ContactView(
        reference=_reference(care_team),
        kind=kind,
        display=codes.CONTACT_TYPE_DISPLAYS.get(kind, ""),
        local_title=_local_title(care_team),
        status=text(care_team, "status"),
        start=period.start,
        end=period.end,
        person=person,
        channels=channels(care_team, moment),
        unit=place(unit.resource, moment) if unit else None,
        care_giver=_care_giver(unit, read, moment),
        team=place(team.resource, moment) if team else None,
        deputies=tuple(_deputies(held, participant, read, moment)),
        medically_responsible=_somebody(held, responsible, read, moment)[0]
        if responsible
        else None,
        tasks=tuple(_tasks(care_team)),
        notes=_notes(care_team),
        internal_notes=_internal_notes(care_team),
        end_reason=_words(child(extension(care_team, codes.END_REASON), "valueCodeableConcept")),
    )


def channels(element: Json, moment: datetime) -> tuple[Channel, ...]:
    """Give the ways to reach somebody that hold at a moment, by rank, then as listed."""
    return _held_at(once(element, _ways), moment)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to reach somebody, and when it holds."""

    channel: Channel
    held: Period


def _ways(element: Json) -> tuple[_Way, ...]:
    return _ways_among(each for _, each in items(element, "telecom"))


def _ways_among(telecoms: Iterable[Json]) -> tuple[_Way, ...]:
    found = [
        (telecom.get("rank", 1_000_000), _Way(_channel(telecom), periods.read(telecom)))
        for telecom in telecoms
        if text(telecom, "value") and telecom.get("use") != "old"
    ]
    return tuple(way for _, way in sorted(found, key=lambda each: each[0]))


def _held_at(ways: tuple[_Way, ...], moment: datetime) -> tuple[Channel, ...]:
    return tuple(way.channel for way in ways if way.held.covers(moment))


def place(resource: Json, moment: datetime) -> Place:
    """Give an Organization, or a CareTeam of category team, as a place to turn to."""
    always = once(resource, _place)
    ways = once(resource, _ways)
    return replace(always, channels=_held_at(ways, moment)) if ways else always


def _place(resource: Json) -> Place:
    """Give a place without the ways to it, which depend on the moment."""
    return Place(
        reference=_reference(resource),
        name=text(resource, "name"),
        hsa_id=hsa_id(resource),
        notes=_notes(resource),
        internal_notes=_internal_notes(resource),
    )


def care_giver(chain: list[Json]) -> Json | None:
    """Give the vårdgivare among an organization and those it is part of.

    The nearest that is a legal body (has an organisationsnummer) with an HSA-id; above it may be
    the huvudman, who is another (R112). Where none says so much: the one at the top.
    """
    for organization in chain:
        if once(organization, _is_care_giver):
            return organization
    return chain[-1] if chain else None


def _is_care_giver(organization: Json) -> bool:
    systems = {identifier.get("system") for _, identifier in items(organization, "identifier")}
    return codes.ORGANISATIONSNUMMER in systems and bool(hsa_id(organization))


def hsa_id(resource: Json) -> str:
    """Give the HSA-id, in either system; empty where there is none."""
    return once(resource, _hsa_id)


def _hsa_id(resource: Json) -> str:
    for _, identifier in items(resource, "identifier"):
        if identifier.get("system") in codes.HSA_ID_SYSTEMS and text(identifier, "value"):
            return text(identifier, "value")
    return ""


def somebody(reference: Json, holder: Json, read: Read, moment: datetime) -> Somebody:
    """Give the member of staff that a Reference in a resource means.

    Args:
        reference: to a PractitionerRole or a Practitioner.
        holder: the resource it stands in.
        read: gives the resource at ``Type/id``, as far as the audience may see it.
        moment: ways to reach somebody that do not hold then are left out.
    """
    return _somebody(alone(holder), reference, read, moment)[0]


def _somebody(
    held: Held, reference: Json, read: Read, moment: datetime
) -> tuple[Somebody, Held | None]:
    aim, found = target(reference), follow(held, reference, read)
    if found is None:
        return Somebody(aim.literal), None
    if found.resource.get("resourceType") == "Practitioner":
        return _described(aim.literal, {}, found, None, moment), None
    practitioner = follow(found, child(found.resource, "practitioner"), read)
    unit = follow(found, child(found.resource, "organization"), read)
    at = place(unit.resource, moment) if unit else None
    return _described(aim.literal, found.resource, practitioner, at, moment), found


def _described(
    reference: str, role: Json, named: Held | None, unit: Place | None, moment: datetime
) -> Somebody:
    person: Json = named.resource if named else {}
    # What is contained has no label of its own (dom-5).
    protected = named is not None and (once(person, is_protected) or once(named.root, is_protected))
    position, own = once(role, _position), once(person, _position)
    return Somebody(
        reference=reference,
        name="" if protected else once(person, name_of),
        title=position.title or own.qualification,
        hsa_id=hsa_id(person),
        channels=channels(role, moment) + _held_at(own.at_work, moment),
        unit=unit,
        protected=protected,
        hours=position.hours,
        absences=position.absences,
        held=position.held if position.in_use and own.in_use else _NEVER,
    )


@dataclass(frozen=True, slots=True)
class _Position:
    """What a PractitionerRole or a Practitioner says of itself, whatever the moment."""

    title: str
    qualification: str
    at_work: tuple[_Way, ...]
    hours: tuple[Hours, ...]
    absences: tuple[Period, ...]
    held: Period
    in_use: bool


def _position(resource: Json) -> _Position:
    own = (each for _, each in items(resource, "telecom") if each.get("use") == "work")
    return _Position(
        title=_title(resource),
        qualification=_title(resource, "qualification"),
        at_work=_ways_among(own),
        hours=hours.of_role(resource),
        absences=hours.absences(resource),
        held=periods.read(resource),
        in_use=resource.get("active") is not False,
    )


def _title(element: Json, name: str = "code") -> str:
    concepts = [concept for _, concept in items(element, name)]
    if name == "qualification":
        concepts = [child(each, "code") for each in concepts]
    return next((words for each in concepts if (words := _words(each))), "")


def _words(concept: Json) -> str:
    displays = [text(coding, "display") for _, coding in items(concept, "coding")]
    named = [_of_code(coding) for _, coding in items(concept, "coding")]
    return next(filter(None, [text(concept, "text"), *displays, *named]), "")


def _of_code(coding: Json) -> str:
    code = text(coding, "code")
    return _LICENSED.get(code, code) if coding.get("system") in codes.HOSP_SYSTEMS else code


def _local_title(care_team: Json) -> str:
    for _, participant in items(care_team, "participant"):
        for _, role in items(participant, "role"):
            for _, coding in items(role, "coding"):
                if coding.get("system") not in codes.CONTACT_TYPE_SYSTEMS:
                    return _words({"coding": [coding]})
            if text(role, "text") not in ("", *codes.CONTACT_TYPE_DISPLAYS.values()):
                return text(role, "text")
    return ""


def _first(held: Held, name: str, read: Read) -> Held | None:
    references = (reference for _, reference in items(held.resource, name))
    return next((found for each in references if (found := follow(held, each, read))), None)


def _care_giver(unit: Held | None, read: Read, moment: datetime) -> Place | None:
    found = care_giver(list(organization_chain(unit, read)))
    return place(found, moment) if found is not None else None


def _deputies(held: Held, participant: Json, read: Read, moment: datetime) -> Iterator[StandIn]:
    for _, found in items(participant, "extension"):
        if found.get("url") != codes.DEPUTY:
            continue
        period = periods.read(extension(found, "period"), "valuePeriod")
        if period.ended(moment):
            continue
        member = child(extension(found, "member"), "valueReference")
        parts = [part for _, part in items(found, "extension") if part.get("url") == "telecom"]
        telecom = {"telecom": [child(part, "valueContactPoint") for part in parts]}
        person, _ = _somebody(held, member, read, moment)
        yield StandIn(person, period.start, period.end, channels(telecom, moment))


def _channel(telecom: Json) -> Channel:
    return _channel_of(json.dump(telecom))


# The ways to units and staff are the same again and again, and writing one costs a tenth of reading
# it.
@lru_cache(maxsize=1024)
def _channel_of(body: bytes) -> Channel:
    telecom = json.parse(body)
    return Channel(
        system=text(telecom, "system") or "other",
        value=text(telecom, "value"),
        use=text(telecom, "use"),
        hours=hours.of_contact_point(telecom),
        note=" ".join(_about(telecom)),
    )


def _about(telecom: Json) -> Iterator[str]:
    """Say how a way is answered, and what else to know about it (R43)."""
    answer = extension(telecom, codes.CONTACT_ANSWER)
    if extension(answer, "callBack").get("valueBoolean") is True:
        yield "Lämna ditt nummer, så blir du uppringd."
    days = extension(answer, "days").get("valuePositiveInt")
    if isinstance(days, int):
        yield f"Du får svar inom {days} {'dag' if days == 1 else 'dagar'}."
    if note := text(extension(telecom, codes.CONTACT_NOTE), "valueString"):
        yield note


def _tasks(care_team: Json) -> Iterator[str]:
    for _, each in items(care_team, "extension"):
        if each.get("url") == codes.CONTACT_TASK:
            yield _words(child(each, "valueCodeableConcept"))


def _notes(resource: Json) -> tuple[str, ...]:
    notes = [text(note, "text") for _, note in items(resource, "note")]
    return tuple(filter(None, notes))


def _internal_notes(resource: Json) -> tuple[str, ...]:
    notes = [
        text(child(each, "valueAnnotation"), "text")
        for _, each in items(resource, "extension")
        if each.get("url") == codes.INTERNAL_NOTE
    ]
    return tuple(filter(None, notes))


def _reference(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"
