"""Validates mutated examples, in this process.

Run by hand: ``python -m tools.fuzz_validator --cases 50000 --seed 1``. It lists what must not be:
an exception that escapes, and a resource that was accepted and is refused, or says something else,
after a round trip: JSON to XML and back, and as it would be stored. Each case follows from the seed
and its number, so that ``--only NUMBER`` does it again. What is validated is made in
``fuzz_resources.py``.
"""

from __future__ import annotations

import argparse
import json as stdlib_json
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import track

from fhir_server.app import create_server
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors
from fhir_server.interactions.prepare import new_id, next_version
from fhir_server.profiles.xml_format import XmlFormat
from fhir_server.settings import Settings
from tools.fuzz_resources import Resources

UNREAD = "can't be read"


@dataclass
class Findings:
    """What came of it.

    Args:
        accepted: how many were accepted.
        refused: how many were refused, by the rule of the first error.
        wrong: what must not be.
        validated: how often something was validated.
        seconds: of that alone.
    """

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    validated: int = 0
    seconds: float = 0.0


class Fuzzer:
    """Validates mutated resources.

    Args:
        seed: of all of them.
    """

    def __init__(self, seed: int) -> None:
        self._server = create_server(Settings())
        definitions = self._server.definitions
        self._xml = XmlFormat(definitions)
        own = sorted(
            str(profile["url"])
            for type_ in definitions.resource_types
            for profile in definitions.profiles(type_)
        )
        self._resources = Resources(seed, own)
        self.findings = Findings()

    def validate(self, number: int) -> None:
        """Validate one resource, and what it is after its round trips where it is accepted."""
        try:
            self._validate(number)
        except Exception:
            last = traceback.format_exc().strip().splitlines()
            self.findings.wrong.append(f"case {number}: {last[-1][:300]} ({last[-3].strip()})")

    def _validate(self, number: int) -> None:
        data = stdlib_json.dumps(self._resources.make(number)).encode()
        try:
            resource = json.parse(data)
        except FhirError:
            self.findings.refused[UNREAD] += 1
            return
        issues = self._issues(data)
        errors = [issue for issue in issues if has_errors([issue])]
        if errors:
            self.findings.refused[errors[0].rule or errors[0].code] += 1
            return
        self.findings.accepted += 1
        self._require_same(
            number, "in XML", data, json.dump(self._xml.parse(self._xml.dump(resource)))
        )
        stored = next_version(self._server, resource, new_id(), None).change.new.body or b""
        again = {**json.plain(stored), "id": resource.get("id"), "meta": resource.get("meta")}
        before = {"id": None, "meta": None, **json.plain(data)}
        if _spelled(again) != _spelled({**before, "meta": resource.get("meta")}):
            self.findings.wrong.append(f"case {number}: says something else when stored")
        if has_errors(self._issues(stored)):
            self.findings.wrong.append(f"case {number}: is refused when stored")

    def _issues(self, data: bytes) -> list[Issue]:
        started = time.perf_counter()
        issues = self._server.validator.validate(json.plain(data))
        self.findings.seconds += time.perf_counter() - started
        self.findings.validated += 1
        return issues

    def _require_same(self, number: int, how: str, before: bytes, after: bytes) -> None:
        if _spelled(json.plain(before)) != _spelled(json.plain(after)):
            self.findings.wrong.append(f"case {number}: says something else {how}")
        if errors := [issue for issue in self._issues(after) if has_errors([issue])]:
            text = f"is refused {how} by {errors[0].rule} at {errors[0].expression}"
            self.findings.wrong.append(f"case {number}: {text}")


def _spelled(value: Any) -> str:
    return stdlib_json.dumps(value, sort_keys=True, default=str)


def _report(console: Console, findings: Findings, seconds: float) -> None:
    refused = sum(findings.refused.values())
    total = findings.accepted + refused
    console.print(
        f"{total:,} resources in {seconds:,.0f} s: {findings.accepted:,} accepted, "
        f"{refused:,} refused; {findings.validated / max(findings.seconds, 0.001):,.0f} "
        "validations a second in the validator alone"
    )
    for rule, count in findings.refused.most_common():
        console.print(f"{count:8,} {escape(rule)}")
    for line in findings.wrong[:100]:
        console.print(f"[red]WRONG[/red] {escape(line)}", soft_wrap=True)
    console.print(f"{len(findings.wrong)} wrong")


def main() -> int:
    """Validate them all; give 1 if something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of cases")
    args = parser.parse_args()
    console = Console()
    fuzzer = Fuzzer(args.seed)
    numbers: Iterable[int] = args.only or range(args.cases)
    started = time.monotonic()
    try:
        for number in track(list(numbers), "Resources", console=console):
            fuzzer.validate(number)
    except KeyboardInterrupt:
        console.print("Interrupted; so far:")
    _report(console, fuzzer.findings, time.monotonic() - started)
    return 1 if fuzzer.findings.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
