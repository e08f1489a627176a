"""How many shards each request asks; `python -m benchmarks.sharding_requests` tells.

No router (mongos) can be had from the package registries, so this routes on paper. The commands
that real requests send to a real MongoDB are recorded, and each is put to the shards that a router
would ask, by its rule: a filter that fixes the shard key goes to the shards of those values, any
other goes to all. Shards are chosen by MongoDB's own hash. docs/scaling.md shows the result.
"""

from __future__ import annotations

import hashlib
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

# By hash. Collections that are not named here stay whole, on the database's primary shard.
SHARD_KEYS: Mapping[str, str] = {
    "resources": "_id",
    "history": "r",
    "audit": "_id",
    "locks": "_id",
    "once": "_id",
}
STRING = 15  # canonical type of strings, which MongoDB hashes with the value
MOST_VALUES = 10_000
WRITES = {"insert": "documents", "update": "updates", "delete": "deletes"}
FILTERS = {"find": "filter", "count": "query", "distinct": "query", "findAndModify": "query"}
ENDS = {"commitTransaction", "abortTransaction"}
# What is not about data: answered by whoever is asked.
ASIDE = {"hello", "ping", "endSessions", "getMore", "killCursors", "createIndexes", "create"}


def hashed(text: str) -> int:
    """Give MongoDB's hash of a string, as a hashed index has it."""
    encoded = text.encode() + b"\0"
    content = struct.pack("<iii", 0, STRING, len(encoded)) + encoded
    value: int = struct.unpack("<q", hashlib.md5(content, usedforsecurity=False).digest()[:8])[0]
    return value


def shard_of(text: str, shards: int) -> int:
    """Give the shard of a value where the hashes are divided evenly, as at the beginning."""
    return (hashed(text) + 2**63) * shards >> 64


@dataclass(frozen=True, slots=True)
class Command:
    """A command that was sent.

    Args:
        name: of MongoDB's.
        collection: it is about; empty for the end of a transaction.
        keys: the values of the shard key it names, each statement by itself; None for all shards.
        transaction: which it is part of; None for none.
    """

    name: str
    collection: str
    keys: tuple[frozenset[str] | None, ...]
    transaction: object = None

    def shards(self, count: int) -> set[int]:
        """Give the shards that a router asks."""
        if self.collection not in SHARD_KEYS:
            return {0} if self.collection else set()
        asked: set[int] = set()
        for statement in self.keys:
            if statement is None:
                return set(range(count))
            asked |= {shard_of(value, count) for value in statement}
        return asked


@dataclass(slots=True)
class Asked:
    """What requests of one kind asked of the shards.

    Args:
        requests: how many there were.
        commands: how many commands they sent.
        scattered: how many of those went to all shards of a collection that has several.
        shards: how many shards were asked, summed over the commands.
        busiest: how many commands the shard that was asked most was asked.
        transactions: how many transactions there were.
        spread: how many of those wrote on several shards.
    """

    requests: int
    commands: int = 0
    scattered: int = 0
    shards: int = 0
    busiest: int = 0
    transactions: int = 0
    spread: int = 0


class Recorder(CommandListener):
    """Keeps the commands that a thread sends while it is `recording`."""

    def __init__(self) -> None:
        # What the server asks once a second, in threads of its own, belongs to no request.
        self._own = threading.local()

    @contextmanager
    def recording(self) -> Iterator[list[Command]]:
        """Give a list that the commands of this thread are added to meanwhile."""
        found: list[Command] = []
        self._own.commands = found
        try:
            yield found
        finally:
            self._own.commands = None

    def started(self, event: CommandStartedEvent) -> None:
        """Note a command."""
        if event.command_name in ASIDE or event.database_name == "admin":
            return
        commands = getattr(self._own, "commands", None)
        if commands is not None:
            commands.append(read(event.command_name, event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note: a command that failed was sent all the same."""


def read(name: str, command: Mapping[str, Any]) -> Command:
    """Read a command as a router does."""
    collection = str(command.get(name, ""))
    key = SHARD_KEYS.get(collection, "_id")
    transaction = None
    if "autocommit" in command:
        transaction = (bytes(command["lsid"]["id"]), command["txnNumber"])
    return Command(name, collection, tuple(_keys(name, command, key)), transaction)


def _keys(name: str, command: Mapping[str, Any], key: str) -> Iterator[frozenset[str] | None]:
    if name == "insert":
        for document in command["documents"]:
            yield frozenset([str(document[key])])
    elif name in WRITES:
        for statement in command[WRITES[name]]:
            yield fixed(statement["q"], key)
    elif name == "aggregate":
        first = command["pipeline"][0] if command["pipeline"] else {}
        yield fixed(first.get("$match", {}), key)
    elif name in FILTERS:
        yield fixed(command.get(FILTERS[name]) or {}, key)


def fixed(filter_: Mapping[str, Any], key: str) -> frozenset[str] | None:
    """Give the values that a filter restricts a key to; None where it does not fix them.

    Args:
        filter_: of MongoDB's.
        key: the shard key. It is hashed, so a range says nothing of where to look.
    """
    found: list[frozenset[str]] = []
    for name, condition in filter_.items():
        if name == "$and":
            found += [each for part in condition if (each := fixed(part, key)) is not None]
        elif name == "$or":
            parts = [fixed(part, key) for part in condition]
            if parts and all(part is not None for part in parts):
                found.append(frozenset().union(*(part for part in parts if part is not None)))
        elif name == key:
            values = _values(condition)
            if values is not None and len(values) <= MOST_VALUES:
                found.append(values)
    return frozenset.intersection(*found) if found else None


def _values(condition: Any) -> frozenset[str] | None:
    if isinstance(condition, str):
        return frozenset([condition])
    if isinstance(condition, Mapping):
        if isinstance(condition.get("$eq"), str):
            return frozenset([condition["$eq"]])
        if "$in" in condition:
            return frozenset(str(value) for value in condition["$in"])
    return None


def count(commands: Iterable[Command], shards: int, requests: int) -> Asked:
    """Put recorded commands to shards.

    Args:
        commands: as recorded.
        shards: how many there are.
        requests: how many requests sent them.
    """
    result = Asked(requests)
    loads = [0] * shards
    written: dict[object, set[int]] = {}
    for command in commands:
        if command.name in ENDS:
            continue
        asked = command.shards(shards)
        result.commands += 1
        result.shards += len(asked)
        result.scattered += command.collection in SHARD_KEYS and None in command.keys
        for shard in asked:
            loads[shard] += 1
        if command.transaction is not None:
            into = written.setdefault(command.transaction, set())
            if command.name in WRITES:
                into |= asked
    result.busiest = max(loads)
    result.transactions = len(written)
    result.spread = sum(len(shards_) > 1 for shards_ in written.values())
    return result


@dataclass(frozen=True, slots=True)
class Recorded:
    """The commands of one kind of request.

    Args:
        name: of the kind.
        requests: how many were sent.
        commands: what they sent to the database.
    """

    name: str
    requests: int
    commands: Sequence[Command] = field(default_factory=list)


def table(recorded: Iterable[Recorded], shards: int) -> list[str]:
    """Give the rows of a Markdown table: what one request of each kind asks."""
    rows = [
        f"| Request | Commands | To all shards | Shards asked, of {shards} | Share of the busiest |"
        " Transactions over several shards |",
        "|---|---|---|---|---|---|",
    ]
    for each in recorded:
        asked = count(each.commands, shards, each.requests)
        n = asked.requests
        spread = f"{asked.spread} of {asked.transactions}" if asked.transactions else "none"
        share = asked.busiest / asked.shards if asked.shards else 0.0
        rows.append(
            f"| {each.name} | {asked.commands / n:.1f} | {asked.scattered / n:.1f} "
            f"| {asked.shards / n:.1f} | {share:.0%} | {spread} |"
        )
    return rows
