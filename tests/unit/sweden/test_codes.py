"""The constants in code and the definitions in profiles/se say the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_server.sweden import codes

DEFINITIONS = Path(__file__).resolve().parents[3] / "profiles" / "se"


def read(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((DEFINITIONS / name).read_text(encoding="utf-8"))
    return parsed


def concepts(name: str) -> dict[str, str]:
    return {c["code"]: c.get("display", "") for c in read(f"CodeSystem-{name}.json")["concept"]}


def test_the_canonical_is_that_of_the_package() -> None:
    assert read("package.json")["canonical"] == codes.CANONICAL


def test_every_paragraph_is_in_the_code_system_of_law_with_the_same_display() -> None:
    assert read("CodeSystem-law.json")["url"] == codes.LAW_SYSTEM
    defined = concepts("law")
    for paragraph in codes.PARAGRAPHS:
        assert defined.get(paragraph.code) == paragraph.display


def test_every_paragraph_constant_is_listed() -> None:
    constants = {v for v in vars(codes).values() if isinstance(v, codes.LawParagraph)}
    assert constants == set(codes.PARAGRAPHS)


@pytest.mark.parametrize(
    "url",
    [
        codes.APPOINTMENT_BASIS,
        codes.CASELOAD_THRESHOLD,
        codes.CONTACT_VIA_TEAM,
        codes.DEPUTY,
        codes.END_REASON,
        codes.CHANGE_DECISION,
        codes.FOLLOW_UP,
        codes.HANDOVER,
        codes.HUVUDMAN,
        codes.INFORMATION_GIVEN,
        codes.LIFE_THREATENING,
        codes.OVERALL_RESPONSIBLE,
        codes.OVERDUE_DAYS,
        codes.PATIENT_DECISION,
        codes.REPLACES_CONTACT,
        codes.REVIEW_DATE,
        codes.SCHEDULED_TIME,
    ],
)
def test_every_extension_is_defined_under_its_url(url: str) -> None:
    definition = read(f"StructureDefinition-{url.rsplit('/', 1)[1]}.json")
    assert definition["url"] == url
    assert definition["type"] == "Extension"


@pytest.mark.parametrize(
    ("name", "system", "expected"),
    [
        ("typ-av-fast-kontakt-cs", codes.CONTACT_TYPE, codes.CONTACT_TYPES),
        ("typ-av-careteam-cs", codes.CARE_TEAM_CATEGORY, (codes.FAST_KONTAKT, codes.TEAM)),
        ("typeofcareplan-cs", codes.CARE_PLAN_CATEGORY, (codes.SIP,)),
        ("appointment-basis", codes.APPOINTMENT_BASIS_SYSTEM, (codes.LIVSHOTANDE,)),
        ("certificate", codes.CERTIFICATE_SYSTEM, (codes.UNDERSKOTERSKA,)),
        ("change-decision", codes.CHANGE_DECISION_SYSTEM, (codes.BEVILJAT, codes.AVSLAGET)),
        (
            "communication-category",
            codes.COMMUNICATION_CATEGORY_SYSTEM,
            (codes.CONTACT_IS_POSSIBLE, codes.WHO_IS_CONTACT),
        ),
        (
            "end-reason",
            codes.END_REASON_SYSTEM,
            (
                codes.AVBOJD,
                codes.AVLIDEN,
                codes.BYTE_PATIENT,
                codes.BYTE_VERKSAMHET,
                codes.OVERGANG_VUXEN,
            ),
        ),
        (
            "handover-form",
            codes.code_system("handover-form"),
            (codes.HANDOVER_HOME_VISIT, codes.HANDOVER_MEETING),
        ),
        ("information-channel", codes.INFORMATION_CHANNEL_SYSTEM, ("telefon",)),
        (
            "patient-decision",
            codes.code_system("patient-decision"),
            (codes.ACCEPTED, codes.DECLINED),
        ),
        ("task-code", codes.TASK_CODE_SYSTEM, (codes.BYTE_AV_KONTAKT,)),
        ("consent-category", codes.CONSENT_CATEGORY_SYSTEM, (codes.CONSENT_TO_SIP,)),
        (
            "huvudman",
            codes.code_system("huvudman"),
            (codes.REGION, codes.KOMMUN, codes.ANNAN),
        ),
        ("hosp-yrke", codes.HOSP, (codes.LAKARE, codes.SJUKSKOTERSKA)),
        ("hsa-befattning", codes.BEFATTNING, ("201010", "204010", "204090", "206011")),
        ("hsa-verksamhetskod", codes.VERKSAMHETSKOD, (codes.PRIMARVARD_PREFIX,)),
    ],
)
def test_every_code_is_defined_in_its_system(
    name: str, system: str, expected: tuple[str, ...]
) -> None:
    assert read(f"CodeSystem-{name}.json")["url"] == system
    assert set(expected) <= concepts(name).keys()


@pytest.mark.parametrize(
    ("extension", "parts"),
    [
        ("deputy", {"member", "period"}),
        ("life-threatening", {"flag", "at"}),
        ("overall-responsible", {"huvudman", "organization"}),
        ("follow-up", {"date"}),
    ],
)
def test_the_parts_that_rules_read_are_those_of_the_extension(
    extension: str, parts: set[str]
) -> None:
    elements = read(f"StructureDefinition-{extension}.json")["differential"]["element"]
    urls = {e["fixedUri"] for e in elements if e["path"] == "Extension.extension.url"}
    assert parts <= urls
