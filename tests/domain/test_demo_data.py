"""The demo bundles: valid R4, true to the profiles, and ready for the README's walk-through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

ROOT = Path(__file__).resolve().parents[2]
COMPILED = ROOT / "profiles" / "se"
CANONICAL = json.loads((COMPILED / "package.json").read_text())["canonical"]
FIRST = "0-organisations.json"
SCENARIOS = ("a-elderly-discharge.json", "b-als.json", "c-child.json")

CONTACT_TYPE = (
    "https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt"
)
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"
HSA_ID = "urn:oid:1.2.752.29.4.19"
ORGANISATIONSNUMMER = "urn:oid:2.5.4.97"
# Systems whose codes others publish; the demo names none but these besides the project's.
ELSEWHERE = {
    "http://snomed.info/sct": {"63381000052101"},
    "https://www.icd10.se/": {"I50.9", "J44.9", "E11.9", "G12.2", "F84.0", "F90.0"},
    "http://hl7.org/fhir/resource-types": {"CarePlan", "Goal", "CareTeam"},
    "urn:oid:1.2.752.129.2.2.1.17": {"2380"},
    "http://terminology.hl7.org/CodeSystem/condition-clinical": {"active"},
    "http://terminology.hl7.org/CodeSystem/condition-ver-status": {"confirmed"},
    "http://terminology.hl7.org/CodeSystem/consentscope": {"patient-privacy"},
    "http://terminology.hl7.org/CodeSystem/discharge-disposition": {"home"},
    "http://terminology.hl7.org/CodeSystem/v2-0203": {"PRN", "XX"},
    "http://terminology.hl7.org/CodeSystem/v3-ActCode": {"DEMO", "IMP"},
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type": {
        "custodian",
        "author",
        "performer",
    },
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType": {"ATND", "IRCP"},
    "http://terminology.hl7.org/CodeSystem/v3-RoleCode": {"DAUC", "HUSB", "MTH", "FTH", "GUARD"},
}
# HL7 Sweden's extension, for an address in folkbokföringen.
SWEDISH_EXTENSION = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension"

Resource = dict[str, Any]


def read(name: str) -> list[Resource]:
    bundle = json.loads((ROOT / "demo" / name).read_text())
    get_fhir_model_class("Bundle").model_validate(bundle)
    assert bundle["type"] == "transaction"
    return list(bundle["entry"])


BUNDLES = {name: read(name) for name in (FIRST, *SCENARIOS)}
RESOURCES = {
    f"{entry['resource']['resourceType']}/{entry['resource']['id']}": entry["resource"]
    for entries in BUNDLES.values()
    for entry in entries
}
DEFINITIONS = {
    definition["url"]: definition
    for definition in (json.loads(path.read_text()) for path in sorted(COMPILED.glob("*-*.json")))
}


def objects(value: Any) -> Iterator[Resource]:
    """Give every object inside a document, the outermost first."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def identifiers(system: str) -> list[tuple[Resource, str]]:
    return [
        (resource, identifier["value"])
        for resource in RESOURCES.values()
        for identifier in resource.get("identifier", [])
        if identifier["system"] == system
    ]


def luhn(digits: str) -> bool:
    doubled = (int(d) * (2 - i % 2) for i, d in enumerate(digits))
    return sum(n // 10 + n % 10 for n in doubled) % 10 == 0


def values(extension: Resource) -> list[tuple[str, Any]]:
    return [(key[5:], item) for key, item in extension.items() if key.startswith("value")]


def extension_faults(extension: Resource) -> list[str]:
    """Say where an extension departs from its definition: parts, cardinalities, types."""
    definition = DEFINITIONS.get(extension["url"])
    if definition is None:
        return [] if extension["url"] == SWEDISH_EXTENSION else [f"{extension['url']} is undefined"]
    elements = {e["id"]: e for e in definition["snapshot"]["element"]}
    parts = {e["sliceName"]: e for e in elements.values() if "sliceName" in e}
    if not parts:
        return type_faults(extension, elements["Extension.value[x]"])
    given = extension.get("extension", [])
    faults = [f"{part['url']} is no part" for part in given if part["url"] not in parts]
    for name, part in parts.items():
        mine = [each for each in given if each["url"] == name]
        if not part["min"] <= len(mine) <= (99 if part["max"] == "*" else int(part["max"])):
            faults.append(f"{name} stands {len(mine)} times")
        value = elements[f"Extension.extension:{name}.value[x]"]
        faults += [fault for each in mine for fault in type_faults(each, value)]
    return faults


def type_faults(extension: Resource, element: Resource) -> list[str]:
    (kind, value), *more = values(extension)
    allowed = {t["code"][:1].upper() + t["code"][1:]: t for t in element["type"]}
    if more or kind not in allowed:
        return [f"{extension['url']} holds {kind}"]
    targets = [type_of(target) for target in allowed[kind].get("targetProfile", [])]
    if targets and value["reference"].partition("/")[0] not in targets:
        return [f"{extension['url']} refers to {value['reference']}"]
    bound = DEFINITIONS.get(element.get("binding", {}).get("valueSet", ""))
    if bound and kind == "Code" and value not in codes_of(bound):
        return [f"{extension['url']} holds the code {value}"]
    return []


def type_of(target: str) -> str:
    """Give the resource type of a target: R4's own, or the one that our profile is of."""
    own = DEFINITIONS.get(target)
    return str(own["type"]) if own else target.rpartition("/")[2]


def codes_of(value_set: Resource) -> set[str]:
    return {
        concept["code"]
        for include in value_set["compose"]["include"]
        for concept in include.get("concept") or DEFINITIONS[include["system"]]["concept"]
    }


def missing_elements(resource: Resource, profile: Resource) -> list[str]:
    """Name the elements that a profile requires and a resource lacks."""
    required = [
        element["path"].split(".")[1:]
        for element in profile["snapshot"]["element"]
        if element["min"] > 0 and ":" not in element["id"] and "[x]" not in element["id"]
    ]
    return [
        ".".join(path)
        for path in required
        if path and any(path[-1] not in parent for parent in at(resource, path[:-1]))
    ]


def at(resource: Resource, path: list[str]) -> list[Resource]:
    found = [resource]
    for name in path:
        nested = (parent[name] for parent in found if name in parent)
        found = [i for item in nested for i in (item if isinstance(item, list) else [item])]
    return found


def of_type(resource_type: str) -> list[Resource]:
    return [r for r in RESOURCES.values() if r["resourceType"] == resource_type]


def contacts(patient: str) -> dict[str, Resource]:
    """Give a patient's active fixed contacts by PractitionerRole."""
    return {
        resource["participant"][0]["member"]["reference"].partition("/")[2]: resource
        for resource in RESOURCES.values()
        if resource["resourceType"] == "CareTeam"
        and resource["status"] == "active"
        and resource["category"][0]["coding"][0]["code"] == "fast-kontakt"
        and resource["subject"]["reference"] == f"Patient/{patient}"
    }


def kind(care_team: Resource) -> str:
    coding: Resource = care_team["participant"][0]["role"][0]["coding"][0]
    assert coding["system"] == CONTACT_TYPE
    return str(coding["code"])


every_resource = pytest.mark.parametrize("name", sorted(RESOURCES))


@pytest.mark.parametrize("bundle", sorted(BUNDLES))
def test_loading_twice_writes_to_the_same_ids(bundle: str) -> None:
    for entry in BUNDLES[bundle]:
        own = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        assert entry["request"] == {"method": "PUT", "url": own}
        assert entry["fullUrl"] == f"{CANONICAL}/{own}"


def test_no_id_is_used_by_two_bundles() -> None:
    assert len(RESOURCES) == sum(len(entries) for entries in BUNDLES.values())


@every_resource
def test_a_resource_is_valid_r4_and_marked_as_demo(name: str) -> None:
    resource = RESOURCES[name]
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert [label["code"] for label in resource["meta"]["security"]] == ["DEMO"]


@every_resource
def test_a_resource_declares_the_projects_profile_of_its_type_and_has_what_it_requires(
    name: str,
) -> None:
    resource = RESOURCES[name]
    declared = resource["meta"].get("profile", [])
    profiled = {"CareTeam", "Goal", "Consent", "PractitionerRole", "Organization"}
    assert len(declared) == 1 or resource["resourceType"] not in profiled
    for url in declared:
        assert DEFINITIONS[url]["type"] == resource["resourceType"]
        assert missing_elements(resource, DEFINITIONS[url]) == []


@every_resource
def test_codes_are_defined_and_carry_their_display(name: str) -> None:
    for coding in objects(RESOURCES[name]):
        if not {"system", "code"} <= set(coding):
            continue
        system, code = coding["system"], coding["code"]
        if system in ELSEWHERE:
            assert code in ELSEWHERE[system]
            continue
        concepts = {c["code"]: c["display"] for c in DEFINITIONS[system]["concept"]}
        assert coding.get("display", concepts[code]) == concepts[code]


@every_resource
def test_extensions_are_defined_and_filled_as_defined(name: str) -> None:
    nested = [e for o in objects(RESOURCES[name]) if "url" in o for e in o.get("extension", [])]
    parts = [id(part) for part in nested]
    outer = [
        extension
        for each in objects(RESOURCES[name])
        for extension in each.get("extension", [])
        if id(extension) not in parts
    ]
    assert [fault for extension in outer for fault in extension_faults(extension)] == []


def test_a_wrongly_filled_extension_would_be_found() -> None:
    def faults(tail: str, **content: Any) -> list[str]:
        return extension_faults({"url": f"{CANONICAL}/StructureDefinition/{tail}", **content})

    assert faults("huvudman", valueCode="region") == []
    assert faults("huvudman", valueCode="staten")
    assert faults("huvudman", valueString="region")
    assert faults("nowhere", valueCode="region")
    unit = {"url": "responsible", "valueReference": {"reference": "Organization/avd-108"}}
    assert faults("follow-up", extension=[unit])
    date = {"url": "date", "valueDate": "2026-04-16"}
    assert faults("follow-up", extension=[date, unit]) == []
    assert faults("follow-up", extension=[date, date])
    patient = {"url": "responsible", "valueReference": {"reference": "Patient/1"}}
    assert faults("follow-up", extension=[date, patient])


@pytest.mark.parametrize("bundle", sorted(BUNDLES))
def test_a_scenario_refers_only_to_itself_and_to_the_organisations(bundle: str) -> None:
    loaded = [entry["resource"] for name in (FIRST, bundle) for entry in BUNDLES[name]]
    known = {f"{resource['resourceType']}/{resource['id']}" for resource in loaded}
    named = {
        o["reference"] for r in loaded for o in objects(r) if isinstance(o.get("reference"), str)
    }
    assert named <= known


def test_personal_identity_numbers_are_well_formed_and_agree_with_the_person() -> None:
    found = identifiers(PERSONNUMMER)
    assert {value for _, value in found} >= {"189002029800", "196101182803", "201305142398"}
    for resource, value in found:
        assert re.fullmatch(r"\d{12}", value)
        assert luhn(value[2:])
        assert (int(value[10]) % 2 == 1) == (resource["gender"] == "male")
        if resource["resourceType"] == "Patient":
            assert resource["birthDate"].replace("-", "") == value[:8]


def test_hsa_ids_are_well_formed_marked_as_test_and_used_once() -> None:
    found = [value for _, value in identifiers(HSA_ID)]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"SE\d{10}-TEST[A-Za-z0-9]{1,14}", value) for value in found)
    assert all(luhn(value[2:12]) for value in found)
    assert all(luhn(value) for _, value in identifiers(ORGANISATIONSNUMMER))


def test_every_unit_answers_to_a_huvudman_and_its_vardgivare() -> None:
    units = [r for r in RESOURCES.values() if r["resourceType"] == "Organization"]
    huvudman = {unit["id"]: unit["extension"][0]["valueCode"] for unit in units}
    assert set(huvudman.values()) == {"region", "kommun", "annan"}
    for unit in units:
        if "partOf" in unit:
            above = unit["partOf"]["reference"].partition("/")[2]
            assert huvudman[above] == huvudman[unit["id"]]


def test_albertina_has_a_coordinator_and_room_for_eva() -> None:
    found = {role: kind(team) for role, team in contacts("albertina-hammar").items()}
    assert found == {
        "karin-test-hc": "2",
        "ali-test-hemtjanst": "3",
        "sara-test-hemsjukvard": "4",
    }
    eva = RESOURCES["PractitionerRole/eva-test-hc"]
    assert eva["telecom"][0]["value"] == "063-000 00 01"
    assert RESOURCES[eva["practitioner"]["reference"]]["name"][0]["text"] == "Eva Test"


def test_albertina_has_consented_without_an_end_and_has_no_plan_yet() -> None:
    consent = RESOURCES["Consent/albertina-sip-samtycke"]
    assert (consent["status"], consent["provision"]["type"]) == ("active", "permit")
    assert "end" not in consent["provision"]["period"]
    mine = [
        r for r in RESOURCES.values() if r.get("subject", {}).get("display") == "Albertina Hammar"
    ]
    assert "CarePlan" not in {resource["resourceType"] for resource in mine}


def test_albertinas_stay_tells_the_whole_discharge_process() -> None:
    stay = RESOURCES["Encounter/albertina-avd108"]
    steps = [extension["url"].rpartition("/")[2] for extension in stay["extension"]]
    assert steps == [
        "needs-after-discharge",
        "needs-after-discharge",
        "expected-discharge",
        "admission-notice-sent",
        "expected-discharge",
        "discharge-ready",
        "discharge-ready-withdrawn",
        "discharge-ready",
        "information-transferred",
        "written-information",
    ]


@pytest.mark.parametrize(
    ("category", "times"),
    [
        ("inskrivningsmeddelande", 1),
        ("andrad-utskrivning", 1),
        ("utskrivningsklar", 2),
        ("utskrivningsklar-atertagen", 1),
        ("utskrivningsinformation", 1),
    ],
)
def test_each_unit_concerned_gets_each_message_of_albertinas_stay(
    category: str, times: int
) -> None:
    told = [
        message["recipient"][0]["reference"]
        for message in of_type("Communication")
        if message["category"][0]["coding"][0]["code"] == category
    ]
    units = ("halsocentralen-test", "hemsjukvarden", "hemtjansten")
    assert sorted(told) == sorted(f"Organization/{unit}" for unit in units for _ in range(times))


def test_albertinas_units_plan_eva_is_to_be_appointed_and_four_are_called() -> None:
    states: dict[str, list[str]] = {}
    for task in of_type("Task"):
        states.setdefault(task["code"]["coding"][0]["code"], []).append(task["status"])
    assert states == {
        "planering": ["accepted"] * 3,
        "utse-kontakt": ["requested"],
        "kallelse": ["accepted", "accepted", "requested", "accepted"],
    }


def test_her_municipality_is_found_by_its_code() -> None:
    address = RESOURCES["Patient/albertina-hammar"]["address"][0]
    lives = next(e["valueCoding"] for e in address["extension"] if "valueCoding" in e)
    [(found, _)] = [each for each in identifiers(lives["system"]) if each[1] == lives["code"]]
    assert found["id"] == "ostersunds-kommun"


def test_every_activity_of_a_plan_has_a_name_of_its_own() -> None:
    for plan in of_type("CarePlan"):
        names = [activity["id"] for activity in plan["activity"]]
        assert len(set(names)) == len(names) > 0


def test_maria_has_a_licensed_physician_for_her_life_threatening_condition() -> None:
    team = contacts("maria-ljungberg")["lena-test-neuro"]
    assert kind(team) == "4"
    condition = RESOURCES[team["reasonReference"][0]["reference"]]
    assert condition["extension"][0]["extension"][0] == {"url": "flag", "valueBoolean": True}

    def licences(person: str) -> list[str]:
        held = RESOURCES[f"Practitioner/{person}"].get("qualification", [])
        return [q["code"]["coding"][0]["code"] for q in held]

    assert licences("lena-test") == ["LK"]
    assert licences("nils-test") == ["SJ"]
    assert licences("adam-test") == []


def test_marias_active_plan_has_the_four_contents_that_the_law_asks_for() -> None:
    plan = RESOURCES["CarePlan/maria-sip"]
    assert plan["status"] == "active"
    huvudmen = {activity["extension"][0]["valueCode"] for activity in plan["activity"]}
    assert huvudmen == {"region", "kommun", "annan"}
    assert "Consent/maria-sip-samtycke" in {i["reference"] for i in plan["supportingInfo"]}
    assert {"goal", "author", "period"} <= set(plan)
    tails = [extension["url"].rpartition("/")[2] for extension in plan["extension"]]
    assert tails.count("overall-responsible") == 1
    assert "follow-up" in tails


def test_los_guardians_both_consent_and_the_plan_is_a_draft() -> None:
    consent = RESOURCES["Consent/lo-sip-samtycke"]
    asked = [RESOURCES[performer["reference"]] for performer in consent["performer"]]
    relations = [{c["code"] for c in r["relationship"][0]["coding"]} for r in asked]
    assert relations == [{"MTH", "GUARD"}, {"FTH", "GUARD"}]
    assert RESOURCES["CarePlan/lo-sip"]["status"] == "draft"
    assert [kind(team) for team in contacts("lo-testsson").values()] == ["1"]
