"""How ranges compare: https://hl7.org/fhir/R4/search.html#prefix"""

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search.indexing import IndexEntries
from fhir_server.search.matching import Indexed, compares, fulfils, matches
from fhir_server.search.query import And, HasId, HasToken, Not, Or, Query, Updated, either, every

ranges = st.tuples(st.integers(0, 20), st.integers(1, 10)).map(lambda r: (r[0], r[0] + r[1]))
points = st.integers(0, 20).map(lambda at: (at, at + 1))


@settings(deadline=None)
@given(ranges, ranges)
def test_unequal_is_what_is_not_equal(value: tuple[int, int], search: tuple[int, int]) -> None:
    assert compares("ne", *value, *search) is not compares("eq", *value, *search)


@settings(deadline=None)
@given(ranges, ranges)
def test_what_starts_after_or_ends_before_does_not_overlap(
    value: tuple[int, int], search: tuple[int, int]
) -> None:
    apart = compares("sa", *value, *search) or compares("eb", *value, *search)
    assert apart is not compares("ap", *value, *search)


@settings(deadline=None)
@given(points, ranges)
def test_a_point_is_before_within_or_after(value: tuple[int, int], search: tuple[int, int]) -> None:
    found = [compares(c, *value, *search) for c in ("lt", "eq", "gt")]
    assert found.count(True) == 1
    assert compares("le", *value, *search) is (found[0] or found[1])
    assert compares("ge", *value, *search) is (found[1] or found[2])


RESOURCE = Indexed("CareTeam/1", 5, IndexEntries(["CareTeam", "CareTeam.status=a"], {}, {}))
YES, NO = HasToken("CareTeam.status=a"), HasToken("CareTeam.status=b")


def test_criteria_combine() -> None:
    assert fulfils(And((YES, Not(NO))), RESOURCE)
    assert not fulfils(And((YES, NO)), RESOURCE)
    assert fulfils(Or((NO, YES)), RESOURCE)
    assert fulfils(And(()), RESOURCE)
    assert not fulfils(Or(()), RESOURCE)


def test_joining_leaves_no_nesting() -> None:
    assert every(And((YES,)), NO) == And((YES, NO))
    assert either(Or((YES, NO)), YES) == Or((YES, NO))
    assert either(YES, YES) == YES


def test_what_the_store_keeps_can_be_asked_for() -> None:
    assert fulfils(HasId(("CareTeam/1", "CareTeam/2")), RESOURCE)
    assert fulfils(Updated("eq", 5, 6), RESOURCE)
    assert not fulfils(Updated("gt", 5, 6), RESOURCE)


def test_a_query_is_about_its_types() -> None:
    assert matches(Query(("CareTeam",), And((YES,))), RESOURCE)
    assert matches(Query((), And((YES,))), RESOURCE)
    assert not matches(Query(("CarePlan",), And((YES,))), RESOURCE)
