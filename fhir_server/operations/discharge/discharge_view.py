"""What the patient gets in writing at discharge, in plain Swedish (R64; patientlagen 3:2 b).

The summary of the care, who the named contacts are and how to reach them, the time of the SIP
meeting, the plans there are. What the law asks for and is not there yet, it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fhir_server import swedish
from fhir_server.operations import swedish_moments
from fhir_server.operations.parties import lowered
from fhir_server.operations.patientkontrakt.words import PLAN_NAMES
from fhir_server.operations.written import plan_meetings, plan_sections, plan_words
from fhir_server.operations.written.plan_sections import ways_rows
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.operations.written.plan_view import DISCREET, whose
from fhir_server.pages.writing import (
    Block,
    Section,
    Writing,
    entry,
    facts,
    filled,
    numbered,
    row,
    section,
    text,
)
from fhir_server.sweden import codes
from fhir_server.sweden.elements import (
    Json,
    child,
    codings,
    concept_codes,
    concept_words,
    extension,
    items,
)
from fhir_server.sweden.elements import text as string
from fhir_server.sweden.people import name_of
from fhir_server.sweden.periods import read

TITLE = "När du lämnar sjukhuset"
_ATTENDING = "ATND"


@dataclass(frozen=True, slots=True)
class Discharge:
    """What the discharge is told from, beside the stay.

    Args:
        summary: the written summary of the care; empty where there is none yet.
        meetings: the person's SIP meetings that are still to come, nearest first.
        plans: the person's plans in force.
    """

    summary: str
    meetings: Sequence[Json]
    plans: Sequence[Json]


def written(told: Telling, discharge: Discharge) -> Writing:
    """Give the whole document in words.

    Args:
        told: the stay with what it refers to, and when.
        discharge: what belongs to it beside that.
    """
    today = swedish.day(told.now.astimezone(told.zone).date())
    return Writing(
        title=TITLE,
        holder=name_of(told.gathered.patient),
        about=whose(told.gathered.patient, told.zone),
        notices=(DISCREET,) if told.gathered.protected else (),
        state=_state(told.source),
        sections=filled(_sections(told, discharge)),
        made=f"Dokumentet är gjort {today}.",
    )


def _state(stay: Json) -> str:
    if stay.get("status") in ("finished", "entered-in-error"):
        return ""
    return "Preliminärt. Du är inte utskriven än."


def _sections(told: Telling, discharge: Discharge) -> Iterator[Section]:
    yield _stay(told)
    missing = "Sammanfattningen är inte skriven än. Be avdelningen om den."
    yield section("sammanfattning", "Det här har vi gjort", text(discharge.summary or missing))
    yield _contacts(told)
    yield _meetings(told, discharge.meetings)
    yield _plans(told, discharge.plans)
    yield section(
        "om-det-blir-samre",
        "Om du mår sämre",
        numbered(told.emergency),
        numbered(told.outside_hours),
        tone="urgent",
    )
    yield _ward(told)


def _stay(told: Telling) -> Section:
    stay, period = told.source, read(told.source)
    began, ended = child(stay, "period").get("start"), child(stay, "period").get("end")
    unit = told.party(child(stay, "serviceProvider"), stay)
    why = [concept_words(each) for _, each in items(stay, "reasonCode")]
    physicians = [
        child(each, "individual")
        for _, each in items(stay, "participant")
        if _ATTENDING in concept_codes(each, "type", _PARTICIPATION)
    ]
    told_by = [each.short for each in told.named(physicians, stay)]
    to = child(child(stay, "hospitalization"), "dischargeDisposition")
    return section(
        "vardtiden",
        "Din vårdtid",
        facts(
            row("Avdelning", unit.name if unit else ""),
            row("Kom hit", swedish_moments.day_and_hour(began, told.zone)),
            row("Skrevs ut", swedish_moments.day_and_hour(ended, told.zone)),
            row("Väntas åka hem", "" if period.end else _expected(told)),
            row("Varför du kom", swedish.listed([each for each in why if each])),
            row("Vi har behandlat", swedish.listed([lowered(each) for each in _diagnoses(told)])),
            row("Ansvarig läkare", swedish.listed(told_by)),
            row("Du åker till", string(to, "text")),
        ),
        tone="lead",
    )


_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def _expected(told: Telling) -> str:
    """Give the expected time of discharge that was said last (R58)."""
    said = [
        (string(extension(each, "recorded"), "valueDateTime"), extension(each, "time"))
        for _, each in items(told.source, "extension")
        if each.get("url") == codes.EXPECTED_DISCHARGE
    ]
    last = max(said, key=lambda each: each[0], default=("", {}))[1]
    return swedish_moments.day_and_hour(last.get("valueDateTime"), told.zone)


def _diagnoses(told: Telling) -> Iterator[str]:
    for _, each in items(told.source, "diagnosis"):
        reference = child(each, "condition")
        found = told.gathered.found.get(string(reference, "reference"), {})
        if words := concept_words(child(found, "code")) or string(reference, "display"):
            yield words


def _contacts(told: Telling) -> Section:
    """Who the named contacts are, and how to reach them (R10, R64)."""
    blocks = [plan_sections.contact(each) for each in (told.card.contacts if told.card else ())]
    kinds = {each.kind for each in told.card.contacts} if told.card else set()
    if not any(kind.startswith("Fast vårdkontakt") for kind in kinds):
        words = (
            "Ingen fast vårdkontakt är utsedd än. Fråga avdelningen eller din vårdcentral vem det "
            "blir."
        )
        blocks.insert(0, text(words))
    return section("kontakter", "Dina fasta kontakter", *blocks)


def _meetings(told: Telling, meetings: Sequence[Json]) -> Section:
    blocks: list[Block] = [plan_meetings.meeting(told, each) for each in meetings]
    if not blocks:
        needed = {
            string(each, "valueCode")
            for _, each in items(told.source, "extension")
            if each.get("url") == codes.NEEDS_AFTER_DISCHARGE
        }
        both = {codes.REGION, codes.KOMMUN} <= needed
        soon = "Din fasta vårdkontakt kallar till mötet." if both else ""
        words = plan_words.sentences("Ingen tid för SIP-möte är bestämd", soon)
        blocks = [text(words)]
    return section("sip-mote", "Möte om din samordnade plan (SIP)", *blocks)


def _plans(told: Telling, plans: Sequence[Json]) -> Section:
    blocks: list[Block] = []
    for plan in plans:
        kind, title = _kind_of(plan), plan_name(plan)
        author = told.party(child(plan, "author"), plan)
        follow_up = string(extension(extension(plan, codes.FOLLOW_UP), "date"), "valueDate")
        blocks.append(
            entry(
                title,
                kind if kind and not kind.startswith(title) else "",
                row("Skriven", swedish_moments.on_day(plan.get("created"), told.zone)),
                row("Skriven av", author.called if author else ""),
                row("Nästa uppföljning", swedish_moments.weekday(follow_up, told.zone)),
            )
        )
    return section("planer", "Dina planer", *(blocks or [text("Det finns inga planer än.")]))


def plan_name(plan: Json) -> str:
    """Give what a plan is called: its title, or its type."""
    return string(plan, "title") or _kind_of(plan) or "Vård- och omsorgsplan"


def _kind_of(plan: Json) -> str:
    code = next(iter(concept_codes(plan, "category", codes.CARE_PLAN_CATEGORY)), "")
    return PLAN_NAMES.get(code, "")


def _ward(told: Telling) -> Section:
    unit = told.party(child(told.source, "serviceProvider"), told.source)
    if unit is None or not unit.ways:
        return section("fragor", "Frågor om vårdtiden")
    return section(
        "fragor",
        "Frågor om vårdtiden",
        text(f"Ring {unit.name}."),
        facts(*ways_rows(unit)),
    )


def is_patientkontrakt(plan: Json) -> bool:
    """Tell whether a plan is the umbrella over the others (R95), which is a document of its own."""
    concepts = [each for _, each in items(plan, "category")]
    return any(codes.PATIENTKONTRAKT in codings(c, codes.PLAN_CATEGORY_SYSTEM) for c in concepts)
