"""The sections of the written plan on what it rests on: consent, origin, rights, signatures."""

from __future__ import annotations

from fhir_server import swedish
from fhir_server.operations import swedish_moments
from fhir_server.operations.parties import YOU, Party
from fhir_server.operations.written import plan_words
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.pages.writing import (
    Block,
    Section,
    bullets,
    facts,
    heading,
    lines,
    row,
    section,
    text,
)
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items
from fhir_server.sweden.elements import text as string
from fhir_server.sweden.guardians import is_child

# A plan that is over is read for what was agreed.
OVER = ("completed", "revoked", "entered-in-error")
_OF_ADULTS = (
    "Planen är frivillig. Den görs bara om du vill.",
    "Du bestämmer vilka som är med och vad de får veta. Du kan ändra dig när du vill, också ta "
    "tillbaka hela ditt samtycke. Säg det till någon som är med i planen.",
    "Planen görs tillsammans med dig. Närstående får vara med om du vill.",
)
# Patientlagen 4:3, föräldrabalken 6:11.
_OF_CHILDREN = (
    "Planen är frivillig. Den görs bara om dina vårdnadshavare säger ja.",
    "Du ska få veta vad som planeras och får säga vad du tycker. Ju äldre och mognare du är, desto "
    "mer väger det du säger.",
    "Dina vårdnadshavare bestämmer vilka som är med och vad de får veta. De kan ändra sig när de "
    "vill, också ta tillbaka hela samtycket. Säg det till någon som är med i planen.",
)


def consent(told: Telling) -> Section:
    """The consent the plan rests on, told to the person only (R75, R78, R80)."""
    if told.recipient is not None:
        return section("samtycke", "Samtycke")
    found = [each for _, each in told.referred("supportingInfo", "Consent")]
    return section("samtycke", "Samtycke", *(_consent(told, each) for each in found))


def _consent(told: Telling, given: Json) -> Block:
    rule = child(given, "provision")
    form = plan_words.CONSENT_FORM.get(string(extension(given, codes.CONSENT_FORM), "valueCode"))
    by = told.named((each for _, each in items(given, "performer")), given)
    actors = [child(each, "reference") for _, each in items(rule, "actor")]
    kinds = [
        plan_words.INFORMATION[code]
        for _, each in items(rule, "class")
        if each.get("system") == codes.INFORMATION_CLASS_SYSTEM
        and (code := string(each, "code")) in plan_words.INFORMATION
    ]
    period = plan_words.scheduled({"scheduledPeriod": rule.get("period", {})}, told.zone)
    child_said = string(extension(extension(given, codes.CHILDS_VIEW), "view"), "valueString")
    day = swedish_moments.on_day(given.get("dateTime"), told.zone)
    withdrawn = given.get("status") in ("inactive", "rejected", "entered-in-error")
    return facts(
        row("Läget", "Samtycket är taget tillbaka eller gäller inte." if withdrawn else ""),
        row("Lämnat", ", ".join(filter(None, [day, form]))),
        row("Av", swedish.listed([each.name for each in by])),
        row("De som får läsa", "; ".join(each.name for each in told.named(actors, given))),
        row("Vad de får läsa", swedish.listed(kinds)),
        row("Gäller", period),
        row("Barnet säger", child_said),
    )


def about_the_plan(told: Telling) -> Section:
    """Who proposed the plan, who wrote it, who got a copy (R81, R82, R93)."""
    plan = told.source
    starter = told.party(child(extension(plan, codes.SIP_INITIATOR), "valueReference"), plan)
    author = told.party(child(plan, "author"), plan)
    copies = [
        _copy(told, each)
        for _, each in items(plan, "extension")
        if each.get("url") == codes.COPY_GIVEN
    ]
    notes = [string(each, "text") for _, each in items(plan, "note")]
    rows = [
        row("Föreslogs av", starter.called if starter else ""),
        row("Skriven av", author.called if author else ""),
        row("Skriven", swedish_moments.on_day(plan.get("created"), told.zone)),
        row("Ersätter", "en tidigare version av planen" if plan.get("replaces") else ""),
        *(row("Kopia", each) for each in copies),
    ]
    said = [text(each) for each in notes if each]
    return section("om-planen", "Om planen", facts(*rows), *said)


def _copy(told: Telling, each: Json) -> str:
    whom = told.party(child(extension(each, "to"), "valueReference"), told.source)
    how = plan_words.CHANNEL.get(string(extension(each, "channel"), "valueCode"), "")
    day = swedish_moments.on_day(extension(each, "at").get("valueDateTime"), told.zone)
    return " ".join(filter(None, [f"till {_you(whom)}" if whom else "", day, how]))


def _you(party: Party) -> str:
    return "dig" if party.name == YOU else party.name


def rights(told: Telling, *, sip: bool) -> Section:
    """What the person may ask for (R78, R79, R81); said to the person only."""
    if told.recipient is not None or not sip:
        return section("ratt", "Din rätt")
    return section(
        "ratt",
        "Din rätt",
        bullets(_OF_CHILDREN if is_child(told.gathered.patient, told.now) else _OF_ADULTS),
        text(
            "Vill du ändra något, eller blir det inte som det står här? Ring den som ansvarar för "
            "planen eller din fasta vårdkontakt."
        ),
        text(
            "Lagarna om SIP: hälso- och sjukvårdslagen (2017:30) 16\u00a0kap. 4\u00a0§ och "
            "socialtjänstlagen (2025:400) 10\u00a0kap. 8–9\u00a0§§."
        ),
    )


def signatures(told: Telling) -> Section:
    """Lines to sign on, where they are asked for (DOMAIN 4.1, 14); nobody signs what is over."""
    if not told.signatures or told.source.get("status") in OVER:
        return section("underskrift", "Underskrifter")
    labels = ("Namnteckning", "Namnförtydligande", "Datum")
    guardians = [
        party
        for _, given in told.referred("supportingInfo", "Consent")
        for party in told.named((each for _, each in items(given, "performer")), given)
        if party.kind == "RelatedPerson"
    ]
    signers = ["Den som planen gäller", *(each.called for each in guardians)]
    blocks = [text("Vi har gått igenom planen tillsammans.")]
    for who in (*signers, "För regionen", "För kommunen"):
        blocks += [heading(who), lines(*labels)]
    return section("underskrift", "Underskrifter", *blocks)
