"""The first page of what is exported about one person: what is here, and from whom (GDPR 12.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fhir_server.bulk.person_export import ACCESS_LOG_FILE, Contents
from fhir_server.pages import web
from fhir_server.swedish import long_day, long_moment

# What people call what the types hold; another type keeps its own name.
WORDS = {
    "Appointment": "Möten och tider",
    "Binary": "Bifogade filer",
    "CarePlan": "Planer",
    "CareTeam": "Fasta kontakter och team",
    "Communication": "Meddelanden",
    "CommunicationRequest": "Kallelser",
    "Composition": "Dokument",
    "Condition": "Hälsotillstånd",
    "Consent": "Samtycken och spärrar",
    "DocumentReference": "Dokument med filer",
    "Encounter": "Vårdkontakter",
    "EpisodeOfCare": "Hälsoärenden",
    "Flag": "Markeringar",
    "Goal": "Mål",
    "Observation": "Observationer",
    "Patient": "Personuppgifter",
    "Procedure": "Åtgärder",
    "Provenance": "Vem som har dokumenterat",
    "QuestionnaireResponse": "Svar på formulär",
    "RelatedPerson": "Närstående",
    "ServiceRequest": "Remisser och beställningar",
    "Task": "Uppgifter att utföra",
}
OWN = "Detta är det som servern har om dig, så som du själv får läsa det."
ALL = (
    "Detta är allt som servern har om personen. Innan något lämnas ut ska den som svarar för "
    "uppgifterna pröva sekretessen (25 och 26 kap. offentlighets- och sekretesslagen)."
)
HELD_BACK = (
    "Sådant som vården har bestämt att du inte ska läsa här, som interna anteckningar. Fråga den "
    "enhet som svarar för uppgifterna om du vill få det prövat. Uppgifter som också är om andra "
    "personer finns inte heller med."
)
NOTHING_HELD_BACK = "Inget är utelämnat."


@dataclass(frozen=True, slots=True)
class Row:
    """A file."""

    name: str
    resources: int
    versions: int
    file: str


def index(contents: Contents, now: dt.datetime, zone: ZoneInfo, *, own: bool, older: bool) -> bytes:
    """Give the page.

    Args:
        contents: what the file holds.
        now: when it is made.
        zone: whose times are shown.
        own: it is as the person may see it themself.
        older: earlier versions are in it.
    """
    return web.page(
        "person_export.html",
        lead=f"{OWN if own else ALL} Hämtat {long_moment(now, zone)}.",
        rows=sorted(_rows(contents), key=lambda row: row.name),
        with_versions=older,
        period=_period(contents, zone),
        units=sorted(contents.units.items()),
        accesses=_accesses(contents),
        left_out=HELD_BACK if own else NOTHING_HELD_BACK,
    )


def _rows(contents: Contents) -> Iterator[Row]:
    for type_, number in contents.types.items():
        versions = contents.versions.get(type_, 0)
        yield Row(WORDS.get(type_, type_), number, versions, f"{type_}.ndjson")


def _period(contents: Contents, zone: ZoneInfo) -> str:
    if not contents.first:
        return "Det finns inga uppgifter."
    first, last = (
        long_day(dt.datetime.fromtimestamp(at / 1_000_000, zone).date())
        for at in (contents.first, contents.last)
    )
    return f"Den äldsta uppgiften ändrades senast {first}, den nyaste {last}."


def _accesses(contents: Contents) -> str:
    if contents.accesses is None:
        return "Den här servern för ingen logg."
    return f"{contents.accesses} gånger: från vilken enhet och när står i {ACCESS_LOG_FILE}."
