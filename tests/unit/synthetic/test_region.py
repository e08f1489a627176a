"""The synthetic region: the same from the same seed, and with something of everything."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.sweden import codes
from fhir_server.sweden.elements import concept_codes, extension
from fhir_server.sweden.facts import facts_of
from fhir_server.synthetic.region import Region

Json = dict[str, Any]
END = dt.date(2026, 11, 20)
SIZE = 60


def everything(size: int = SIZE, seed: int = 1, end: dt.date = END) -> list[Json]:
    region = Region(size, seed, end)
    theirs = (each for number in range(size) for each in region.patient(number))
    return [*region.units_and_staff(), *theirs]


def digest(resources: list[Json]) -> str:
    return hashlib.sha256(b"\n".join(map(json.dump, resources))).hexdigest()


ALL = everything()
BY_TYPE: dict[str, list[Json]] = {}
for _each in ALL:
    BY_TYPE.setdefault(_each["resourceType"], []).append(_each)
CONTACTS = [(each, facts_of(each)) for each in BY_TYPE["CareTeam"]]


def labels(resource: Json) -> set[str]:
    return {each["code"] for each in resource["meta"]["security"]}


def test_the_same_seed_size_and_day_give_the_same_bytes() -> None:
    assert digest(everything()) == digest(ALL)
    others = [everything(seed=2), everything(size=SIZE + 1), everything(end=dt.date(2026, 11, 19))]
    assert len({digest(each) for each in [ALL, *others]}) == 4


def test_a_patient_does_not_depend_on_those_made_before() -> None:
    region = Region(SIZE, 1, END)
    last = list(region.patient(SIZE - 1))
    assert digest(last) == digest(ALL[-len(last) :])


def test_everything_is_labelled_as_made_up_and_has_an_id_of_its_own() -> None:
    assert all("DEMO" in labels(each) for each in ALL)
    names = Counter((each["resourceType"], each["id"]) for each in ALL)
    assert set(names.values()) == {1}
    assert all(each["id"].removeprefix("p-").startswith("demo-") for each in ALL)


def test_references_lead_to_what_came_before() -> None:
    known: set[str] = set()
    for each in ALL:
        known.add(f"{each['resourceType']}/{each['id']}")
        missing = set(_references(each)) - known
        assert not missing, each["id"]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for item in value.values() for found in _references(item)]
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    return []


def test_units_are_of_all_kinds_and_huvudman() -> None:
    """R12, R49, R51, R76: some have agreed on a threshold, some lie in sparse country."""
    units = BY_TYPE["Organization"]
    assert {extension(each, codes.HUVUDMAN)["valueCode"] for each in units} == {"region", "kommun"}
    kinds = {code for each in units for code in concept_codes(each, "type", codes.VERKSAMHETSKOD)}
    assert kinds == {"10", "11", "15", "16"}
    words = {each["type"][0].get("text") for each in units}
    assert {"Hemtjänst", "Särskilt boende", "Kommunal hälso- och sjukvård"} <= words
    threshold = codes.structure("caseload-threshold")
    agreed = [each for each in units if extension(each, threshold)]
    assert 0 < len(agreed) < len(units)
    assert any(extension(extension(each, threshold), "sparse") for each in agreed)
    assert sum(each["id"].startswith("demo-kommun-") for each in units) == 3


def test_staff_is_of_all_professions_and_some_left() -> None:
    """R13, R15, R38, R45: physicians with and without licence, holidays, people who left."""
    roles, people = BY_TYPE["PractitionerRole"], BY_TYPE["Practitioner"]
    kinds = {facts_of(each).get("kind") for each in people}
    assert {"LK", "SJ", "AT", "FT", "HK", "PS", "PT", "DT", "LG", "BM", "usk", None} == kinds
    positions = {code for each in roles for code in concept_codes(each, "code", codes.BEFATTNING)}
    assert {"201011", "201010", "203010", "204010", "206011"} == positions
    left = [each for each in roles if not each["active"]]
    assert left
    assert all("end" in each["period"] for each in left)
    assert any("notAvailable" in each for each in roles)
    assert all(each["telecom"] and each["availableTime"] for each in roles)


def test_patients_are_of_all_kinds() -> None:
    """R34, R101, R118, R122: listed, of a municipality, some protected, some dead."""
    patients = BY_TYPE["Patient"]
    found = [facts_of(each) for each in patients]
    assert len(patients) == SIZE
    assert {"active", "deceased"} == {each["status"] for each in found}
    assert all("born" in each and "kind" in each for each in found)
    assert sum("unit" in each for each in found) > 0.9 * SIZE
    protected = [each for each in patients if "sekretessmarkering" in labels(each)]
    assert protected
    assert not any("address" in each for each in protected)
    assert {each["place"] for each in found if "place" in each} == {"2380", "2309", "2321"}


def test_forms_of_care_are_all_there() -> None:
    """R23, R38, R103."""
    forms = {facts_of(each)["kind"] for each in BY_TYPE["EpisodeOfCare"]}
    assert forms == {"sabo", "hemsjukvard", "hemtjanst"}


def test_named_contacts_are_of_all_types_and_in_all_states() -> None:
    """R4, R7, R10, R20, R34, R38: types, grounds, told and not told, declined, ended."""
    assert {found["kind"] for _, found in CONTACTS} == {"1", "2", "3", "4"}
    assert {found["status"] for _, found in CONTACTS} == {"active", "inactive"}
    assert {"livshotande", "utskrivning", "hemsjukvard", "listning"} <= {
        found["basis"] for _, found in CONTACTS
    }
    assert any("declined" in found for _, found in CONTACTS)
    assert 0.3 < sum("informed" in found for _, found in CONTACTS) / len(CONTACTS) < 0.9
    assert all("appointed" in found for _, found in CONTACTS)
    assert any(extension(each, codes.REVIEW_DATE) for each, _ in CONTACTS)
    assert any(extension(each["participant"][0], codes.DEPUTY) for each, _ in CONTACTS)


@pytest.mark.parametrize("seed", [1, 2, 3, 11, 2024])
def test_contacts_end_for_all_reasons_whatever_the_seed(seed: int) -> None:
    """R7, R20, R46, R48: declined, died, no longer needed, changed by either side, left."""
    teams = [facts_of(each) for each in everything(seed=seed) if _is_contact(each)]
    reasons = {each["reason"] for each in teams if each["status"] == "inactive"}
    assert {"avbojd", "avliden", "byte-patient", "byte-verksamhet", "slutat"} <= reasons
    assert reasons & {"behov-upphort", "flyttat"}
    assert {each["kind"] for each in teams} == {"1", "2", "3", "4"}


def test_a_need_is_found_before_the_contact_begins() -> None:
    """R107: the wait is counted from there."""
    waits = [found["start"] - found["need"] for _, found in CONTACTS if "need" in found]
    assert waits
    assert min(waits) >= 0
    assert max(waits) > 0


def test_a_changed_contact_leaves_no_gap_and_says_who_asked() -> None:
    """R46, R47, R48: the next begins where the one before ended."""
    before = {f"CareTeam/{each['id']}": found for each, found in CONTACTS}
    link = codes.REPLACES_CONTACT
    pairs = [
        (before[extension(each, link)["valueReference"]["reference"]], found)
        for each, found in CONTACTS
        if extension(each, link)
    ]
    assert pairs
    assert all(old["end"] == new["start"] for old, new in pairs)
    assert {"patient", "staff"} == {found["asked"] for _, found in CONTACTS if "asked" in found}


def test_nobody_has_two_fasta_lakarkontakter_or_coordinators() -> None:
    """R32, R36, ct-4, ct-6."""
    active = Counter(
        (found["patient"], found["kind"])
        for _, found in ((each, facts_of(each)) for each in everything(400) if _is_contact(each))
        if found["status"] == "active" and found["kind"] in ("2", "4")
    )
    assert active
    assert set(active.values()) == {1}


def _is_contact(resource: Json) -> bool:
    return resource["resourceType"] == "CareTeam"


def test_stays_have_the_timeline_of_discharge_and_contacts_begin_in_them() -> None:
    """R57, R60, R61, R107."""
    stays = {
        f"Encounter/{each['id']}": facts_of(each)
        for each in BY_TYPE["Encounter"]
        if each["class"]["code"] == "IMP"
    }
    assert any("need" in each for each in stays.values())
    during = [
        found
        for _, found in CONTACTS
        if "place" in found and found["start"] <= stays[found["place"]]["end"]
    ]
    assert during


def test_visits_are_finished_or_cancelled_and_have_performers() -> None:
    """R105: continuity is counted from who met the patient."""
    visits = [facts_of(each) for each in BY_TYPE["Encounter"]]
    assert {"finished", "cancelled"} == {each["status"] for each in visits}
    assert {"AMB", "HH", "IMP"} <= {each["kind"] for each in visits}
    assert all("member" in each and "unit" in each for each in visits)
    last = max(each["end"] for each in visits)
    assert last < dt.datetime(2026, 11, 21, tzinfo=dt.UTC).timestamp() * 1e6


def test_continuity_differs_between_units() -> None:
    """R105: how often a patient meets whom they mostly meet."""
    met: dict[str, dict[str, Counter[str]]] = {}
    for each in everything(600):
        found = facts_of(each)
        if each["resourceType"] == "Encounter" and each["class"]["code"] != "IMP":
            patients = met.setdefault(found["unit"], {})
            patients.setdefault(found["patient"], Counter())[found["member"]] += 1
    usual = []
    for patients in met.values():
        often = [who for who in patients.values() if who.total() >= 4]
        if len(often) >= 10:
            usual.append(sum(max(w.values()) / w.total() for w in often) / len(often))
    assert len(usual) >= 3
    assert max(usual) - min(usual) > 0.1


@pytest.mark.parametrize("size", [1, 2, 13])
def test_the_smallest_regions_are_whole(size: int) -> None:
    found = everything(size)
    assert sum(each["resourceType"] == "Patient" for each in found) == size


def test_targets_are_not_reached() -> None:
    """R102, R103: about a third have a named physician; more in särskilt boende, under 80 %."""
    found = [facts_of(each) | {"type": each["resourceType"]} for each in everything(4_000)]
    named = {
        each["patient"] for each in found
        if each["type"] == "CareTeam" and each["kind"] == "2" and each["status"] == "active"
    }  # fmt: skip
    living = {
        each["patient"]
        for each in found
        if each["type"] == "Patient" and each["status"] == "active"
    }
    in_sabo = living & {
        each["patient"]
        for each in found
        if each["type"] == "EpisodeOfCare" and each["kind"] == "sabo"
    }
    assert 0.2 < len(named & living) / len(living) < 0.45
    assert 0.35 < len(named & in_sabo) / len(in_sabo) < 0.8
