"""A measure's result as a MeasureReport. https://hl7.org/fhir/R4/measurereport.html"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.measures.catalogue import MEASURES
from fhir_server.measures.percentiles import Distribution
from fhir_server.measures.question import Filters
from fhir_server.measures.result import Figures, Group, Result, Scoring, relative_change
from fhir_server.measures.window import Window
from fhir_server.sweden import codes

Json = dict[str, Any]

POPULATIONS = "http://terminology.hl7.org/CodeSystem/measure-population"
GROUPS = codes.code_system("measure-group")
STRATIFIERS = codes.code_system("measure-stratifier")
REASONS = codes.code_system("measure-reason")
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
KINDS = {"subject": "individual", "subject-list": "subject-list", "population": "summary"}
# Scores are shares, indices, days and patients: more digits than this say nothing.
DIGITS = 6
# Where the values of a stratifier are codes, or resources; those of age bands are texts.
SYSTEMS = {
    "huvudman": codes.code_system("huvudman"),
    "municipality": codes.KOMMUNKOD,
    "sex": "http://hl7.org/fhir/administrative-gender",
    "contact-type": codes.CONTACT_TYPE,
    "reason": codes.END_REASON_SYSTEM,
    "target-group": codes.SIP_TARGET_GROUP_SYSTEM,
}
UNITS = {
    "days": {"unit": "d", "system": "http://unitsofmeasure.org", "code": "d"},
    "patients": {
        "unit": "patients",
        "system": "http://unitsofmeasure.org",
        "code": "{patients}",
    },
}


@dataclass(frozen=True, slots=True)
class MeasureReport:
    """Puts a result into FHIR's form.

    Args:
        measure: the Measure.
        result: as it is to be shown.
        filters: whom it is about.
        kind: subject, subject-list or population.
        now: when it was computed.
    """

    measure: Mapping[str, Any]
    result: Result
    filters: Filters
    kind: str
    now: dt.datetime

    def resource(self) -> Json:
        """Give the MeasureReport."""
        measure, version = str(self.measure["url"]), self.measure.get("version")
        report: Json = {
            "resourceType": "MeasureReport",
            "meta": {"profile": [codes.structure("contact-measurereport")]},
            "contained": list(self._lists()),
            "extension": [*self._target(), *self._filter()],
            "status": "complete",
            "type": KINDS[self.kind],
            "measure": f"{measure}|{version}" if version else measure,
            "subject": {"reference": self.filters.subject} if self.filters.subject else None,
            "date": self.now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "period": _period(self.result.window),
            "improvementNotation": self.measure.get("improvementNotation"),
            "group": [self._group(group) for group in self.result.groups.values()],
        }
        return {name: value for name, value in report.items() if value}

    def _target(self) -> Iterator[Json]:
        spec = MEASURES[self.result.measure]
        target = spec.target or spec.change
        if target is not None:
            relative = {"relative": {"valueBoolean": True}} if spec.change else {}
            yield _extension("measure-target", {"value": {"valueDecimal": target}, **relative})

    def _filter(self) -> Iterator[Json]:
        filters = self.filters
        parts = {
            "unit": {"valueReference": {"reference": filters.unit}} if filters.unit else None,
            "huvudman": {"valueCode": filters.huvudman} if filters.huvudman else None,
            "municipality": {"valueCode": filters.municipality} if filters.municipality else None,
            "practitioner": {"valueReference": {"reference": filters.practitioner}}
            if filters.practitioner
            else None,
        }
        given = {name: value for name, value in parts.items() if value}
        if given:
            yield _extension("measure-filter", given)

    def _group(self, group: Group) -> Json:
        found: Json = {
            "code": _concept(GROUPS, group.code),
            "extension": self._extensions(group, group.figures, self._before(group.code)),
            "population": [
                *self._populations(group, group.figures, listed=True),
                *self._reasons(group),
            ],
            "measureScore": self._score(group.figures),
            "stratifier": [
                {
                    "code": [_concept(STRATIFIERS, name)],
                    "stratum": [
                        self._stratum(group, name, value, figures)
                        for value, figures in strata.items()
                    ],
                }
                for name, strata in group.strata.items()
                if strata
            ],
        }
        return {name: value for name, value in found.items() if value}

    def _stratum(self, group: Group, stratifier: str, value: str, figures: Figures) -> Json:
        before = self._before(group.code, stratifier, value)
        found: Json = {
            "value": self._value(stratifier, value),
            "extension": self._extensions(group, figures, before),
            "population": list(self._populations(group, figures)),
            "measureScore": self._score(figures),
        }
        return {name: each for name, each in found.items() if each}

    def _value(self, stratifier: str, value: str) -> Json:
        if value == "missing":
            return _concept(REASONS, value) | {"text": "Uppgift saknas"}
        if stratifier == "unit":
            # A stratum's value is a concept in R4: the reference stands as its text.
            name = self.result.names.get(value)
            coding = {"code": value} | ({"display": name} if name else {})
            return {"coding": [coding], "text": value}
        if stratifier in SYSTEMS:
            return _concept(SYSTEMS[stratifier], value)
        return {"text": value}

    def _populations(
        self, group: Group, figures: Figures, *, listed: bool = False
    ) -> Iterator[Json]:
        for code, count in _counts(group.scoring, figures).items():
            population: Json = {"code": _concept(POPULATIONS, code), **_number(count)}
            if listed and self.kind == "subject-list":
                population["subjectResults"] = {"reference": f"#{_list_id(group, code)}"}
            yield population

    def _reasons(self, group: Group) -> Iterator[Json]:
        for reason, count in group.reasons.items():
            population: Json = {"code": _concept(REASONS, reason), **_number(count)}
            if self.kind == "subject-list":
                population["subjectResults"] = {"reference": f"#{_list_id(group, reason)}"}
            yield population
        for note, count in self.result.notes.items():
            yield {"code": _concept(REASONS, note), **_number(count)}

    def _score(self, figures: Figures) -> Json | None:
        if figures.score is None:
            return None
        return {"value": round(figures.score, DIGITS), **UNITS.get(self.result.unit, {})}

    def _extensions(self, group: Group, figures: Figures, before: Figures | None) -> list[Json]:
        found: list[Json] = []
        if group.scoring is Scoring.CONTINUOUS and figures.distribution is not None:
            found.append(_spread(figures.distribution))
        if before is not None and self.result.baseline is not None:
            parts: Json = {"period": {"valuePeriod": _period(self.result.baseline.window)}}
            if before.score is not None:
                parts["score"] = {"valueDecimal": round(before.score, DIGITS)}
            change = relative_change(before, figures)
            if change is not None:
                parts["change"] = {"valueDecimal": round(change, DIGITS)}
            found.append(_extension("measure-baseline", parts))
        return found

    def _before(self, code: str, stratifier: str = "", value: str = "") -> Figures | None:
        baseline = self.result.baseline
        if baseline is None or code not in baseline.groups:
            return None
        group = baseline.groups[code]
        if not stratifier:
            return group.figures
        return group.strata.get(stratifier, {}).get(value)

    def _lists(self) -> Iterator[Json]:
        if self.kind != "subject-list":
            return
        for group in self.result.groups.values():
            for code, patients in _members(group).items():
                entries = [{"item": {"reference": patient}} for patient in patients]
                yield {
                    "resourceType": "List",
                    "id": _list_id(group, code),
                    "status": "current",
                    "mode": "snapshot",
                    **({"entry": entries} if entries else {}),
                }


def _members(group: Group) -> dict[str, tuple[str, ...]]:
    """Give the patients of each population and reason, each once."""
    found = dict(group.subjects)
    hits = found.pop("hit", ())
    misses = found.pop("miss", ())
    excluded = tuple(dict.fromkeys(one for listed in found.values() for one in listed))
    included = tuple(dict.fromkeys((*hits, *misses)))
    every = tuple(dict.fromkeys((*included, *excluded)))
    sets = Figures(1, 2, 3)
    names = _counts(group.scoring, sets, every=4)
    by_number = {1: included, 2: hits, 3: excluded, 4: every}
    populations = {code: by_number[number or 4] for code, number in names.items()}
    return populations | {reason: found.get(reason, ()) for reason in group.reasons}


def _counts(scoring: Scoring, figures: Figures, every: int | None = None) -> dict[str, int | None]:
    """Give FHIR's populations, and how many are in each.

    Exclusions belong to what they are excluded from: a proportion's score is the numerator by the
    denominator less its exclusions.
    """
    population = figures.population if every is None else every
    match scoring:
        case Scoring.COHORT:
            return {"initial-population": figures.included}
        case Scoring.PROPORTION:
            return {
                "initial-population": population,
                "denominator": population,
                "denominator-exclusion": figures.excluded,
                "numerator": figures.hits,
            }
        case Scoring.CONTINUOUS:
            return {
                "initial-population": population,
                "measure-population": population,
                "measure-population-exclusion": figures.excluded,
                "numerator": figures.hits,
            }


def _list_id(group: Group, code: str) -> str:
    return f"{group.code}-{code}"


def _number(count: int | None) -> Json:
    if count is None:
        return {"_count": {"extension": [{"url": DATA_ABSENT, "valueCode": "masked"}]}}
    return {"count": count}


def _spread(distribution: Distribution) -> Json:
    parts: Json = {"count": {"valueUnsignedInt": distribution.count}}
    for name in ("least", "median", "p90", "most", "mean"):
        parts[name] = {"valueDecimal": round(getattr(distribution, name), DIGITS)}
    return _extension("measure-distribution", parts)


def _extension(name: str, parts: Mapping[str, Json]) -> Json:
    return {
        "url": codes.structure(name),
        "extension": [{"url": part, **value} for part, value in parts.items()],
    }


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _period(window: Window) -> Json:
    return {"start": window.first, "end": window.last}
