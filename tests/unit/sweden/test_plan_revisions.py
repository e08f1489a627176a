"""Units of a plan on several servers: who is newer, what is a conflict, where they all end."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.sweden.plan_revisions import Conflict, Held, Merged, Revision, followed, merged

UNIT = "activity:a"
STAMP = Revision(("",))


def free(unit: str, value: Any, revision: Revision) -> bool:
    """Let anybody change anything."""
    return True


def of_the_owner(unit: str, value: Any, revision: Revision) -> bool:
    """Let the municipality answer for the unit; nobody else."""
    return revision.by in ("", "kommun")


def changed(before: Held | None, value: Any, by: str = "") -> Held:
    """Give a unit after one more version of the plan was stored."""
    known = {UNIT: before.revision} if before else {}
    was = {UNIT: before.value} if before and before.value is not None else {}
    now = {UNIT: value} if value is not None else {}
    return Held(value, followed(known, was, now, Revision(("",), by=by))[UNIT])


def meet(mine: Held, theirs: Held) -> Merged:
    """Merge where anybody may change anything."""
    return merged(UNIT, mine, theirs, free)


def test_what_follows_is_taken_and_what_came_before_is_not() -> None:
    """R93: no clock is needed to tell the newer."""
    first = changed(None, "A")
    second = changed(first, "B")
    assert meet(first, second) == Merged(second)
    assert meet(second, first) == Merged(second)


def test_a_change_and_its_undoing_follow_each_other() -> None:
    """R93: the same words again are a new revision."""
    first = changed(None, "A")
    again = changed(changed(first, "B"), "A")
    assert again.revision.head != first.revision.head
    assert meet(changed(first, "B"), again).held == again


def test_a_removal_and_a_return_follow_each_other() -> None:
    """R93: what was removed on one server does not come back from another."""
    first = changed(None, "A")
    gone = changed(first, None)
    assert gone.revision.removed
    assert meet(first, gone).held == gone
    assert meet(gone, first).held == gone
    back = changed(gone, "A")
    assert not back.revision.removed
    assert meet(gone, back).held == back


def test_both_changed_is_a_conflict_that_keeps_the_other() -> None:
    """R93: neither is lost, and both servers choose the same."""
    first = changed(None, "A")
    here, there = changed(first, "B"), changed(first, "C")
    one, other = meet(here, there), meet(there, here)
    assert one.held == other.held
    assert {one.held.value, _aside(one).value} == {"B", "C"}
    assert {_conflict(one).kept, _conflict(other).kept} == {"own", "received"}


def test_both_made_the_same_change_is_none() -> None:
    """R93: who says the same does not contradict."""
    first = changed(None, "A")
    here, there = changed(first, "B"), changed(changed(first, "C"), "B")
    assert meet(here, there).conflict is None
    assert meet(here, there).held.revision.head == meet(there, here).held.revision.head


def test_the_version_of_who_answers_for_it_stands() -> None:
    """R76: each huvudman answers for its own insatser."""
    first = changed(None, "A")
    owner, other = changed(first, "B", by="kommun"), changed(first, "C", by="region")
    for mine, theirs in ((owner, other), (other, owner)):
        result = merged(UNIT, mine, theirs, of_the_owner)
        assert result.held.value == "B"
        assert _aside(result).value == "C"


def test_a_change_by_another_is_kept_as_a_proposal_and_the_answer_reaches_them() -> None:
    """R76: it does not overwrite; the other side learns what stands."""
    first = changed(None, "A", by="region")
    proposal = changed(first, "B", by="region")
    at_owner = merged(UNIT, first, proposal, of_the_owner)
    assert at_owner.held.value == "A"
    assert _conflict(at_owner).foreign
    assert merged(UNIT, at_owner.held, proposal, of_the_owner) == Merged(at_owner.held)
    at_other = merged(UNIT, proposal, at_owner.held, of_the_owner)
    assert at_other.held == at_owner.held
    assert _aside(at_other).value == "B"


def test_a_withdrawn_consent_counts_whoever_changed_it_last() -> None:
    """R78: a no counts from the moment it is known."""
    unit = "Consent:x"
    permit = {"status": "active", "provision": {"type": "permit"}}
    first = Held(permit, Revision(("1-a",)))
    withdrawn = Held({**permit, "status": "inactive"}, Revision(("1-a", "2-a")))
    noted = Held({**permit, "dateTime": "2026"}, Revision(("1-a", "2-b", "3-b")))
    for mine, theirs in ((withdrawn, noted), (noted, withdrawn)):
        assert merged(unit, mine, theirs, free).held.value["status"] == "inactive"
    assert merged(unit, first, withdrawn, free).conflict is None


def test_what_comes_back_in_part_does_not_take_the_rest() -> None:
    """R78, R100: what the recipient did not see, it can't have removed."""
    whole = Held({"a": 1, "detail": {"b": 2, "secret": 3}}, Revision(("1-a",)))
    part = Held({"a": 1, "detail": {"b": 4}}, Revision(("1-a", "2-a"), partial=True))
    result = merged(UNIT, whole, part, free)
    assert result.held.value == {"a": 1, "detail": {"b": 4, "secret": 3}}
    assert not result.held.revision.partial


def test_what_was_told_in_part_is_told_whole_once_the_consent_allows() -> None:
    """R78: a wider consent shows more of the same revision."""
    whole = Held({"a": 1, "b": 2}, Revision(("1-a",)))
    part = Held({"a": 1}, Revision(("1-a",), partial=True))
    assert merged(UNIT, part, whole, free).held == whole
    assert merged(UNIT, whole, part, free).held == whole


SERVERS = 3
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["change", "send"]),
        st.integers(0, SERVERS - 1),
        st.integers(0, SERVERS - 1),
        st.sampled_from(["A", "B", "C", None]),
    ),
    max_size=30,
)


@given(STEPS)
def test_servers_that_exchange_end_with_the_same_and_no_change_is_lost(
    steps: list[tuple[str, int, int, str | None]],
) -> None:
    """R76, R93: whoever changes, whoever sends, in whatever order, old Bundles again among them."""
    start = changed(None, "A")
    held = [start] * SERVERS
    made = {start.revision.head: start.value}
    old: list[Held] = []
    for kind, here, there, value in steps:
        if kind == "change":
            held[here] = changed(held[here], value)
            made[held[here].revision.head] = value
        else:
            old.append(held[there])
            for received in (held[there], old[0]):
                held[here] = _received(held[here], received, made)
    for _ in range(SERVERS):
        for here in range(SERVERS):
            for there in range(SERVERS):
                held[here] = _received(held[here], held[there], made)
    assert len({each.revision.head for each in held}) == 1
    assert len({each.value for each in held}) == 1
    known = set(held[0].revision.names)
    assert set(made) <= known
    for here in range(SERVERS):
        assert meet(held[here], held[0]).conflict is None


def _received(mine: Held, theirs: Held, made: dict[str, Any]) -> Held:
    result = meet(mine, theirs)
    if result.conflict is not None:
        # What is set aside is one that was made, whole.
        aside = result.conflict.aside
        assert made.setdefault(aside.revision.head, aside.value) == aside.value
    made.setdefault(result.held.revision.head, result.held.value)
    return result.held


def _conflict(result: Merged) -> Conflict:
    assert result.conflict is not None
    return result.conflict


def _aside(result: Merged) -> Held:
    return _conflict(result).aside
