"""Who works at the units: all professions, with licences, telephones, hours and holidays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from fhir_server.sweden import codes
from fhir_server.synthetic.chance import Fate
from fhir_server.synthetic.elements import (
    WEEKDAYS,
    Json,
    concept,
    day,
    hsa_id,
    phone,
    reference,
)
from fhir_server.synthetic.elements import resource as begin
from fhir_server.synthetic.identities import FEMALE, MALE
from fhir_server.synthetic.names import name_of
from fhir_server.synthetic.places import Kind, Places, Unit

YEARS = 2
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Profession:
    """What somebody works as.

    Args:
        key: end of ids.
        title: in Swedish.
        licence: HOSP code; empty for none.
        position: HSA befattning; empty where no code could be verified.
    """

    key: str
    title: str
    licence: str = ""
    position: str = ""

    @property
    def physician(self) -> bool:
        """Whether they are a licensed physician."""
        return self.licence == codes.LAKARE


CHEF = Profession("chef", "Verksamhetschef")
LAKARE = Profession("lakare", "Distriktsläkare", codes.LAKARE, "201011")
OVERLAKARE = Profession("overlakare", "Överläkare", codes.LAKARE, "201010")
ST_LAKARE = Profession("st-lakare", "ST-läkare", codes.LAKARE, "203010")
AT_LAKARE = Profession("at-lakare", "AT-läkare", "", "204010")
DISTRIKTSSKOTERSKA = Profession("dsk", "Distriktssköterska", codes.SJUKSKOTERSKA, "206011")
SJUKSKOTERSKA = Profession("ssk", "Sjuksköterska", codes.SJUKSKOTERSKA)
UNDERSKOTERSKA = Profession("usk", "Undersköterska")
SAMORDNARE = Profession("samordnare", "Vårdsamordnare")
_REHAB = (
    Profession("fysio", "Fysioterapeut", "FT"),
    Profession("arbetsterapeut", "Arbetsterapeut", "AT"),
    Profession("kurator", "Hälso- och sjukvårdskurator", "HK"),
    Profession("psykolog", "Psykolog", "PS"),
    Profession("dietist", "Dietist", "DT"),
    Profession("barnmorska", "Barnmorska", "BM"),
)
_PSYKOTERAPEUT = Profession("psykoterapeut", "Psykoterapeut", "PT")
_LOGOPED = Profession("logoped", "Logoped", "LG")
# People for each of a profession, and how many there are at least.
_STAFFING: Mapping[Kind, tuple[tuple[Profession, int, int], ...]] = {
    Kind.HALSOCENTRAL: (
        (LAKARE, 1_600, 2), (ST_LAKARE, 5_000, 1), (DISTRIKTSSKOTERSKA, 1_100, 2),
        (SAMORDNARE, 20_000, 1), *((each, 9_000, 1) for each in _REHAB),
    ),
    Kind.CLINIC: (
        (OVERLAKARE, 12_000, 1), (AT_LAKARE, 90_000, 1), (SJUKSKOTERSKA, 6_000, 2),
        (_PSYKOTERAPEUT, 90_000, 1), (_LOGOPED, 90_000, 1),
    ),
    Kind.WARD: ((OVERLAKARE, 15_000, 1), (SJUKSKOTERSKA, 10_000, 2)),
    Kind.HEMSJUKVARD: ((DISTRIKTSSKOTERSKA, 900, 2), (SJUKSKOTERSKA, 1_500, 1)),
    Kind.HEMTJANST: ((UNDERSKOTERSKA, 220, 3),),
    Kind.SABO: ((SJUKSKOTERSKA, 3_000, 2), (UNDERSKOTERSKA, 2_000, 2)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody in a role at a unit.

    Args:
        id: logical id of the PractitionerRole; of the Practitioner with a ``p`` before it.
        name: given and family name.
        sex: for statistics.
        profession: what they work as.
        unit: where.
        line: of the unit's telephones.
        start: first day.
        end: last day; None for who is still there.
        away: a holiday, first and last day; None for none known.
    """

    id: str
    name: tuple[str, str]
    sex: str
    profession: Profession
    unit: Unit
    line: int
    start: dt.date
    end: dt.date | None = None
    away: tuple[dt.date, dt.date] | None = None

    @property
    def reference(self) -> str:
        """``PractitionerRole/[id]``."""
        return f"PractitionerRole/{self.id}"

    @property
    def telephone(self) -> str:
        """The direct number."""
        return self.unit.number_of(self.line)


@dataclass(frozen=True)
class Team:
    """The staff of a unit.

    Args:
        chief: the verksamhetschef.
        working: who is there.
        left: who was there, and left within the years that the region shows.
    """

    chief: Worker
    working: tuple[Worker, ...]
    left: tuple[Worker, ...]

    @cached_property
    def physicians(self) -> tuple[Worker, ...]:
        """Licensed physicians."""
        return tuple(each for each in self.working if each.profession.physician)

    @cached_property
    def others(self) -> tuple[Worker, ...]:
        """Everybody else who meets patients on their own."""
        apart = (AT_LAKARE, SAMORDNARE)
        found = (each for each in self.working if each.profession not in apart)
        return tuple(each for each in found if not each.profession.physician)

    def of(self, *professions: Profession) -> tuple[Worker, ...]:
        """Give who works as one of some professions."""
        keys = {each.key for each in professions}
        return tuple(each for each in self.working if each.profession.key in keys)

    def left_of(self, *professions: Profession) -> tuple[Worker, ...]:
        """Give who worked as one of some professions and left."""
        return tuple(each for each in self.left if each.profession in professions)


def teams(found: Places, seed: str, end: dt.date) -> dict[str, Team]:
    """Give the staff of every unit, by the unit's id."""
    return {unit.id: _team(unit, seed, end) for unit in found.units}


def _team(unit: Unit, seed: str, end: dt.date) -> Team:
    working: list[Worker] = []
    left: list[Worker] = []
    for profession, people, least in _STAFFING[unit.kind]:
        count = max(least, round(unit.people / people))
        for n in range(count):
            working.append(_worker(unit, profession, n + 1, len(working) + 2, seed, end))
        if count >= 2:
            # One in eight left within the years shown; at least one where there are two.
            for n in range(max(1, count // 8)):
                new = _worker(unit, profession, count + n + 1, len(working) + 2, seed, end)
                left.append(_gone(new, seed, end))
    return Team(_worker(unit, CHEF, 1, 1, seed, end), tuple(working), tuple(left))


def _worker(
    unit: Unit, profession: Profession, n: int, line: int, seed: str, end: dt.date
) -> Worker:
    identity = f"{unit.id}-{profession.key}-{n}"
    fate = Fate(f"{seed}/staff/{identity}")
    sex = FEMALE if fate.share() < (0.52 if profession.physician else 0.85) else MALE
    start = end - dt.timedelta(days=365 * YEARS + fate.between(200, 6_000))
    away = None
    if fate.happens("holiday", 0.4):
        first = end + dt.timedelta(days=fate.between(-10, 60))
        away = first, first + dt.timedelta(days=fate.between(4, 27))
    return Worker(identity, name_of(fate, sex), sex, profession, unit, line, start, None, away)


def _gone(worker: Worker, seed: str, end: dt.date) -> Worker:
    fate = Fate(f"{seed}/left/{worker.id}")
    last = end - dt.timedelta(days=fate.between(40, 365 * YEARS - 60))
    return replace(worker, end=last, away=None)


def practitioners(team: Team) -> Iterator[Json]:
    """Give the Practitioners and PractitionerRoles of a team."""
    for worker in (team.chief, *team.working, *team.left):
        yield _practitioner(worker)
        yield _role(worker)


def _practitioner(worker: Worker) -> Json:
    given, family = worker.name
    found: Json = {
        **begin("Practitioner", f"p-{worker.id}", "se-practitioner"),
        "identifier": [hsa_id(f"TSTNMT{_number(worker)}P")],
        "active": worker.end is None,
        "name": [{"use": "official", "text": f"{given} {family}", "family": family,
                  "given": [given]}],
        "gender": worker.sex,
    }  # fmt: skip
    qualifications = list(_qualifications(worker))
    return {**found, "qualification": qualifications} if qualifications else found


def _qualifications(worker: Worker) -> Iterator[Json]:
    profession = worker.profession
    since = {"start": day(worker.start - 700 * _DAY)}
    if profession.licence:
        number = 900_000 + worker.unit.number * 1_000 + worker.line
        yield {
            "identifier": [{"system": codes.LEGITIMATIONSNUMMER, "value": str(number)}],
            "code": concept(codes.HOSP, profession.licence),
            "period": since,
        }
    if profession is UNDERSKOTERSKA:
        yield {"code": concept(codes.CERTIFICATE_SYSTEM, codes.UNDERSKOTERSKA), "period": since}


def _role(worker: Worker) -> Json:
    found: Json = {
        **begin("PractitionerRole", worker.id, "se-practitionerrole"),
        "identifier": [hsa_id(f"TSTNMT{_number(worker)}R")],
        "active": worker.end is None,
        "period": {"start": day(worker.start)},
        "practitioner": reference(f"Practitioner/p-{worker.id}", " ".join(worker.name)),
        "organization": reference(worker.unit.reference, worker.unit.name),
        "code": [_position(worker.profession)],
        "telecom": [phone(worker.telephone, hours=True)],
        "availableTime": [{"daysOfWeek": list(WEEKDAYS), "availableStartTime": "08:00:00",
                           "availableEndTime": "16:30:00"}],
    }  # fmt: skip
    if worker.end is not None:
        found["period"]["end"] = day(worker.end)
    if worker.away is not None:
        first, last = worker.away
        during = {"start": day(first), "end": day(last)}
        found["notAvailable"] = [{"description": "Semester", "during": during}]
    return found


def _position(profession: Profession) -> Json:
    if profession is SAMORDNARE:
        return {**concept(codes.SNOMED, codes.CARE_COORDINATOR), "text": profession.title}
    if not profession.position:
        return {"text": profession.title}
    return {**concept(codes.BEFATTNING, profession.position), "text": profession.title}


def _number(worker: Worker) -> str:
    owner = "2120002528" if worker.unit.municipal else "2321000214"
    return f"{owner}-U{worker.unit.number:03}N{worker.line:03}"
