"""transaction: all entries or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fhir_server.fhir.bundle import bundle as make_bundle
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.commit import commit
from fhir_server.interactions.conditional import unchanged
from fhir_server.interactions.context import Context
from fhir_server.interactions.dispatch import changes_something, fetch
from fhir_server.interactions.entries import Entry, read_entries, require_readable, within
from fhir_server.interactions.entry_answers import response_entry
from fhir_server.interactions.transaction_plan import Plan, plan
from fhir_server.interactions.update import ATTEMPTS, busy
from fhir_server.storage.checks import Check
from fhir_server.storage.records import StaleWrite
from fhir_server.storage.snapshot import Snapshot


def transaction(
    context: Context,
    bundle: dict[str, Any],
    *,
    prefer: str | None = None,
    once: str | None = None,
    may_choose_ids: bool = False,
    again: Callable[[], dict[str, Any]] | None = None,
) -> Answer:
    """Carry out all entries of a transaction bundle, or none.

    Args:
        context: the request.
        bundle: the Bundle.
        prefer: what to answer about each write: ``minimal`` (also for None),
            ``representation`` or ``OperationOutcome``.
        once: a name that no other write may have carried.
        may_choose_ids: PUT may create whatever ``settings.update_create`` says, as for files
            that an operator loads.
        again: reads the bundle once more, where another write came in between. Where it is given,
            ``bundle`` is emptied, so that its memory is free for what becomes of it.

    Raises:
        FhirError: what is wrong with any of the entries; nothing was written.
    """
    for attempt in range(ATTEMPTS):
        if attempt and again is not None:
            bundle = again()
        entries = require_readable(read_entries(context, bundle))
        if again is not None:
            bundle.clear()
        _refuse_what_commits_by_itself(context, entries)
        planned = plan(context, entries, may_choose_ids=may_choose_ids)
        in_turn = sorted(planned.prepared, key=lambda index: entries[index].turn)
        expected = planned.identities.expected
        try:
            warnings = commit(
                context,
                [prepared for index in in_turn for prepared in planned.prepared[index]],
                locks=[each.criteria.lock for each in expected],
                before=unchanged(*expected) if expected else None,
                after=_reads(context, entries, planned),
                once=once,
            )
        except StaleWrite:
            continue
        _add_warnings(planned, warnings)
        # What was stored takes more memory than the answer, which is still to be made.
        planned.prepared.clear()
        listed = [response_entry(context, e, planned.answers[e.index], prefer) for e in entries]
        return Answer(200, body=make_bundle("transaction-response", listed))
    raise busy("A resource of the transaction")


def _refuse_what_commits_by_itself(context: Context, entries: Sequence[Entry]) -> None:
    text = "This operation changes something by itself: call it alone, or in a batch."
    issues = [
        Issue("error", "not-supported", text, f"{entry.expression}.request.url")
        for entry in entries
        if changes_something(context, entry)
    ]
    if issues:
        raise FhirError(*issues, status=400)


def _reads(context: Context, entries: Sequence[Entry], planned: Plan) -> Check | None:
    """Answer what reads inside the transaction: one that fails undoes all."""
    wanted = sorted((entry for entry in entries if not entry.writes), key=lambda e: e.turn)
    if not wanted:
        return None

    def read(snapshot: Snapshot) -> None:
        for entry in wanted:
            try:
                planned.answers[entry.index] = fetch(context.inside(snapshot), entry)
            except FhirError as error:
                raise FhirError(*within(entry, error.issues), status=error.status) from None

    return read


def _add_warnings(planned: Plan, warnings: dict[str, tuple[Issue, ...]]) -> None:
    for index, prepared in planned.prepared.items():
        issues = tuple(i for each in prepared for i in warnings[each.change.new.reference])
        if issues:
            planned.answers[index] = replace(planned.answers[index], issues=issues)
