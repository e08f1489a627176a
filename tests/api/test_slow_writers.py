"""A writer that takes so long that a parameter is registered and built meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.app import create_context, create_server
from fhir_server.bulk import reindex as reindexing
from fhir_server.bulk.reindex import Reindex, Unwatched
from fhir_server.interactions import live_search, search_changes
from fhir_server.interactions.context import Context
from fhir_server.interactions.create import create
from fhir_server.interactions.update import update
from fhir_server.search.query import Query
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.api.test_custom_search_parameters import parameter, person


@pytest.fixture
def another(settings: Settings, store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A second worker."""
    monkeypatch.setattr(reindexing, "GRACE_SECONDS", 0.0)
    return create_context(create_server(settings), store)


def parse(context: Context, text: str) -> Query:
    name, _, value = text.partition("=")
    context.server.search.refresh()
    return context.server.parser.parse("Patient", [(name, value)])


def build(context: Context, code: str) -> None:
    resource = parameter(code, expression="Patient.name.given")
    update(context, "SearchParameter", code, resource)
    Reindex(context.server, context.store, Unwatched()).run()


@pytest.mark.parametrize("slow", [True, False])
def test_a_slow_writer_mends_the_entries_of_what_it_wrote(
    settings: Settings,
    store: MongoStore,
    another: Context,
    monkeypatch: pytest.MonkeyPatch,
    slow: bool,
) -> None:
    writer = create_context(create_server(settings), store)
    writer.server.search.current()
    code = f"given-{'slow' if slow else 'quick'}"
    real = GuardedStore.transact
    calls: list[Any] = []

    def delayed(self: GuardedStore, changes: Any, **options: Any) -> None:
        if not calls:
            calls.append(changes)
            build(another, code)
        real(self, changes, **options)

    monkeypatch.setattr(GuardedStore, "transact", delayed)
    if slow:
        monkeypatch.setattr(search_changes, "GRACE_SECONDS", 0.0)
    resource = person("x", name=[{"given": [code]}])
    answer = create(writer, "Patient", resource)
    assert answer.stored is not None
    found = store.search(parse(another, f"{code}={code}")).resources
    # A quick writer need not look: a reindex waits for it, but the one of this test did not.
    assert [each.id for each in found] == ([answer.stored.id] if slow else [])


def test_entries_made_by_older_rules_are_made_anew_before_the_write(
    settings: Settings, store: MongoStore, another: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fhir_server.interactions import create as creating

    writer = create_context(create_server(settings), store)
    real = creating.commit

    def late(context: Context, prepared: Any, **options: Any) -> Any:
        build(another, "given-late")
        writer.server.search.refresh()
        return real(context, prepared, **options)

    monkeypatch.setattr(creating, "commit", late)
    answer = create(writer, "Patient", person("x", name=[{"given": ["Senare"]}]))
    assert answer.stored is not None
    found = store.search(parse(another, "given-late=senare")).resources
    assert [each.id for each in found] == [answer.stored.id]


def test_a_reindex_waits_longer_than_rules_may_be_old() -> None:
    assert live_search.GRACE_SECONDS > live_search.REFRESH_SECONDS
    assert reindexing.GRACE_SECONDS >= search_changes.GRACE_SECONDS
