"""The rules by which search parameters that are data come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.search.search_state import LAYOUT, Registered, SearchState

OLD, NEW = {"code": "size", "expression": "Patient.a"}, {"code": "size", "expression": "Patient.b"}


def registered(state: SearchState, definition: dict[str, str] | None = None) -> SearchState:
    return state.registered("p", definition or OLD, ("Patient",), "2026-01-01T00:00:00Z")


def complete(state: SearchState) -> SearchState:
    return state.complete(dict(state.due))


def test_one_that_is_registered_is_built_before_it_is_active() -> None:
    state = registered(SearchState())
    assert state.revision == 1
    assert state.due == {"Patient": 1}
    assert state.waiting
    assert state.parameters["p"].active is None
    state = complete(state)
    assert not state.waiting
    assert state.due == {}
    assert state.parameters["p"].active is not None


def test_registering_the_same_again_changes_nothing() -> None:
    once = registered(SearchState())
    assert registered(once) is once
    active = complete(once)
    assert registered(active) is active


def test_a_changed_one_answers_by_the_old_definition_until_the_new_is_complete() -> None:
    state = registered(complete(registered(SearchState())), NEW)
    known = state.parameters["p"]
    assert [v.definition for v in known.versions] == [OLD, NEW]
    assert known.active
    assert known.active.definition == OLD
    done = complete(state)
    assert [v.definition for v in done.parameters["p"].versions] == [NEW]
    # The entries of the old one are still there, for the next reindex to clear.
    assert done.due == {"Patient": done.revision}
    assert not done.waiting


def test_going_back_to_the_old_definition_needs_no_building() -> None:
    state = registered(registered(complete(registered(SearchState())), NEW), OLD)
    assert [v.definition for v in state.parameters["p"].versions] == [OLD]
    assert not state.waiting


def test_each_definition_has_a_revision_of_its_own() -> None:
    state = registered(SearchState())
    state = registered(state.withdrawn("p"), OLD)
    assert state.parameters["p"].newest.revision == 3
    assert state.due == {"Patient": 3}


def test_withdrawing_removes_at_once_and_leaves_entries_to_clear() -> None:
    state = complete(registered(SearchState())).withdrawn("p")
    assert state.parameters == {}
    assert state.due == {"Patient": state.revision}
    assert state.withdrawn("p") is state


def test_what_came_while_others_were_indexed_waits_for_another_round() -> None:
    first = registered(SearchState())
    during = first.registered("q", NEW, ("Patient", "Person"), "2026-01-01T00:00:00Z")
    after = during.complete(dict(first.due))
    assert after.parameters["p"].active is not None
    assert after.parameters["q"].active is None
    assert after.due == during.due


def test_one_of_several_types_waits_for_all_of_them() -> None:
    state = SearchState().registered("q", NEW, ("Patient", "Person"), "2026-01-01T00:00:00Z")
    assert state.complete({"Patient": 1}).parameters["q"].active is None
    assert state.complete({"Patient": 1}).due == {"Person": 1}


def test_the_layout_rises_once_everything_is_indexed() -> None:
    state = SearchState(layout=1).all_due(["Patient", "Person"])
    assert state.all_due(["Patient", "Person"]) is state
    assert state.complete({"Patient": 1}).layout == 1
    done = complete(state)
    assert (done.layout, done.whole) == (LAYOUT, None)
    assert done.all_due(["Patient"]).revision == done.revision + 1


def test_a_reindex_of_everything_for_an_older_layout_begins_anew() -> None:
    older = SearchState(layout=1).all_due(["Patient"], layout=LAYOUT - 1)
    newer = older.all_due(["Patient"])
    assert newer.whole == 2
    assert newer.complete(dict(older.due)).layout == 1
    assert complete(newer).layout == LAYOUT


STEPS = st.lists(
    st.tuples(st.sampled_from(["register", "change", "withdraw", "complete", "stale"]),
              st.sampled_from("pqr")),
    max_size=30,
)  # fmt: skip


@given(STEPS)
def test_nothing_is_active_before_all_its_types_were_indexed_with_it(
    steps: list[tuple[str, str]],
) -> None:
    state = SearchState()
    # What a reindex of each type has reached so far.
    indexed: dict[str, int] = {}
    remembered: dict[str, int] = {}
    for step, id_ in steps:
        before = state.revision
        match step:
            case "register" | "change":
                definition = OLD if step == "register" else NEW
                state = state.registered(id_, definition, ("Patient", id_), "now")
            case "withdraw":
                state = state.withdrawn(id_)
            case "complete":
                indexed |= state.due
                state = state.complete(dict(state.due))
            case "stale":
                # A reindex that began earlier ends now.
                state = state.complete({t: r for t, r in remembered.items() if r})
                indexed |= {t: max(r, indexed.get(t, 0)) for t, r in remembered.items()}
        remembered = dict(state.due)
        assert state.revision >= before
        for known in state.parameters.values():
            assert known != Registered()
            if known.active:
                assert all(indexed[t] >= known.active.revision for t in known.active.types)
            if known.building:
                assert all(state.due[t] >= known.building.revision for t in known.building.types
                           if indexed.get(t, 0) < known.building.revision)  # fmt: skip
