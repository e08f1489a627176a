"""What is asked about a few resources that a token leads to, beside that token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.search.tokens import REFERENCE
from fhir_server.storage import mongo_direct
from fhir_server.storage.documents import STORED, Document
from fhir_server.storage.mongo_indexes import TOKENS


@dataclass(frozen=True, slots=True)
class About:
    """What must hold of the resources of a type.

    Args:
        resource_type: the type.
        labels: one of these it must have; any resource for none.
        tokens: one of these it must have; any resource for none.
    """

    resource_type: str
    labels: Sequence[str] = ()
    tokens: Sequence[str] = ()


class Wanted(tuple[About, ...]):
    """What is asked again and again: the filters for it are made once."""

    _ways: list[dict[str, Any]] | None = None

    @property
    def ways(self) -> list[dict[str, Any]]:
        """The filters; nobody changes them."""
        if self._ways is None:
            self._ways = ways(self)
        return self._ways


@dataclass(frozen=True, slots=True)
class Referring:
    """What is asked about what refers to a resource.

    Args:
        names: of the references, such as ``CareTeam.patient``.
        wanted: what must hold of what refers by them.
    """

    names: tuple[str, ...]
    wanted: Wanted

    def tokens(self, reference: str) -> list[str]:
        """Give the index tokens of what refers to ``Type/id``."""
        return [f"{name}{REFERENCE}{reference}" for name in self.names]


# In what `find_with_referring` gives, beside the fields of the resource that was looked for.
REFERRING = "referring"
_TOKENS_OF_REFERRING = "named"


def find_with_referring(
    collection: Collection[Document],
    tokens: Sequence[str],
    limit: int,
    referring: Referring,
) -> list[Document]:
    """Give the resources that have one of some tokens, each once for each that refers to it.

    One question instead of two: for one document each the database takes longer to wake up than to
    answer. What refers comes apart and not as a list, which could be too long for one document.
    """
    named = [{"$concat": [f"{name}{REFERENCE}", "$_id"]} for name in referring.names]
    # A join takes no hint: behind a double negation nothing but the references can lead.
    wanted = {"$nor": [{"$nor": referring.wanted.ways}]}
    stages: list[dict[str, Any]] = [
        {"$match": {"t": {"$in": list(tokens)}}},
        {"$limit": limit},
        {"$project": {**STORED, _TOKENS_OF_REFERRING: named}},
        {
            "$lookup": {
                "from": collection.name,
                "localField": _TOKENS_OF_REFERRING,
                "foreignField": "t",
                "pipeline": [{"$match": wanted}, {"$project": STORED}],
                "as": REFERRING,
            }
        },
        {"$unwind": {"path": f"${REFERRING}", "preserveNullAndEmptyArrays": True}},
        {"$project": {**STORED, REFERRING: 1}},
    ]
    return mongo_direct.aggregate(collection, stages, hint=TOKENS).all()


def find(
    collection: Collection[Document],
    tokens: Sequence[str],
    wanted: Sequence[About],
    session: ClientSession | None,
) -> list[Document]:
    """Give the documents; see `Snapshot.about`."""
    return find_any(collection, [having(tokens, wanted)], session)


def find_any(
    collection: Collection[Document],
    any_of: Sequence[Mapping[str, Any]],
    session: ClientSession | None,
    limit: int = 0,
) -> list[Document]:
    """Give the documents that pass one of some filters, each of which the tokens lead to."""
    filter_ = any_of[0] if len(any_of) == 1 else {"$or": any_of}
    return mongo_direct.find(
        collection, filter_, STORED, session=session, limit=limit, hint=TOKENS
    ).all()


def having(tokens: Sequence[str], wanted: Sequence[About]) -> dict[str, Any]:
    """Give the filter for what has one of some tokens, and what else is wanted of its type."""
    known = wanted.ways if isinstance(wanted, Wanted) else ways(wanted)
    return {"t": {"$in": list(tokens)}, "$or": known}


def by_type(references: Iterable[str]) -> list[dict[str, Any]]:
    """Give the filters that find living resources by the index of tokens.

    Deleted resources have no tokens. One for each type, since the index would be asked for
    every pair of a type and an id otherwise.
    """
    by_type: dict[str, list[str]] = {}
    for reference in references:
        by_type.setdefault(reference.partition("/")[0], []).append(reference)
    return [{"t": type_, "_id": {"$in": ids}} for type_, ids in by_type.items()]


def ways(wanted: Sequence[About]) -> list[dict[str, Any]]:
    """Give the filters of which a resource must pass one.

    Labels and tokens begin with their type, so those of several types stand in one list: a filter
    for each type took the database longer to read than the resources.
    """
    whole = [each.resource_type for each in wanted if not each.labels and not each.tokens]
    found: list[dict[str, Any]] = [{"y": {"$in": whole}}] if whole else []
    for labelled in (True, False):
        some = [each for each in wanted if bool(each.labels) is labelled]
        found += _labelled([each for each in some if not each.tokens]) if labelled else []
        current = [each for each in some if each.tokens]
        tokens = [token for each in current for token in each.tokens]
        found += [own | {"t": {"$in": tokens}} for own in _labelled(current)]
    return found


def _labelled(some: Sequence[About]) -> list[dict[str, Any]]:
    """Give the condition on the labels of some, empty where they ask for none; none for nobody."""
    if not some:
        return []
    labels = [label for each in some for label in each.labels]
    return [{"a": {"$in": labels}} if labels else {}]
