"""What kind of MongoDB an address leads to, and whether the store can work on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from fhir_server.storage.records import StoreUnavailable

Kind = Literal["replica set", "sharded cluster", "single server"]

ILLEGAL_OPERATION = 20
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
SECONDS = 5


class UnfitDeployment(Exception):
    """The store can't work on this MongoDB; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A MongoDB.

    Args:
        kind: what it is.
        version: e.g. ``6.0.5``.
        transactions: None where they work, else why they do not.
    """

    kind: Kind
    version: str
    transactions: str | None


def describe(uri: str, database: str) -> Deployment:
    """Look at a MongoDB, changing nothing.

    Args:
        uri: its address.
        database: where a transaction is tried; it reads only.

    Raises:
        StoreUnavailable: it can't be reached, refuses this user, or the address is wrong.
    """
    try:
        client: MongoClient[dict[str, Any]] = MongoClient(
            uri, appname="fhir-server doctor", serverSelectionTimeoutMS=SECONDS * 1000
        )
    except (PyMongoError, ValueError) as error:
        raise StoreUnavailable(f"the address can't be used: {error}") from None
    with client:
        try:
            hello = client.admin.command("hello")
            version = str(client.admin.command("buildInfo")["version"])
            return Deployment(_kind(hello), version, _transactions(client, database))
        except PyMongoError as error:
            raise StoreUnavailable(str(error)) from None


def require_transactions(client: MongoClient[dict[str, Any]]) -> None:
    """Refuse a single server, which has no transactions.

    Raises:
        UnfitDeployment: it is one.
    """
    if _kind(client.admin.command("hello")) == "single server":
        raise UnfitDeployment(
            "The MongoDB at the address given is a single server, which has no transactions. "
            "Make it a replica set (one member is enough): start mongod with --replSet NAME and "
            "run rs.initiate() once. Without an address, the server starts a MongoDB of its own."
        )


@contextmanager
def refusals_explained() -> Iterator[None]:
    """Say in words that MongoDB refuses the user of the connection string.

    Raises:
        UnfitDeployment: in place of the driver's error.
    """
    try:
        yield
    except OperationFailure as error:
        if error.code not in (UNAUTHORIZED, AUTHENTICATION_FAILED):
            raise
        raise UnfitDeployment(
            f"MongoDB refuses the user of the address given (its error {error.code}). Check the "
            "user, the password and authSource, and that the user has the role readWrite on the "
            "database."
        ) from None


def _kind(hello: dict[str, Any]) -> Kind:
    if hello.get("msg") == "isdbgrid":
        return "sharded cluster"
    return "replica set" if "setName" in hello else "single server"


def _transactions(client: MongoClient[dict[str, Any]], database: str) -> str | None:
    with client.start_session() as session:
        session.start_transaction()
        try:
            client[database]["resources"].find_one({"_id": ""}, session=session)
            session.commit_transaction()
        except OperationFailure as error:
            if error.code == ILLEGAL_OPERATION:
                return "a single server has none"
            return str(error.details["errmsg"]) if error.details else str(error)
    return None
