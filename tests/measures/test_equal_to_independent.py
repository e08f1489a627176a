"""The measures are what slow, independent code finds in the same resources (R101-R107, R109)."""

from __future__ import annotations

import pytest

from fhir_server.app import create_context
from fhir_server.interactions.context import Server
from fhir_server.measures.catalogue import MEASURES
from fhir_server.measures.evaluate import Evaluation
from fhir_server.measures.question import Filters, Options
from fhir_server.measures.result import Figures, Group
from fhir_server.measures.window import Window
from fhir_server.storage.mongo import MongoStore
from tests.measures import independent
from tests.measures.world import FIRST, LAST, NOW, Region, store_all

PATIENTS = 450
WINDOW = Window.of(FIRST, LAST, NOW)
FILTERS = {
    "everybody": {},
    "a unit and what is below it": {"unit": "Organization/u0"},
    "a unit by itself": {"unit": "Organization/u3"},
    "a huvudman": {"huvudman": "kommun"},
    "a municipality": {"municipality": "2380"},
    "a unit of a huvudman, and a municipality": {
        "unit": "Organization/region",
        "huvudman": "region",
        "municipality": "2313",
    },
    "the patients of a position": {"practitioner": "PractitionerRole/r1"},
    "the patients of a person": {"practitioner": "Practitioner/p4"},
}


@pytest.fixture(scope="module")
def region(app_server: Server, store: MongoStore) -> Region:
    region = Region(seed=20260630, patients=PATIENTS)
    store_all(app_server, store, region.resources)
    return region


@pytest.fixture(scope="module")
def evaluation(app_server: Server, store: MongoStore, region: Region) -> Evaluation:
    return Evaluation(create_context(app_server, store))


def world(region: Region, **wanted: str) -> independent.World:
    return independent.World(region.resources, FIRST, LAST, NOW, independent.Wanted(**wanted))


def assert_same(found: Figures, expected: independent.Numbers, what: object) -> None:
    counts = (found.included, found.hits, found.excluded)
    assert counts == (expected.included, expected.hits, expected.excluded), what
    if expected.values:
        assert found.distribution is not None, what
        spread = found.distribution
        assert spread.count == len(expected.values), what
        assert spread.mean == pytest.approx(float(expected.mean or 0), abs=1e-12), what
        assert spread.median == pytest.approx(expected.middle, abs=1e-12), what
        assert spread.p90 == pytest.approx(expected.nine_of_ten, abs=1e-12), what
        assert spread.least == pytest.approx(float(min(expected.values)), abs=1e-12), what
        assert spread.most == pytest.approx(float(max(expected.values)), abs=1e-12), what
    else:
        assert found.distribution is None, what


def assert_group(group: Group, expected: independent.Outcome) -> None:
    assert_same(group.figures, expected.all, "all")
    assert dict(group.reasons) == expected.reasons
    found = {
        (name, value): f for name, strata in group.strata.items() for value, f in strata.items()
    }
    expected_strata = {mark: n for mark, n in expected.strata.items() if mark[0] in group.strata}
    assert found.keys() == expected_strata.keys()
    for mark, figures in found.items():
        assert_same(figures, expected_strata[mark], mark)


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("measure", [m for m in MEASURES if not m.startswith("kont")])
def test_a_measure_is_what_independent_code_finds(
    evaluation: Evaluation, region: Region, measure: str, filters: dict[str, str]
) -> None:
    """R101, R102, R103, R106, R107: every number of every stratum."""
    result = evaluation.result(measure, WINDOW, Filters(**filters))
    first = next(iter(result.groups.values()))
    assert_group(first, independent.MEASURES[measure](world(region, **filters)))


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("measure", ["kont-lakare", "kont-total"])
@pytest.mark.parametrize("fewest", [2, 3])
def test_continuity_is_what_independent_code_finds(
    evaluation: Evaluation, region: Region, measure: str, filters: dict[str, str], fewest: int
) -> None:
    """R104, R105: COC, UPC and SECON, to the twelfth decimal."""
    options = Options(minimum_visits=fewest)
    result = evaluation.result(measure, WINDOW, Filters(**filters), options)
    asked = world(region, **filters)
    asked.minimum_visits = fewest
    expected = independent.indices(asked, physicians=measure == "kont-lakare")
    assert list(result.groups) == list(expected)
    for code, outcome in expected.items():
        assert_group(result.groups[code], outcome)
        assert result.notes.get("performer-not-known", 0) == outcome.notes.get(
            "performer-not-known", 0
        )


def test_workload_by_type_is_what_independent_code_finds(
    evaluation: Evaluation, region: Region
) -> None:
    """R49, R106: patients of each type for each contact that has some."""
    by_type = evaluation.result("belastning", WINDOW).groups["by-type"].strata["contact-type"]
    loads = independent.patients_of_contacts(world(region)).values()
    for kind in "1234":
        expected = sorted(len(each[kind]) for each in loads if kind in each)
        spread = by_type[kind].distribution
        assert spread is not None
        assert (spread.count, spread.least, spread.most) == (
            len(expected), expected[0], expected[-1],
        )  # fmt: skip


@pytest.mark.parametrize("measure", [m for m in MEASURES if m != "belastning"])
def test_asking_for_one_patient_agrees_with_asking_for_all(
    evaluation: Evaluation, region: Region, measure: str
) -> None:
    """R101: of everybody listed, each by itself is where the list has them."""
    options = Options(listing=True)
    listed = next(iter(evaluation.result(measure, WINDOW, options=options).groups.values()))
    assert sum(listed.reasons.values()) == listed.figures.excluded  # type: ignore[arg-type]
    patients = {r["subject"]["reference"] for r in region.resources if "subject" in r}
    # A fifth of them: each is a query of its own.
    for patient in sorted(patients)[::5]:
        one = evaluation.result(measure, WINDOW, Filters(subject=patient))
        figures = next(iter(one.groups.values())).figures
        assert bool(figures.hits) == (patient in listed.subjects.get("hit", ()))
        excluded = {reason for reason in listed.reasons if patient in listed.subjects[reason]}
        assert bool(figures.excluded) == bool(excluded)


def test_the_region_has_what_makes_counting_hard(evaluation: Evaluation, region: Region) -> None:
    """A measure that is empty would agree with anything."""
    for measure in MEASURES:
        figures = next(iter(evaluation.result(measure, WINDOW).groups.values())).figures
        assert (figures.included or 0) > 15, measure
        assert figures.hits, measure


def test_counting_reads_no_resource(store: MongoStore, region: Region) -> None:
    """R101: counted in the database, from the index alone, in its order."""
    from fhir_server.storage import mongo_facts
    from fhir_server.storage.mongo_indexes import FACTS

    where = {"kind": {"$in": ["1"]}, "end": {"$not": {"$lte": WINDOW.moment}}}
    stages = mongo_facts.pipeline("CareTeam", ("patient", "kind", "end"), where)
    resources = store.collections.resources
    told = resources.database.command(
        "explain",
        {"aggregate": resources.name, "pipeline": stages, "cursor": {}, "hint": FACTS},
        verbosity="executionStats",
    )
    stats = told.get("executionStats") or told["stages"][0]["$cursor"]["executionStats"]
    assert stats["totalDocsExamined"] == 0
    assert stats["nReturned"] > 0
    assert '"SORT"' not in repr(told).replace("'", '"')
