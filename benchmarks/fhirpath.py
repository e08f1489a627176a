"""FHIRPath: microseconds for an expression, beside fhirpathpy's for the same in the same run.

python -m benchmarks.fhirpath
"""

from __future__ import annotations

import json
import time
import timeit
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import fhirpathpy
from fhirpathpy.models import models
from rich.console import Console
from rich.table import Table

from fhir_server.fhirpath.engine import Engine, Environment, FhirPathError
from fhir_server.profiles.definitions import Definitions

INVARIANTS = Path(__file__).parent.parent / "profiles" / "r4" / "invariants.json"
ROUNDS = 200

ROLE = {
    "resourceType": "PractitionerRole",
    "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "2"}],
    "period": {"start": "2012-01-01", "end": "2013-01-01T12:00:00Z"},
}
ITEMS = [{"linkId": str(n), "type": "group", "item": [{"linkId": f"{n}.1"}]} for n in range(20)]


class Case(NamedTuple):
    """An expression, where it stands, and what it is evaluated on."""

    expression: str
    context: str
    value: dict[str, Any]


CASES = (
    Case("code.empty() or system.exists()", "Quantity", {"code": "a", "system": "b"}),
    Case("detail.empty() or reference.empty()", "CarePlan.activity", {"reference": {}}),
    Case("extension.exists() != value.exists()", "Extension", {"url": "a", "valueCode": "b"}),
    Case("start.empty() or end.empty() or (start <= end)", "Period", ROLE["period"]),  # type: ignore[arg-type]
    Case(
        "telecom.where(system='phone').value.exists() and (period.start <= period.end)",
        "PractitionerRole",
        ROLE,
    ),
    Case("telecom.select(system & value).isDistinct()", "PractitionerRole", ROLE),
    Case(
        "descendants().linkId.isDistinct()",
        "Questionnaire",
        {"resourceType": "Questionnaire", "item": ITEMS},
    ),
)


def main() -> None:
    """Print a table; the figures do not carry over to another machine, the ratios do."""
    definitions = Definitions.load()
    engine, console = Engine(definitions), Console(width=140)
    table = Table("expression", "µs", "fhirpathpy µs", "ratio")
    for case in CASES:
        ours, theirs = _ours(engine, case), _theirs(case)
        table.add_row(case.expression, f"{ours:.2f}", f"{theirs:.0f}", f"{theirs / ours:.0f}")
    console.print(table)
    count, seconds = _compiling(definitions)
    console.print(f"{count} invariants of R4, parsed and compiled: {seconds * 1000:.0f} ms")


def _ours(engine: Engine, case: Case) -> float:
    expression, environment = engine.compile(case.expression, case.context), _environment(case)
    return _microseconds(lambda: expression.holds(case.value, environment), 100)


def _theirs(case: Case) -> float:
    compiled: Any = fhirpathpy.compile(case.expression, models["r4"])
    return _microseconds(lambda: compiled(case.value), 5)


def _environment(case: Case) -> Environment:
    return Environment(case.value, case.value)


def _microseconds(run: Any, times: int) -> float:
    return min(timeit.repeat(run, number=times, repeat=ROUNDS)) / times * 1e6


def _compiling(definitions: Definitions) -> tuple[int, float]:
    """Measure a new engine, on definitions that have been looked at before."""
    listed = [
        (rule["expression"], path)
        for by_path in json.loads(INVARIANTS.read_bytes()).values()
        for path, rules in by_path.items()
        for rule in rules
    ]
    fastest = float("inf")
    for _ in range(5):
        engine, started = Engine(definitions), time.perf_counter()
        for expression, path in listed:
            _compile(engine, expression, path)
        fastest = min(fastest, time.perf_counter() - started)
    return len(listed), fastest


def _compile(engine: Engine, expression: str, path: str) -> None:
    # cid-0 names an element that its type has not got.
    with suppress(FhirPathError):
        engine.compile(expression, path)


if __name__ == "__main__":
    main()
