"""A search is restricted in every type that it looks at."""

from __future__ import annotations

from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasId,
    HasToken,
    Not,
    Or,
    Query,
    ReferredBy,
    Sort,
    every,
)
from fhir_server.security.access import NOTHING
from fhir_server.security.principal import LOCAL, Principal
from fhir_server.security.restricting import restricted
from tests.security.worlds import staff
from tests.unit.security.access_parts import access

NURSE = staff("hc")
OWN = HasToken("Encounter._owner>Organization/hc")


def parts(criterion: Criterion) -> list[Criterion]:
    """Give a criterion with all that is inside it."""
    inner = [*getattr(criterion, "parts", ())]
    inner += [getattr(criterion, name) for name in ("part", "where") if hasattr(criterion, name)]
    return [criterion, *(each for one in inner for each in parts(one))]


def test_an_open_server_restricts_nothing() -> None:
    """A server without authentication is its own machine's."""
    query = Query(("Encounter",), every(HasId(("Encounter/1",))))
    assert restricted(access(LOCAL), query, []).where == query.where


def test_each_join_is_restricted_by_the_type_it_leads_to() -> None:
    """R111: chains and _has would tell what is behind them, also when they are turned round."""
    chain = Chained("Observation.encounter", ("Encounter",), HasToken("Encounter.status=planned"))
    for where in (chain, Not(chain), Or((chain, HasId(("Observation/1",)))), And((chain,))):
        made = restricted(access(NURSE), Query(("Observation",), every(where)), [])
        inner = [p for p in parts(made.where) if isinstance(p, Chained)]
        assert inner
        assert all(OWN in parts(each.where) for each in inner)
    has = ReferredBy("Encounter.patient", HasToken("Encounter.status=planned"))
    made = restricted(access(NURSE), Query(("Patient",), every(has)), [])
    inner_has = [p for p in parts(made.where) if isinstance(p, ReferredBy)]
    assert all(OWN in parts(each.where) for each in inner_has)


def test_a_join_through_a_type_one_may_not_read_finds_nothing() -> None:
    """R115: the audit trail is not searched through what it tells of."""
    for where in (
        Chained("X.y", ("AuditEvent",), And(())),
        ReferredBy("AuditEvent.patient", And(())),
    ):
        made = restricted(access(NURSE), Query(("Patient",), every(where)), [])
        assert NOTHING in parts(made.where)


def test_types_one_may_not_read_are_not_searched() -> None:
    """R111: a search of the whole server is one of what one may read."""
    analyst = Principal("a", role="analyst")
    made = restricted(access(analyst), Query((), And(())), [])
    assert "Organization" in made.types
    assert not {"Patient", "Encounter", "AuditEvent"} & set(made.types)


def test_an_order_by_content_leaves_protected_persons_out() -> None:
    """R118: an order tells as much as a condition."""
    protected = HasToken("Practitioner._protected=person")
    asked = every(HasId(("Practitioner/1",)))
    for by, left_out in (("_id", False), ("_lastUpdated", False), ("Practitioner.name", True)):
        query = Query(("Practitioner",), asked, sort=(Sort(by),))
        made = restricted(access(NURSE), query, [])
        assert (protected in parts(made.where)) is left_out
