"""Derives the compact R4 tables in profiles/r4 from HL7's definitions.

    npm pack hl7.fhir.r4.examples@4.0.1 && tar xzf hl7.fhir.r4.examples-4.0.1.tgz
    python -m tools.derive_r4 package

The result is the same, byte for byte, on every run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import orjson

from tools.r4_codes import code_lists, hierarchies, other_code_lists, required_value_sets
from tools.r4_operations import operations
from tools.r4_package import Json, Package
from tools.r4_search import compartments, search_parameters
from tools.r4_structures import invariants, structures
from tools.r4_terminology import as_lines, code_systems, concept_maps, value_sets

DEFAULT_OUT = Path(__file__).resolve().parent.parent / "profiles" / "r4"


def main() -> None:
    """Read the package and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="unpacked package with HL7's R4 definitions")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="where the tables go")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, table in derive(arguments.package).items():
        path = arguments.out / f"{name}.json"
        _write(path, _as_lines(table))
    for name, entries in derive_terminology(arguments.package).items():
        _write(arguments.out / f"{name}.jsonl", as_lines(entries))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    print(f"{path}: {len(content):,} bytes")


def derive(package_directory: Path) -> dict[str, Json]:
    """Give the tables by name."""
    package = Package(package_directory)
    types = structures(package)
    codes = code_lists(package, required_value_sets(types))
    return {
        "structures": types,
        "invariants": invariants(package),
        "codes": codes,
        "value_sets": other_code_lists(package, codes["closed"]),
        "hierarchies": hierarchies(package),
        "search": search_parameters(package),
        "compartments": compartments(package),
        "operations": operations(package),
    }


def derive_terminology(package_directory: Path) -> dict[str, list[Json]]:
    """Give the tables with one independent line per entry, which are never read as a whole."""
    package = Package(package_directory)
    return {
        "code_systems": code_systems(package),
        "value_sets": value_sets(package),
        "concept_maps": concept_maps(package),
    }


def _as_lines(table: Json) -> bytes:
    """Write one line per entry, so that a difference between two versions can be read."""
    lines = [
        orjson.dumps(name) + b":" + orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
        for name, entry in sorted(table.items())
    ]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


if __name__ == "__main__":
    main()
