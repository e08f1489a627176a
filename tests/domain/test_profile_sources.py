"""The published definitions: complete, consistent with each other and with their sources."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

ROOT = Path(__file__).resolve().parents[2]
COMPILED = ROOT / "profiles" / "se"
SOURCES = ROOT / "profiles" / "fsh"
DOCS = ROOT / "docs" / "profiles"
PACKAGE = json.loads((COMPILED / "package.json").read_text())
CANONICAL = PACKAGE["canonical"]

# What Inera and national bodies own keeps their URLs.
OWNED_BY_OTHERS = {
    "https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt",
    "https://fhir.inera.se/ig/careteam/CodeSystem/typ-av-careteam-cs",
    "https://fhir.inera.se/ig/careteam/ValueSet/typ-av-careteam-vs",
    "https://fhir.inera.se/ig/careteam/ValueSet/typ-av-fast-kontakt-vs",
    "https://fhir.inera.se/ig/careteam/StructureDefinition/riv-contact-via-team-extension",
    "https://fhir.inera.se/CodeSystem/typeofcareplan-cs",
    "https://fhir.inera.se/ig/ehds-tk/ValueSet/typeofcareplan-vs",
    "https://fhir.inera.se/ig/ehds-tk/StructureDefinition/approved-for-patient",
    "urn:oid:1.2.752.129.2.2.1.3",
    "urn:oid:1.2.752.129.2.2.1.4",
    "urn:oid:1.2.752.116.3.1.3",
}
# Packages that package.json depends on, and what R4 takes from elsewhere.
IN_DEPENDENCIES = (
    "http://hl7.org/fhir/",
    "http://terminology.hl7.org/",
    "http://hl7.se/fhir/ig/base/",
)
# DOMAIN 5.1, and the variants that its requirements tell apart.
PROFILES = {
    "Appointment": {"sip-appointment"},
    "AuditEvent": {"se-auditevent"},
    "Bundle": {"named-contacts-bundle"},
    "CarePlan": {"patientkontrakt-careplan", "sip-careplan", "vardplan-careplan"},
    "CareTeam": {"fast-kontakt-careteam", "team-careteam"},
    "Communication": {
        "discharge-communication",
        "patient-information-communication",
        "plan-copy-communication",
    },
    "Condition": {"se-condition"},
    "Consent": {"sip-consent", "sparr-consent", "svod-consent"},
    "DocumentReference": {"sip-documentreference"},
    "Encounter": {"sluten-encounter"},
    "EpisodeOfCare": {"halsoarende-episodeofcare"},
    "Flag": {"emergency-access-flag"},
    "Goal": {"sip-goal"},
    "HumanName": {"se-humanname"},
    "MeasureReport": {"contact-measurereport"},
    "Organization": {
        "huvudman-organization",
        "se-organization",
        "vardenhet-organization",
        "vardgivare-organization",
    },
    "Patient": {"se-patient"},
    "Practitioner": {"se-practitioner"},
    "PractitionerRole": {"se-practitionerrole"},
    "Provenance": {"se-provenance"},
    "RelatedPerson": {"narstaende-relatedperson", "vardnadshavare-relatedperson"},
    "Task": {
        "change-request-task",
        "discharge-task",
        "follow-up-task",
        "kallelse-task",
        "sip-need-task",
    },
}
PROFILE_IDS = sorted(id_ for ids in PROFILES.values() for id_ in ids)

Resource = dict[str, Any]


def load() -> dict[str, Resource]:
    paths = sorted(COMPILED.glob("*-*.json"))
    return {path.name: json.loads(path.read_text()) for path in paths}


DEFINITIONS = load()
BY_URL = {definition["url"]: definition for definition in DEFINITIONS.values()}


def of_type(resource_type: str) -> list[Resource]:
    return [d for d in DEFINITIONS.values() if d["resourceType"] == resource_type]


def profiles() -> dict[str, Resource]:
    found = of_type("StructureDefinition")
    return {d["id"]: d for d in found if d["type"] != "Extension"}


def extensions() -> list[Resource]:
    return [d for d in of_type("StructureDefinition") if d["type"] == "Extension"]


def own_constraints(definition: Resource) -> list[Resource]:
    elements = definition["differential"]["element"]
    return [c for element in elements for c in element.get("constraint", [])]


def canonicals(value: Any) -> Iterator[str]:
    """Give every canonical URL that a definition builds on."""
    keys = {"profile", "targetProfile", "valueSet", "baseDefinition", "system"}
    if isinstance(value, dict):
        for key, item in value.items():
            listed = item if isinstance(item, list) else [item]
            if key in keys:
                yield from (v.partition("|")[0] for v in listed if isinstance(v, str))
            yield from canonicals(item)
    elif isinstance(value, list):
        for item in value:
            yield from canonicals(item)


@cache
def tool(name: str) -> ModuleType:
    path = ROOT / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiler() -> ModuleType:
    return tool("compile_profiles")


def test_the_compiled_files_come_from_the_sources_as_they_are_now() -> None:
    found = compiler().content_hash(compiler().source_files(SOURCES), SOURCES)
    assert found == PACKAGE["hashes"]["sources"], "run `make profiles` and commit profiles/se"


def test_no_compiled_file_was_changed_by_hand() -> None:
    found = compiler().content_hash(compiler().compiled_files(COMPILED), COMPILED)
    assert found == PACKAGE["hashes"]["compiled"], "edit profiles/fsh and run `make profiles`"


def test_the_hash_notices_a_changed_a_renamed_and_a_new_file(tmp_path: Path) -> None:
    def digest() -> str:
        return str(compiler().content_hash(sorted(tmp_path.iterdir()), tmp_path))

    (tmp_path / "a.fsh").write_text("one")
    seen = [digest()]
    (tmp_path / "a.fsh").write_text("two")
    seen.append(digest())
    (tmp_path / "a.fsh").rename(tmp_path / "b.fsh")
    seen.append(digest())
    (tmp_path / "c.fsh").write_text("")
    seen.append(digest())
    assert len(set(seen)) == 4


def test_the_canonical_is_written_once_in_the_sources() -> None:
    configuration = compiler().read_configuration(SOURCES)
    assert configuration["canonical"] == CANONICAL
    texts = [path.read_text() for path in compiler().source_files(SOURCES)]
    assert "".join(texts).count(CANONICAL) == 1


def test_no_code_and_no_test_writes_the_canonical() -> None:
    folders = ("fhir_server", "tests", "tools", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    texts = {p: p.read_bytes() for p in paths if p.suffix in {".py", ".json", ".yaml", ".html"}}
    assert [str(path) for path, text in texts.items() if CANONICAL.encode() in text] == []


def test_another_canonical_reaches_demo_examples_and_docs(tmp_path: Path) -> None:
    named = ("README.md", "docs/errors.md", "docs/profiles/a.md", "demo/a.json")
    for name in (*named, "profiles/examples/valid/a.json", "fhir_server/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("see https://old.example/fhir/ValueSet/a")
    changed = compiler().move_canonical("https://old.example/fhir", "https://new.example", tmp_path)
    texts = {path.read_text() for path in changed}
    assert texts == {"see https://new.example/ValueSet/a"}
    assert {str(path.relative_to(tmp_path)) for path in changed} == {
        *named, "profiles/examples/valid/a.json",
    }  # fmt: skip


def test_the_package_says_what_it_is_and_needs() -> None:
    assert PACKAGE["fhirVersions"] == ["4.0.1"]
    assert set(PACKAGE["dependencies"]) == {"hl7.fhir.r4.core", "hl7se.fhir.base"}
    own = [d for d in DEFINITIONS.values() if d["url"].startswith(CANONICAL)]
    assert {d["version"] for d in own} == {PACKAGE["version"]}


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_a_definition_has_the_url_and_the_file_name_of_its_id(name: str) -> None:
    definition = DEFINITIONS[name]
    kind, id_ = definition["resourceType"], definition["id"]
    assert name == f"{kind}-{id_}.json"
    assert definition["url"] in OWNED_BY_OTHERS | {f"{CANONICAL}/{kind}/{id_}"}


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_a_definition_is_a_valid_resource_of_its_type(name: str) -> None:
    definition = DEFINITIONS[name]
    get_fhir_model_class(definition["resourceType"]).model_validate(definition)


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_what_a_definition_builds_on_exists(name: str) -> None:
    licensed = {"urn:iso:std:iso:3166", "http://snomed.info/sct"}
    ids = {"urn:ietf:rfc:3986"}
    known = set(BY_URL) | licensed | ids
    used = {
        url
        for url in canonicals(DEFINITIONS[name])
        if not url.startswith(IN_DEPENDENCIES) and url not in known
    }
    # Identifier systems and codings inside patterns are no definitions.
    assert not {url for url in used if not url.startswith("urn:oid:")}


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_no_placeholder_and_no_informative_weight_is_left(name: str) -> None:
    text = (COMPILED / name).read_text()
    assert "{{" not in text
    assert '"mapping"' not in text
    assert "text" not in DEFINITIONS[name]


def test_the_compiled_definitions_stay_small() -> None:
    assert sum(path.stat().st_size for path in COMPILED.glob("*.json")) < 4_900_000


def test_the_domains_resources_have_their_profiles() -> None:
    found: dict[str, set[str]] = {}
    for id_, definition in profiles().items():
        found.setdefault(definition["type"], set()).add(id_)
    assert found == PROFILES


def test_what_is_compiled_is_what_the_compiler_makes_of_the_sources(tmp_path: Path) -> None:
    try:
        sushi = compiler().find_sushi(None)
        compiler().check_packages(compiler().read_configuration(SOURCES))
    except SystemExit as missing:
        pytest.skip(str(missing))
    configuration = compiler().read_configuration(SOURCES)
    if compiler().packages_hash(configuration) != PACKAGE["hashes"]["packages"]:
        pytest.skip("~/.fhir/packages holds other definitions than HL7 published")
    compiler().compile_into(tmp_path, sushi)
    assert compiler().differences(tmp_path, COMPILED) == []


@pytest.mark.parametrize("profile", PROFILE_IDS)
def test_a_profile_has_a_snapshot_that_carries_its_differential(profile: str) -> None:
    definition = profiles()[profile]
    snapshot = {element["id"] for element in definition["snapshot"]["element"]}
    assert {element["id"] for element in definition["differential"]["element"]} <= snapshot


def test_swedish_base_profiles_are_parents_where_they_exist() -> None:
    base = "http://hl7.se/fhir/ig/base/StructureDefinition/"
    parents = {id_: d["baseDefinition"] for id_, d in profiles().items()}
    assert parents["se-practitionerrole"] == base + "SEBasePractitionerRole"
    assert parents["se-organization"] == base + "SEBaseOrganization"
    assert parents["se-patient"] == base + "SEBasePatient"
    assert parents["se-practitioner"] == base + "SEBasePractitioner"
    own = f"{CANONICAL}/StructureDefinition/se-organization"
    units = PROFILES["Organization"] - {"se-organization"}
    assert {parents[unit] for unit in units} == {own}


def test_what_only_an_active_plan_must_hold_is_no_cardinality() -> None:
    only_when_active = {"activity", "goal", "author", "supportingInfo", "period"}
    elements = profiles()["sip-careplan"]["snapshot"]["element"]
    minimum = {e["id"]: e["min"] for e in elements}
    assert {name: minimum[f"CarePlan.{name}"] for name in only_when_active} == dict.fromkeys(
        only_when_active, 0
    )
    assert minimum["CarePlan.extension:overall-responsible"] == 0


def test_invariants_for_an_active_state_say_so() -> None:
    keys = {
        "cp-1",
        "cp-2",
        "cp-3",
        "cp-4",
        "cp-7",
        "ct-3",
        "ct-12",
        "pk-1",
        "vp-1",
    }
    rules = [c for d in profiles().values() for c in own_constraints(d)]
    for_active = {c["key"]: c["expression"] for c in rules if c["key"] in keys}
    assert set(for_active) == keys
    assert all(text.startswith("status = 'active' implies ") for text in for_active.values())


def test_an_invariant_names_a_law_or_a_requirement() -> None:
    rules = [c for d in [*profiles().values(), *extensions()] for c in own_constraints(d)]
    silent = {c["key"] for c in rules if not re.search(r"\bR\d+|kap\.", c["human"])}
    assert silent == set()


def test_an_invariant_key_means_one_thing() -> None:
    meanings: dict[str, set[tuple[str, str]]] = {}
    for definition in of_type("StructureDefinition"):
        for rule in own_constraints(definition):
            meanings.setdefault(rule["key"], set()).add((rule["human"], rule["expression"]))
    assert [key for key, found in meanings.items() if len(found) > 1] == []


def test_every_element_that_a_profile_states_says_why_it_is_there() -> None:
    silent = [
        element["id"]
        for definition in profiles().values()
        for element in definition["differential"]["element"][1:]
        if "short" not in element and not element["id"].endswith("extension")
    ]
    assert silent == []


def test_extension_urls_in_invariants_and_search_parameters_exist() -> None:
    texts = [d.get("expression", "") for d in of_type("SearchParameter")]
    texts += [c["expression"] for d in profiles().values() for c in own_constraints(d)]
    named = {url for text in texts for url in re.findall(r"url = '([^']+/[^']+)'", text)}
    assert named
    assert named <= {d["url"] for d in extensions()}


# Of answers that the server makes, and that no profile describes.
ANSWERS = {"discharge-step", "overdue-days"}


@pytest.mark.parametrize("definition", extensions(), ids=lambda d: d["id"])
def test_an_extension_says_where_it_may_stand_and_is_used_there(definition: Resource) -> None:
    contexts = {context["expression"] for context in definition["context"]}
    if definition["id"] in ANSWERS:
        return
    used = {
        element["path"].removesuffix(".extension")
        for profile in profiles().values()
        for element in profile["snapshot"]["element"]
        for type_ in element.get("type", [])
        if definition["url"] in type_.get("profile", [])
    }
    # telecom is a ContactPoint wherever it stands, and so with a unit's address.
    types = {path: "ContactPoint" for path in used if path.endswith(".telecom")}
    types["Organization.address"] = "Address"
    assert {types.get(path, path) for path in used} == contexts


@pytest.mark.parametrize("definition", of_type("CodeSystem"), ids=lambda d: d["id"])
def test_codes_are_unique_and_have_a_swedish_display(definition: Resource) -> None:
    codes = [concept["code"] for concept in definition["concept"]]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[A-Za-z0-9-]+", code) for code in codes)
    assert all(concept.get("display") for concept in definition["concept"])
    assert definition["language"] == "sv"
    assert definition["content"] in ("complete", "fragment")


def test_plan_types_have_their_swedish_name_as_designation() -> None:
    system = BY_URL["https://fhir.inera.se/CodeSystem/typeofcareplan-cs"]
    names = {c["code"]: c["designation"][0]["value"] for c in system["concept"]}
    assert names["SIP"] == "Samordnad individuell plan"
    assert set(names) == {"SIP", "SPLPTLRV", "SPU", "VP", "HP", "RP", "GP", "SVP"}


def test_paragraphs_read_as_a_swede_cites_them() -> None:
    law = BY_URL[f"{CANONICAL}/CodeSystem/law"]
    cited = {concept["code"]: concept["display"] for concept in law["concept"]}
    assert cited["PL-6-2"] == "Patientlagen (2014:821) 6 kap. 2 §"
    assert cited["SOL-10-8"] == "Socialtjänstlagen (2025:400) 10 kap. 8 §"
    wrong = [code for code, text in cited.items() if not re.search(r" \d+ kap\. \d+( b)? §$", text)]
    assert wrong == []
    for code, text in cited.items():
        chapter, paragraph = re.search(r"-(\d+)-(\d+)(?:-OLD|-B)?$", code).groups()  # type: ignore[union-attr]
        assert f" {chapter} kap. {paragraph} " in text


def test_every_local_code_system_has_a_value_set_of_its_name() -> None:
    local = {d["id"] for d in of_type("CodeSystem") if d["url"].startswith(CANONICAL)}
    assert local <= {d["id"] for d in of_type("ValueSet")}


@pytest.mark.parametrize("definition", of_type("ValueSet"), ids=lambda d: d["id"])
def test_a_value_set_names_codes_that_exist(definition: Resource) -> None:
    for include in definition["compose"]["include"]:
        if include["system"].startswith(IN_DEPENDENCIES):
            continue
        known = {concept["code"] for concept in BY_URL[include["system"]]["concept"]}
        assert {concept["code"] for concept in include.get("concept", [])} <= known


@pytest.mark.parametrize("definition", of_type("SearchParameter"), ids=lambda d: d["id"])
def test_a_search_parameter_is_named_by_base_and_code(definition: Resource) -> None:
    (base,) = definition["base"]
    assert definition["id"] == f"{base}-{definition['code']}"
    assert definition["expression"].lstrip("(").startswith(f"{base}.")
    assert ("target" in definition) == (definition["type"] == "reference")


def test_the_operations_stand_where_they_are_called() -> None:
    found = {
        (resource, level, d["code"])
        for d in of_type("OperationDefinition")
        for resource in d.get("resource", ["-"])
        for level in ("system", "type", "instance")
        if d[level]
    }
    assert found == {
        ("Patient", "instance", "assign-fast-vardkontakt"),
        ("CareTeam", "type", "assign-fast-vardkontakt"),
        ("Patient", "instance", "generate-sip"),
        ("CarePlan", "instance", "activate-sip"),
        ("CarePlan", "instance", "follow-up-sip"),
        ("CarePlan", "instance", "revise-sip"),
        ("CarePlan", "instance", "close-sip"),
        ("CarePlan", "instance", "record-plan-copy"),
        ("Patient", "instance", "named-contacts"),
        ("Patient", "type", "named-contacts"),
        ("Patient", "instance", "patientkontrakt"),
        ("CarePlan", "instance", "document"),
        ("CarePlan", "instance", "export-sip"),
        ("CarePlan", "type", "receive-sip"),
        ("Encounter", "instance", "discharge-summary"),
        ("Resource", "instance", "diff"),
        ("-", "system", "reindex"),
        ("CareTeam", "instance", "set-deputy"),
        ("PractitionerRole", "instance", "set-deputy"),
        ("Organization", "instance", "coverage"),
        ("PractitionerRole", "instance", "coverage"),
        ("Organization", "instance", "stranded"),
        ("PractitionerRole", "instance", "stranded"),
        ("PractitionerRole", "instance", "reassign"),
        ("Measure", "type", "evaluate-measure"),
        ("Measure", "instance", "evaluate-measure"),
        ("CareTeam", "instance", "change-fast-vardkontakt"),
        ("CareTeam", "instance", "end-fast-vardkontakt"),
        ("Patient", "instance", "end-fast-vardkontakt"),
        ("CareTeam", "instance", "decline-fast-vardkontakt"),
        ("Patient", "instance", "decline-fast-vardkontakt"),
        ("CareTeam", "instance", "record-information"),
        ("Patient", "instance", "record-information"),
        ("CareTeam", "type", "reviews-due"),
        ("Encounter", "instance", "discharge-timeline"),
        ("Organization", "instance", "discharge-timeline"),
        ("PractitionerRole", "instance", "caseload"),
        ("Organization", "instance", "caseload"),
        ("Encounter", "instance", "admission-notice"),
        ("Encounter", "instance", "expected-discharge"),
        ("Encounter", "instance", "ready-for-discharge"),
        ("Encounter", "instance", "withdraw-ready-for-discharge"),
        ("Encounter", "instance", "transfer-information"),
        ("Encounter", "instance", "discharge"),
        ("Patient", "instance", "note-sip-need"),
        ("Patient", "instance", "sip-suggestion"),
        ("Task", "instance", "refuse-sip"),
        ("Task", "instance", "answer-call"),
        ("CarePlan", "instance", "call-sip-meeting"),
        ("CarePlan", "instance", "meeting-form"),
        ("CarePlan", "type", "meeting-form"),
        ("Appointment", "instance", "meeting-answers"),
        ("Appointment", "instance", "remind-call"),
        ("Appointment", "instance", "cancel-sip-meeting"),
        ("Patient", "instance", "record-sip-consent"),
        ("Consent", "instance", "withdraw-sip-consent"),
        ("CarePlan", "instance", "sip-access"),
        ("Patient", "instance", "emergency-access"),
    }


@pytest.mark.parametrize("definition", of_type("OperationDefinition"), ids=lambda d: d["id"])
def test_parameters_are_named_once_typed_and_explained(definition: Resource) -> None:
    groups = [definition["parameter"], *(p.get("part", []) for p in definition["parameter"])]
    for parameters in groups:
        names = [(p["use"], p["name"]) for p in parameters]
        assert len(set(names)) == len(names)
        assert all(p["documentation"] for p in parameters)
        assert all(("type" in p) != ("part" in p) for p in parameters)
        assert all(p.get("targetProfile") for p in parameters if p.get("type") == "Reference")


def test_assigning_takes_the_same_parameters_at_both_levels() -> None:
    patient, team = (
        BY_URL[f"{CANONICAL}/OperationDefinition/{t}-assign-fast-vardkontakt"]["parameter"]
        for t in ("Patient", "CareTeam")
    )
    assert team[0]["name"] == "patient"
    assert team[0]["min"] == 1
    assert team[1:] == patient


@pytest.mark.parametrize("profile", PROFILE_IDS)
def test_a_profile_has_a_page_with_each_element_and_invariant(profile: str) -> None:
    definition = profiles()[profile]
    page = (DOCS / f"{profile}.md").read_text()
    root = definition["type"] + "."
    paths = [e["id"].removeprefix(root) for e in definition["differential"]["element"][1:]]
    named = [p for p in paths if not p.endswith("extension")]
    assert [path for path in named if f"| `{path}` |" not in page] == []
    rules = own_constraints(definition)
    assert [c["key"] for c in rules if f"| {c['key']} | " not in page] == []
    assert [c["key"] for c in rules if c["human"] not in page] == []


def test_the_pages_say_what_the_profiles_say_now() -> None:
    pages = tool("profile_pages")
    stale = [
        path.name
        for path, text in pages.pages(pages.Package(), DOCS)
        if not path.exists() or path.read_text() != text
    ]
    assert stale == [], "run `make profiles` and commit docs/profiles"


def test_a_page_keeps_what_was_written_by_hand() -> None:
    pages = tool("profile_pages")
    page = pages.with_part("# Title\n\nBy hand.\n", "old") + "\nBelow, by hand.\n"
    assert pages.with_part(page, "new") == page.replace("\nold\n", "\nnew\n")


def test_the_index_of_the_docs_lists_everything() -> None:
    index = (DOCS / "README.md").read_text()
    missing = [id_ for id_ in profiles() if f"({id_}.md)" not in index]
    missing += [d["id"] for d in extensions() if f"| `{d['id']}`" not in index]
    missing += [d["code"] for d in of_type("SearchParameter") if f"`{d['code']}`" not in index]
    missing += [d["code"] for d in of_type("OperationDefinition") if d["code"] not in index]
    for system in of_type("CodeSystem"):
        codes = " · ".join(concept["code"] for concept in system["concept"])
        missing += [] if codes in index else [system["id"]]
    assert missing == []
