"""R4's examples, and what becomes of them when some of it is left out or named otherwise."""

from __future__ import annotations

import random
from typing import Any

from fhir_server.fhir import json
from tests.conformance.r4_examples import examples

LARGEST = 12_000


def examples_and_altered(every: int, seed: int) -> list[Any]:
    """Give every so-manieth small example, and with it two altered ones."""
    chance = random.Random(seed)
    resources = []
    for number, (_, data) in enumerate(examples()):
        if number % every == 0 and len(data) < LARGEST:
            resource = json.plain(data)
            resources += [resource, changed(resource, chance), changed(resource, chance)]
    assert len(resources) > 300
    return resources


def changed(value: Any, chance: random.Random) -> Any:
    """Leave out some of what a resource has, and let some of it be named otherwise."""
    if isinstance(value, list):
        return [changed(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {k: changed(v, chance) for k, v in value.items() if chance.random() > 0.12}
    for name in ("start", "end"):
        if name in kept and chance.random() > 0.5:
            kept[name] = chance.choice(["2011", "2012-06", "2015-02-07T13:28:17.239+02:00"])
    if "use" in kept and chance.random() > 0.5:
        kept["use"] = "home"
    return kept
