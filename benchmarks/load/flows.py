"""What one client does, again and again: single requests, whole lives of resources, bundles."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

Json = dict[str, Any]


class Answer(NamedTuple):
    """What came back; without a body where it was wrong."""

    status: int
    body: bytes
    right: bool


class Ask(Protocol):
    """Sends a request, judges the answer, and keeps how long it took."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        name: str,
        expected: Mapping[str, Any],
        body: bytes | None = None,
        items: int = 1,
        check: Callable[[bytes], str | None] | None = None,
    ) -> Answer:
        """Ask."""


class Numbers:
    """Gives each client of each generator process numbers that no other has."""

    def __init__(self, first: int, step: int) -> None:
        self._count = itertools.count(first, step)

    def __next__(self) -> int:
        return next(self._count)


class Requests:
    """Single requests, each with what is right as an answer.

    Args:
        content: ``requests``; with ``once`` each is sent no more than once.
        numbers: which one is next.
    """

    def __init__(self, content: Json, numbers: Numbers) -> None:
        self._requests = content["requests"]
        self._once = content.get("once", False)
        self._numbers = numbers
        for each in self._requests:
            expected = each["expect"]
            if "ids" in expected:
                expected["ids"] = set(expected["ids"])
            if "body" in each:
                each["body"] = orjson.dumps(each["body"])

    def __call__(self, ask: Ask) -> bool:
        """Send the next; tell whether there was one."""
        number = next(self._numbers)
        if self._once and number >= len(self._requests):
            return False
        each = self._requests[number % len(self._requests)]
        ask(
            each["method"], each["path"], name=each["name"], expected=each["expect"],
            body=each.get("body"),
        )  # fmt: skip
        return True


class Lives:
    """Create resources that refer to each other, read, update and delete each.

    Args:
        content: ``resources``, in the order in which they are created; see the workload's file.
        numbers: not needed, as nothing here may be sent once only.
    """

    def __init__(self, content: Json, numbers: Numbers) -> None:
        self._seeds = content["resources"]

    def __call__(self, ask: Ask) -> bool:
        """Let one set of resources live."""
        made: dict[str, Json] = {}
        for seed in self._seeds:
            created = self._create(ask, seed, made)
            if created is None:
                return True
            made[seed["type"]] = created
        for type_, resource in made.items():
            ask(
                "GET", f"{type_}/{resource['id']}", name="read",
                expected={"type": type_, "id": resource["id"]},
            )  # fmt: skip
        for seed in self._seeds:
            self._update(ask, seed, made[seed["type"]])
        for type_, resource in reversed(made.items()):
            path = f"{type_}/{resource['id']}"
            ask("DELETE", path, name="delete", expected={"status": (200, 204)})
        return True

    @staticmethod
    def _create(ask: Ask, seed: Json, made: Mapping[str, Json]) -> Json | None:
        type_ = seed["type"]
        names = {name: f"{name}/{resource['id']}" for name, resource in made.items()}
        body = _filled(seed["text"], names)
        expected = {"status": (201,), "type": type_}
        answer = ask("POST", type_, name="create", expected=expected, body=body)
        return orjson.loads(answer.body) if answer.right else None

    @staticmethod
    def _update(ask: Ask, seed: Json, resource: Json) -> None:
        field, values = seed["change"]["field"], seed["change"]["values"]
        value = next(v for v in values if v != resource.get(field))
        value = value.replace("{now}", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        changed = {**resource, field: value}

        def kept(body: bytes) -> str | None:
            if not body:
                return None
            return None if orjson.loads(body).get(field) == value else f"{field} is not changed"

        ask(
            "PUT", f"{seed['type']}/{resource['id']}", name="update",
            expected={"type": seed["type"], "id": resource["id"]}, body=orjson.dumps(changed),
            check=kept,
        )  # fmt: skip


class Creations:
    """Create the same resource again and again, each with an identifier of its own.

    Args:
        content: ``type`` and ``text``, where ``{number}`` becomes a new one each time, and ``{id}``
            one of the ``subjects`` after the other.
        numbers: which subject is next.
    """

    def __init__(self, content: Json, numbers: Numbers) -> None:
        self._type, self._text = content["type"], content["text"]
        self._subjects = content["subjects"]
        self._numbers = numbers

    def __call__(self, ask: Ask) -> bool:
        """Create one."""
        number = next(self._numbers)
        subject = self._subjects[number % len(self._subjects)]
        body = _filled(self._text, {"number": str(uuid.uuid4()), "id": subject})
        expected = {"status": (201,), "type": self._type}
        ask("POST", self._type, name="create", expected=expected, body=body)
        return True


class Bundles:
    """Send transaction bundles, each as one more person.

    Args:
        content: ``bundles``: path, number of entries, and the text that names the person.
        numbers: which one is next.
    """

    def __init__(self, content: Json, numbers: Numbers) -> None:
        self._bundles = [
            (Path(each["path"]).read_bytes(), each["entries"], each["person"].encode())
            for each in content["bundles"]
        ]
        self._numbers = numbers

    def __call__(self, ask: Ask) -> bool:
        """Send the next."""
        number = next(self._numbers)
        text, entries, person = self._bundles[number % len(self._bundles)]
        body = text.replace(person, str(uuid.uuid4()).encode())
        expected = {"bundle": "transaction-response", "entries": entries}
        ask("POST", "", name="transaction", expected=expected, body=body, items=entries)
        return True


def _filled(text: str, values: Mapping[str, str]) -> bytes:
    """Replace ``{name}`` by its value; braces of JSON stay, since no name is in them."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text.encode()


FLOWS: dict[str, Callable[[Json, Numbers], Callable[[Ask], bool]]] = {
    "requests": Requests,
    "crud": Lives,
    "create": Creations,
    "bundles": Bundles,
}
