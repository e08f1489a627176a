"""From the driver's errors to the store's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from fhir_server.storage.records import StoreUnavailable


class TransactionConflict(Exception):
    """Another transaction was at the same documents; nothing was written, try again."""


@contextmanager
def translated_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise TransactionConflict from error
        if isinstance(error, ConnectionFailure | ExecutionTimeout | WTimeoutError):
            raise StoreUnavailable(str(error)) from error
        if isinstance(error, OperationFailure) and error.has_error_label("RetryableWriteError"):
            raise StoreUnavailable(str(error)) from error
        raise
