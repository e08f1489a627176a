"""Makes patches that are nearly right, for the requests of `fuzz_http`."""

from __future__ import annotations

import json
import random
from typing import Any

from tools.fuzz_mutations import mutated, torn
from tools.fuzz_values import BASES, TEXTS, VALUES


def _pointer(rng: random.Random, whole: dict[str, Any]) -> str:
    parts: list[str] = []
    value: Any = whole
    while isinstance(value, dict | list) and value and rng.random() < 0.9:
        key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        parts.append(str(key))
        value = value[key]
    if rng.random() < 0.2:
        parts.append(rng.choice(["-", "0", "-1", "x", "~2", "", "1e3", "resourceType", "00"]))
    return "/" + "/".join(parts)


def json_patch(rng: random.Random, whole: dict[str, Any]) -> tuple[bytes, str]:
    """Make a JSON Patch and give its media type."""
    steps = [
        {
            "op": rng.choice(["add", "remove", "replace", "move", "copy", "test"]),
            "path": _pointer(rng, whole), "from": _pointer(rng, whole), "value": rng.choice(VALUES),
        }
        for _ in range(rng.randint(1, 3))
    ]  # fmt: skip
    holder = {"c": steps}
    steps = mutated(rng, holder, rng.choice([0, 0, 1])).get("c", [])
    return json.dumps(steps).encode(), "application/json-patch+json"


def merge_patch(rng: random.Random, whole: dict[str, Any]) -> tuple[bytes, str]:
    """Make a JSON Merge Patch and give its media type."""
    return json.dumps(mutated(rng, whole, 2)).encode(), "application/merge-patch+json"


def xml_patch(rng: random.Random, whole: dict[str, Any]) -> tuple[bytes, str]:
    """Make a XML Patch and give its media type."""
    steps = "".join(_xml_step(rng, whole) for _ in range(rng.randint(1, 3)))
    text = f'<diff xmlns:f="http://hl7.org/fhir">{steps}</diff>'
    if rng.random() < 0.3:
        text = torn(rng, text)
    return text.encode("utf-8", "replace"), "application/xml-patch+xml"


def _xml_step(rng: random.Random, whole: dict[str, Any]) -> str:
    parts = [part for part in _pointer(rng, whole).split("/")[1:] if part]
    path = "".join(f"[{int(p) + 1}]" if p.isdecimal() else f"/f:{p}" for p in parts)
    select = f"f:{whole['resourceType']}{path}" + rng.choice(
        ["", "", "/@value", "[1]", "[@value='x']", "/text()"]
    )
    step = rng.choice(["add", "replace", "remove"])
    place = rng.choice(["", " pos='before'", " pos='after'", " pos='prepend'", " type='@value'"])
    inside = rng.choice(
        ["", "x", "<f:active value='true'/>", "<f:text><f:status value='x'/></f:text>"]
    )
    return f'<{step} sel="{select}"{place}>{inside}</{step}>'


def fhirpath_patch(rng: random.Random, whole: dict[str, Any]) -> tuple[bytes, str]:
    """Make a FHIRPath Patch and give its media type."""
    steps = [{"name": "operation", "part": _parts(rng, whole)} for _ in range(rng.randint(1, 3))]
    content = {"resourceType": "Parameters", "parameter": steps}
    return json.dumps(mutated(rng, content, rng.choice([0, 0, 1]))).encode(), rng.choice(BASES)


def _parts(rng: random.Random, whole: dict[str, Any]) -> list[dict[str, Any]]:
    path = ".".join(
        part if not part.isdecimal() else f"where(true)[{part}]"
        for part in _pointer(rng, whole).split("/")[1:]
    )
    path = f"{whole['resourceType']}.{path}"
    path = torn(rng, path) if rng.random() < 0.3 else path
    kind = rng.choice(["add", "insert", "delete", "replace", "move"])
    parts: list[dict[str, Any]] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": path},
        {"name": "name", "valueString": rng.choice([*whole, "x", "birthDate"])},
        {"name": "value", rng.choice(["valueString", "valueCode", "valueDate"]): rng.choice(TEXTS)},
        {"name": "index", "valueInteger": rng.choice([0, 1, -1, 10**9])},
        {"name": "source", "valueInteger": rng.choice([0, 1, 5])},
        {"name": "destination", "valueInteger": rng.choice([0, 1, 5])},
    ]
    return [part for part in parts if rng.random() < 0.8]
