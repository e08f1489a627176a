"""Changes to JSON and to text, for the requests of `fuzz_http`."""

from __future__ import annotations

import random
import re
from copy import deepcopy
from typing import Any

from tools.fuzz_values import TEXTS, VALUES

_POINT = re.compile(r"<|>|=|\"|value|url|id|http", re.ASCII)


def mutated(rng: random.Random, value: dict[str, Any], times: int) -> dict[str, Any]:
    """Change some places of a JSON object: other values, none, other names."""
    result = deepcopy(value)
    for _ in range(times):
        places = list(_places(result))
        if places:
            _change(rng, *rng.choice(places))
    return result


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        inside = waiting.pop()
        keys: Any = list(inside) if isinstance(inside, dict) else range(len(inside))
        found += [(inside, key) for key in keys]
        waiting += [inside[key] for key in keys if isinstance(inside[key], dict | list)]
    return found


def _change(rng: random.Random, inside: Any, key: Any) -> None:
    chance = rng.random()
    if chance < 0.6:
        inside[key] = deepcopy(rng.choice(VALUES))
    elif chance < 0.75:
        del inside[key]
    elif chance < 0.85 or not isinstance(inside, dict):
        inside[key] = [deepcopy(inside[key]), deepcopy(inside[key])]
    else:
        inside[rng.choice(["zz", f"_{key}", "extension", "id", "contained"])] = inside.pop(key)


def torn(rng: random.Random, text: str) -> str:
    """Change a text at one place: leave out, double, or put something in."""
    places = [match.start() for match in _POINT.finditer(text)] or [0]
    start = rng.choice([rng.choice(places), rng.randint(0, len(text))])
    end = min(len(text), start + rng.choice([0, 1, 5, 40]))
    chosen = rng.choice(
        ["", "", text[start:end] * 2, rng.choice(TEXTS), rng.choice("<>&\"'()[]{}:|$,\\ \0é")]
    )
    return text[:start] + chosen + text[end:]
