"""Reads HL7's R4 definitions from an unpacked package, and refuses altered copies of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

VERSION = "4.0.1"
STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM_TYPE_PREFIX = "http://hl7.org/fhirpath/System."
FHIR_TYPE_EXTENSION = f"{STRUCTURES}structuredefinition-fhir-type"

Json = dict[str, Any]


class Package:
    """An unpacked FHIR package.

    Args:
        directory: the folder with one JSON file per resource.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def resources(self, resource_type: str) -> Iterator[Json]:
        """Give the resources of a type, in the order of their file names."""
        for path in sorted(self.directory.glob(f"{resource_type}-*.json")):
            resource = orjson.loads(path.read_bytes())
            if resource.get("resourceType") == resource_type:
                yield resource

    def base_structures(self) -> list[Json]:
        """Give the definitions of resources, data types and primitives, without profiles on them.

        Raises:
            SystemExit: where the package's definitions are not those that HL7 published.
        """
        found = [
            resource
            for resource in self.resources("StructureDefinition")
            if resource.get("version") == VERSION
            and resource["kind"] != "logical"
            and resource.get("derivation") != "constraint"
        ]
        _refuse_altered(found)
        return found


def _refuse_altered(structures: list[Json]) -> None:
    """Stop where a vendor has added elements of its own to the definitions.

    Such copies circulate under the name hl7.fhir.r4.core: one of them lets AuditEvent refer to
    `https://medplum.com/...` and gives Meta a `project`.
    """
    concrete = [s for s in structures if s["kind"] == "resource" and not s["abstract"]]
    problems = [] if len(concrete) == 146 else [f"{len(concrete)} resource types, R4 has 146"]
    for structure in structures:
        problems += [
            f"{element['path']} refers to {url}"
            for element in structure["snapshot"]["element"]
            for type_ in element.get("type", [])
            for url in type_.get("targetProfile", [])
            if not re.fullmatch(re.escape(STRUCTURES) + r"[A-Za-z]+", url)
        ]
        if structure["type"] == "Meta" and len(structure["snapshot"]["element"]) != 9:
            problems.append("Meta has elements that R4 does not define")
    if problems:
        raise SystemExit("Not HL7's R4 4.0.1 definitions:\n  " + "\n  ".join(problems))
