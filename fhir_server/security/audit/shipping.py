"""Brings the records of the spools into the database, behind the requests.

Each batch goes in one transaction with the head of its stream, so that a batch that was shipped
before its shipper knew is not shipped again: the head has moved on. What processes that are gone
have left is shipped by whoever finds it.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import structlog

from fhir_server.fhir import json
from fhir_server.fhir.dates import micros
from fhir_server.security.audit.chain import Record, Seal
from fhir_server.security.audit.index import index_entries
from fhir_server.security.audit.spool import SpoolFailure, SpoolReader, abandoned
from fhir_server.storage.audit_records import AuditRecord
from fhir_server.storage.mongo_audit import AuditStore

log = structlog.get_logger()

BATCH = 500


class Stream:
    """The way of one stream's records from its spool into the database.

    Args:
        root: the folder of all streams.
        name: the stream's.
        ledger: the trail in the database.
        seal: makes the chain.
    """

    def __init__(self, root: Path, name: str, ledger: AuditStore, seal: Seal) -> None:
        self.name = name
        self._reader = SpoolReader(root / name)
        self._ledger = ledger
        self._seal = seal
        self._shipped: int | None = None
        self.hash = ""

    @property
    def shipped(self) -> int:
        """The number of the last record that the database has, as far as is known here."""
        return self._shipped or 0

    def ship(self) -> int:
        """Ship what is written, and give how many records that were.

        Raises:
            StoreUnavailable: the database does not answer.
            SpoolFailure: the spool can't be read.
        """
        total = 0
        while records := self._next():
            after = records[0].number - 1
            sealed, registered = self._seal.head, self._seal.register
            prepared = [_prepared(record) for record in records]
            try:
                added = self._ledger.add(self.name, after, prepared, sealed, registered)
            except BaseException:
                self._shipped = None  # it may have been added all the same
                raise
            if not added:
                self._shipped = None
                continue
            self._shipped, self.hash = records[-1].number, records[-1].hash
            total += len(records)
            self._reader.drop(self._shipped)
            if len(records) < BATCH:
                break
        return total

    def remove(self) -> None:
        """Take the spool away, all of which is shipped."""
        self._reader.remove()

    def _next(self) -> list[Record]:
        if self._shipped is None:
            head = self._ledger.head(self.name)
            self._shipped, self.hash = (head.number, head.hash) if head else (0, "")
        return self._reader.read(self._shipped, BATCH)


def adopt(root: Path, ledger: AuditStore, seal: Seal) -> int:
    """Ship what processes that are gone have left, and give how many records that were.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    total = 0
    for name, lock in abandoned(root):
        try:
            stream = Stream(root, name, ledger, seal)
            total += stream.ship()
            stream.remove()
        except SpoolFailure as error:
            log.error("audit spool unreadable", stream=name, reason=str(error))  # noqa: TRY400
        finally:
            os.close(lock)
    return total


def _prepared(record: Record) -> AuditRecord:
    event = json.plain(record.body)
    updated = micros(dt.datetime.fromisoformat(event["recorded"]))
    return AuditRecord(
        event["id"], record.number, record.hash, updated, record.body, index_entries(event)
    )
