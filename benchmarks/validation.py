"""`python -m benchmarks.validation`: what validating costs, beside the models of fhir.resources.

The measure is CPU time of one process, the best of several rounds. The examples are those of the
profiles (profiles/examples/valid), and each is validated in full: structure, R4's rules, the
profiles it claims and those the server imposes, codes, Swedish identifiers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from fhir.resources.R4B import get_fhir_model_class
from rich.console import Console
from rich.table import Table

from fhir_server.app import create_server
from fhir_server.profiles.validator import Validator
from fhir_server.settings import Settings

EXAMPLES = Path("profiles/examples/valid")
ROUNDS = 7


@click.command()
@click.option("--repeat", default=300, show_default=True, help="Calls in each round.")
def main(repeat: int) -> None:
    """Measure on this machine; absolute figures do not carry over to another, ratios do."""
    console = Console(width=110)
    began = time.process_time()
    validator = create_server(Settings()).validator
    console.print(f"Making the validator: {_ms(began):.0f} ms of CPU.")
    examples = dict(_examples())
    began = time.process_time()
    for resource in examples.values():
        validator.validate(resource)
    console.print(f"First use of every profile ({len(examples)} examples): {_ms(began):.0f} ms.")
    table = Table(title="CPU µs for one resource, in one run")
    for column in ("example", "bytes", "validate", "fhir.resources", "of the model's"):
        table.add_column(column, justify="left" if column == "example" else "right")
    for name, resource in examples.items():
        table.add_row(name, *_row(validator, resource, repeat))
    console.print(table)


def _examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(EXAMPLES.glob("*.json")):
        yield path.stem, orjson.loads(path.read_bytes())


def _row(validator: Validator, resource: dict[str, Any], repeat: int) -> list[str]:
    model = get_fhir_model_class(resource["resourceType"])
    ours = _micros(lambda: validator.validate(resource), repeat)
    theirs = _micros(lambda: model.model_validate(resource), repeat)
    size = len(orjson.dumps(resource))
    return [f"{size:,}", f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}"]


def _micros(call: Callable[[], object], repeat: int) -> float:
    call()
    return min(_round(call, repeat) for _ in range(ROUNDS)) * 1e6


def _round(call: Callable[[], object], repeat: int) -> float:
    began = time.process_time()
    for _ in range(repeat):
        call()
    return (time.process_time() - began) / repeat


def _ms(began: float) -> float:
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
