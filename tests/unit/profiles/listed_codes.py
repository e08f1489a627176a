"""Answers about codes from the value sets that list them: a small, whole `CodeChecks`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.value_sets import members


class ListedCodes:
    """Knows the value sets whose codes are listed in full; of all others nothing."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def in_value_set(self, value_set: str, coded: Coded) -> Verdict:
        systems = members(self._definitions, value_set)
        if systems is None:
            return Verdict(None, f"The value set {value_set} is not known here.")
        for system, codes in systems.items():
            if coded.system not in (None, system):
                continue
            if codes is None:
                return Verdict(None, f"The code system {system} is not known here.")
            if coded.code in codes:
                display = self._display(system, coded.code)
                wrong = None not in (display, coded.display) and not _same(display, coded.display)
                return Verdict(True, display=display, wrong_display=wrong)
        return Verdict(False, "The code is not in the value set.")

    def in_code_system(self, coded: Coded) -> Verdict:
        concepts = dict(self._concepts(coded.system or ""))
        if not concepts:
            return Verdict(None, f"The code system {coded.system} is not known here.")
        return Verdict(coded.code in concepts, display=concepts.get(coded.code))

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        return True if above == below else None

    def _display(self, system: str, code: str) -> str | None:
        return dict(self._concepts(system)).get(code)

    def _concepts(self, system: str) -> Iterator[tuple[str, str | None]]:
        found = self._definitions.conformance("CodeSystem", system)
        yield from _walk(found.get("concept", ()) if found else ())


def _walk(concepts: Any) -> Iterator[tuple[str, str | None]]:
    each: Mapping[str, Any]
    for each in concepts:
        yield each["code"], each.get("display")
        yield from _walk(each.get("concept", ()))


def _same(one: str | None, other: str | None) -> bool:
    return str(one).casefold() == str(other).casefold()
