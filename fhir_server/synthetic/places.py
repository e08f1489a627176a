"""Where care happens: a region, its municipalities and all their units.

The names of municipalities and their codes are real (Jämtlands län), so that reports look like
reports; every unit is made up, and every HSA-id begins as those of Inera's test environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fhir_server.sweden import codes
from fhir_server.synthetic.chance import Fate
from fhir_server.synthetic.elements import Json, concept, extension, hsa_id, phone, reference
from fhir_server.synthetic.elements import resource as begin

REGION = "demo-region"
# Kommunkod, name, share of the people, and whether few live there on much land (R51).
_MUNICIPALITIES = (
    ("2380", "Östersund", 48, False), ("2309", "Krokom", 12, False), ("2321", "Åre", 10, True),
    ("2313", "Strömsund", 9, True), ("2361", "Härjedalen", 8, True), ("2326", "Berg", 5, True),
    ("2305", "Bräcke", 4, True), ("2303", "Ragunda", 4, True),
)  # fmt: skip
_LISTED_AT_ONE = 9_000
_PEOPLE_OF_A_MUNICIPALITY = 12_000
_RESIDENTS_OF_A_SABO = 60
# Of all people, those who live in a särskilt boende.
_IN_SABO = 0.009


class Kind(StrEnum):
    """What a unit does."""

    HALSOCENTRAL = "hc"
    CLINIC = "mottagning"
    WARD = "avdelning"
    HEMSJUKVARD = "hemsjukvard"
    HEMTJANST = "hemtjanst"
    SABO = "sabo"


# HSA verksamhetskod of the region's units, and what municipal units are called in words.
_CODES = {
    "primarvard": ("15", "Primärvårdsverksamhet"),
    "medicin": ("11", "Medicinsk verksamhet"),
    "psykiatri": ("16", "Psykiatrisk verksamhet"),
    "barn": ("10", "Barn- och ungdomsverksamhet"),
}
_WORDS = {
    Kind.HEMSJUKVARD: "Kommunal hälso- och sjukvård",
    Kind.HEMTJANST: "Hemtjänst",
    Kind.SABO: "Särskilt boende",
}
_CLINICS = (
    ("onkologen", "Onkologmottagningen", "medicin"),
    ("neurologen", "Neurologmottagningen", "medicin"),
    ("kardiologen", "Hjärtmottagningen", "medicin"),
    ("psykiatrin", "Vuxenpsykiatriska mottagningen", "psykiatri"),
    ("bup", "Barn- och ungdomspsykiatrin", "barn"),
)
_WARDS = (
    ("avd-medicin", "Medicinavdelningen", "medicin"),
    ("avd-kirurgi", "Kirurgavdelningen", "medicin"),
    ("avd-geriatrik", "Geriatriska avdelningen", "medicin"),
)
# Patients for one contact before the unit looks at the workload, by type of contact (R49, R50).
_THRESHOLDS = {
    Kind.HALSOCENTRAL: ((codes.FAST_VARDKONTAKT, 60), (codes.FAST_LAKARKONTAKT, 500)),
    Kind.CLINIC: ((None, 35),),
    Kind.HEMSJUKVARD: ((None, 30),),
    Kind.HEMTJANST: ((codes.FAST_OMSORGSKONTAKT, 12),),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A place of care.

    Args:
        id: logical id of its Organization.
        name: what people call it.
        kind: what it does.
        specialty: key of the HSA verksamhetskod; empty for municipal units.
        municipality: kommunkod; empty for units of the whole region.
        owner: logical id of the Organization it is part of.
        people: about how many it is for.
        number: of the unit in the region, for its HSA-id and telephones.
        continuity: how often a patient meets the same person here, from 0 to 1.
        coverage: how much more or less often than elsewhere contacts are named here.
        sparse: few people on much land.
    """

    id: str
    name: str
    kind: Kind
    specialty: str
    municipality: str
    owner: str
    people: int
    number: int
    continuity: float
    coverage: float
    sparse: bool

    @property
    def municipal(self) -> bool:
        """Whether the municipality answers for it."""
        return self.kind in (Kind.HEMSJUKVARD, Kind.HEMTJANST, Kind.SABO)

    @property
    def reference(self) -> str:
        """``Organization/[id]``."""
        return f"Organization/{self.id}"

    def number_of(self, line: int) -> str:
        """Give a telephone number of the unit; 063-000 … leads nowhere."""
        return f"063-000 {self.number:03} {line:03}"


@dataclass(frozen=True, slots=True)
class Municipality:
    """A kommun: its code, name, people and units."""

    code: str
    name: str
    people: int
    sparse: bool
    units: tuple[Unit, ...]

    def of_kind(self, kind: Kind) -> tuple[Unit, ...]:
        """Give its units of a kind."""
        return tuple(unit for unit in self.units if unit.kind is kind)


@dataclass(frozen=True, slots=True)
class Places:
    """All places of a region."""

    municipalities: tuple[Municipality, ...]
    clinics: tuple[Unit, ...]
    wards: tuple[Unit, ...]

    @property
    def units(self) -> tuple[Unit, ...]:
        """Give every unit."""
        municipal = (unit for each in self.municipalities for unit in each.units)
        return (*municipal, *self.clinics, *self.wards)

    def clinic(self, name: str) -> Unit:
        """Give a clinic by the end of its id."""
        return next(unit for unit in self.clinics if unit.id == f"demo-{name}")


class _Builder:
    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._number = 0

    def unit(
        self, identity: str, name: str, kind: Kind, specialty: str, people: int,
        municipality: str = "", sparse: bool = False,
    ) -> Unit:  # fmt: skip
        self._number += 1
        fate = Fate(f"{self._seed}/unit/{identity}")
        municipal = kind in (Kind.HEMSJUKVARD, Kind.HEMTJANST, Kind.SABO)
        return Unit(
            f"demo-{identity}", name, kind, specialty, municipality,
            f"demo-kommun-{municipality}" if municipal else REGION, people, self._number,
            0.35 + 0.55 * fate.share(), 0.7 + 0.6 * fate.share(), sparse,
        )  # fmt: skip

    def municipality(self, code: str, name: str, people: int, sparse: bool) -> Municipality:
        count = max(1, round(people / _LISTED_AT_ONE))
        homes = max(1, round(people * _IN_SABO / _RESIDENTS_OF_A_SABO))
        units = [
            self.unit(f"hc-{code}-{n + 1}", f"Hälsocentralen {name}{_ordinal(n, count)} (påhittad)",
                      Kind.HALSOCENTRAL, "primarvard", people // count, code, sparse)
            for n in range(count)
        ]  # fmt: skip
        units += [
            self.unit(f"hemsjukvard-{code}", f"{name}, hemsjukvården (påhittad)",
                      Kind.HEMSJUKVARD, "", people, code, sparse),
            self.unit(f"hemtjanst-{code}", f"{name}, hemtjänsten (påhittad)",
                      Kind.HEMTJANST, "", people, code, sparse),
        ]  # fmt: skip
        units += [
            self.unit(f"sabo-{code}-{n + 1}", f"{name}, särskilt boende {n + 1} (påhittat)",
                      Kind.SABO, "", people // homes, code, sparse)
            for n in range(homes)
        ]  # fmt: skip
        return Municipality(code, name, people, sparse, tuple(units))


def places(size: int, seed: str) -> Places:
    """Give the places that a region of so many people has.

    Args:
        size: how many people.
        seed: what everything follows from.
    """
    build = _Builder(seed)
    count = max(3, min(len(_MUNICIPALITIES), size // _PEOPLE_OF_A_MUNICIPALITY + 3))
    chosen = _MUNICIPALITIES[:count]
    whole = sum(share for _, _, share, _ in chosen)
    municipalities = tuple(
        build.municipality(code, name, size * share // whole, sparse)
        for code, name, share, sparse in chosen
    )
    clinics, wards = (
        tuple(build.unit(key, f"{name} (påhittad)", kind, specialty, size)
              for key, name, specialty in listed)
        for listed, kind in ((_CLINICS, Kind.CLINIC), (_WARDS, Kind.WARD))
    )  # fmt: skip
    return Places(municipalities, clinics, wards)


def organizations(found: Places) -> Iterator[Json]:
    """Give the Organizations, whoever others are part of first."""
    yield _huvudman(REGION, "Region Jämtland Härjedalen (påhittad)", codes.REGION, "2321000214-R")
    for each in found.municipalities:
        name = f"{each.name} kommun (påhittad)"
        identity = f"demo-kommun-{each.code}"
        yield _huvudman(identity, name, codes.KOMMUN, f"2120002528-K{each.code}")
    for unit in found.units:
        yield _organization(unit)


def _huvudman(identity: str, name: str, huvudman: str, number: str) -> Json:
    return {
        **begin("Organization", identity, "se-organization"),
        "extension": [extension(codes.HUVUDMAN, valueCode=huvudman)],
        "identifier": [hsa_id(f"TSTNMT{number}")],
        "active": True,
        "type": [{"text": "Vårdgivare"}],
        "name": name,
        "telecom": [phone("063-000 000 000")],
    }


def _organization(unit: Unit) -> Json:
    huvudman = codes.KOMMUN if unit.municipal else codes.REGION
    owner = "2120002528" if unit.municipal else "2321000214"
    return {
        **begin("Organization", unit.id, "vardenhet-organization"),
        "extension": [extension(codes.HUVUDMAN, valueCode=huvudman), *_thresholds(unit)],
        "identifier": [hsa_id(f"TSTNMT{owner}-U{unit.number:03}")],
        "active": True,
        "type": [_type(unit)],
        "name": unit.name,
        "telecom": [phone(unit.number_of(0))],
        "partOf": reference(f"Organization/{unit.owner}"),
    }


def _type(unit: Unit) -> Json:
    if unit.municipal:
        return {"text": _WORDS[unit.kind]}
    return concept(codes.VERKSAMHETSKOD, *_CODES[unit.specialty])


def _thresholds(unit: Unit) -> Iterator[Json]:
    """Give thresholds for two of three units: not every unit has agreed on one."""
    if unit.number % 3 == 0:
        return
    for kind, patients in _THRESHOLDS.get(unit.kind, ()):
        inner = [{"url": "patients", "valueUnsignedInt": patients}]
        if kind is not None:
            inner.append({"url": "type", "valueCode": kind})
        if unit.sparse:
            inner.append({"url": "sparse", "valueBoolean": True})
        yield {"url": codes.structure("caseload-threshold"), "extension": inner}


def _ordinal(n: int, count: int) -> str:
    return f" {n + 1}" if count > 1 else ""
