"""How many patients a contact has, held against what the unit agreed on (R49-R52).

There is no national cap: verksamhetschef and contact agree on a level, again and again. A unit says
its level with the extension caseload-threshold; a number above it is a reason to look, and refuses
nothing. In a sparsely populated area the number follows the number of people listed there, and is
not a sign of overload by itself (R51).

Source: Socialstyrelsen, Fast vårdkontakt och samordnad individuell plan (2017); DOMAIN R49-R52.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, extension, items, text

# From this share of the threshold on a contact is near it: early enough to plan before it is full.
NEAR = 0.9
# Arbetstidslagen (1982:673) 5 §: ordinary working hours are at most 40 a week.
FULL_TIME_HOURS = 40


class Level(Enum):
    """How a number of patients stands to the threshold."""

    NO_THRESHOLD = "no-threshold"
    BELOW = "below"
    NEAR = "near"
    OVER = "over"
    SPARSE = "sparse"


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a unit agreed on.

    Args:
        patients: for one contact; 0 is a threshold, too: nobody new.
        kind: the type of contact whose patients count, 1 to 4; empty for the patients of all types.
        sparse: a sparsely populated area (R51).
        said_by: the id of the Organization that says so; empty where it has none.
    """

    patients: int
    kind: str = ""
    sparse: bool = False
    said_by: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceLevel:
    """A level somebody has named; for orientation, never applied.

    Args:
        group: whose patients, in Swedish.
        low: patients.
        high: patients; None where one number is named.
        time: of the contact's working time: 1.0 for a full time; None where not said.
        source: who names it.
    """

    group: str
    low: int
    high: int | None
    time: float | None
    source: str


def threshold(organization: Json, kind: str) -> Threshold | None:
    """Give the threshold that an organization itself says (R49).

    Args:
        organization: the Organization.
        kind: type of contact, 1 to 4; empty for the patients of all types together.

    Returns:
        The one for the type, else the one for all types; of several the lowest. None where the
        organization says none. `Threshold.kind` tells which patients to count.
    """
    stated = [found for each in _stated(organization) if (found := _read(each, organization))]
    of_type = [each for each in stated if kind and each.kind == kind]
    fitting = of_type or [each for each in stated if not each.kind]
    return min(fitting, key=lambda each: each.patients, default=None)


def nearest_threshold(chain: Iterable[Json], kind: str) -> Threshold | None:
    """Give the threshold in force: of the nearest organization that says one (R49).

    Args:
        chain: the unit, then those above it, as `references.organization_chain` gives them.
        kind: as for `threshold`.
    """
    return next((found for each in chain if (found := threshold(each, kind))), None)


def assess(patients: int, agreed: Threshold | None) -> Level:
    """Tell how a number of patients stands to the threshold (R51).

    Args:
        patients: of the type that the threshold is for, or of all types.
        agreed: None where nobody said one.
    """
    if agreed is None:
        return Level.NO_THRESHOLD
    if patients > agreed.patients:
        return Level.SPARSE if agreed.sparse else Level.OVER
    if patients >= math.ceil(agreed.patients * NEAR):
        return Level.SPARSE if agreed.sparse else Level.NEAR
    return Level.BELOW


def scheduled_hours(role: Json, kind: str = "") -> Decimal | None:
    """Give the hours a week scheduled for the patients one is a contact of (R52).

    Args:
        role: the PractitionerRole.
        kind: the type of contact; empty for all types together, which is the number said for all,
            or else the sum of those said by type.

    Returns:
        None where nothing is said.
    """
    said: dict[str, Decimal] = {}
    for _, each in items(role, "extension"):
        hours = extension(each, "hours").get("valueDecimal")
        if each.get("url") == codes.SCHEDULED_TIME and hours is not None:
            said[text(extension(each, "type"), "valueCode")] = Decimal(str(hours))
    if kind or "" in said:
        return said.get(kind)
    return sum(said.values(), Decimal(0)) if said else None


def per_full_time(patients: int, hours: Decimal | None) -> float | None:
    """Give how many patients it would be on a full time (R50); None without scheduled hours."""
    return round(patients * FULL_TIME_HOURS / float(hours), 1) if hours else None


def reference_levels() -> tuple[ReferenceLevel, ...]:
    """Give the levels that Socialstyrelsen's guidance quotes (R50): none of them is a cap."""
    return _REFERENCE_LEVELS


_GUIDANCE = "Socialstyrelsen 2017"
_REFERENCE_LEVELS = (
    ReferenceLevel("psykiatri", 10, 50, None, _GUIDANCE),
    ReferenceLevel("kontaktsjuksköterska", 35, None, 0.5, _GUIDANCE),
    ReferenceLevel("barn", 100, None, 1.0, _GUIDANCE),
    ReferenceLevel("samordningssjuksköterska", 3, 8, 0.1, _GUIDANCE),
    ReferenceLevel("fast vårdkontakt", 20, None, None, "Vårdförbundet"),
)


def _stated(organization: Json) -> list[Json]:
    return [
        each
        for _, each in items(organization, "extension")
        if each.get("url") == codes.CASELOAD_THRESHOLD
    ]


def _read(stated: Json, organization: Json) -> Threshold | None:
    patients = extension(stated, "patients").get("valueUnsignedInt")
    if not isinstance(patients, int) or isinstance(patients, bool):
        return None
    return Threshold(
        patients,
        text(extension(stated, "type"), "valueCode"),
        extension(stated, "sparse").get("valueBoolean") is True,
        text(organization, "id"),
    )
