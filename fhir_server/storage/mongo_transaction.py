"""A transaction whose small writes wait for the next question, and are sent with it.

A lock, what is created, and what the law asks then: each alone is a round trip, half of whose CPU
is spent on sending and waiting, on both sides. MongoDB answers the messages of a connection one
after the other, so that several may be sent at once. Where one fails it ends the transaction, and
what was sent behind it is refused: the first error is the one that counts.

Nothing overtakes a write that waits: who takes the session, for whatever, sends it first. With
somebody listening to the driver's commands, and behind a mongos, each goes by itself. The figures
are in docs/adr/0024-the-cost-of-single-writes.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import bson
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.helpers_shared import _check_command_response
from pymongo.read_preferences import ReadPreference

from fhir_server.storage import mongo_direct
from fhir_server.storage.documents import Document
from fhir_server.storage.mongo_direct import Asked, Found
from fhir_server.storage.mongo_wire import Line, spelled

# Looks at the answer to a write, and raises where the write was refused.
Judge = Callable[[Document], None]


class _Command(NamedTuple):
    place: Collection[Document]
    document: Document
    judge: Judge


class Transaction:
    """The commands of one transaction.

    Args:
        client: of the deployment.
        session: in which the transaction was started.
    """

    def __init__(self, client: MongoClient[Document], session: ClientSession) -> None:
        self._client = client
        self._session = session
        self._waiting: list[_Command] = []

    @property
    def session(self) -> ClientSession:
        """The session, with all that was written."""
        self.send()
        return self._session

    def write(self, place: Collection[Document], command: Document, judge: Judge) -> None:
        """Have a write made, no later than the next time that anything is asked.

        Args:
            place: what it is about.
            command: MongoDB's; few and small documents.
            judge: gets its answer.
        """
        self._waiting.append(_Command(place, command, judge))

    def send(self) -> None:
        """Make the writes that wait.

        Raises:
            PyMongoError: the database refuses one, or can't be reached; and what a judge raises.
        """
        waiting, self._waiting = self._waiting, []
        if len(waiting) > 1 and self._is_ordinary(waiting[0].place):
            self._send_together(waiting)
        else:
            self._send_singly(waiting)

    def find(self, place: Collection[Document], asked: Asked) -> Found:
        """Give what a find gives when the writes that wait are made.

        Raises:
            PyMongoError: as `send`, or the find fails.
        """
        if not self._waiting or not self._is_ordinary(place):
            return asked.of(place, self.session)
        waiting, self._waiting = self._waiting, []
        found: list[Document] = []
        self._send_together([*waiting, _Command(place, asked.command(place.name), found.append)])
        cursor = found[0]["cursor"]
        # The cursor that is left ends with the transaction.
        if cursor["id"]:
            return Found([], asked.cursor(place, self._session))
        return Found(cursor["firstBatch"], None)

    def _is_ordinary(self, place: Collection[Document]) -> bool:
        topology = self._client.topology_description.topology_type_name
        return topology != "Sharded" and mongo_direct.is_ordinary(place)

    def _send_singly(self, commands: Iterable[_Command]) -> None:
        for each in commands:
            each.judge(each.place.database.command(each.document, session=self._session))

    def _send_together(self, commands: Sequence[_Command]) -> None:
        refused: BaseException | None = None
        first = next(iter(commands[0].document))
        with self._client._conn_for_writes(self._session, first) as connection:
            messages = self._messages(commands, connection)
            if messages is not None:
                answers = self._answers(messages, connection)
                refused = _refused(commands, answers, connection)
        if messages is None:
            self._send_singly(commands)
        if refused is not None:
            raise refused

    def _messages(
        self, commands: Sequence[_Command], connection: Any
    ) -> list[tuple[int, bytes]] | None:
        """Spell the commands; None where the driver is of a version that has other parts."""
        session, messages = self._session, []
        starting = session._starting_transaction
        try:
            for each in commands:
                document = dict(each.document)
                session._apply_to(document, False, ReadPreference.PRIMARY, connection)
                session._transaction.set_in_progress()
                connection.send_cluster_time(document, session, self._client)
                connection.apply_timeout(document)
                document["$db"] = each.place.database.name
                messages.append(spelled(document))
        except (AttributeError, TypeError):
            mongo_direct.leave_to_driver()
            if starting:
                session._transaction.set_starting()
            return None
        return messages

    def _answers(self, messages: Sequence[tuple[int, bytes]], connection: Any) -> list[Document]:
        line = Line(connection)
        line.send(b"".join(message for _, message in messages))
        try:
            raw = [line.answer(id_) for id_, _ in messages]
        except BaseException:
            # Answers that nobody reads would be taken for those of whoever is lent it next.
            connection.close_conn(None)
            raise
        answers: list[Document] = [bson.decode(each) for each in raw]
        for each in answers:
            self._client._process_response(each, self._session)
        return answers


def _refused(
    commands: Sequence[_Command], answers: Sequence[Document], connection: Any
) -> BaseException | None:
    """Give why the first write that was refused was; what the driver must hear of is raised.

    What comes behind it is refused because of it.
    """
    for each, answer in zip(commands, answers, strict=True):
        _check_command_response(answer, connection.max_wire_version)
        try:
            each.judge(answer)
        except Exception as error:  # for the caller, as soon as the connection is given back
            return error
    return None
