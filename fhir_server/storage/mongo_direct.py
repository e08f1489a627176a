"""Reads in one round trip, without most of what the driver does beside it.

The driver's `find` takes about 210 µs of CPU for a document, and 20 µs of them are the message, the
socket and the decoding. Here its parts are used that matter for correctness: it chooses the server,
lends a connection, keeps the limits of time and notices when a server is gone. Left out is what
reads outside a transaction do not need: a session, a cursor, the machinery of retries. The figures
are in docs/adr/0019-reads.md.

Whatever is out of the ordinary is the driver's: with somebody listening to its commands, or after
an error of any kind the same question is asked (again) in its way, so that retries, errors and
their texts are what they always were. A read can be asked twice. In a transaction the driver sends
the command; left out is the cursor, where the answer comes at once.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bson
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor
from pymongo.cursor import Cursor
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError
from pymongo.read_preferences import ReadPreference

from fhir_server.storage.mongo_wire import Chosen, Line, limit, spelled

Document = dict[str, Any]
Order = Sequence[tuple[str, int]]

_commands_log = logging.getLogger("pymongo.command")


class _Usable:
    """Whether the driver has the parts that are used here; it is found out by using them."""

    driver = True
    # The client that was last found to be set up in no special way; an application has one.
    client: weakref.ref[MongoClient[Document]] | None = None


class Found:
    """What a read found: what came at once, and the rest as it is asked for.

    Args:
        first: the documents of the first batch.
        rest: gives the others; None where there are none.
    """

    __slots__ = ("_first", "_rest")

    def __init__(
        self, first: list[Document], rest: CommandCursor[Document] | Cursor[Document] | None
    ) -> None:
        self._first = first
        self._rest = rest

    def __iter__(self) -> Iterator[Document]:
        yield from self._first
        if self._rest is not None:
            yield from self._rest

    def all(self) -> list[Document]:
        """Give all documents."""
        return self._first if self._rest is None else [*self._first, *self._rest]

    def close(self) -> None:
        """Tell the database that the rest is not wanted."""
        if self._rest is not None:
            self._rest.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a find asks for; see `Collection.find`.

    Args:
        filter: which documents.
        projection: the fields to give; all for None.
        sort: their order.
        limit: how many at most; 0 for all.
        hint: the index to read.
        between: where to begin and to end in it.
        keys_only: give the entries of the index.
        at_once: give all up to the limit in one message, where they fit; or else 101 at first.
    """

    filter: Mapping[str, Any]
    projection: Mapping[str, Any] | None = None
    sort: Order | None = None
    limit: int = 0
    hint: str | Order | None = None
    between: tuple[Order, Order] | None = None
    keys_only: bool = False
    at_once: bool = True

    def of(self, collection: Collection[Document], session: ClientSession | None) -> Found:
        """Give the documents of a collection, read in a transaction or outside."""
        found = None
        if session is not None and session.in_transaction:
            found = _in_transaction(collection, self.command(collection.name), session)
        elif is_ordinary(collection, session):
            found = _answer(collection, self.command(collection.name))
        return found or Found([], self.cursor(collection, session))

    def cursor(
        self, collection: Collection[Document], session: ClientSession | None
    ) -> Cursor[Document]:
        """Give the driver's cursor that finds the same."""
        cursor = collection.find(
            self.filter,
            self.projection,
            session=session,
            limit=self.limit,
            return_key=self.keys_only or None,
            batch_size=self.limit if self.at_once else 0,
        )
        cursor = cursor if self.sort is None else cursor.sort(list(self.sort))
        if self.between is not None:
            low, high = self.between
            cursor = cursor.min(list(low)).max(list(high))
        if self.hint is None:
            return cursor
        return cursor.hint(self.hint if isinstance(self.hint, str) else list(self.hint))

    def command(self, name: str) -> Document:
        """Give MongoDB's command, of a collection by its name."""
        command: Document = {"find": name, "filter": self.filter}
        if self.projection is not None:
            command["projection"] = self.projection
        if self.sort is not None:
            command["sort"] = dict(self.sort)
        if self.limit:
            command["limit"] = self.limit
            if self.at_once:
                command["batchSize"] = self.limit
        if self.hint is not None:
            command["hint"] = self.hint if isinstance(self.hint, str) else dict(self.hint)
        if self.between is not None:
            command["min"], command["max"] = map(dict, self.between)
        if self.keys_only:
            command["returnKey"] = True
        return command


def find(
    collection: Collection[Document],
    filter_: Mapping[str, Any],
    projection: Mapping[str, Any] | None = None,
    *,
    session: ClientSession | None = None,
    limit: int = 0,
    hint: str | None = None,
) -> Found:
    """Give documents; see `Asked`."""
    return Asked(filter_, projection, limit=limit, hint=hint).of(collection, session)


def find_one(
    collection: Collection[Document],
    filter_: Mapping[str, Any],
    projection: Mapping[str, Any] | None = None,
    *,
    session: ClientSession | None = None,
) -> Document | None:
    """Give one document that passes a filter; None for none."""
    found = Asked(filter_, projection, limit=1).of(collection, session).all()
    return found[0] if found else None


def aggregate(
    collection: Collection[Document],
    stages: Sequence[Mapping[str, Any]],
    *,
    session: ClientSession | None = None,
    **options: Any,
) -> Found:
    """Give what an aggregation gives; as `Collection.aggregate` does, for stages that only read."""
    if is_ordinary(collection, session):
        command = {"aggregate": collection.name, "pipeline": stages, "cursor": {}, **options}
        found = _answer(collection, command)
        if found is not None:
            return found
    return Found([], collection.aggregate(list(stages), session=session, **options))


def count(
    collection: Collection[Document],
    filter_: Mapping[str, Any],
    *,
    session: ClientSession | None = None,
    limit: int | None = None,
    hint: str | None = None,
) -> int:
    """Count what passes a filter, up to a limit; as `Collection.count_documents` does."""
    stages: list[Document] = [{"$match": filter_}]
    if limit is not None:
        stages.append({"$limit": limit})
    stages.append({"$group": {"_id": 1, "n": {"$sum": 1}}})
    options = {} if hint is None else {"hint": hint}
    found = aggregate(collection, stages, session=session, **options).all()
    return int(found[0]["n"]) if found else 0


def leave_to_driver() -> None:
    """Use no parts of the driver any more: this version has others than are known here."""
    _Usable.driver = False


def is_sharded(collection: Collection[Document]) -> bool:
    """Tell whether a mongos answers; the driver chooses a server for that, where it knows none."""
    client = collection.database.client
    known = client.topology_description.topology_type_name
    return known != "ReplicaSetWithPrimary" and client.is_mongos


def is_ordinary(collection: Collection[Document], session: ClientSession | None = None) -> bool:
    """Tell whether nothing is asked for that only the driver can do."""
    if session is not None or not _Usable.driver:
        return False
    client = collection.database.client
    known = _Usable.client
    if known is None or known() is not client:
        if not _is_plain(client):
            return False
        _Usable.client = weakref.ref(client)
    # Who reads the log of commands, too, is told of everything.
    return collection.read_preference == ReadPreference.PRIMARY and not _commands_log.isEnabledFor(
        logging.DEBUG
    )


def _is_plain(client: MongoClient[Document]) -> bool:
    """Tell whether nothing in a connection string, which stays as it is, needs the driver."""
    listeners = client._event_listeners
    return (
        client.options.timeout is None
        and client.options.pool_options.server_api is None
        and client.options.auto_encryption_opts is None
        and not client.options.load_balanced
        # Who listens to the driver is told of everything.
        and not (listeners and listeners.enabled_for_commands)
    )


def _answer(collection: Collection[Document], command: Document) -> Found | None:
    """Send a command and give its answer; None where the driver must ask."""
    database = collection.database
    level = collection.read_concern.level
    if level is not None:
        command["readConcern"] = {"level": level}
    command["$db"] = database.name
    try:
        client = database.client
        server = Chosen.of(client, next(iter(command)))
        with client._checkout(server, None) as connection:
            limit(command, connection, server)
            id_, message = spelled(command)
            line = Line(connection)
            line.send(message)
            answer = line.answer(id_)
            address = connection.address
    except ServerSelectionTimeoutError:
        raise  # the driver has waited for one; it would wait for as long again
    except PyMongoError:
        return None
    except (AttributeError, TypeError):
        leave_to_driver()
        return None
    document: Document = bson.decode(answer)
    if document["ok"] != 1:
        return None
    cursor = document["cursor"]
    rest = CommandCursor(collection, cursor | {"firstBatch": []}, address) if cursor["id"] else None
    return Found(cursor["firstBatch"], rest)


def _in_transaction(
    collection: Collection[Document], command: Document, session: ClientSession
) -> Found | None:
    """Ask in a transaction without a cursor; None where the answer does not come at once.

    The cursor that is left then ends with the transaction.
    """
    answer = collection.database.command(
        command, session=session, codec_options=collection.codec_options
    )
    cursor = answer["cursor"]
    return None if cursor["id"] else Found(cursor["firstBatch"], None)
