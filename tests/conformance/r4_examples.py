"""The 5,306 resources of the npm package hl7.fhir.r4.examples 4.0.1, from an archive of ours.

`tools.pack_examples` made it: the resources are as published, without their indentation.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ARCHIVE = ROOT / "tests" / "data" / "r4-examples.tar.xz"
REFUSED = ROOT / "docs" / "conformance" / "refused-examples.md"
COUNT = 5306
TOO_LARGE = ("Bundle-dataelements", "Bundle-resources")
_ROW = re.compile(r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \| .+ \|$", re.MULTILINE)


def examples() -> Iterator[tuple[str, bytes]]:
    """Give the name and the JSON of each."""
    with tarfile.open(ARCHIVE, "r|xz") as archive:
        for entry in archive:
            file = archive.extractfile(entry)
            assert file is not None
            yield entry.name.removesuffix(".json"), file.read()


def type_of(name: str) -> str:
    """Give the resource type that an example's name begins with."""
    return "ImplementationGuide" if name == "ig-r4" else name.partition("-")[0]


def refused() -> dict[str, tuple[str, str, str]]:
    """Give what the documents say of the refused ones: code, rule and place by name."""
    rows = _ROW.findall(REFUSED.read_text(encoding="utf-8"))
    return {name: (code, rule, place) for name, code, rule, place in rows}
