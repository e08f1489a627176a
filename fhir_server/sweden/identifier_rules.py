"""The Swedish identifiers of a resource, wherever they stand in it, and which are for tests only.

Source: R122 and id-1; DOMAIN 2.1, 2.2 and 6. An Identifier also stands in references, contained
resources, qualifications, the entries of a Bundle; so nothing here asks where.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, identifiers

RULE = "id-1"
# DOMAIN 6: numbers that HL7 Sweden's examples give as test persons', and the one everybody uses.
TEST_NUMBERS = frozenset(
    {
        "189002029800",
        "189602029812",
        "191212121212",
        "196101182803",
        "196109732393",
        "198406072382",
        "198602152392",
        "199002222397",
        "200001252386",
        "200302022389",
        "201305142398",
    }
)
# DOMAIN 6: the birth numbers most of Skatteverket's test numbers have; not verified. Nothing keeps
# them from real people, which is why the form alone refuses nobody.
TEST_BIRTH_NUMBERS = ("238", "239", "980", "981")
_PERSONS = frozenset({*codes.PERSONNUMMER_SYSTEMS, *codes.SAMORDNINGSNUMMER_SYSTEMS})
# How the systems begin, as JSON spells it: a few texts in place of all.
_BEGINNINGS = sorted({system[:15].encode() for system in identifiers.SYSTEMS})
_HOLDERS = (dict, list)
# The place around, None for the resource itself, and the step that leads from there.
_Place = tuple[Any, str]
_TESTS_ONLY = (
    "is one for tests, which this server does not take: it holds real people's data "
    "(FHIR_SERVER_TEST_MODE)."
)


@dataclass(frozen=True, slots=True)
class IdentifierRules:
    """What the server has against the Swedish identifiers of a resource.

    Args:
        severity: of an identifier that is surely wrong.
        test_mode: whether identifiers for tests are allowed.
        test_numbers: personnummer and samordningsnummer that belong to nobody.
        hsa_test_prefixes: how HSA-ids of test environments begin.
    """

    severity: Literal["error", "warning"] = "error"
    test_mode: bool = True
    test_numbers: frozenset[str] = TEST_NUMBERS
    hsa_test_prefixes: tuple[str, ...] = identifiers.HSA_TEST_PREFIXES

    def __call__(self, resource: Mapping[str, Any]) -> list[Issue]:
        """List what is wrong with a resource's identifiers.

        Args:
            resource: whose structure is right; a Bundle's entries are looked at too.
        """
        if not _may_have_swedish(resource):
            return []
        root = str(resource.get("resourceType", ""))
        return [
            replace(issue, expression=f"{place}.value", rule=RULE)
            for place, system, value in _swedish(resource, root)
            for issue in self._issues(system, value)
        ]

    def _issues(self, system: str, value: str) -> Iterator[Issue]:
        for issue in identifiers.check(system, value, self.hsa_test_prefixes):
            yield replace(issue, severity=self.severity) if issue.severity == "error" else issue
        if not self.test_mode:
            yield from self._for_tests(system, value)

    def _for_tests(self, system: str, value: str) -> Iterator[Issue]:
        if system in codes.HSA_ID_SYSTEMS:
            if value.startswith(self.hsa_test_prefixes):
                yield Issue(self.severity, "business-rule", f"The HSA-id {_TESTS_ONLY}")
        elif system in _PERSONS:
            if value in self.test_numbers:
                yield Issue(self.severity, "business-rule", f"The number {_TESTS_ONLY}")
            elif value[8:11] in TEST_BIRTH_NUMBERS:
                text = (
                    "The number has the form of Skatteverket's test numbers; make sure that a "
                    "person has it."
                )
                yield Issue("warning", "business-rule", text)


def read_test_numbers(lines: Iterable[str]) -> frozenset[str]:
    """Give the test numbers of a list, and those known here.

    Args:
        lines: each begins with a number of twelve digits, with or without a hyphen; others, such
            as the heading of a table, count for nothing.
    """
    found = (line.strip().strip('"').replace("-", "")[:12] for line in lines)
    numbers = (number for number in found if number.isascii() and number.isdigit())
    return TEST_NUMBERS | {number for number in numbers if len(number) == 12}


def _may_have_swedish(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource names a system that is looked at: most name none.

    To write it as JSON and to search the text takes a tenth of a walk over it. The text may hold
    the beginning of a system elsewhere; then the walk finds that there is nothing to check.
    """
    try:
        text = json.dump(resource)
    except TypeError:  # a text with half a character; what it is in is looked at all the same
        return True
    return any(beginning in text for beginning in _BEGINNINGS)


def _swedish(resource: Mapping[str, Any], root: str) -> list[tuple[str, str, str]]:
    """Give place, system and value of each identifier of a Swedish system."""
    found: list[tuple[_Place, str, str]] = []
    _gather(resource, (None, root), found)
    return [(_spell(place), system, value) for place, system, value in found]


def _gather(value: Any, place: _Place, found: list[tuple[_Place, str, str]]) -> None:
    if type(value) is dict:
        system = value.get("system")
        if type(system) is str and system in identifiers.SYSTEMS:
            number = value.get("value")
            if type(number) is str:
                found.append((place, system, number))
        for key, item in value.items():
            if type(item) in _HOLDERS:
                _gather(item, (place, f".{key}"), found)
    else:
        for index, item in enumerate(value):
            if type(item) in _HOLDERS:
                _gather(item, (place, f"[{index}]"), found)


def _spell(place: _Place) -> str:
    around, step = place
    return step if around is None else f"{_spell(around)}{step}"
