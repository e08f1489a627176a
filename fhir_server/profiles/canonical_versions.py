"""Which of several versions of a conformance resource is the newest.

R4 says nothing of how versions compare. Most are semantic versions; of others the parts that are
numbers count as numbers.
"""

from __future__ import annotations

import re

_PARTS = re.compile(r"\d+|[A-Za-z]+")
_RELEASE = 1

VersionKey = tuple[tuple[tuple[int, int, str], ...], int, tuple[tuple[int, int, str], ...]]


def split_canonical(canonical: str) -> tuple[str, str]:
    """Give url and version of a canonical; the version is empty where it has none."""
    url, _, version = canonical.partition("|")
    return url, version


def version_key(version: str) -> VersionKey:
    """Give what orders versions: ``1.10.0`` after ``1.9``, and after ``1.10.0-ballot``."""
    release, _, label = version.partition("+")[0].partition("-")
    numbers = _parts(release)
    while numbers and numbers[-1] == (1, 0, ""):
        numbers = numbers[:-1]
    return numbers, 0 if label else _RELEASE, _parts(label)


def _parts(text: str) -> tuple[tuple[int, int, str], ...]:
    # Numbers after words: 1.0.0 is later than 1.0.draft.
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part.lower())
        for part in _PARTS.findall(text[:200])
    )
