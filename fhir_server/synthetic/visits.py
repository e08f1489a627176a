"""Two years of visits and stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fhir_server.sweden import codes
from fhir_server.synthetic.chance import Fate
from fhir_server.synthetic.elements import (
    ACT_CODE,
    Json,
    concept,
    extension,
    moment,
    parts,
    reference,
)
from fhir_server.synthetic.elements import resource as begin
from fhir_server.synthetic.patients import HEMSJUKVARD, SABO, Patient
from fhir_server.synthetic.places import Unit
from fhir_server.synthetic.staff import (
    OVERLAKARE,
    YEARS,
    Team,
    Worker,
)

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
_DAYS = 365 * YEARS
_MOST_VISITS = 14
# Visits in two years, from this age, to somebody without illness.
_VISITS = ((80, 3.8), (65, 3.2), (18, 2.2), (7, 1.4), (0, 2.8))
_STAYS = ((85, 0.16), (65, 0.08), (18, 0.025), (0, 0.01))


@dataclass(frozen=True, slots=True)
class Stay:
    """An inpatient stay.

    Args:
        id: logical id of the Encounter.
        ward: where.
        begin: day of admission.
        end: day of discharge.
        in_process: whether the law on discharge (2017:612) applies: the patient needs support.
    """

    id: str
    ward: Unit
    begin: dt.date
    end: dt.date
    in_process: bool


def stay(who: Patient, wards: Sequence[Unit], end: dt.date) -> Stay | None:
    """Give a patient's stay, if there was one."""
    fate = who.fate
    odds = next(odds for least, odds in _STAYS if who.age >= least)
    ward, back, days = fate.one_of(wards), fate.between(20, _DAYS), fate.between(2, 12)
    if not fate.happens("stay", odds):
        return None
    last = who.died or end
    begins = last - dt.timedelta(days=back + days)
    supported = 0.9 if who.care else (0.35 if who.age >= 75 else 0.05)
    in_process = fate.happens("discharge-process", supported)
    ends = begins + dt.timedelta(days=days)
    return Stay(f"{who.id}-vard", ward, begins, ends, in_process)


def stay_resource(who: Patient, found: Stay, team: Team, told: Sequence[Unit]) -> Json:
    """Give the Encounter of a stay.

    Args:
        who: the patient.
        found: the stay.
        team: the ward's.
        told: the units that get the inskrivningsmeddelande.
    """
    physician = who.fate.one_of(team.of(OVERLAKARE))
    encounter = _encounter(who, found.id, "IMP", found.ward, physician, "ATND")
    encounter["meta"] = begin("Encounter", found.id, "sluten-encounter")["meta"]
    encounter["status"] = "finished"
    encounter["period"] = {"start": moment(found.begin, 500), "end": moment(found.end, 930)}
    encounter["reasonCode"] = [{"text": "Akut försämring"}]
    home = concept(_DISPOSITION, "home")
    encounter["hospitalization"] = {"dischargeDisposition": home}
    if found.in_process:
        encounter["extension"] = [
            *_timeline(who.fate, found, physician, told),
            *_needs(municipal=bool(who.care)),
        ]
    return encounter


def _timeline(fate: Fate, found: Stay, by: Worker, told: Sequence[Unit]) -> Iterator[Json]:
    """Give what the law on discharge counts: notice, expected and found ready (R56-R62)."""
    sender = {"by": ("Reference", reference(by.reference))}
    # One in ten notices is late: the law gives 24 hours (R57).
    hours = fate.between(25, 40) if fate.happens("late-notice", 0.1) else fate.between(2, 23)
    days, minutes = divmod(500 + 60 * hours, 1440)
    sent = moment(found.begin + dt.timedelta(days=days), minutes)
    recorded = ("DateTime", sent)
    expected = ("DateTime", moment(found.end, 660))
    yield parts(codes.structure("expected-discharge"), time=expected, recorded=recorded)
    notice = parts(codes.ADMISSION_NOTICE_SENT, at=("DateTime", sent), **sender)
    for unit in told:
        notice["extension"].append({"url": "to", "valueReference": reference(unit.reference)})
    yield notice
    before = min(fate.weighted([(0, 5), (1, 3), (3, 2), (5, 1)]), (found.end - found.begin).days)
    ready = found.end - dt.timedelta(days=before)
    at = ("DateTime", moment(ready, 620))
    yield parts(codes.structure("discharge-ready"), at=at, **sender)


def _needs(*, municipal: bool) -> Iterator[Json]:
    """Give whose insatser are needed after the stay: of both, a SIP is due (R65)."""
    for huvudman in (codes.REGION, codes.KOMMUN) if municipal else (codes.REGION,):
        yield extension(codes.NEEDS_AFTER_DISCHARGE, valueCode=huvudman)


def visits(
    who: Patient,
    teams: dict[str, Team],
    care: dict[str, Unit],
    clinics: Sequence[Unit],
    end: dt.date,
) -> Iterator[Json]:
    """Give the visits: most to the hälsocentral, some to clinics and at home."""
    number = 0
    for unit, class_, mean in _habits(who, care, clinics):
        mine = _own(who, teams[unit.id])
        for _ in range(max(who.fate.count(mean, _MOST_VISITS), _least(who, unit))):
            number += 1
            yield _visit(who, f"{who.id}-{number}", class_, unit, mine, teams[unit.id], end)


def _habits(
    who: Patient, care: dict[str, Unit], clinics: Sequence[Unit]
) -> Iterator[tuple[Unit, str, float]]:
    if who.listed is not None:
        base = next(mean for least, mean in _VISITS if who.age >= least)
        yield who.listed, "AMB", base + 0.9 * len(who.illnesses)
    for unit in clinics:
        yield unit, "AMB", 1.6
    for form in (SABO, HEMSJUKVARD):
        if who.has(form):
            yield care[form], "HH", 4.0


def _least(who: Patient, unit: Unit) -> int:
    return 2 if unit == who.listed and who.fate.happens("visited", 0) else 0


def _own(who: Patient, team: Team) -> tuple[Worker, ...]:
    """Give whom the patient mostly meets: a physician and another, where there are such."""
    return tuple(who.fate.one_of(some) for some in (team.physicians, team.others) if some)


def _visit(
    who: Patient, identity: str, class_: str, unit: Unit, mine: tuple[Worker, ...], team: Team,
    end: dt.date,
) -> Json:  # fmt: skip
    fate = who.fate
    last = who.died or end
    born = who.person.identity.born
    date = max(last - dt.timedelta(days=fate.between(1, _DAYS - 1)), born)
    performer = fate.one_of(mine) if fate.share() < unit.continuity else fate.one_of(team.working)
    remote = class_ == "AMB" and fate.share() < 0.12
    encounter = _encounter(who, identity, "VR" if remote else class_, unit, performer, "PPRF")
    cancelled = fate.happens("cancelled", 0.04)
    encounter["status"] = "cancelled" if cancelled else "finished"
    minutes = fate.between(96, 192) * 5
    encounter["period"] = {"start": moment(date, minutes), "end": moment(date, minutes + 30)}
    return encounter


def _encounter(
    who: Patient, identity: str, class_: str, unit: Unit, worker: Worker, as_: str
) -> Json:
    participant = {
        "type": [concept(_PARTICIPATION, as_)],
        "individual": reference(worker.reference),
    }
    return {
        **begin("Encounter", identity),
        "status": "finished",
        "class": {"system": ACT_CODE, "code": class_},
        "subject": reference(who.reference),
        "participant": [participant],
        "serviceProvider": reference(unit.reference),
    }
