"""Makes requests that are nearly right: what `fuzz_http` sends."""

from __future__ import annotations

import base64
import json
import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.xml_format import XmlFormat
from tools.fuzz_mutations import mutated, torn
from tools.fuzz_patches import fhirpath_patch, json_patch, merge_patch, xml_patch
from tools.fuzz_search_values import (
    FILTERS,
    HISTORY,
    MODIFIERS,
    NEAR,
    PREFIXES,
    RESULTS,
    SENSIBLE,
    TYPES,
)
from tools.fuzz_values import ACCEPTS, HEADERS, JSON, PATHS, QUERIES, TEXTS, VALUES, XML
from tools.round_trip_examples import examples

_LARGEST = 100_000
_CURSOR = re.compile(r"_cursor=([A-Za-z0-9_%.~\-]+)")
_ACCEPT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its path starts below the base, and may have a query."""

    number: int
    kind: str
    method: str
    path: str
    content: bytes = b""
    headers: dict[str, str] | None = None


class Requests:
    """Makes requests.

    Args:
        seed: of all of them; a case follows from it and its number.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        definitions = Definitions.load()
        self._xml = XmlFormat(definitions)
        self._operations = list(definitions.operations())
        self._types = list(definitions.resource_types)
        self._kinds = {
            (type_, code): parameter.type
            for type_ in self._types
            for code, parameter in definitions.search_parameters(type_).items()
        }
        self._parameters: dict[str, list[str]] = {
            type_: sorted(definitions.search_parameters(type_)) for type_ in self._types
        }
        self._examples = [e for e in (x for _, x in examples()) if len(e) < _LARGEST]
        self._cursors: deque[str] = deque(["eyJhIjoxfQ", "AAAA"], maxlen=500)

    @cached_property
    def _makers(self) -> list[tuple[str, Callable[[random.Random], tuple[str, str, bytes, str]]]]:
        return [
            ("json", self._json), ("json", self._json), ("xml", self._as_xml),
            ("xml", self._as_xml),
            ("patch", self._patch), ("bundle", self._bundle), ("search", self._search),
            ("search", self._search), ("search", self._search), ("cursor", self._cursor),
            ("graphql", self._graphql), ("operation", self._operation), ("history", self._history),
        ]  # fmt: skip

    def make(self, number: int) -> Request:
        """Make the request of a number."""
        rng = random.Random(f"{self._seed} {number}")  # noqa: S311
        kind, maker = rng.choice(self._makers)
        method, path, content, media_type = maker(rng)
        headers = {"Content-Type": media_type} if media_type else {}
        for name, values in HEADERS.items():
            if rng.random() < _ACCEPT_SHARE:
                headers[name] = rng.choice(values)
        if rng.random() < _ACCEPT_SHARE:
            headers["Accept"] = rng.choice(ACCEPTS)
        return Request(number, kind, method, path, content, headers)

    def learn(self, text: str) -> None:
        """Keep the cursors of an answer."""
        self._cursors.extend(unquote(found) for found in _CURSOR.findall(text[:_LARGEST]))

    def _example(self, rng: random.Random) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(rng.choice(self._examples))
        return found

    def _mutant(self, rng: random.Random) -> dict[str, Any]:
        return mutated(rng, self._example(rng), rng.randint(0, 3))

    def _json(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        whole = self._example(rng)
        content = json.dumps(mutated(rng, whole, rng.randint(1, 3))).encode()
        if rng.random() < 0.05:
            content = torn(rng, content.decode()).encode("utf-8", "replace")
        return (*self._target(rng, whole), content, JSON)

    def _as_xml(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        whole = self._example(rng)
        text = self._xml.dump(whole).decode()
        for _ in range(rng.randint(1, 3)):
            text = torn(rng, text)
        return (*self._target(rng, whole), text.encode("utf-8", "replace"), XML)

    def _target(self, rng: random.Random, resource: dict[str, Any]) -> tuple[str, str]:
        type_ = resource["resourceType"]
        chance = rng.random()
        if chance < 0.7:
            return "PUT", f"{type_}/{resource.get('id', 'x')}"
        if chance < 0.85:
            return "POST", type_
        return "PUT", f"{type_}?{self._query(rng, type_)}"

    def _known(self, rng: random.Random) -> str:
        example = self._example(rng)
        return f"{example['resourceType']}/{example.get('id', 'x')}"

    def _patch(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        whole = self._example(rng)
        target = f"{whole['resourceType']}/{whole.get('id', 'x')}"
        maker = rng.choice([json_patch, xml_patch, merge_patch, fhirpath_patch])
        content, media_type = maker(rng, whole)
        if rng.random() < 0.2:
            return (
                "PATCH",
                f"{whole['resourceType']}?_id={whole.get('id', 'x')}",
                content,
                media_type,
            )
        return "PATCH", target, content, media_type

    def _bundle(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        entries = [self._entry(rng) for _ in range(rng.randint(1, 6))]
        bundle = {
            "resourceType": "Bundle",
            "type": rng.choice(["batch", "transaction"]),
            "entry": entries,
        }
        if rng.random() < 0.5:
            bundle = mutated(rng, bundle, rng.randint(1, 2))
        return "POST", "", json.dumps(bundle).encode(), JSON

    def _entry(self, rng: random.Random) -> dict[str, Any]:
        resource = self._mutant(rng)
        type_, id_ = str(resource.get("resourceType")), str(resource.get("id"))
        method = rng.choice(["PUT", "POST", "GET", "DELETE", "PATCH", "HEAD", "get"])
        url = rng.choice([
            f"{type_}/{id_}", type_, f"{type_}?{self._query(rng, 'Patient')}", rng.choice(PATHS),
        ])  # fmt: skip
        entry: dict[str, Any] = {"request": {"method": method, "url": url}}
        if rng.random() < 0.7:
            entry["fullUrl"] = rng.choice(["urn:uuid:" + "0" * 8 + "-0000-4000-8000-" + "0" * 12,
                                           f"http://x.example/fhir/{type_}/{id_}"])  # fmt: skip
        if method in ("PUT", "POST", "PATCH") or rng.random() < 0.1:
            entry["resource"] = resource
        if method == "PATCH":
            content, media_type = json_patch(rng, resource)
            data = base64.b64encode(content).decode()
            entry["resource"] = {"resourceType": "Binary", "contentType": media_type, "data": data}
        if rng.random() < 0.2:
            name = rng.choice(["ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince"])
            entry["request"][name] = rng.choice(TEXTS)
        return entry

    def _search(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        type_ = rng.choice(
            ["Patient", "Observation", "CareTeam", "Location", rng.choice(self._types)]
        )
        query = self._query(rng, type_)
        chance = rng.random()
        if chance < 0.1:
            return "GET", f"?{query}&_type={type_}", b"", ""
        if chance < 0.2:
            return "GET", f"Patient/{rng.choice(['example', 'f001', 'x'])}/{type_}?{query}", b"", ""
        if chance < 0.3:
            return "POST", f"{type_}/_search", query.encode(), "application/x-www-form-urlencoded"
        if chance < 0.35:
            return rng.choice(["DELETE", "HEAD"]), f"{type_}?{query}", b"", ""
        return "GET", f"{type_}?{query}", b"", ""

    def _query(self, rng: random.Random, type_: str) -> str:
        pairs = [self._pair(rng, type_) for _ in range(rng.choice([1, 1, 2, 3]))]
        return "&".join(f"{quote(name, safe=':.')}={quote(value)}" for name, value in pairs)

    def _pair(self, rng: random.Random, type_: str) -> tuple[str, str]:
        chance = rng.random()
        name = rng.choice(self._parameters[type_])
        if chance < 0.25:
            result = rng.choice(list(RESULTS))
            return result, rng.choice(RESULTS[result]).replace("{p}", name).replace("{t}", type_)
        if chance < 0.3:
            return "_filter", self._filter(rng, type_)
        if chance < 0.35:
            return "_has:" + self._has(rng), self._value(rng)
        if chance < 0.45:
            target = rng.choice(["", ":" + rng.choice(self._types)])
            onward = rng.choice(self._parameters[rng.choice(TYPES)])
            return f"{name}{target}.{onward}{rng.choice(MODIFIERS)}", self._value(rng)
        if chance < 0.5:
            return f"near{rng.choice(MODIFIERS)}", rng.choice(NEAR)
        kind = self._kinds[type_, name]
        if chance < 0.85 and kind in SENSIBLE:
            modifiers, values = SENSIBLE[kind]
            return name + rng.choice(modifiers), ",".join(
                rng.choice(values) for _ in range(rng.choice([1, 1, 2]))
            )
        return name + rng.choice(MODIFIERS), self._value(rng)

    def _has(self, rng: random.Random) -> str:
        type_ = rng.choice([*TYPES, rng.choice(self._types)])
        reference = rng.choice([*self._parameters[type_], "patient", "subject"])
        more = self._has(rng) if rng.random() < 0.2 else rng.choice(self._parameters[type_])
        return f"{type_}:{reference}:" + (f"_has:{more}" if ":" in more else more)

    def _filter(self, rng: random.Random, type_: str) -> str:
        name, text = rng.choice(self._parameters[type_]), rng.choice(FILTERS)
        text = text.replace("{p}", name).replace("{v}", self._value(rng))
        return torn(rng, text) if rng.random() < 0.3 else text

    def _value(self, rng: random.Random) -> str:
        values = [
            rng.choice(PREFIXES) + rng.choice(TEXTS) for _ in range(rng.choice([1, 1, 1, 2, 3]))
        ]
        text = rng.choice([",", ",", "$", "|"]).join(values)
        return torn(rng, text) if rng.random() < 0.1 else text

    def _cursor(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        type_ = rng.choice(["Patient", "Observation", "CarePlan"])
        place = rng.choice([
            type_, f"{type_}/_history", "_history", "", "Patient/example/$everything",
            f"{type_}/example/_history", "Patient/example/Observation",
        ])  # fmt: skip
        if rng.random() < 0.4:
            others = rng.choice(
                ["_sort=-_lastUpdated", "_contained=both", "_contained=true", "_sort=name"]
            )
            return "GET", f"{place}?_count=1&{others}", b"", ""
        cursor = self._spoilt(rng, rng.choice(self._cursors))
        others = rng.choice(
            ["", "&_count=2", "&_sort=name", "&_contained=both", "&_contained=true"]
        )
        return "GET", f"{place}?_cursor={quote(cursor)}{others}", b"", ""

    def _spoilt(self, rng: random.Random, cursor: str) -> str:
        before, mark, last = cursor.rpartition("~")
        try:
            content = json.loads(base64.urlsafe_b64decode(last + "=" * (-len(last) % 4)))
        except ValueError:
            return torn(rng, cursor)
        holder = mutated(rng, {"c": content}, rng.randint(1, 2))
        text = json.dumps(holder.get("c")).encode()
        return before + mark + base64.urlsafe_b64encode(text).decode().rstrip("=")

    def _graphql(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        query = rng.choice(QUERIES).replace("CURSOR", rng.choice(self._cursors))
        for _ in range(rng.randint(0, 2)):
            query = torn(rng, query)
        place = rng.choice(["", "", "Patient/example/", "Observation/f001/"])
        if rng.random() < 0.4:
            return "GET", f"{place}$graphql?query={quote(query)}", b"", ""
        content: dict[str, Any] = {"query": query, "variables": {"a": rng.choice(VALUES)}}
        content = mutated(rng, content, 1) if rng.random() < 0.3 else content
        if rng.random() < 0.2:
            content = {
                "resourceType": "Parameters",
                "parameter": [{"name": "query", "valueString": query}],
            }
            content = mutated(rng, content, rng.randint(0, 2))
        return "POST", f"{place}$graphql", json.dumps(content).encode(), "application/json"

    def _operation(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        definition = rng.choice(self._operations)
        types = [
            t if t != "Resource" else rng.choice(TYPES) for t in definition.get("resource", [])
        ]
        place = rng.choice(
            [
                "",
                *[f"{t}/" for t in types],
                *[f"{t}/example/" for t in types],
                self._known(rng) + "/",
            ]
        )
        path = f"{place}${definition['code']}"
        names = [p["name"] for p in definition.get("parameter", []) if p["use"] == "in"] or ["x"]
        if rng.random() < 0.5:
            pairs = [
                f"{quote(rng.choice(names))}={quote(rng.choice(TEXTS))}"
                for _ in range(rng.randint(0, 3))
            ]
            return "GET", f"{path}?{'&'.join(pairs)}", b"", ""
        return "POST", path, json.dumps(self._parameters_of(rng, names)).encode(), JSON

    def _parameters_of(self, rng: random.Random, names: list[str]) -> Any:
        values: list[dict[str, Any]] = [
            {"valueString": rng.choice(TEXTS)}, {"valueCode": "current"}, {"valueBoolean": True},
            {"valueDecimal": 1.5}, {"valueReference": {"reference": self._known(rng)}},
            {"valueMeta": {"tag": [{"code": rng.choice(TEXTS)}]}}, {"valuePositiveInt": 1},
            {"valuePeriod": {"start": "2026"}}, {"resource": self._mutant(rng)},
            {"part": [{"name": rng.choice(names), "valueString": "x"}]},
        ]  # fmt: skip
        given = [
            {"name": rng.choice(names), **rng.choice(values)} for _ in range(rng.randint(0, 4))
        ]
        content = {"resourceType": "Parameters", "parameter": given}
        return mutated(rng, content, rng.randint(0, 2))

    def _history(self, rng: random.Random) -> tuple[str, str, bytes, str]:
        place = rng.choice(["", rng.choice(self._types) + "/", self._known(rng) + "/"])
        if rng.random() < 0.2:
            return (
                "GET",
                f"{self._known(rng)}/_history/{quote(rng.choice(TEXTS), safe='')}",
                b"",
                "",
            )
        given = [rng.choice(HISTORY) for _ in range(rng.choice([0, 1, 1, 2]))]
        pairs = [
            f"{name}={quote(rng.choice(TEXTS) if rng.random() < 0.4 else rng.choice(values))}"
            for name, values in given
        ]
        return "GET", f"{place}_history?{'&'.join(pairs)}", b"", ""
