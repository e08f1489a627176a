"""A reindex makes labels anew and forgets nothing that only the writing knew."""

from __future__ import annotations

from flask import Flask

from fhir_server.bulk.reindex import Reindex
from fhir_server.interactions.create import create
from tests.security.worlds import ORGANIZATIONS, World, organization, staff


class _Unwatched:
    def planned(self, amount: float) -> None: ...
    def begin(self, what: str) -> None: ...
    def done(self, amount: float, resources: int) -> None: ...
    def waiting(self) -> None: ...


def test_who_answers_for_a_record_is_known_after_a_reindex(app: Flask) -> None:
    """R112: the accountable unit that came from the writer stays."""
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    note = {"resourceType": "Observation", "status": "final", "code": {"text": "vikt"}}
    made = create(world.context(staff("psyk")), "Observation", note)
    assert made.stored is not None
    before = world.context().store.labels_of([made.stored.reference])
    context = world.context()
    Reindex(context.server, context.store, _Unwatched()).run(everything=True)
    assert world.context().store.labels_of([made.stored.reference]) == before
    assert before[made.stored.reference] == (
        "Observation._owner>Organization/psyk",
        "Observation._provider>Organization/region",
    )
