"""Messages to MongoDB on connections that the driver lends, in few calls of the system.

The driver asks the kernel eight times for each answer: it sets the socket's limit of time and sets
it back, for the head of a message and for the rest, and waits and reads for both. Each of the
calls gives up the interpreter to another thread. Here the kernel itself ends a wait
(``SO_RCVTIMEO``), and a message is read at once. Which server is the primary is asked again when
the driver has heard something from the deployment.

Whatever is out of the ordinary (TLS, a limit for sockets in the connection string, little time
left, a wait) is received by the driver. The figures are in docs/adr/0019-reads.md.
"""

from __future__ import annotations

import itertools
import socket
import struct
import sys
import time
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

import bson
from pymongo import MongoClient, _csot, network_layer
from pymongo.errors import ProtocolError
from pymongo.read_preferences import ReadPreference
from pymongo.topology_description import TOPOLOGY_TYPE

# https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_msg: length, id, id
# answered, code, flags, and the kind of the one section that follows: a document.
_HEAD = struct.Struct("<iiiiiB")
_LENGTH = struct.Struct("<i")
_OP_MSG = 2013
_ids = itertools.count(1)

# So often the driver looks whether it has given up a connection; so it is here.
_WAIT_S = 0.5
_SOCKET_TIMEOUT = struct.pack("@ll", int(_WAIT_S), int(_WAIT_S % 1 * 1_000_000))
# What fits into the buffers of any socket, so that sending it does not wait.
_SHORT = 64 * 1024
# A page of a search, as a rule.
_READ_AT_ONCE = 64 * 1024
# Connections whose waits the kernel ends.
_prepared: WeakSet[Any] = WeakSet()
_ONE_PRIMARY = (TOPOLOGY_TYPE.ReplicaSetWithPrimary, TOPOLOGY_TYPE.Single)


def spelled(command: Mapping[str, Any]) -> tuple[int, bytes]:
    """Give a command as a message, and its number."""
    body = bson.encode(command)
    id_ = next(_ids) & 0x7FFFFFFF
    return id_, _HEAD.pack(_HEAD.size + len(body), id_, 0, _OP_MSG, 0, 0) + body


class Chosen:
    """The server that the driver chose last, for as long as it knows nothing newer."""

    # One for the process, and not one for each client: an application has one.
    _known: tuple[Any, Any] = (None, None)

    @classmethod
    def of(cls, client: MongoClient[Any], operation: str) -> Any:
        """Give the server that a read of the primary goes to.

        Args:
            client: of the deployment.
            operation: what is asked, for the driver's messages.

        Raises:
            ServerSelectionTimeoutError: there is none, and the driver has waited for one.
        """
        description, server = cls._known
        topology = client._topology if client._opened else None
        if topology is not None and topology._description is description:
            return server
        server = client._select_server(ReadPreference.PRIMARY, None, operation)
        description = client._topology._description
        told = description.server_descriptions().get(server.description.address)
        # Of the routers of a sharded cluster the driver chooses one each time.
        if told is not None and told.is_writable and description.topology_type in _ONE_PRIMARY:
            cls._known = description, server
        return server


class Line:
    """A connection that was lent, and what of the answers on it was read and not yet given.

    Args:
        connection: the driver's.
    """

    __slots__ = ("_connection", "_kept", "_socket")

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._kept = b""
        self._socket = _plain(connection)

    def send(self, message: bytes) -> None:
        """Send messages.

        Raises:
            ConnectionFailure: the connection broke, and is closed.
        """
        if self._socket is None or len(message) > _SHORT:
            # The driver's limit of time holds for what may have to wait.
            self._connection.apply_timeout(None)
        else:
            self._connection.set_conn_timeout(None)
        self._connection.send_message(message, 0)

    def answer(self, id_: int) -> bytes | memoryview:
        """Give the document of the answer to a message.

        Raises:
            ConnectionFailure: the connection broke, and is closed; or no time is left.
            ProtocolError: something else than the answer came; the connection is closed.
        """
        try:
            data = self._kept or self._first()
            if data is None:
                found: bytes | memoryview = self._connection.receive_message(
                    id_
                ).raw_command_response()
                return found
            return self._document(data, id_)
        # As the driver does: what is left on a connection would be taken for another's.
        except BaseException as error:
            self._connection._raise_connection_failure(error)
            raise

    def _first(self) -> bytes | None:
        """Read what there is; None where the driver is to wait for it."""
        left = _csot.remaining()
        if self._socket is None or (left is not None and left <= 2 * _WAIT_S):
            return None
        self._connection.set_conn_timeout(None)
        try:
            data = self._socket.recv(_READ_AT_ONCE)
        except BlockingIOError:
            return None
        if not data:
            raise OSError("connection closed")
        return data

    def _document(self, data: bytes, id_: int) -> memoryview:
        if len(data) < _HEAD.size:
            data = self._with_rest(data, _HEAD.size)
        (length,) = _LENGTH.unpack_from(data)
        if len(data) < length:
            data = self._with_rest(data, length)
        _, _, answered, code, flags, kind = _HEAD.unpack_from(data)
        if (answered, code, flags, kind) != (id_, _OP_MSG, 0, 0):
            raise ProtocolError("the answer is none to what was asked")
        self._kept = data[length:]
        return memoryview(data)[_HEAD.size : length]

    def _with_rest(self, begun: bytes, length: int) -> bytes:
        left = _csot.remaining()
        deadline = None if left is None else time.monotonic() + left
        return begun + network_layer.receive_data(self._connection, length - len(begun), deadline)


def _plain(connection: Any) -> socket.socket | None:
    """Give the socket of a connection, prepared; None where the driver must receive."""
    # Other versions of the driver have no such part.
    found = getattr(connection.conn, "sock", None)
    # TLS has its own buffers, and elsewhere the limit of time is spelled differently.
    if type(found) is not socket.socket or sys.platform != "linux":
        return None
    if connection.opts.socket_timeout is not None:
        return None
    if connection not in _prepared:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _SOCKET_TIMEOUT)
        _prepared.add(connection)
    return found


def limit(command: dict[str, Any], connection: Any, server: Any) -> None:
    """Tell the database how much time is left, where there is a limit.

    Raises:
        ExecutionTimeout: none.
    """
    left = _csot.remaining()
    if left is None:
        return
    left -= server.description.min_round_trip_time or connection.connect_rtt
    if left <= 0:
        connection.apply_timeout(command)
    # None at all would be no limit.
    command["maxTimeMS"] = max(1, int(left * 1000))
