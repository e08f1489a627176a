"""Conformance cases: read from YAML, run against a server, and compared with what they expect.

cases/README.md explains the format for those who read or write cases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from flask.testing import FlaskClient
from lxml import etree

from tests.yaml_files import SafeLoader

CASES = Path(__file__).parent / "cases"
BASE = "http://localhost/fhir"
STEP_KEYS = {"request", "headers", "body", "expect", "save"}
EXPECT_KEYS = {
    "status", "headers", "no-headers", "body", "absent", "empty", "matches", "ordered", "included",
    "outcome", "total", "links", "no-links", "xml", "text",
}  # fmt: skip
FHIR = "{http://hl7.org/fhir}"


class Loader(SafeLoader):
    """YAML without its guesses at dates: ``2026-03-02`` is a string, as it is in JSON."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Case:
    """One case of a file."""

    file: str
    description: str
    steps: list[dict[str, Any]]


@dataclass(frozen=True)
class CaseFile:
    """A file of cases and the resources that are stored before any of them runs."""

    name: str
    settings: Mapping[str, Any]
    given: list[dict[str, Any]]
    cases: list[Case] = field(default_factory=list)


def files() -> Iterator[CaseFile]:
    """Read all files, in the order of their names."""
    for path in sorted(CASES.glob("*.yaml")):
        content = yaml.load(path.read_text("utf-8"), Loader)  # noqa: S506 - a SafeLoader
        unknown = set(content) - {"specification", "settings", "given", "cases"}
        assert not unknown, f"{path.name}: {unknown}"
        assert content["specification"].startswith("https://"), path.name
        cases = [Case(path.stem, case["description"], case["steps"]) for case in content["cases"]]
        yield CaseFile(path.stem, content.get("settings", {}), content.get("given", []), cases)


class Run:
    """Carries out the steps of one case."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self._saved: dict[str, str] = {}

    def step(self, step: Mapping[str, Any]) -> None:
        """Send one request and compare the answer."""
        assert set(step) <= STEP_KEYS, set(step) - STEP_KEYS
        method, _, url = self._filled(step["request"]).partition(" ")
        response = self._send(method, url, step)
        said = f"{method} {url} -> {response.status_code} {response.text[:3000]}"
        expected = self._filled_in(step.get("expect", {"status": 200}))
        assert set(expected) <= EXPECT_KEYS, set(expected) - EXPECT_KEYS
        for name, wanted in expected.items():
            check = getattr(self, f"_expect_{name.replace('-', '_')}")
            problem = check(response, wanted)
            assert not problem, f"{name}: {problem}\n{said}"
        for name, path in step.get("save", {}).items():
            self._saved[name] = str(_saved(response, path))

    def _send(self, method: str, url: str, step: Mapping[str, Any]) -> Any:
        headers = {str(k): str(v) for k, v in self._filled_in(step.get("headers", {})).items()}
        body = self._filled_in(step.get("body"))
        if isinstance(body, dict | list):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/fhir+json")
        address = url.removeprefix(BASE).lstrip("/")
        separator = "" if address.startswith("?") or not address else "/"
        return self._client.open(
            f"/fhir{separator}{address}", method=method, data=body, headers=headers
        )

    def _filled(self, text: str) -> str:
        for name, value in self._saved.items():
            text = text.replace(f"<{name}>", value)
        return text

    def _filled_in(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._filled(value)
        if isinstance(value, dict):
            return {key: self._filled_in(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled_in(item) for item in value]
        return value

    def _expect_status(self, response: Any, wanted: int | list[int]) -> str | None:
        allowed = wanted if isinstance(wanted, list) else [wanted]
        return None if response.status_code in allowed else f"{response.status_code}, not {wanted}"

    def _expect_headers(self, response: Any, wanted: Mapping[str, str]) -> str | None:
        for name, value in wanted.items():
            if not _same_text(response.headers.get(name), str(value)):
                return f"{name} is {response.headers.get(name)!r}, not {value!r}"
        return None

    def _expect_no_headers(self, response: Any, wanted: list[str]) -> str | None:
        return next((f"{name} is given" for name in wanted if name in response.headers), None)

    def _expect_body(self, response: Any, wanted: Any) -> str | None:
        return difference(wanted, response.json, "body")

    def _expect_text(self, response: Any, wanted: str) -> str | None:
        return None if _same_text(response.text, wanted) else "differs"

    def _expect_xml(self, response: Any, wanted: Mapping[str, str]) -> str | None:
        """Compare the values at XPaths, ``f:`` being FHIR's namespace."""
        document = etree.fromstring(response.data)
        for path, value in wanted.items():
            found = document.xpath(path, namespaces={"f": FHIR[1:-1], "h": XHTML})
            texts = [str(each) for each in found] if isinstance(found, list) else [str(found)]
            if texts != [str(value)]:
                return f"{path} gives {texts}, not {value!r}"
        return None

    def _expect_absent(self, response: Any, wanted: list[str]) -> str | None:
        return next((f"{p} is there" for p in wanted if _at(response.json, p) != []), None)

    def _expect_empty(self, response: Any, wanted: bool) -> str | None:
        return None if (not response.data) is wanted else f"{len(response.data)} bytes"

    def _expect_matches(self, response: Any, wanted: list[str]) -> str | None:
        found = _entries(response.json, "match")
        return None if sorted(found) == sorted(wanted) else f"{sorted(found)}, not {sorted(wanted)}"

    def _expect_ordered(self, response: Any, wanted: list[str]) -> str | None:
        found = _entries(response.json, "match")
        return None if found == wanted else f"{found}, not {wanted}"

    def _expect_included(self, response: Any, wanted: list[str]) -> str | None:
        found = _entries(response.json, "include")
        return None if sorted(found) == sorted(wanted) else f"{sorted(found)}, not {sorted(wanted)}"

    def _expect_total(self, response: Any, wanted: int | None) -> str | None:
        total = response.json.get("total")
        return None if total == wanted else f"{total}, not {wanted}"

    def _expect_links(self, response: Any, wanted: Mapping[str, str]) -> str | None:
        links = {link["relation"]: link["url"] for link in response.json.get("link", [])}
        for relation, url in wanted.items():
            if not _same_text(links.get(relation), url):
                return f"{relation} is {links.get(relation)!r}, not {url!r}"
        return None

    def _expect_no_links(self, response: Any, wanted: list[str]) -> str | None:
        links = {link["relation"] for link in response.json.get("link", [])}
        return next((f"{name} is given" for name in wanted if name in links), None)

    def _expect_outcome(self, response: Any, wanted: Mapping[str, str]) -> str | None:
        """Look for an issue that has all of code, severity, text and expression."""
        body = response.json or {}
        if body.get("resourceType") == "Bundle":
            inner = [entry.get("resource", {}) for entry in body.get("entry", [])]
            inner += [e.get("response", {}).get("outcome", {}) for e in body.get("entry", [])]
            body = {"issue": [issue for each in inner for issue in each.get("issue", [])]}
        issues = body.get("issue", [])
        if any(_is_issue(issue, wanted) for issue in issues):
            return None
        return f"none of {json.dumps(issues)[:2000]} is {dict(wanted)}"


XHTML = "http://www.w3.org/1999/xhtml"


def difference(wanted: Any, found: Any, at: str) -> str | None:
    """Tell where a value lacks what is wanted: objects may have more, arrays may not."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return f"{at} is {found!r}"
        problems = (difference(v, found.get(k), f"{at}.{k}") for k, v in wanted.items())
        return next((problem for problem in problems if problem), None)
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return f"{at} is {found!r}"
        pairs = enumerate(zip(wanted, found, strict=True))
        problems = (difference(one, other, f"{at}[{i}]") for i, (one, other) in pairs)
        return next((problem for problem in problems if problem), None)
    if isinstance(wanted, str) and isinstance(found, str):
        return None if _same_text(found, wanted) else f"{at} is {found!r}, not {wanted!r}"
    same = found == wanted and isinstance(found, bool) is isinstance(wanted, bool)
    return None if same else f"{at} is {found!r}, not {wanted!r}"


def _same_text(found: str | None, wanted: str) -> bool:
    """Compare with a text, or with a pattern where that stands between slashes."""
    if found is None:
        return False
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        return re.search(wanted[1:-1], found, re.DOTALL) is not None
    return found == wanted


def _entries(bundle: Mapping[str, Any], mode: str) -> list[str]:
    entries = [e for e in bundle.get("entry", []) if e.get("search", {}).get("mode") == mode]
    return [e["fullUrl"].removeprefix(f"{BASE}/") for e in entries]


def _is_issue(issue: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    found = {
        "code": issue.get("code"),
        "severity": issue.get("severity"),
        "text": issue.get("details", {}).get("text"),
        "expression": (issue.get("expression") or [None])[0],
    }
    return all(_same_text(found[name], value) for name, value in wanted.items())


def _at(value: Any, path: str) -> list[Any]:
    """Give what stands at a path such as ``entry.resource.id`` or ``entry[0].fullUrl``."""
    found = [value]
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if index:
            lists = [item for item in found if isinstance(item, list)]
            found = [item[int(index)] for item in lists if int(index) < len(item)]
            continue
        flat = [i for item in found for i in (item if isinstance(item, list) else [item])]
        found = [item[name] for item in flat if isinstance(item, dict) and name in item]
    return found


def _saved(response: Any, path: str) -> Any:
    if path.startswith("header "):
        return response.headers[path.removeprefix("header ")]
    if path.startswith("link "):
        relation = path.removeprefix("link ")
        links = response.json.get("link", [])
        return next(link["url"] for link in links if link["relation"] == relation)
    found = _at(response.json, path)
    assert found, f"nothing at {path} in {response.text[:1000]}"
    return found[0]
