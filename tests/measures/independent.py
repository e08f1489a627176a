"""The measures, computed once more: slowly, from the resources themselves, by other code.

Nothing of `fhir_server` is used: no facts, no index, no shared function. The FHIR JSON of all
resources is in memory, and each measure goes through lists of it, with datetimes and fractions, as
its page in docs/measures says. A fault in the server's computation is not repeated here.

Run it on an export to hold a server's answers against it:

    python -m tests.measures.independent FOLDER 2026-01-01 2026-06-30 [measure …]

FOLDER has NDJSON files, as `fhir-server export` writes them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
SWEDEN = ZoneInfo("Europe/Stockholm")
BASE = json.loads((Path(__file__).parents[2] / "profiles/se/package.json").read_text("utf-8"))[
    "canonical"
]
FAR = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
BANDS = [(0, 17), (18, 44), (45, 64), (65, 74), (75, 84), (85, 200)]
CHANGED = {"byte-patient", "byte-verksamhet", "ersatt", "overgang-vuxen", "slutat"}


def span(text: str) -> tuple[datetime, datetime]:
    """First moment and first moment after, of whatever precision."""
    if "T" in text:
        clock = text.replace("Z", "+00:00")
        start = datetime.fromisoformat(clock).astimezone(UTC)
        fraction = clock.split("T")[1].split("+")[0].split("-")[0].partition(".")[2]
        # A fraction of n digits names a span of that precision.
        length = timedelta(microseconds=10 ** (6 - min(len(fraction), 6)))
        return start, start + (length if fraction else timedelta(seconds=1))
    parts = [int(part) for part in text.split("-")]
    year, month, day = (*parts, 1, 1)[:3]
    first = date(year, month, day)
    match len(parts):
        case 1:
            last = date(year + 1, 1, 1)
        case 2:
            last = date(year + month // 12, month % 12 + 1, 1)
        case _:
            last = first + timedelta(days=1)
    return midnight(first), midnight(last)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SWEDEN).astimezone(UTC)


def bounds(resource: Json) -> tuple[datetime, datetime]:
    period = resource.get("period", {})
    start = span(period["start"])[0] if "start" in period else LONG_AGO
    end = span(period["end"])[1] if "end" in period else FAR
    return start, end


def extensions(element: Json, name: str) -> list[Json]:
    url = f"{BASE}/StructureDefinition/{name}"
    return [each for each in element.get("extension", []) if each["url"] == url]


def part(extension: Json, name: str) -> Any:
    for inner in extension.get("extension", []):
        if inner["url"] == name:
            return next(value for key, value in inner.items() if key.startswith("value"))
    return None


def to(element: Any) -> str | None:
    return element.get("reference") if isinstance(element, dict) else None


@dataclass
class Numbers:
    """What comes out for one group, or one stratum of it."""

    hits: int = 0
    misses: int = 0
    excluded: int = 0
    values: list[Fraction] = field(default_factory=list)

    @property
    def included(self) -> int:
        return self.hits + self.misses

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.hits, self.included) if self.included else None

    @property
    def mean(self) -> Fraction | None:
        return sum(self.values, Fraction(0)) / len(self.values) if self.values else None

    @property
    def middle(self) -> float | None:
        return float(median(self.values)) if self.values else None

    @property
    def nine_of_ten(self) -> float | None:
        """The smallest value that at least nine of ten do not exceed."""
        for value in sorted(self.values):
            if 10 * sum(1 for each in self.values if each <= value) >= 9 * len(self.values):
                return float(value)
        return None


@dataclass
class Outcome:
    """Numbers of a group, by stratifier and value, and why some are excluded."""

    all: Numbers = field(default_factory=Numbers)
    strata: dict[tuple[str, str], Numbers] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    def count(
        self, verdict: str, marks: Iterable[tuple[str, str]], value: Fraction | None = None
    ) -> None:
        """Count one; ``marks`` are the strata that it belongs to."""
        if verdict not in ("hit", "miss"):
            self.reasons[verdict] = self.reasons.get(verdict, 0) + 1
        wanted = [self.strata.setdefault(mark, Numbers()) for mark in set(marks)]
        for numbers in [self.all, *wanted]:
            if verdict == "hit":
                numbers.hits += 1
            elif verdict == "miss":
                numbers.misses += 1
            else:
                numbers.excluded += 1
            if value is not None:
                numbers.values.append(value)


@dataclass
class Wanted:
    """Whom the measures are to be about."""

    unit: str = ""
    huvudman: str = ""
    municipality: str = ""
    practitioner: str = ""


class World:
    """All resources, and what they say when one asks them."""

    def __init__(
        self,
        resources: Iterable[Json],
        first: str,
        last: str,
        now: datetime,
        wanted: Wanted | None = None,
        within_days: int = 7,
        minimum_visits: int = 2,
    ) -> None:
        self.by_reference = {f"{r['resourceType']}/{r['id']}": r for r in resources}
        self.start, self.end = span(first)[0], span(last)[1]
        self.moment = min(self.end - timedelta(microseconds=1), now)
        self.wanted = wanted or Wanted()
        self.within = timedelta(days=within_days)
        self.minimum_visits = max(2, minimum_visits)
        self._contacts_of: dict[str, list[Json]] = {}
        for team in self.of("CareTeam"):
            if any(
                coding.get("code") == "fast-kontakt"
                for concept in team.get("category", [])
                for coding in concept.get("coding", [])
            ):
                self._contacts_of.setdefault(to(team.get("subject")) or "", []).append(team)

    def of(self, resource_type: str) -> Iterator[Json]:
        return (r for r in self.by_reference.values() if r["resourceType"] == resource_type)

    def get(self, reference: str | None) -> Json | None:
        return self.by_reference.get(reference or "")

    # -- contacts

    def contacts(self, patient: str, kinds: str) -> list[Json]:
        return [t for t in self._contacts_of.get(patient, []) if self.kind(t) in kinds]

    def kind(self, team: Json) -> str:
        roles = team["participant"][0]["role"]
        return str(roles[0]["coding"][0]["code"])

    def member(self, team: Json) -> str | None:
        return to(team["participant"][0].get("member"))

    def answering_unit(self, team: Json) -> str | None:
        for unit in team.get("managingOrganization", []):
            return to(unit)
        role = self.get(self.member(team))
        return to(role.get("organization")) if role else None

    def refused(self, team: Json) -> datetime | None:
        for decision in extensions(team, "patient-decision"):
            if part(decision, "decision") == "declined":
                return span(part(decision, "at"))[0]
        return None

    def applies(self, team: Json, moment: datetime) -> bool:
        start, end = bounds(team)
        no = self.refused(team)
        open_ended = team["status"] == "inactive" and end == FAR
        return (
            team["status"] in ("active", "inactive")
            and not open_ended
            and start <= moment < end
            and (no is None or moment < no)
        )

    def has_name(self, team: Json, moment: datetime) -> bool:
        role = self.get(self.member(team))
        if role is None or role["resourceType"] != "PractitionerRole":
            return False
        start, end = bounds(role)
        if not start <= moment < end or (role.get("active") is False and end == FAR):
            return False
        person = self.get(to(role.get("practitioner")))
        return person is not None and any(
            (name.get("family") or name.get("text") or name.get("given"))
            and name.get("use") != "anonymous"
            for name in person.get("name", [])
        )

    def named_kinds(self, patient: str, kinds: str, moment: datetime) -> set[str]:
        return {
            self.kind(team)
            for team in self.contacts(patient, kinds)
            if self.applies(team, moment) and self.has_name(team, moment)
        }

    # -- patients

    def death(self, patient: Json) -> datetime | None:
        return span(patient["deceasedDateTime"])[0] if "deceasedDateTime" in patient else None

    def lives(self, patient: Json) -> bool:
        died = self.death(patient)
        if died is not None:
            return died > self.moment
        return patient.get("deceasedBoolean") is not True and patient.get("active") is not False

    def listed_at(self, patient: Json) -> str | None:
        for reference in patient.get("generalPractitioner", []):
            if (to(reference) or "").startswith("Organization/"):
                return to(reference)
        return None

    def municipality(self, patient: Json) -> str | None:
        for address in patient.get("address", []):
            if address.get("use") not in ("old", "temp", "work", "billing"):
                for extension in extensions(address, "municipality"):
                    return str(extension["valueCoding"]["code"])
        return None

    def years(self, patient: Json) -> int | None:
        born = patient.get("birthDate", "")
        if len(born) != 10:
            return None
        birth, today = date.fromisoformat(born), self.moment.astimezone(SWEDEN).date()
        had_birthday = (today.month, today.day) >= (birth.month, birth.day)
        return today.year - birth.year - (not had_birthday)

    def marks(self, reference: str) -> list[tuple[str, str]]:
        """The strata a patient belongs to by what the patient is."""
        patient = self.get(reference)
        if patient is None:
            return [("municipality", "missing"), ("sex", "missing"), ("age-band", "missing")]
        sex, years = patient.get("gender", "unknown"), self.years(patient)
        band = "missing"
        for low, high in BANDS:
            if years is not None and low <= years <= high:
                band = f"{low}-" if low == 85 else f"{low}-{high}"
        return [
            ("municipality", self.municipality(patient) or "missing"),
            ("sex", "missing" if sex == "unknown" else sex),
            ("age-band", band),
        ]

    # -- units

    def above(self, unit: str) -> list[str]:
        chain = []
        while unit in self.by_reference and len(chain) < 10:
            chain.append(unit)
            unit = to(self.by_reference[unit].get("partOf")) or ""
        return chain

    def answers_for(self, unit: str) -> str | None:
        for each in self.above(unit):
            for extension in extensions(self.by_reference[each], "huvudman"):
                return str(extension["valueCode"])
        return None

    def unit_marks(self, units: Iterable[str | None]) -> list[tuple[str, str]]:
        known = {unit for unit in units if unit}
        if not known:
            return [("unit", "missing"), ("huvudman", "missing")]
        found = [("unit", unit) for unit in known]
        return [*found, *(("huvudman", self.answers_for(unit) or "missing") for unit in known)]

    def asked_about(self, unit: str | None) -> bool:
        if not self.wanted.unit and not self.wanted.huvudman:
            return True
        if unit is None:
            return False
        chain = self.above(unit) or [unit]
        return (not self.wanted.unit or self.wanted.unit in chain) and (
            not self.wanted.huvudman or self.answers_for(unit) == self.wanted.huvudman
        )

    def wants(self, reference: str) -> bool:
        patient = self.get(reference)
        asked = self.wanted.municipality
        if asked and (patient is None or self.municipality(patient) != asked):
            return False
        who = self.wanted.practitioner
        return not who or any(
            self.applies(team, self.moment) and who in self.behind(self.member(team))
            for team in self.contacts(reference, "1234")
        )

    def behind(self, member: str | None) -> set[str | None]:
        role = self.get(member)
        is_role = role is not None and role["resourceType"] == "PractitionerRole"
        return {member, to(role.get("practitioner"))} if role and is_role else set()

    # -- counting

    def add(
        self,
        outcome: Outcome,
        patient: str,
        units: Iterable[str | None],
        verdict: str,
        marks: Iterable[tuple[str, str]] = (),
        value: Fraction | None = None,
    ) -> bool:
        """Count one, unless nobody asked about it."""
        chosen = [unit for unit in units if self.asked_about(unit)]
        filtered = bool(self.wanted.unit or self.wanted.huvudman)
        if not self.wants(patient) or (filtered and not chosen):
            return False
        every = [*self.unit_marks(chosen), *self.marks(patient), *marks]
        outcome.count(verdict, every, value)
        return True

    def living(self) -> Iterator[tuple[str, Json]]:
        for patient in self.of("Patient"):
            if self.lives(patient):
                yield f"Patient/{patient['id']}", patient


# -- the measures


def only_hits(outcome: Outcome, stratifier: str, values: Iterable[str]) -> Outcome:
    """Where only hits have a value: the others count in every stratum."""
    for value in values:
        found = outcome.strata.setdefault((stratifier, value), Numbers())
        found.misses = outcome.all.included - found.hits
        found.excluded = outcome.all.excluded
    return outcome


def fvk_antal(world: World) -> Outcome:
    outcome = Outcome()
    for reference, _ in world.living():
        held = [
            team
            for team in world.contacts(reference, "14")
            if world.applies(team, world.moment) and world.asked_about(world.answering_unit(team))
        ]
        named = [team for team in held if world.has_name(team, world.moment)]
        if held:
            chosen = named or held
            marks = [("contact-type", world.kind(team)) for team in chosen]
            units = [world.answering_unit(team) for team in chosen]
            world.add(outcome, reference, units, "hit" if named else "not-named", marks)
    return outcome


def share_of_listed(kinds: str) -> Callable[[World], Outcome]:
    def run(world: World) -> Outcome:
        outcome = Outcome()
        for reference, patient in world.living():
            unit = world.listed_at(patient)
            found = world.named_kinds(reference, kinds, world.moment)
            verdict = "not-listed" if unit is None else "hit" if found else "miss"
            marks = [("contact-type", kind) for kind in found] if verdict == "hit" else []
            world.add(outcome, reference, [unit], verdict, marks)
        return only_hits(outcome, "contact-type", kinds)

    return run


def share_of_enrolled(form: str, kinds: str) -> Callable[[World], Outcome]:
    def run(world: World) -> Outcome:
        outcome = Outcome()
        enrolled: dict[str, list[str | None]] = {}
        for episode in world.of("EpisodeOfCare"):
            start, end = bounds(episode)
            real = episode["status"] in ("active", "onhold") or (
                episode["status"] == "finished" and end != FAR
            )
            codes = [c["code"] for t in episode.get("type", []) for c in t.get("coding", [])]
            if real and codes[:1] == [form] and start <= world.moment < end:
                unit = to(episode.get("managingOrganization"))
                enrolled.setdefault(to(episode["patient"]) or "", []).append(unit)
        for reference, _ in world.living():
            if reference in enrolled:
                found = world.named_kinds(reference, kinds, world.moment)
                marks = [("contact-type", kind) for kind in found]
                verdict = "hit" if found else "miss"
                world.add(outcome, reference, enrolled[reference], verdict, marks)
        return only_hits(outcome, "contact-type", kinds)

    return run


def fvk_fore_utskrivning(world: World) -> Outcome:
    outcome = Outcome()
    for stay in world.of("Encounter"):
        _, end = bounds(stay)
        in_process = bool(extensions(stay, "admission-notice-sent"))
        inpatient = stay["class"].get("code") in ("IMP", "ACUTE", "NONAC")
        home = end - timedelta(microseconds=1)
        if not (inpatient and in_process and stay["status"] == "finished"):
            continue
        if end == FAR or not world.start <= home < world.end:
            continue
        reference = to(stay.get("subject")) or ""
        patient = world.get(reference)
        died = world.death(patient) if patient else None
        found = world.named_kinds(reference, "14", home)
        verdict = "hit" if found else "miss"
        if died is not None and died <= home:
            verdict = "died-in-hospital"
        marks = [("contact-type", kind) for kind in found] if verdict == "hit" else []
        world.add(outcome, reference, [to(stay.get("serviceProvider"))], verdict, marks)
    return only_hits(outcome, "contact-type", "14")


REAL = ("arrived", "triaged", "in-progress", "onleave", "finished")
DAY = timedelta(days=1)


def stays(world: World, *statuses: str) -> Iterator[tuple[str, Json]]:
    for stay in world.of("Encounter"):
        if stay["class"].get("code") in ("IMP", "ACUTE", "NONAC") and stay["status"] in statuses:
            yield to(stay.get("subject")) or "", stay


def times(stay: Json, name: str) -> list[datetime]:
    return [span(part(each, "at"))[0] for each in extensions(stay, name)]


def ready_now(stay: Json) -> datetime | None:
    """The first notice of utskrivningsklar after the last time it was taken back."""
    back = max(times(stay, "discharge-ready-withdrawn"), default=LONG_AGO)
    return min((each for each in times(stay, "discharge-ready") if each > back), default=None)


def ism_24h(world: World) -> Outcome:
    outcome = Outcome()
    for reference, stay in stays(world, *REAL):
        sent = times(stay, "admission-notice-sent")
        if not sent or not world.start <= min(sent) < world.end:
            continue
        need, (admitted, _) = times(stay, "need-assessed-at"), bounds(stay)
        since = max([*need[:1], admitted])
        verdict = "hit" if since != LONG_AGO and min(sent) - since <= DAY else "miss"
        if since == LONG_AGO:
            verdict = "admission-not-recorded"
        world.add(outcome, reference, [to(stay.get("serviceProvider"))], verdict)
    return outcome


def kallelse_3d(world: World) -> Outcome:
    outcome = Outcome()
    for reference, stay in stays(world, *REAL):
        ready = ready_now(stay)
        if ready is None or extensions(stay, "compulsory-care"):
            continue
        over = midnight(ready.astimezone(SWEDEN).date() + 4 * DAY)
        sent = [
            span(task["authoredOn"])[0]
            for task in world.of("Task")
            if to(task.get("encounter")) == f"Encounter/{stay['id']}"
            and task["code"]["coding"][0]["code"] == "kallelse"
            and task["status"] not in ("draft", "entered-in-error")
            and to(task["for"]) == reference
        ]
        in_time = [each for each in sent if each < over]
        when = min(in_time) if in_time else over
        if not world.start <= when <= world.moment:
            continue
        needs = {each["valueCode"] for each in extensions(stay, "needs-after-discharge")}
        verdict = "hit" if in_time else "miss"
        if not sent and needs != {"region", "kommun"}:
            if needs:
                continue
            verdict = "needs-not-recorded"
        world.add(outcome, reference, [to(stay.get("serviceProvider"))], verdict)
    return outcome


def klar_till_hem(world: World) -> Outcome:
    outcome = Outcome()
    for reference, stay in stays(world, "finished"):
        _, end = bounds(stay)
        if end == FAR or not extensions(stay, "admission-notice-sent"):
            continue
        home = end - timedelta(microseconds=1)
        if not world.start <= home < world.end:
            continue
        patient, ready, value = world.get(reference), ready_now(stay), None
        died = world.death(patient) if patient else None
        if died is not None and died <= home:
            verdict = "died-in-hospital"
        elif ready is None or ready > home:
            verdict = "never-ready"
        else:
            verdict = "hit"
            value = Fraction((home - ready) // timedelta(microseconds=1), 86_400_000_000)
        world.add(outcome, reference, [to(stay.get("serviceProvider"))], verdict, (), value)
    return outcome


def sips(world: World, *statuses: str) -> Iterator[tuple[str, str | None, Json]]:
    """Whose plan, the organization with the overall responsibility, the plan."""
    for plan in world.of("CarePlan"):
        kinds = [c["code"] for concept in plan["category"] for c in concept["coding"]]
        if "SIP" in kinds and plan["status"] in statuses:
            said = extensions(plan, "overall-responsible")
            unit = to(part(said[0], "organization")) if said else None
            yield to(plan["subject"]) or "", unit, plan


def sip_innehall(world: World) -> Outcome:
    outcome = Outcome()
    for reference, unit, plan in sips(world, "draft", "active", "on-hold", "revoked", "completed"):
        start, _ = bounds(plan)
        made = span(plan["created"])[0] if "created" in plan else start
        if not world.start <= made <= world.moment:
            continue
        done = [
            [each["valueCode"] for each in extensions(activity, "huvudman")]
            for activity in plan.get("activity", [])
            if activity.get("detail", {}).get("status") != "cancelled"
        ]
        answers = [part(each, "huvudman") for each in extensions(plan, "overall-responsible")]
        complete = (
            all(len(each) == 1 for each in done)
            and ["region"] in done
            and ["kommun"] in done
            and answers in (["region"], ["kommun"])
        )
        world.add(outcome, reference, [unit], "hit" if complete else "miss")
    return outcome


def sip_uppfoljning(world: World) -> Outcome:
    outcome = Outcome()
    for reference, unit, plan in sips(world, "active", "completed"):
        _, end = bounds(plan)
        last = min(world.moment, end - timedelta(microseconds=1))
        planned = [part(each, "date") for each in extensions(plan, "follow-up")]
        over = span(planned[0])[1] if planned else FAR
        held = max(times(plan, "plan-evaluation"), default=LONG_AGO)
        if (
            over <= last
            and held < over
            and (plan["status"] == "active" or world.start <= over <= world.moment)
        ):
            world.add(outcome, reference, [unit], "miss")
        elif world.start <= held <= world.moment:
            world.add(outcome, reference, [unit], "hit")
    return outcome


def sip_malgrupp(world: World) -> Outcome:
    outcome = Outcome()
    held: dict[str, list[tuple[str | None, Json]]] = {}
    for reference, unit, plan in sips(world, "active", "completed"):
        start, end = bounds(plan)
        unknown = plan["status"] == "completed" and end == FAR
        if start <= world.moment < end and not unknown:
            held.setdefault(reference, []).append((unit, plan))
    for reference, plans in held.items():
        patient = world.get(reference)
        if patient is None or world.lives(patient):
            groups = {g["valueCode"] for _, p in plans for g in extensions(p, "sip-target-group")}
            marks = [("target-group", group) for group in groups or {"missing"}]
            world.add(outcome, reference, [unit for unit, _ in plans], "hit", marks)
    return outcome


def informerade(world: World) -> Outcome:
    outcome = Outcome()
    for reference, _ in world.living():
        for team in world.contacts(reference, "1234"):
            if not world.applies(team, world.moment):
                continue
            told = [span(part(e, "at"))[0] for e in extensions(team, "information-given")]
            verdict = "hit" if told and min(told) <= world.moment else "miss"
            if not world.has_name(team, world.moment):
                verdict = "not-named"
            marks = [("contact-type", world.kind(team))]
            world.add(outcome, reference, [world.answering_unit(team)], verdict, marks)
    return outcome


def assigned_at(team: Json) -> datetime | None:
    for appointed in extensions(team, "appointed-by"):
        if part(appointed, "at"):
            return span(part(appointed, "at"))[0]
    return span(team["period"]["start"])[0] if "start" in team.get("period", {}) else None


def every_contact(world: World) -> Iterator[tuple[str, Json]]:
    for team in world.of("CareTeam"):
        reference = to(team.get("subject")) or ""
        if team in world.contacts(reference, "1234") and team["status"] in ("active", "inactive"):
            yield reference, team


def tid_till_kontakt(world: World) -> Outcome:
    outcome = Outcome()
    for reference, team in every_contact(world):
        at = assigned_at(team)
        if at is None or not world.start <= at <= world.moment:
            continue
        start, _ = bounds(team)
        need = [span(each["valueDateTime"])[0] for each in extensions(team, "need-identified")]
        no = world.refused(team)
        value = None
        if no is not None and no <= world.moment:
            verdict = "declined"
        elif not world.has_name(team, max(at, start)):
            verdict = "not-named"
        elif not need:
            verdict = "need-not-recorded"
        elif need[0] > at:
            verdict = "need-after-assignment"
        else:
            verdict = "hit" if at - need[0] <= world.within else "miss"
            value = Fraction((at - need[0]) // timedelta(microseconds=1), 86_400_000_000)
        marks = [("contact-type", world.kind(team))]
        world.add(outcome, reference, [world.answering_unit(team)], verdict, marks, value)
    return outcome


def byten(world: World) -> Outcome:
    outcome = Outcome()
    for reference, team in every_contact(world):
        start, end = bounds(team)
        no = world.refused(team)
        if start > world.moment or end <= world.start:
            continue
        if (team["status"] == "inactive" and end == FAR) or (no and no <= world.start):
            continue
        reasons = [
            coding["code"]
            for extension in extensions(team, "end-reason")
            for coding in extension["valueCodeableConcept"].get("coding", [])
        ]
        decided = extensions(team, "change-decision")
        change = end - timedelta(microseconds=1) <= world.moment and bool(
            decided or CHANGED & set(reasons[:1])
        )
        marks = [("contact-type", world.kind(team))]
        if change:
            reason = reasons[0] if reasons and reasons[0] in CHANGED else "annat"
            asker = {"byte-patient": "patient", "byte-verksamhet": "staff"}.get(reason, "missing")
            for decision in decided:
                by = str(to(part(decision, "requestedBy")))
                asker = "patient" if by.startswith(("Patient/", "RelatedPerson/")) else "staff"
            marks += [("reason", reason), ("requester", asker)]
        verdict = "hit" if change else "miss"
        world.add(outcome, reference, [world.answering_unit(team)], verdict, marks)
    only_hits(outcome, "reason", [*CHANGED, "annat"])
    return only_hits(outcome, "requester", ["patient", "staff", "missing"])


def avbojda(world: World) -> Outcome:
    outcome = Outcome()
    for reference, patient in world.living():
        unit = world.listed_at(patient)
        found = set()
        for team in world.contacts(reference, "1234"):
            no = world.refused(team)
            if no is not None and no <= world.moment and team["status"] != "entered-in-error":
                found.add(world.kind(team))
        verdict = "not-listed" if unit is None else "hit" if found else "miss"
        marks = [("contact-type", kind) for kind in found] if verdict == "hit" else []
        world.add(outcome, reference, [unit], verdict, marks)
    return only_hits(outcome, "contact-type", "1234")


def patients_of_contacts(world: World) -> dict[str, dict[str, set[str]]]:
    """Patients by contact, then by type; under the empty type all of them."""
    found: dict[str, dict[str, set[str]]] = {}
    for reference, _ in world.living():
        for team in world.contacts(reference, "1234"):
            member = world.member(team)
            if member and world.applies(team, world.moment):
                mine = found.setdefault(member, {})
                mine.setdefault(world.kind(team), set()).add(reference)
                mine.setdefault("", set()).add(reference)
    return found


def agreed(world: World, unit: str, kind: str) -> tuple[int, str] | None:
    """The level of the nearest unit that says one, and whose patients it is about."""
    for each in world.above(unit):
        said = [
            (part(e, "patients"), part(e, "type") or "")
            for e in extensions(world.by_reference[each], "caseload-threshold")
        ]
        for wanted in (kind, ""):
            fitting = [level for level in said if level[1] == wanted]
            if fitting:
                return min(fitting)
    return None


def belastning(world: World) -> Outcome:
    outcome = Outcome()
    for member, patients in patients_of_contacts(world).items():
        role = world.get(member)
        unit = to(role.get("organization")) if role else None
        levels = [agreed(world, unit, kind) for kind in patients] if unit else []
        over = any(level and len(patients.get(level[1], ())) > level[0] for level in levels)
        value = Fraction(len(patients[""]))
        world.add(outcome, "", [unit], "hit" if over else "miss", (), value)
    return outcome


def continuity(physicians: bool) -> Callable[[World], Outcome]:
    """COC is the value; UPC and SECON come as notes of a kind of their own."""

    def run(world: World) -> Outcome:
        return indices(world, physicians=physicians)["coc"]

    return run


def indices(world: World, *, physicians: bool) -> dict[str, Outcome]:
    visits: dict[str, list[tuple[datetime, str | None]]] = {}
    for encounter in world.of("Encounter"):
        start, _ = bounds(encounter)
        inpatient = encounter["class"].get("code") in ("IMP", "ACUTE", "NONAC")
        if encounter["status"] == "finished" and not inpatient and world.start <= start < world.end:
            reference = to(encounter.get("subject")) or ""
            visits.setdefault(reference, []).append((start, met(world, encounter)))
    outcomes = {name: Outcome() for name in ("coc", "upc", "secon")}
    for reference, mine in visits.items():
        known = sorted(
            (start, who)
            for start, who in mine
            if who and (not physicians or is_physician(world, who))
        )
        unknown = sum(1 for _, who in mine if who is None)
        if not known and not unknown:
            continue
        people = [who for _, who in known]
        patient = world.get(reference)
        units = [world.listed_at(patient) if patient else None]
        enough = len(people) >= world.minimum_visits
        found = three_indices(people) if enough else {}
        for name, outcome in outcomes.items():
            verdict = "hit" if enough else "too-few-visits"
            counted = world.add(outcome, reference, units, verdict, (), found.get(name))
            if counted:
                notes = outcome.notes
                notes["performer-not-known"] = notes.get("performer-not-known", 0) + unknown
    return outcomes


def three_indices(people: list[str]) -> dict[str, Fraction]:
    """By counting pairs: COC is the share of pairs of visits that were to the same person."""
    count = len(people)
    pairs = [(i, j) for i in range(count) for j in range(i)]
    same = sum(1 for i, j in pairs if people[i] == people[j])
    most = max(people.count(who) for who in people)
    in_a_row = sum(1 for i in range(1, count) if people[i] == people[i - 1])
    return {
        "coc": Fraction(same, len(pairs)),
        "upc": Fraction(most, count),
        "secon": Fraction(in_a_row, count - 1),
    }


def met(world: World, encounter: Json) -> str | None:
    """The person a visit was to: the primary performer, else the attender, else anybody else."""
    best: tuple[int, int, str] | None = None
    for position, participant in enumerate(encounter.get("participant", [])):
        who = to(participant.get("individual")) or ""
        if who.startswith(("PractitionerRole/", "Practitioner/")):
            codes = [
                c.get("code") for t in participant.get("type", []) for c in t.get("coding", [])
            ]
            known = next((code for code in codes if code in ("PPRF", "ATND")), "")
            rank = ["PPRF", "ATND", ""].index(known)
            if best is None or (rank, position) < best[:2]:
                best = (rank, position, who)
    if best is None:
        return None
    found = world.get(best[2])
    if found is not None and found["resourceType"] == "PractitionerRole":
        person = to(found.get("practitioner"))
        return person if world.get(person) else None
    return best[2] if found is not None else None


def is_physician(world: World, practitioner: str) -> bool:
    person = world.get(practitioner) or {}
    systems = ("urn:oid:1.2.752.116.3.1.3", "https://fhir.inera.se/CodeSystem/legitimerat-yrke-cs")
    return any(
        coding.get("code") == "LK" and coding.get("system") in systems
        for qualification in person.get("qualification", [])
        for coding in qualification.get("code", {}).get("coding", [])
    )


MEASURES: dict[str, Callable[[World], Outcome]] = {
    "fvk-antal": fvk_antal,
    "fvk-andel": share_of_listed("14"),
    "flk-andel": share_of_listed("2"),
    "flk-sabo": share_of_enrolled("sabo", "2"),
    "fok-andel": share_of_enrolled("hemtjanst", "3"),
    "fvk-fore-utskrivning": fvk_fore_utskrivning,
    "ism-24h": ism_24h,
    "kallelse-3d": kallelse_3d,
    "klar-till-hem": klar_till_hem,
    "sip-innehall": sip_innehall,
    "sip-uppfoljning": sip_uppfoljning,
    "sip-malgrupp": sip_malgrupp,
    "informerade": informerade,
    "tid-till-kontakt": tid_till_kontakt,
    "byten": byten,
    "avbojda": avbojda,
    "belastning": belastning,
    "kont-lakare": continuity(physicians=True),
    "kont-total": continuity(physicians=False),
}


def main(folder: str, first: str, last: str, *measures: str) -> None:
    """Print what the measures come to."""
    resources = (
        json.loads(line)
        for path in sorted(Path(folder).glob("*.ndjson"))
        for line in path.open(encoding="utf-8")
    )
    world = World(resources, first, last, datetime.now(UTC))
    for measure in measures or MEASURES:
        numbers = MEASURES[measure](world).all
        print(
            f"{measure:22} hits {numbers.hits} of {numbers.included}, excluded {numbers.excluded}"
            + (f", mean {float(numbers.mean):.6f}, median {numbers.middle}" if numbers.mean else "")
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
