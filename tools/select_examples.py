"""Picks, from R4's examples, a few for every search parameter: tests/data/search-examples.tar.xz.

    python -m tools.select_examples package tests/data/search-examples.tar.xz

For every parameter and every data type that it may find, the smallest examples that have a value.
"""

from __future__ import annotations

import argparse
import io
import lzma
import tarfile
from collections import defaultdict
from pathlib import Path

import orjson

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.paths import follow, locations
from tools.r4_package import Json

ENOUGH, LARGEST = 3, 60_000

_Found = dict[tuple[str, str, str], list[str]]


def main() -> None:
    """Read the package and write the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", type=Path, help="unpacked hl7.fhir.r4.examples 4.0.1")
    parser.add_argument("archive", type=Path, help="the .tar.xz to write")
    arguments = parser.parse_args()
    chosen = select(arguments.package)
    data = _archive(arguments.package, chosen)
    arguments.archive.write_bytes(data)
    print(f"{len(chosen)} examples, {len(data):,} bytes")


def select(package: Path) -> list[str]:
    """Give the names of the files that are enough."""
    definitions = Definitions.load()
    by_size = sorted(package.glob("*.json"), key=lambda path: (path.stat().st_size, path.name))
    having: _Found = defaultdict(list)
    for path in by_size:
        resource = orjson.loads(path.read_bytes())
        if not definitions.is_resource_type(str(resource.get("resourceType"))):
            continue
        for key in _values(definitions, resource):
            few = len(having[key]) < (ENOUGH if path.stat().st_size <= LARGEST else 1)
            if few:
                having[key].append(path.name)
    return sorted({name for names in having.values() for name in names})


def _values(definitions: Definitions, resource: Json) -> set[tuple[str, str, str]]:
    found = set()
    type_ = resource["resourceType"]
    for code, parameter in definitions.search_parameters(type_).items():
        if not parameter.expression:
            continue
        for at in locations(definitions, type_, parameter.expression):
            if next(follow(at.steps, resource, resource), None) is not None:
                found.add((type_, code, at.type))
    return found


def _archive(package: Path, names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            content = (package / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


if __name__ == "__main__":
    main()
