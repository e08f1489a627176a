"""What the form for a SIP meeting says: the fourteen sections of a SIP, in plain Swedish.

DOMAIN 4.1; R75, R76, R78-R81, R85, R89-R92. The person's own words come before anybody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fhir_server.operations.meetings.form_parts import (
    Block,
    Choice,
    Field,
    Section,
    choices,
    fields,
    listed,
    table,
    written,
)

REGION, KOMMUN = "Regionen", "Kommunen"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose plan it is."""

    name: str = ""
    number: str = ""
    address: str = ""
    phone: str = ""
    guardians: str = ""
    adaptation: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the person has consented to; a child is asked what it thinks itself."""

    permits: bool | None = None
    form: str = ""
    by: str = ""
    day: str = ""
    actors: str = ""
    kinds: str = ""
    period: str = ""
    childs_view: str = ""
    of_child: bool = True


@dataclass(frozen=True, slots=True)
class Meeting:
    """The call to the meeting."""

    initiator: str = ""
    reason: str = ""
    when: str = ""
    place: str = ""
    agenda: tuple[str, ...] = ()
    called: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that somebody does."""

    what: str
    huvudman: str
    who: str
    when: str
    result: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that is known of a plan; what is empty is to be written at the meeting.

    Args:
        person: whose plan it is.
        agreement: the consent.
        meeting: the call.
        now: how things are, in the person's words.
        matters: what matters to the person.
        needs: in plain words.
        goals: goal, whose it is, by when, how far it is reached.
        activities: of region and municipality.
        others: measures by others.
        overall: region or kommun; empty for neither.
        overall_unit: the organisation that answers.
        overall_person: planeringsansvarig, with telephone.
        contacts: kind, name, unit and telephone of the fixed contacts.
        crisis: what to do when the person gets worse.
        follow_up: the day.
        follow_up_by: who calls to it.
        evaluations: day, decision, what was said.
        copies: day, to whom, how.
    """

    person: Person = Person()
    agreement: Agreement = Agreement()
    meeting: Meeting = Meeting()
    now: str = ""
    matters: str = ""
    needs: tuple[str, ...] = ()
    goals: tuple[tuple[str, str, str, str], ...] = ()
    activities: tuple[Activity, ...] = ()
    others: tuple[Activity, ...] = ()
    overall: str = ""
    overall_unit: str = ""
    overall_person: str = ""
    contacts: tuple[tuple[str, str, str], ...] = ()
    crisis: str = ""
    follow_up: str = ""
    follow_up_by: str = ""
    evaluations: tuple[tuple[str, str, str], ...] = ()
    copies: tuple[tuple[str, str, str], ...] = ()


def sections(content: Content) -> tuple[Section, ...]:
    """Give the sections of the form, filled in as far as is known."""
    return tuple(
        Section(number, heading, hint, tuple(make(content)))
        for number, (heading, hint, make) in enumerate(_SECTIONS, 1)
    )


def _person(content: Content) -> list[Block]:
    person = content.person
    return [
        fields(
            Field("Namn", person.name),
            Field("Personnummer", person.number),
            Field("Adress", person.address),
            Field("Telefon", person.phone),
            Field("Vårdnadshavare eller företrädare", person.guardians, wide=True),
            Field("Tolk, hjälpmedel eller annan anpassning", person.adaptation, wide=True),
        )
    ]


def _consent(content: Content) -> list[Block]:
    given = content.agreement
    child = [Field("Barnets egen åsikt", given.childs_view, wide=True)] if given.of_child else []
    return [
        choices(
            "Jag vill ha en SIP, och de som är med får dela uppgifter om mig",
            Choice("Ja", given.permits is True),
            Choice("Nej", given.permits is False),
        ),
        choices(
            "Samtycket är",
            Choice("muntligt", given.form == "muntligt"),
            Choice("skriftligt", given.form == "skriftligt"),
        ),
        fields(
            Field("Lämnat av", given.by),
            Field("Datum", given.day),
            Field("Vilka som får ta del", given.actors, lines=2, wide=True),
            Field("Vilka uppgifter", given.kinds, lines=2, wide=True),
            Field("Gäller från och till", given.period),
            Field("Samtycket taget tillbaka, datum"),
            *child,
        ),
    ]


def _call(content: Content) -> list[Block]:
    meeting = content.meeting
    return [
        fields(
            Field("Vem tog initiativ till planen", meeting.initiator),
            Field("Tid för mötet", meeting.when),
            Field("Plats eller länk", meeting.place, wide=True),
            Field("Varför en plan behövs", meeting.reason, lines=2, wide=True),
        ),
        listed("Frågor och dagordning", meeting.agenda, 0 if meeting.agenda else 3),
    ]


def _participants(content: Content) -> list[Block]:
    columns = (("Namn", 3), ("Roll och organisation", 4), ("Telefon", 3), ("Närvarande", 2))
    called = content.meeting.called
    return [table(columns, called, 2 if called else 7)]


def _situation(content: Content) -> list[Block]:
    return [
        written("Vad är viktigt för mig?", [content.matters], 4),
        written("Så här har jag det nu", [content.now], 4),
        written("Det här fungerar bra, och det här kan jag själv", [], 3),
    ]


def _needs(content: Content) -> list[Block]:
    return [listed("", content.needs, 2 if content.needs else 5)]


def _goals(content: Content) -> list[Block]:
    columns = (("Mål", 5), ("Vems mål", 3), ("Klart senast", 2), ("Uppnått", 2))
    return [table(columns, content.goals, 2 if content.goals else 4)]


_DONE = (
    ("Vad ska göras", 3),
    ("Huvudman", 2),
    ("Vem gör det", 3),
    ("Från och till", 2),
    ("Resultat", 2),
)
_DONE_BY_OTHERS = (("Vad ska göras", 5), ("Vem gör det", 3), ("Från och till", 2), ("Resultat", 2))


def _activities(content: Content) -> list[Block]:
    rows = [(a.what, a.huvudman, a.who, a.when, a.result) for a in content.activities]
    return [table(_DONE, rows, 2 if rows else 6)]


def _others(content: Content) -> list[Block]:
    rows = [(a.what, a.who, a.when, a.result) for a in content.others]
    return [table(_DONE_BY_OTHERS, rows, 2 if rows else 3)]


def _overall(content: Content) -> list[Block]:
    return [
        choices(
            "Ansvarar för helheten",
            Choice(REGION.lower(), content.overall == "region"),
            Choice(KOMMUN.lower(), content.overall == "kommun"),
        ),
        fields(
            Field("Enhet", content.overall_unit),
            Field("Planeringsansvarig, med telefon", content.overall_person),
        ),
    ]


_FIXED_CONTACTS = ("Fast vårdkontakt", "Fast läkarkontakt", "Fast omsorgskontakt")


def _contacts(content: Content) -> list[Block]:
    columns = (("Kontakt", 4), ("Namn", 4), ("Enhet och telefon", 4))
    known = {kind for kind, _, _ in content.contacts}
    missing = [(kind, "", "") for kind in _FIXED_CONTACTS if kind not in known]
    return [table(columns, [*content.contacts, *missing], 0)]


def _crisis(content: Content) -> list[Block]:
    return [written("", [content.crisis], 3)]


def _follow_up(content: Content) -> list[Block]:
    blocks = [
        fields(
            Field("Datum för uppföljningen", content.follow_up),
            Field("Vem som kallar till den", content.follow_up_by),
        )
    ]
    if content.evaluations:
        columns = (("Datum", 3), ("Beslut", 3), ("Vad som sades", 6))
        blocks.append(table(columns, content.evaluations, 0, label="Tidigare uppföljningar"))
    return [
        *blocks,
        choices("Beslut", Choice("Fortsätter"), Choice("Ändras"), Choice("Avslutas")),
        written("Så gick det, och så upplever jag stödet", [], 3),
    ]


def _signatures(content: Content) -> list[Block]:
    columns = (("Namnteckning", 5), ("Namnförtydligande och roll", 5), ("Datum", 2))
    copies = (("Kopia till", 5), ("Hur", 4), ("Datum", 3))
    rows = [(to, how, day) for day, to, how in content.copies]
    return [
        table(columns, [], 3),
        table(copies, rows, 1, label="Planen är lämnad skriftligt"),
    ]


_Make = Callable[[Content], Sequence[Block]]
_SECTIONS: tuple[tuple[str, str, _Make], ...] = (
    ("Personuppgifter", "", _person),
    (
        "Samtycke",
        "Planen görs bara om jag vill. Jag kan ta tillbaka mitt ja när som helst, för alla eller "
        "för vissa.",
        _consent,
    ),
    ("Initiativ och kallelse", "", _call),
    ("Deltagare", "Kryssa i vilka som är med.", _participants),
    ("Nuläge", "Med mina egna ord, eller så nära dem som det går.", _situation),
    ("Behov", "Vad jag behöver hjälp och stöd med.", _needs),
    ("Mål", "Mina mål först, på kort och på lång sikt. Sedan andras.", _goals),
    (
        "Insatser från regionen och kommunen",
        "Minst en insats från var och en. Huvudman är den som ansvarar: regionen eller kommunen.",
        _activities,
    ),
    (
        "Det som andra gör",
        "Till exempel skolan, Försäkringskassan, Arbetsförmedlingen, närstående eller jag själv.",
        _others,
    ),
    ("Ansvar för helheten", "Regionen eller kommunen, aldrig båda.", _overall),
    ("Mina fasta kontakter", "", _contacts),
    (
        "Om jag mår sämre",
        "Tidiga tecken, vad jag själv och andra kan göra, och vem vi ringer.",
        _crisis,
    ),
    ("Uppföljning", "", _follow_up),
    ("Underskrifter och kopia", "Jag får alltid planen skriftligt.", _signatures),
)
