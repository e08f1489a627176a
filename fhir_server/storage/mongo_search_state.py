"""Where the search state is kept: one document, read by every worker about once a second.

A SearchParameter and the state change in one transaction, so neither is ever without the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from fhir_server.search.search_state import LAYOUT, Registered, SearchState, Version
from fhir_server.storage.documents import Document
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_indexes import SEARCH_STATE, STATE_ID
from fhir_server.storage.places import Collections
from fhir_server.storage.snapshot import Snapshot

Transition = Callable[[SearchState], SearchState]


class SearchStates:
    """Reads and changes the search state of one database."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._states: Collection[Document] = collections.resources.database[SEARCH_STATE]

    def read(self, known: int | None = None) -> SearchState | None:
        """Give the state; None where it still has the revision ``known``.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        changed = {} if known is None else {"revision": {"$ne": known}}
        with translated_errors():
            document = self._collections.primary.settled(
                lambda: self._states.find_one({"_id": STATE_ID, **changed})
            )
        if document is None:
            return SearchState() if known is None else None
        return _state(document)

    def change(self, transition: Transition) -> SearchState:
        """Change the state, whoever else does at the same time.

        Args:
            transition: may be called more than once; giving back what it got changes nothing.
        """
        while True:
            with translated_errors():
                before = _found(self._states.find_one({"_id": STATE_ID}))
                after = transition(before)
                if after is before or self._replace(before, after, None):
                    return after

    def change_inside(self, snapshot: Snapshot, transition: Transition) -> None:
        """Change the state in the transaction of a snapshot, or let it conflict."""
        before = _found(self._states.find_one({"_id": STATE_ID}, session=snapshot.session))
        after = transition(before)
        if after is not before:
            self._replace(before, after, snapshot.session)

    def _replace(
        self, before: SearchState, after: SearchState, session: ClientSession | None
    ) -> bool:
        try:
            result = self._states.replace_one(
                {"_id": STATE_ID, "revision": before.revision},
                _document(after),
                upsert=before.revision == 0,
                session=session,
            )
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id)


def _found(document: Document | None) -> SearchState:
    return SearchState() if document is None else _state(document)


def _document(state: SearchState) -> Document:
    return {
        "_id": STATE_ID,
        "revision": state.revision,
        "layout": state.layout,
        "whole": state.whole,
        "target": state.target,
        "due": dict(state.due),
        # A list: a logical id may hold dots, to which MongoDB gives a meaning in names.
        "parameters": [
            {"id": id_, "active": _of_version(p.active), "building": _of_version(p.building)}
            for id_, p in state.parameters.items()
        ],
    }


def _of_version(version: Version | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "revision": version.revision,
        "types": list(version.types),
        "definition": dict(version.definition),
        "since": version.since,
    }


def _state(document: Document) -> SearchState:
    return SearchState(
        revision=document["revision"],
        layout=document["layout"],
        parameters={
            each["id"]: Registered(_version(each["active"]), _version(each["building"]))
            for each in document.get("parameters", ())
        },
        due=document.get("due", {}),
        whole=document.get("whole"),
        target=document.get("target", LAYOUT),
    )


def _version(entry: dict[str, Any] | None) -> Version | None:
    if entry is None:
        return None
    return Version(entry["revision"], tuple(entry["types"]), entry["definition"], entry["since"])
