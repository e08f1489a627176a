"""Whom a SIP is suggested to, as far as what is documented tells (R88).

A suggestion for staff, no decision: a diagnosis is no need, and many needs have no diagnosis. The
groups are R88's; which ICD-10-SE codes speak for them is this project's proposal, by the chapters
of the classification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, concept_codes, text

PSYCHIATRIC_ADDICTION = "psykisk-sjukdom-beroende"
PSYCHIATRIC_DISABILITY = "psykisk-sjukdom-funktionsnedsattning"
DEMENTIA_SOMATIC = "demens-somatik"
YOUNG = "unga-psykosocialt"
PLACED = "placerade-barn"
NPF = "npf"
FRAIL = "multisjuk-aldre"
DISPLAYS = {
    PSYCHIATRIC_ADDICTION: "Psykisk sjukdom och skadligt bruk eller beroende",
    PSYCHIATRIC_DISABILITY: "Psykisk sjukdom och funktionsnedsättning",
    DEMENTIA_SOMATIC: "Demens och kroppslig sjukdom",
    YOUNG: "Barn och unga med psykosociala behov",
    PLACED: "Placerade barn och unga",
    NPF: "Neuropsykiatrisk funktionsnedsättning",
    FRAIL: "Multisjuk eller skör äldre",
    "annan": "Annan",
}
ADULT = 18
# Socialstyrelsen counts as multisjuka people of 75 years and more with diagnoses of three kinds;
# the stays in hospital of its definition are left out here, so that nobody is suggested too late.
OLD = 75
SEVERAL = 3

_ADDICTION = re.compile(r"F1[0-689]")
_PSYCHIATRIC = re.compile(r"F[2-6]\d")
_DISABILITY = re.compile(r"F7\d|G80|G82|H54|H90|Q90|S06|T90|Z73\.?6|Z99\.?3")
_DEMENTIA = re.compile(r"F0[0-3]|G30|G31\.?[08]")
_NEUROPSYCHIATRIC = re.compile(r"F84|F90|F95\.?2")
_YOUNG = re.compile(r"F9\d|F[3-5]\d|Z5[5-9]|Z6[0-5]|Z72")
_PLACED = re.compile(r"Z62\.?2")
# Chapters of diseases of the body; F is the mind, R to Z are symptoms, injuries and circumstances.
_SOMATIC = re.compile(r"[A-EG-Q]\d\d")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a group.

    Args:
        why: in Swedish, for staff.
        reference: where it is documented; empty for an age.
    """

    why: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A group that seems to fit."""

    group: str
    evidence: tuple[Evidence, ...]


def suggestions(
    conditions: Sequence[Json], contacts: Sequence[Json], born: date | None, day: date
) -> Iterator[Suggestion]:
    """Give the groups that a person seems to belong to (R88).

    Args:
        conditions: Conditions in force.
        contacts: active CareTeams of named contacts, with their criteria (R19).
        born: the day of birth; None where it is not known.
        day: today.
    """
    record = _Record(conditions, contacts, _age(born, day))
    for group, rule in _RULES.items():
        if found := rule(record):
            yield Suggestion(group, tuple(dict.fromkeys(found)))


class _Record:
    """What is documented about one person."""

    def __init__(
        self, conditions: Sequence[Json], contacts: Sequence[Json], age: int | None
    ) -> None:
        self._conditions = [(each, _icd(each)) for each in conditions]
        self._contacts = contacts
        self.age = age

    def diagnoses(self, pattern: re.Pattern[str], but: re.Pattern[str] | None = None) -> _Found:
        """Give the conditions whose code begins as a pattern says, and not as another does."""
        return [
            Evidence(_called(condition), f"Condition/{text(condition, 'id')}")
            for condition, icd in self._conditions
            if any(pattern.match(c) and not (but and but.match(c)) for c in icd)
        ]

    def criteria(self, code: str, called: str) -> _Found:
        """Give the fixed contacts that were appointed for such a reason (R19)."""
        return [
            Evidence(f"Fast kontakt utsedd för: {called}", f"CareTeam/{text(team, 'id')}")
            for team in self._contacts
            if code in concept_codes(team, "reasonCode", codes.CRITERIA_SYSTEM)
        ]

    def chapters(self) -> int:
        """Count the kinds of disease: chapters of the classification, by their letter."""
        return len({c[0] for _, icd in self._conditions for c in icd if c[:1] not in "RSTVWXYZ"})

    def young(self) -> _Found:
        return [Evidence("Under 18 år")] if self.age is not None and self.age < ADULT else []

    def old(self) -> _Found:
        return [Evidence("75 år eller äldre")] if self.age is not None and self.age >= OLD else []


_Found = list[Evidence]


def _all_of(*parts: _Found) -> _Found:
    """Give all evidence where there is some of each kind."""
    return [each for part in parts for each in part] if all(parts) else []


def _psychiatric_addiction(record: _Record) -> _Found:
    addiction = [*record.diagnoses(_ADDICTION), *record.criteria("beroende", "beroende")]
    return _all_of(record.diagnoses(_PSYCHIATRIC), addiction)


def _psychiatric_disability(record: _Record) -> _Found:
    limits = record.criteria("nedsatt-funktion", "nedsatt funktionsförmåga")
    return _all_of(record.diagnoses(_PSYCHIATRIC), [*record.diagnoses(_DISABILITY), *limits])


def _dementia_somatic(record: _Record) -> _Found:
    dementia = [*record.diagnoses(_DEMENTIA), *record.criteria("demens", "demenssjukdom")]
    return _all_of(dementia, record.diagnoses(_SOMATIC, _DEMENTIA))


def _young(record: _Record) -> _Found:
    return _all_of(record.young(), record.diagnoses(_YOUNG))


def _placed(record: _Record) -> _Found:
    return _all_of(record.young(), record.diagnoses(_PLACED))


def _npf(record: _Record) -> _Found:
    criteria = record.criteria("npf", "neuropsykiatrisk funktionsnedsättning")
    return [*record.diagnoses(_NEUROPSYCHIATRIC), *criteria]


def _frail(record: _Record) -> _Found:
    said = record.criteria("multisjuk-aldre", "multisjuk eller skör äldre")
    several = record.diagnoses(_SOMATIC) if record.chapters() >= SEVERAL else []
    return [*said, *_all_of(record.old(), several)]


_RULES: dict[str, Callable[[_Record], _Found]] = {
    PSYCHIATRIC_ADDICTION: _psychiatric_addiction,
    PSYCHIATRIC_DISABILITY: _psychiatric_disability,
    DEMENTIA_SOMATIC: _dementia_somatic,
    YOUNG: _young,
    PLACED: _placed,
    NPF: _npf,
    FRAIL: _frail,
}


def _icd(condition: Json) -> list[str]:
    found = concept_codes(condition, "code", *codes.ICD_10_SE_SYSTEMS)
    return [code.upper() for code in found]


def _called(condition: Json) -> str:
    concept = child(condition, "code")
    shown = [text(coding, "display") for coding in concept.get("coding", [])]
    return text(concept, "text") or next(filter(None, shown), "Diagnos")


def _age(born: date | None, day: date) -> int | None:
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
