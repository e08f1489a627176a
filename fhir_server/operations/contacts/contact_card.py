"""What the patient's card says: the named contacts in plain Swedish (lättläst).

R10 (who, and how to reach them and the unit), R25, R26, R28, R40, R43–R45, R46, R114, R118. One
value for both the page and the document; its texts are ready to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.operations.contact_ways import LABELS, Way, ways_to
from fhir_server.sweden import codes
from fhir_server.sweden.contact_view import ContactView, Place, Somebody, StandIn
from fhir_server.swedish import Piece

# Whom to ask first when one does not know whom: the contact that coordinates the others (R32).
ORDER = (
    codes.SAMORDNANDE_VARDKONTAKT,
    codes.FAST_VARDKONTAKT,
    codes.FAST_LAKARKONTAKT,
    codes.FAST_OMSORGSKONTAKT,
)
KINDS = {
    codes.FAST_VARDKONTAKT: "Fast vårdkontakt",
    codes.FAST_LAKARKONTAKT: "Fast läkarkontakt",
    codes.FAST_OMSORGSKONTAKT: "Fast omsorgskontakt",
    codes.SAMORDNANDE_VARDKONTAKT: "Fast vårdkontakt som samordnar",
}
# PL 6:2 and prop. 2009/10:67 p. 62; PL 6:3; SoL 10:7; R32.
DUTIES = {
    codes.FAST_VARDKONTAKT: "Hjälper dig med dina kontakter i vården och svarar på dina frågor.",
    codes.FAST_LAKARKONTAKT: (
        "Din läkare. Undersöker dig, ger dig behandling och visar dig rätt i vården."
    ),
    codes.FAST_OMSORGSKONTAKT: "Ser till att din hjälp från hemtjänsten passar dig.",
    codes.SAMORDNANDE_VARDKONTAKT: (
        "Håller ihop all din vård. Ring hit först om du inte vet vem du ska ringa."
    ),
}
# R118: a name that is protected is not printed; R5: one that is missing should be there.
PROTECTED = "Namnet är skyddat och skrivs inte ut."
NAMELESS = "Namnet saknas här. Fråga enheten vem det är."


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who answers when the contact is away (R45).

    Args:
        name: or the profession, where the name is protected.
        about: profession and unit.
        when: the days; empty for always.
        ways: how to reach them.
    """

    name: str
    about: str
    when: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """One named contact.

    Args:
        kind: what sort of contact, in plain words.
        name: empty where it can't be shown; then ``nameless`` says why.
        nameless: see ``name``.
        about: title and place of work.
        duty: what such a contact does.
        tasks: what this one does besides (R25).
        away: that the contact is away, until when, and who answers; empty where that is not so.
        ways: how to reach the contact, nearest first.
        deputies: who answers otherwise.
        responsible: who is medically responsible, where the contact is not (R26).
        notes: what the patient may read; telephone numbers are links.
        other_ways: how to reach the team (R40) and the unit (R10), labelled with their names.
    """

    kind: str
    name: str
    nameless: str
    about: str
    duty: str
    tasks: tuple[str, ...]
    away: str
    ways: tuple[Way, ...]
    deputies: tuple[Deputy, ...]
    responsible: str
    notes: tuple[tuple[Piece, ...], ...]
    other_ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is.

    Args:
        name: empty where it is not to be printed, as for a protected person (R118).
        birth: the date in words; empty for none. The personnummer is never on the card.
    """

    name: str
    birth: str


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card.

    Args:
        holder: whose it is.
        printed: the day, in words.
        contacts: in the order to ask them.
        declined: for each decision, that the patient said no, and when (R7).
        rights: what one may ask for, in sentences.
        outside_hours: what to do when nobody answers; numbers are links.
        emergency: what to do when life is in danger; numbers are links.
    """

    holder: Holder
    printed: str
    contacts: tuple[Contact, ...]
    declined: tuple[str, ...]
    rights: tuple[str, ...]
    outside_hours: tuple[Piece, ...]
    emergency: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What the settings say of every card."""

    outside_hours: str
    emergency: str


def holder(name: str, birth: date | None, *, protected: bool) -> Holder:
    """Give whose card it is; nothing of a protected person (R118)."""
    if protected:
        return Holder("", "")
    return Holder(name, swedish.day(birth) if birth else "")


def card(
    whose: Holder,
    views: Sequence[ContactView],
    refusals: Sequence[tuple[str, datetime | None]],
    at: datetime,
    words: Words,
) -> Card:
    """Give the card.

    Args:
        whose: the patient.
        views: the contacts, as a patient may see them.
        refusals: type of contact that the patient declined, and when.
        at: the moment it is made, in the zone whose days count.
        words: the unit's own.
    """
    zone = at.tzinfo if isinstance(at.tzinfo, ZoneInfo) else ZoneInfo("Europe/Stockholm")
    ordered = sorted(views, key=lambda view: _rank(view.kind))
    return Card(
        holder=whose,
        printed=swedish.day(at.date()),
        contacts=tuple(_contact(view, zone) for view in ordered),
        declined=tuple(_declined(kind, when, zone) for kind, when in refusals),
        rights=_rights({view.kind for view in views}, {kind for kind, _ in refusals}),
        outside_hours=swedish.pieces(words.outside_hours, short=True),
        emergency=swedish.pieces(words.emergency, short=True),
    )


def _rank(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def _contact(view: ContactView, zone: ZoneInfo) -> Contact:
    unit = view.unit or view.person.unit
    ways = ways_to(view.channels, view.person.channels)
    shown = {way.key for way in ways}
    others = [*_ways_to_place(view.team), *_ways_to_place(unit)]
    responsible = view.medically_responsible
    return Contact(
        kind=KINDS.get(view.kind) or swedish.sentence(view.display).rstrip("."),
        name=view.person.name,
        nameless=_nameless(view.person),
        about=_about(view.person, title=view.local_title, unit=unit),
        duty=DUTIES.get(view.kind, ""),
        tasks=tuple(_lowered(task) for task in view.tasks),
        away=_away(view, zone),
        ways=ways,
        deputies=tuple(_deputy(each, zone) for each in _in_order(view)),
        responsible=_called(responsible) if responsible else "",
        notes=tuple(swedish.pieces(note) for note in view.notes if note.strip()),
        other_ways=tuple(way for way in others if way.key not in shown),
    )


def _lowered(text: str) -> str:
    """Give a text with a small letter first, unless it is an abbreviation such as MAS."""
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def _nameless(person: Somebody) -> str:
    if person.name:
        return ""
    return PROTECTED if person.protected else NAMELESS


def _about(person: Somebody, *, title: str = "", unit: Place | None = None) -> str:
    """Give title and place of work: Kontaktsjuksköterska, Neurologmottagningen (R28)."""
    place = unit or person.unit
    parts = [title or person.title, place.name if place else ""]
    about = ", ".join(part for part in parts if part)
    return f"{about[0].upper()}{about[1:]}" if about else ""


def _called(person: Somebody) -> str:
    """Give what to call somebody in a sentence, also without a name."""
    return ", ".join(filter(None, [person.name, _lowered(person.title)])) or "personal"


def _in_order(view: ContactView) -> list[StandIn]:
    """Give the deputies, the one who answers now first (R45)."""
    now = view.answers.reference if view.answers else ""
    return sorted(view.deputies, key=lambda each: each.person.reference != now)


def _deputy(stand_in: StandIn, zone: ZoneInfo) -> Deputy:
    person = stand_in.person
    return Deputy(
        name=person.name or swedish.sentence(person.title or "vikarie").rstrip("."),
        about=_lowered(_about(person)) if person.name else _nameless(person),
        when=swedish.period(stand_in.start, stand_in.end, zone),
        ways=ways_to(stand_in.channels, person.channels),
    )


def _away(view: ContactView, zone: ZoneInfo) -> str:
    """Say that the contact is away, until when as far as that is known, and who answers (R45)."""
    if not view.away:
        return ""
    who = view.person.name or "Kontakten"
    answering = view.answers
    if answering is None:
        place = view.answers_for.name if view.answers_for else ""
        return f"{who} är borta nu. Ring {place or 'enheten'}."
    if answering.reference == view.person.reference:
        return ""
    ends = [d.end for d in view.deputies if d.person.reference == answering.reference and d.end]
    until = swedish.last_day(min(ends), zone) if ends else ""
    gone = f"{who} är borta till och med {until}." if until else f"{who} är borta nu."
    return f"{gone} {answering.name or 'En vikarie'} svarar i stället."


def _ways_to_place(place: Place | None) -> list[Way]:
    """Give the ways to a team or a unit, labelled with its name."""
    if place is None:
        return []
    found = ways_to(place.channels)
    return [replace(way, label=_labelled(place.name, way.label)) for way in found]


def _labelled(name: str, label: str) -> str:
    return f"{name}, {_lowered(label)}" if name and label != LABELS["phone"] else name or label


def _declined(kind: str, when: datetime | None, zone: ZoneInfo) -> str:
    what = KINDS.get(kind, "Kontakt")
    said = f"Du har tackat nej till {_lowered(what)}"
    return f"{said} ({swedish.day(when.astimezone(zone).date())})." if when else f"{said}."


def _rights(kinds: set[str], refused: set[str]) -> tuple[str, ...]:
    """Say what one may ask for, and whom to ask (PL 3:2, 6:2, 6:3, SoL 10:7, R46)."""
    found = []
    if refused:
        found += [
            "Att tacka nej är frivilligt. Du får vård precis som förut.",
            "Du får ändra dig när du vill. Säg det till personalen där du får vård.",
        ]
    if not kinds & set(codes.VARDKONTAKTER):
        found += [
            "Du har rätt till en fast vårdkontakt om du ber om det, eller om du behöver det för "
            "att känna dig trygg och för att vården ska hänga ihop. "
            "Det står i patientlagen, 6\u00a0kapitlet 2\u00a0§.",
            "Fråga på din vårdcentral, din mottagning, din avdelning eller i hemsjukvården.",
        ]
    if codes.FAST_LAKARKONTAKT not in kinds:
        found.append("Du får välja en fast läkarkontakt. Fråga på din vårdcentral.")
    if kinds:
        found.append("Vill du byta kontakt? Säg det till din kontakt eller till enheten.")
    return tuple(found)
