"""What kind of MongoDB an address leads to, and whether the store can work on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from fhir_server.storage.records import StoreUnavailable

Kind = Literal["replica set", "sharded cluster", "single server"]

ILLEGAL_OPERATION = 20
SECONDS = 5


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
