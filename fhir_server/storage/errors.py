"""From the driver's errors to the store's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from fhir_server.storage import time_limit
from fhir_server.storage.records import (
    StoreFailure,
    StoreTooSlow,
    StoreUnavailable,
    WriteTooLarge,
)

# The transaction needs more of the storage engine's cache than it may have.
TRANSACTION_TOO_LARGE = 388

# What MongoDB answers while it changes primaries, beyond what the driver knows to be that.
PASSING = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        43,  # CursorNotFound: its server started anew between two batches
        89,  # NetworkTimeout
        133,  # FailedToSatisfyReadPreference: a mongos finds no primary
        134,  # ReadConcernMajorityNotAvailableYet
        175,  # QueryPlanKilled
        202,  # NetworkInterfaceExceededTimeLimit
        237,  # CursorKilled
        262,  # ExceededTimeLimit
        9001,  # SocketException
        11601,  # Interrupted
    }
)


class TransactionConflict(Exception):
    """Another transaction was at the same documents; nothing was written, try again."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the store's errors in place of the driver's.

    The text of a driver's error may quote what was to be stored, so none leaves this module.

    Raises:
        TransactionConflict: the transaction met another and may be tried again.
        WriteTooLarge: it does not fit into the database's cache.
        StoreTooSlow: the time for the whole request is over (`time_limit`).
        StoreUnavailable: the database can't be reached, or answers too late.
        StoreFailure: anything else, by the number of the driver's error.
    """
    try:
        yield
    except PyMongoError as error:
        code = error.code if isinstance(error, OperationFailure) else None
        if code == TRANSACTION_TOO_LARGE or _in_bulk(error, TRANSACTION_TOO_LARGE):
            raise WriteTooLarge from None
        # The driver has waited for a primary in vain: it was not another transaction.
        absent = isinstance(error, ServerSelectionTimeoutError)
        in_answer = error.timeout or isinstance(error, OperationFailure)
        if in_answer and not absent and time_limit.is_over():
            raise StoreTooSlow("the time for the request is over") from None
        if error.has_error_label("TransientTransactionError") and not absent:
            raise TransactionConflict from None
        late = isinstance(error, ConnectionFailure | ExecutionTimeout | WTimeoutError)
        if late or code in PASSING or error.has_error_label("RetryableWriteError"):
            reason = "no primary was found in time" if absent else type(error).__name__
            raise StoreUnavailable(reason) from None
        raise StoreFailure(f"{type(error).__name__} {code or ''}".strip()) from None


def _in_bulk(error: PyMongoError, code: int) -> bool:
    return isinstance(error, BulkWriteError) and any(
        each.get("code") == code for each in error.details.get("writeErrors", [])
    )
