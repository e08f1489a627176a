"""The sections of the written plan: what the person says, what is to be done, who does it."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server import swedish
from fhir_server.operations import swedish_moments
from fhir_server.operations.contact_ways import Way
from fhir_server.operations.contacts.contact_card import Contact, Deputy
from fhir_server.operations.parties import Party
from fhir_server.operations.written import plan_words
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.pages.writing import (
    Block,
    Row,
    Section,
    bullets,
    entry,
    facts,
    heading,
    numbered,
    quote,
    row,
    section,
    text,
)
from fhir_server.sweden import codes
from fhir_server.sweden.elements import (
    Json,
    child,
    codings,
    concept_words,
    extension,
    items,
    target,
)
from fhir_server.sweden.elements import text as string
from fhir_server.sweden.references import alone, follow

_GOAL_CODES = "http://terminology.hl7.org/CodeSystem/goal-achievement"
_HUVUDMEN = (
    (codes.REGION, "Regionen gör"),
    (codes.KOMMUN, "Kommunen gör"),
    (codes.ANNAN, "Du själv, närstående och andra gör"),
    ("", "Inte bestämt vem som ansvarar"),
)
_MISSING = {
    codes.REGION: "Här står inget om vad regionen ska göra.",
    codes.KOMMUN: "Här står inget om vad kommunen ska göra.",
}


def own_words(told: Telling) -> Section:
    """The person's own words (R89, R96)."""
    plan = told.source
    matters = string(extension(plan, codes.WHAT_MATTERS), "valueString")
    situation = string(plan, "description")
    now = "Så ser det ut nu"
    if not matters:
        return section("viktigt-for-mig", now, quote(situation), tone="own")
    return section(
        "viktigt-for-mig",
        "Det här är viktigt för mig",
        quote(matters),
        *((heading(now), text(situation)) if situation else ()),
        tone="own",
    )


def needs(told: Telling) -> Section:
    """What the person needs."""
    said = [
        string(each, "valueString")
        for _, each in items(told.source, "extension")
        if each.get("url") == codes.SIP_NEED
    ]
    return section("behov", "Det här behövs", bullets(filter(None, said)))


def goals(told: Telling) -> Section:
    """What is to be reached, in whose words, by when, and how far it has come (R89, R92)."""
    return section("mal", "Mål", *_goals(told))


def _goals(told: Telling) -> Iterator[Block]:
    numbered_goals = _numbers(told)
    for reference, goal in told.referred("goal", "Goal"):
        words = string(child(goal, "description"), "text") or string(reference, "display")
        number = numbered_goals.get(target(reference).key, 0)
        whose = told.party(child(goal, "expressedBy"), goal)
        due = next((each.get("dueDate") for _, each in items(goal, "target")), None)
        reached = codings(child(goal, "achievementStatus"), _GOAL_CODES)
        said = plan_words.ACHIEVEMENT.get(reached[0], "") if reached else ""
        known = said or concept_words(child(goal, "achievementStatus"))
        since = swedish_moments.on_day(goal.get("statusDate"), told.zone)
        yield entry(
            f"Mål {number}: {words}" if len(numbered_goals) > 1 else words,
            "",
            row("Vems mål", whose.short if whose else ""),
            row("Senast", swedish_moments.on_day(due, told.zone)),
            row("Hur det går", f"{known} ({since})" if known and since else known),
            row("Anteckning", " ".join(string(each, "text") for _, each in items(goal, "note"))),
        )


def _numbers(told: Telling) -> dict[str, int]:
    found = [target(reference).key for reference, _ in told.referred("goal", "Goal")]
    return {key: number for number, key in enumerate(found, 1)}


def activities(told: Telling, *, missing: bool) -> Section:
    """Who does what, by huvudman (R76, R87).

    Args:
        told: what is told.
        missing: whether to say that a huvudman has nothing to do, as a SIP must have.
    """
    by_huvudman: dict[str, list[Block]] = {huvudman: [] for huvudman, _ in _HUVUDMEN}
    for _, activity in items(told.source, "activity"):
        huvudman = string(extension(activity, codes.HUVUDMAN), "valueCode")
        block = _activity(told, activity)
        if block:
            by_huvudman[huvudman if huvudman in by_huvudman else ""].append(block)
    blocks: list[Block] = []
    for huvudman, title in _HUVUDMEN:
        found = by_huvudman[huvudman]
        lacks = missing and huvudman in _MISSING and told.recipient is None
        if found or lacks:
            # Whoever else reads is not the person.
            said = title if told.recipient is None else title.replace("Du", "Personen")
            blocks += [heading(said), *(found or [text(_MISSING[huvudman])])]
    return section("vem-gor-vad", "Vem gör vad", *blocks)


def _activity(told: Telling, activity: Json) -> Block | None:
    plan, detail = told.source, child(activity, "detail")
    what = (
        string(detail, "description")
        or concept_words(child(detail, "code"))
        or _elsewhere(told, child(activity, "reference"))
    )
    if not what or string(detail, "status") == "entered-in-error":
        return None
    doers = told.named((each for _, each in items(detail, "performer")), plan)
    outcome = [concept_words(e) for _, e in items(activity, "outcomeCodeableConcept")]
    progress = [plan_words.sentences(_dated(told, each)) for _, each in items(activity, "progress")]
    return entry(
        swedish.sentence(what).removesuffix("."),
        "",
        *_doers(doers),
        row("När", plan_words.scheduled(detail, told.zone)),
        row("Läget", _status(detail)),
        row("Hör till", _serves(told, detail)),
        row("Resultat", plan_words.sentences(*outcome)),
        row("Så har det gått", " ".join(progress)),
    )


def _elsewhere(told: Telling, reference: Json) -> str:
    """Give what is to be done, of an activity that is a resource of its own."""
    found = follow(alone(told.source), reference, told.gathered.found.get)
    said: Json = found.resource if found else {}
    known = string(said, "description") or concept_words(child(said, "code"))
    return known or string(reference, "display")


def _doers(doers: tuple[Party, ...]) -> Iterator[Row | None]:
    for party in doers:
        yield row("Vem", party.called)
        way = next((each for each in party.ways if each.href.startswith("tel:")), None)
        yield as_row(way) if way else None


def _status(detail: Json) -> str:
    if detail.get("doNotPerform") is True:
        return "ska inte göras"
    said = plan_words.ACTIVITY.get(string(detail, "status"), "")
    why = concept_words(child(detail, "statusReason"))
    return f"{said}: {why}" if said and why else said


def _serves(told: Telling, detail: Json) -> str:
    numbers = _numbers(told)
    if len(numbers) < 2:
        return ""
    served = {numbers.get(target(each).key, 0) for _, each in items(detail, "goal")} - {0}
    return f"mål {swedish.listed([str(number) for number in sorted(served)])}" if served else ""


def _dated(told: Telling, annotation: Json) -> str:
    day = swedish_moments.on_day(annotation.get("time"), told.zone)
    return ": ".join(filter(None, [day, string(annotation, "text")]))


def contacts(told: Telling) -> Section:
    """The named contacts, as on the patient's card (DOMAIN 4.1, 11)."""
    shown = told.card.contacts if told.card and told.sees("kontakter") else ()
    return section("kontakter", "Fasta kontakter", *(contact(each) for each in shown))


def contact(each: Contact) -> Block:
    """Give one named contact: who, what for, how and when to reach them."""
    name = f"{each.kind}: {each.name}" if each.name else each.kind
    about = " ".join(filter(None, [each.nameless, each.about]))
    return entry(
        name,
        about,
        row("Just nu", each.away),
        *(as_row(way) for way in each.ways[:3]),
        *(_labelled("Annars", way.label, way) for way in each.other_ways[:2]),
        *(_stand_in(who) for who in each.deputies),
    )


def _stand_in(who: Deputy) -> Row | None:
    said = ", ".join(filter(None, [who.name, who.about, who.when]))
    return _labelled("Ersättare", said, who.ways[0]) if who.ways else row("Ersättare", said)


def _labelled(label: str, words: str, way: Way) -> Row:
    """Give a fact whose words end with a number to ring."""
    shown = as_row(way)
    return Row(label, (swedish.Piece(f"{words}, "), *shown.pieces))


def worse(told: Telling) -> Section:
    """What to do when it gets worse: the person's crisis plan, then what holds for everybody."""
    crisis = string(extension(told.source, codes.CRISIS_PLAN), "valueString")
    return section(
        "om-det-blir-samre",
        "Om du mår sämre",
        text(crisis) if crisis and told.sees("halsotillstand") else None,
        numbered(told.emergency),
        numbered(told.outside_hours),
        tone="urgent",
    )


def follow_ups(told: Telling) -> Section:
    """When the plan is followed up, by whom, and what was found before (R92)."""
    plan = told.source
    coming = extension(plan, codes.FOLLOW_UP)
    who = told.party(child(extension(coming, "responsible"), "valueReference"), plan)
    day = string(extension(coming, "date"), "valueDate")
    blocks = [
        facts(
            row("Nästa gång", swedish_moments.planned(day, told.now, told.zone)),
            row("Ansvarig", who.short if who else ""),
            *(as_row(way) for way in (who.ways[:1] if who else ())),
        )
    ]
    held = [e for _, e in items(plan, "extension") if e.get("url") == codes.PLAN_EVALUATION]
    held.sort(key=lambda each: string(extension(each, "at"), "valueDateTime"), reverse=True)
    blocks += [_evaluation(told, each) for each in held]
    return section("uppfoljning", "Uppföljning", *blocks)


def _evaluation(told: Telling, each: Json) -> Block:
    day = swedish_moments.on_day(extension(each, "at").get("valueDateTime"), told.zone)
    who = told.party(child(extension(each, "by"), "valueReference"), told.source)
    decision = plan_words.DECISION.get(string(extension(each, "decision"), "valueCode"), "")
    return entry(
        f"Uppföljning {day}",
        "",
        row("Beslut", decision),
        row("Vad som sades", string(extension(each, "text"), "valueString")),
        row("Ledde mötet", who.short if who else ""),
    )


def health(told: Telling) -> Section:
    """Conditions the plan takes account of."""
    named = [
        concept_words(child(condition, "code")) or string(reference, "display")
        for reference, condition in told.referred("addresses", "Condition")
    ]
    return section("halsa", "Hälsa", bullets(filter(None, named)))


def other_plans(told: Telling) -> Section:
    """Plans that this one links to and does not repeat (R85, R86)."""
    named = [
        string(plan, "title") or string(reference, "display")
        for reference, plan in told.referred("supportingInfo", "CarePlan")
    ]
    return section("andra-planer", "Andra planer som hör ihop med den här", bullets(named))


def ways_rows(party: Party, most: int = 3) -> tuple[Row, ...]:
    """Give the ways to reach somebody as facts."""
    return tuple(as_row(way) for way in party.ways[:most])


def as_row(way: Way) -> Row:
    """Give a way to reach somebody as a fact: the number is a link, hours and note follow."""
    more = ", ".join(filter(None, [way.when, way.note]))
    after = (swedish.Piece(f", {more}"),) if more else ()
    return Row(way.label, (swedish.Piece(way.text, way.href), *after))
