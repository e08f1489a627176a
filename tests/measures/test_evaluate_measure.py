"""$evaluate-measure over HTTP: what it answers, holds back and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.app import create_app
from fhir_server.interactions.context import Server
from fhir_server.measures.catalogue import MEASURES
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir
from tests.measures.world import FIRST, LAST, Region, store_all

PERIOD = f"periodStart={FIRST}&periodEnd={LAST}"


@pytest.fixture(scope="module")
def region(app_server: Server, store: MongoStore) -> Region:
    region = Region(seed=7, patients=600)
    store_all(app_server, store, region.resources)
    return region


@pytest.fixture
def open_books(settings: Settings, mongo_uri: str, store: MongoStore) -> Fhir:
    """The same store, behind a server that holds no number back."""
    from dataclasses import replace

    return Fhir(create_app(replace(settings, small_cells=1), mongo_uri).test_client())


def report(fhir: Fhir, measure: str, **parameters: str) -> dict[str, Any]:
    extra = "".join(f"&{name}={value}" for name, value in parameters.items())
    answer = fhir.get(f"Measure/{measure}/$evaluate-measure?{PERIOD}{extra}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def counts(group: dict[str, Any]) -> dict[str, int | None]:
    return {p["code"]["coding"][0]["code"]: p.get("count") for p in group["population"]}


def strata(group: dict[str, Any], stratifier: str) -> list[dict[str, Any]]:
    for each in group.get("stratifier", []):
        if each["code"][0]["coding"][0]["code"] == stratifier:
            return list(each["stratum"])
    return []


def is_valid(fhir: Fhir, resource: dict[str, Any]) -> None:
    answer = fhir.post(f"{resource['resourceType']}/$validate", resource)
    found = [i["diagnostics"] for i in answer.json["issue"] if i["severity"] != "information"]
    # A narrative is advised; nobody reads figures as prose. The two bindings are extensible: R4 has
    # no code for criteria in words, nor for the reasons why somebody is excluded.
    expected = ("dom-6", "/expression-language", "/measure-population")
    assert [each for each in found if not any(e in each for e in expected)] == []


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_can_be_read_though_nobody_stored_it(fhir: Fhir, measure: str) -> None:
    """R101: also on an empty store."""
    answer = fhir.get(f"Measure/{measure}")
    assert answer.status_code == 200
    assert answer.json["scoring"]["coding"][0]["code"] == MEASURES[measure].scoring.value
    is_valid(fhir, answer.json)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_measure_says_the_groups_and_stratifiers_that_are_computed(
    fhir: Fhir, measure: str
) -> None:
    declared = {
        group["code"]["coding"][0]["code"]: [
            each["code"]["coding"][0]["code"] for each in group["stratifier"]
        ]
        for group in fhir.get(f"Measure/{measure}").json["group"]
    }
    computed = {
        group.code: [*group.stratifiers, *group.of_hits] for group in MEASURES[measure].groups
    }
    assert declared == computed


@pytest.mark.parametrize("measure", MEASURES)
def test_a_report_is_valid_and_names_its_measure(fhir: Fhir, region: Region, measure: str) -> None:
    """R101-R106: status, period, populations, score, strata."""
    found = report(fhir, measure)
    is_valid(fhir, found)
    assert found["type"] == "summary"
    assert found["period"] == {"start": FIRST, "end": LAST}
    url = fhir.get(f"Measure/{measure}").json["url"]
    assert found["measure"].startswith(f"{url}|")
    assert counts(found["group"][0])["initial-population"]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_report_says_the_target(fhir: Fhir, region: Region, measure: str) -> None:
    """R102, R103, R104: 0.55, 0.80, and 20 % more than the baseline."""
    targets = [
        {part["url"]: part.get("valueDecimal", part.get("valueBoolean")) for part in e["extension"]}
        for e in report(fhir, measure).get("extension", [])
        if e["url"].endswith("/measure-target")
    ]
    expected = {
        # The law makes no exception.
        "fvk-fore-utskrivning": [{"value": 1}],
        "ism-24h": [{"value": 1}],
        "kallelse-3d": [{"value": 1}],
        "sip-innehall": [{"value": 1}],
        "flk-andel": [{"value": 0.55}],
        "flk-sabo": [{"value": 0.8}],
        "kont-lakare": [{"value": 0.2, "relative": True}],
        "kont-total": [{"value": 0.2, "relative": True}],
    }
    assert targets == expected.get(measure, [])


def test_a_score_is_the_numerator_by_the_denominator_less_its_exclusions(
    open_books: Fhir, region: Region
) -> None:
    """R102."""
    group = report(open_books, "flk-andel")["group"][0]
    found = counts(group)
    numerator, denominator = found["numerator"], found["denominator"]
    excluded = found["denominator-exclusion"]
    assert numerator
    assert denominator
    assert excluded
    assert group["measureScore"]["value"] == round(numerator / (denominator - excluded), 6)


def test_what_is_not_known_is_a_stratum_and_a_reason(open_books: Fhir, region: Region) -> None:
    """R109, DOMAIN 4.2: missing is reported, never hidden."""
    group = report(open_books, "fvk-andel")["group"][0]
    missing = [
        s for s in strata(group, "municipality") if s["value"].get("text") == "Uppgift saknas"
    ]
    assert counts(missing[0])["denominator"]
    assert counts(group)["not-listed"] == counts(group)["denominator-exclusion"]


def test_small_numbers_are_held_back_and_do_not_follow_from_the_rest(
    fhir: Fhir, open_books: Fhir, region: Region
) -> None:
    """R109: of each stratifier, what is held back is at least two strata and no small sum."""
    held_back = 0
    for measure in MEASURES:
        shown, whole = report(fhir, measure), report(open_books, measure)
        for group, true_group in zip(shown["group"], whole["group"], strict=True):
            for stratifier, true_one in zip(
                group.get("stratifier", []), true_group.get("stratifier", []), strict=True
            ):
                pairs = list(zip(stratifier["stratum"], true_one["stratum"], strict=True))
                for code in counts(group):
                    hidden = [
                        counts(true)[code] or 0
                        for stratum, true in pairs
                        if code in counts(stratum) and counts(stratum)[code] is None
                    ]
                    held_back += len(hidden)
                    everything = len(hidden) == len(pairs)
                    if hidden and counts(group)[code] is not None and not everything:
                        assert len(hidden) > 1, (measure, code)
                        assert not 0 < sum(hidden) < 5, (measure, code)
                for stratum, _ in pairs:
                    assert all(c is None or c == 0 or c >= 5 for c in counts(stratum).values())
    assert held_back > 50


def test_a_number_that_is_held_back_says_so(fhir: Fhir, region: Region) -> None:
    """R109: with R4's data-absent-reason, masked; not as 0 and not left out."""
    masked = [
        population["_count"]["extension"][0]["valueCode"]
        for group in report(fhir, "fvk-antal")["group"]
        for stratum in strata(group, "unit")
        for population in stratum["population"]
        if "count" not in population
    ]
    assert masked
    assert set(masked) == {"masked"}


def test_a_list_of_subjects_names_the_patients_of_each_population(
    fhir: Fhir, region: Region
) -> None:
    """R101: reportType subject-list; the lists are in the report."""
    found = report(fhir, "flk-andel", reportType="subject-list")
    is_valid(fhir, found)
    lists = {f"#{each['id']}": each.get("entry", []) for each in found["contained"]}
    for population in found["group"][0]["population"]:
        entries = lists[population["subjectResults"]["reference"]]
        assert len(entries) == population["count"]
        assert len({each["item"]["reference"] for each in entries}) == len(entries)


def test_a_report_on_one_patient_agrees_with_the_list(fhir: Fhir, region: Region) -> None:
    """R101: reportType subject."""
    found = report(fhir, "flk-andel", reportType="subject-list")
    by_id = {each["id"]: each.get("entry", []) for each in found["contained"]}
    numerator = [e["item"]["reference"] for e in by_id["all-numerator"]]
    denominator = [e["item"]["reference"] for e in by_id["all-denominator"]]
    for patient in [numerator[0], next(p for p in denominator if p not in numerator)]:
        one = report(fhir, "flk-andel", subject=patient)
        assert one["type"] == "individual"
        assert one["subject"]["reference"] == patient
        assert counts(one["group"][0])["numerator"] == int(patient in numerator)
        is_valid(fhir, one)


def test_a_change_against_a_baseline_is_relative(open_books: Fhir, region: Region) -> None:
    """R104: 20 % more than in a baseline."""
    found = open_books.get(
        "Measure/kont-total/$evaluate-measure?periodStart=2026-04-01&periodEnd=2026-06-30"
        "&baselineStart=2026-01-01&baselineEnd=2026-03-31"
    ).json
    coc = found["group"][0]
    baseline = next(e for e in coc["extension"] if e["url"].endswith("/measure-baseline"))
    parts = {part["url"]: part for part in baseline["extension"]}
    before, after = parts["score"]["valueDecimal"], coc["measureScore"]["value"]
    assert parts["change"]["valueDecimal"] == pytest.approx((after - before) / before, abs=1e-4)
    assert parts["period"]["valuePeriod"] == {"start": "2026-01-01", "end": "2026-03-31"}


def test_the_type_level_takes_the_measure_by_url_or_id(fhir: Fhir, region: Region) -> None:
    url = fhir.get("Measure/fvk-andel").json["url"]
    for name in (url, f"{url}|0.2.0", "fvk-andel", "Measure/fvk-andel"):
        answer = fhir.get(f"Measure/$evaluate-measure?measure={name}&{PERIOD}")
        assert answer.status_code == 200, name
        assert answer.json["measure"].startswith(url)


def test_by_post_the_parameters_are_in_the_body(fhir: Fhir, region: Region) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "periodStart", "valueDate": FIRST},
            {"name": "periodEnd", "valueDate": LAST},
            {"name": "unit", "valueString": "Organization/u0"},
        ],
    }
    posted = fhir.post("Measure/fvk-andel/$evaluate-measure", body).json
    got = report(fhir, "fvk-andel", unit="Organization/u0")
    assert posted["group"] == got["group"]
    filters = [e for e in posted["extension"] if e["url"].endswith("/measure-filter")]
    assert filters[0]["extension"][0]["valueReference"] == {"reference": "Organization/u0"}


def test_a_stored_copy_of_a_measure_is_computed_too(fhir: Fhir, region: Region) -> None:
    copy = fhir.get("Measure/flk-andel").json | {"id": "our-flk", "title": "Vår"}
    assert fhir.put("Measure/our-flk", copy).status_code == 201
    assert report(fhir, "our-flk")["group"] == report(fhir, "flk-andel")["group"]


REFUSED = {
    "a Measure that is not there": (f"Measure/nobody/$evaluate-measure?{PERIOD}", 404),
    "no measure": (f"Measure/$evaluate-measure?{PERIOD}", 400),
    "two measures": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&measure=flk-andel", 400),
    "no period": ("Measure/flk-andel/$evaluate-measure?periodStart=2026", 400),
    "a period that ends before it begins": (
        "Measure/flk-andel/$evaluate-measure?periodStart=2026-03-01&periodEnd=2026-02-01", 400,
    ),
    "a period that has not begun": (
        "Measure/flk-andel/$evaluate-measure?periodStart=2090&periodEnd=2090", 400,
    ),
    "half a baseline": (f"Measure/kont-total/$evaluate-measure?{PERIOD}&baselineStart=2025", 400),
    "a subject without one": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&reportType=subject", 400),
    "a population with a subject": (
        f"Measure/flk-andel/$evaluate-measure?{PERIOD}&reportType=population&subject=Patient/x", 400,
    ),
    "a kind of report there is not": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&reportType=x", 400),
    "a patient who is not there": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&subject=Patient/x", 404),
    "a unit that is not there": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&unit=Organization/x", 404),
    "a subject that is no patient": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&subject=Group/x", 400),
    "subjects of contacts": (f"Measure/belastning/$evaluate-measure?{PERIOD}&reportType=subject-list", 422),
    "contacts of a municipality": (f"Measure/belastning/$evaluate-measure?{PERIOD}&municipality=2380", 422),
    "since the last time": (f"Measure/flk-andel/$evaluate-measure?{PERIOD}&lastReceivedOn=2026-01-01", 400),
}  # fmt: skip


@pytest.mark.parametrize(("path", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_be_answered_is_refused(
    fhir: Fhir, region: Region, path: str, status: int
) -> None:
    answer = fhir.get(path)
    assert answer.status_code == status, answer.text
    assert answer.json["resourceType"] == "OperationOutcome"


def test_a_measure_of_somebody_else_is_refused(fhir: Fhir) -> None:
    other = {
        "resourceType": "Measure",
        "url": "https://other.example/Measure/x",
        "status": "active",
    }
    stored = fhir.create(other)
    answer = fhir.get(f"Measure/{stored['id']}/$evaluate-measure?{PERIOD}")
    assert answer.status_code == 422
    assert "flk-andel" in answer.json["issue"][0]["details"]["text"]
