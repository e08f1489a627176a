"""The meetings of a plan, and who takes part (R66, R79, R91)."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server import swedish
from fhir_server.operations import swedish_moments
from fhir_server.operations.parties import YOU, Party
from fhir_server.operations.written import plan_words
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.pages.writing import Block, Row, Section, entry, people, row, section
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, concept_words, extension, items, target, text
from fhir_server.sweden.references import alone, follow

_OVER = ("fulfilled", "noshow")
_OFF = ("cancelled", "entered-in-error")
_TITLE = "Andra som är med i planen"


def meetings(told: Telling) -> Section:
    """All meetings, the next one first, then those that were."""
    found = _appointments(told)
    coming = [each for each in found if _is_coming(told, each)]
    past = [each for each in reversed(found) if not _is_coming(told, each)]
    blocks = [meeting(told, each) for each in (*coming, *past)]
    return section("moten", "Möten", *(blocks if told.sees("kontakter") else ()))


def next_meeting(told: Telling) -> Row | None:
    """Give when the next meeting is, as a fact; None for none."""
    coming = [each for each in _appointments(told) if _is_coming(told, each)]
    if not coming or not told.sees("kontakter"):
        return None
    first = coming[0]
    return row(
        "Nästa möte", swedish_moments.occasion(first.get("start"), first.get("end"), told.zone)
    )


def meeting(told: Telling, each: Json) -> Block:
    """Give one meeting: when, where, what about, who was called and what they said."""
    when = swedish_moments.occasion(each.get("start"), each.get("end"), told.zone)
    off = each.get("status") in _OFF
    why = concept_words(child(each, "cancelationReason"))
    status = plan_words.sentences("Inställt", why) if off else ""
    over = not off and not _is_coming(told, each)
    return entry(
        f"{'Möte' if over else 'SIP-möte'} {when}" if when else "SIP-möte, tiden är inte bestämd",
        status,
        row("Läget", "" if over or off else plan_words.MEETING.get(text(each, "status"), "")),
        *_where(told, each),
        row("Om", text(each, "description")),
        row("Frågor", swedish.listed([concept_words(q) for _, q in items(each, "reasonCode")])),
        row("Att tänka på", "" if over or off else text(each, "patientInstruction")),
        row("Kallade", "" if off else _all_called(told, each, over=over)),
    )


def _where(told: Telling, each: Json) -> Iterator[Row | None]:
    """Say where it is; never the home of somebody whose address is protected (R118)."""
    form = text(extension(each, codes.MEETING_FORM), "valueCode")
    places = swedish_moments.places_of(each, told.gathered.patient)
    links = [place for place in places if "://" in place]
    said = plan_words.MEETING_FORM.get(form, "")
    where = [said if told.recipient is None else said.removesuffix(" hos dig")]
    where += [place for place in places if place not in links]
    yield row("Var", ". ".join(filter(None, where)))
    for link in links:
        yield Row("Länk", (swedish.Piece(link, link if link.startswith("https://") else ""),))


def _all_called(told: Telling, each: Json, *, over: bool) -> str:
    said = swedish.listed(list(_called(told, each, over=over)))
    return f"{said[:1].upper()}{said[1:]}"


def _called(told: Telling, each: Json, *, over: bool) -> Iterator[str]:
    for _, participant in items(each, "participant"):
        party = told.party(child(participant, "actor"), each)
        if party is None:
            continue
        status = text(participant, "status")
        answer = plan_words.ANSWER.get(status, "")
        if over:
            answer = "kunde inte komma" if status == "declined" else ""
        name = "du" if party.name == YOU else party.name
        yield f"{name} ({answer})" if answer and party.kind != "Patient" else name


def participants(told: Telling) -> Section:
    """Those who take part, and how to reach them (R91; DOMAIN 4.1, 4)."""
    plan = told.source
    found: dict[str, Party] = {}
    for each in _appointments(told):
        if each.get("status") not in _OFF:
            actors = (child(one, "actor") for _, one in items(each, "participant"))
            found |= {party.key: party for party in told.named(actors, each)}
    performers = [
        one
        for _, activity in items(plan, "activity")
        for _, one in items(child(activity, "detail"), "performer")
    ]
    author = child(plan, "author")
    contributors = [each for _, each in items(plan, "contributor")]
    for party in told.named([author, *contributors, *performers], plan):
        found.setdefault(party.key, party)
    contacts = {each.name for each in told.card.contacts} if told.card else set()
    shown = [
        each for each in found.values() if each.kind != "Patient" and each.name not in contacts
    ]
    words = people(_line(party) for party in shown)
    return section("deltagare", _TITLE, words if told.sees("kontakter") else None)


def _line(party: Party) -> tuple[swedish.Piece, ...]:
    """Give who it is and how to reach them in one line."""
    numbers = [way for way in party.ways if way.href][:1]
    ways = [swedish.Piece(way.text, way.href) for way in numbers]
    after = f", {party.about}" if party.about else ""
    after += "\n" if ways else ""
    return (swedish.Piece(party.name), swedish.Piece(after), *ways)


def _appointments(told: Telling) -> list[Json]:
    references = [
        child(each, "valueReference")
        for _, each in items(told.source, "extension")
        if each.get("url") == codes.SIP_MEETING_LINK
    ]
    holder = alone(told.source)
    found = {
        target(each).key: held.resource
        for each in references
        if (held := follow(holder, each, told.gathered.found.get))
        and held.resource.get("resourceType") == "Appointment"
    }
    return sorted(found.values(), key=lambda each: text(each, "start"))


def _is_coming(told: Telling, each: Json) -> bool:
    if each.get("status") in (*_OVER, *_OFF):
        return False
    start = swedish_moments.first_of(each.get("end") or each.get("start"))
    return start is None or start > told.now
