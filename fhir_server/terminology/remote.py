"""An external terminology server: asked last, about codes alone, and never waited for long.

Only systems, codes, versions, canonicals of value sets and, for expansions, the words of a filter
go there; no display, no text, nothing of the resource that a code stands in. What it doesn't answer
is unknown, and is not asked again for a while.

Source: https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.terminology.breaker import Breaker
from fhir_server.terminology.concepts import Concept, Expansion, ExpansionRequest
from fhir_server.terminology.connection import Connection, NoTime, Outage, Resource
from fhir_server.terminology.remembered import Remembered
from fhir_server.terminology.remote_answers import (
    Malformed,
    concept_of,
    declared_systems,
    expansion_of,
    one,
    require_type,
    says_unknown,
)

REMEMBERED = 10_000
REMEMBERED_EXPANSIONS = 32
SECONDS = 3600.0
# Of the code systems it has: an outage at that moment must not count for long.
SYSTEMS_SECONDS = 300.0
# A code of another length is a mistake, which is nobody else's business.
MAX_CODE = 256

SILENT = "The terminology server does not answer."
CANNOT_TELL = "The terminology server cannot tell."
NOT_CODED = "A code without a system is not asked about elsewhere."
NOT_A_MEMBER = "The terminology server says that the code is not in the value set."
NOT_A_CODE = "The terminology server says that there is no such code in the code system."

Parameters = Mapping[str, str]


class RemoteTerminology:
    """Implements `sources.ExternalTerminology`.

    Args:
        connection: to the server.
        breaker: decides whether to ask at all.
        answers: what has been answered; None for a new cache.
    """

    def __init__(
        self,
        connection: Connection,
        breaker: Breaker | None = None,
        answers: Remembered[Any] | None = None,
    ) -> None:
        self._connection = connection
        self._breaker = breaker or Breaker()
        self._answers = answers or Remembered[Any](REMEMBERED, SECONDS)
        self._expansions = Remembered[Any](REMEMBERED_EXPANSIONS, SECONDS)
        self._declared = Remembered[frozenset[str]](1, SYSTEMS_SECONDS)

    def validate_code(self, value_set: str, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set."""
        if not _is_fit(coded.system, coded.code):
            return Verdict(None, NOT_CODED)
        url, _, version = value_set.partition("|")
        asked = {
            "url": url,
            "valueSetVersion": version,
            "system": coded.system or "",
            "code": coded.code,
            "systemVersion": coded.version or "",
        }
        return self._verdict("ValueSet/$validate-code", asked, coded, NOT_A_MEMBER)

    def code_in_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system."""
        if not _is_fit(coded.system, coded.code):
            return Verdict(None, NOT_CODED)
        asked = {"url": coded.system or "", "code": coded.code, "version": coded.version or ""}
        return self._verdict("CodeSystem/$validate-code", asked, coded, NOT_A_CODE)

    def lookup(self, system: str, code: str) -> Concept | None:
        """Give a concept; None where it is not known there, or nobody answers.

        Args:
            system: its url, perhaps with ``|version``.
        """
        if not _is_fit(system, code):
            return None
        url, _, version = system.partition("|")
        asked = {"system": url, "code": code, "version": version}

        def read(answer: Resource) -> Concept:
            return concept_of(answer, url, code)

        found = self._ask("CodeSystem/$lookup", asked, "Parameters", read, self._answers)
        return found if isinstance(found, Concept) else None

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Tell whether one code subsumes another; None where that is not known.

        Args:
            system: its url, perhaps with ``|version``.
        """
        if not (_is_fit(system, above) and _is_fit(system, below)):
            return None
        url, _, version = system.partition("|")
        asked = {"system": url, "version": version, "codeA": above, "codeB": below}
        found = self._ask(
            "CodeSystem/$subsumes",
            asked,
            "Parameters",
            lambda answer: str(one(answer, "outcome", str)),
            self._answers,
        )
        return found in ("equivalent", "subsumes") if isinstance(found, str) else None

    def expand(self, url: str, request: ExpansionRequest) -> Expansion | None:
        """Expand a value set by canonical; None where it can't."""
        canonical, _, version = url.partition("|")
        asked = {
            "url": canonical,
            "valueSetVersion": version,
            "filter": request.filter,
            "offset": str(request.offset) if request.is_paged else "",
            "count": "" if request.count is None else str(request.count),
            "includeDesignations": "true" if request.include_designations else "",
            "activeOnly": "true" if request.active_only else "",
            "excludeNested": "true" if request.exclude_nested else "",
            "displayLanguage": request.display_language or "",
        }

        def read(answer: Resource) -> Expansion:
            return expansion_of(answer, request)

        found = self._ask("ValueSet/$expand", asked, "ValueSet", read, self._expansions)
        return found if isinstance(found, Expansion) else None

    def _verdict(self, path: str, asked: Parameters, coded: Coded, text: str) -> Verdict:
        found = self._ask(path, asked, "Parameters", _read_verdict, self._answers)
        if not isinstance(found, Verdict):
            return Verdict(None, CANNOT_TELL if found is UNKNOWN else SILENT)
        if found.holds is False:
            # Many servers say "false" of a system they have never heard of.
            if coded.system not in self._systems():
                return Verdict(None, CANNOT_TELL)
            return Verdict(False, text)
        return found

    def _systems(self) -> frozenset[str]:
        found = self._declared.get("")
        if found is None:
            try:
                answer = self._connection.get("metadata", {"mode": "terminology"})
            except NoTime:
                return frozenset()
            except Outage:
                answer = None
            found = declared_systems(answer or {})
            self._declared.keep("", found)
        return found

    def _ask(
        self,
        path: str,
        asked: Parameters,
        type_: str,
        read: Callable[[Resource], Any],
        answers: Remembered[Any],
    ) -> Any:
        """Give what is remembered or answered; UNKNOWN if it can't tell, None for no answer."""
        given = {name: value for name, value in asked.items() if value}
        key = (path, tuple(sorted(given.items())))
        found = answers.get(key)
        if found is None:
            found = self._asked_now(path, given, type_, read)
            if found is not None:
                answers.keep(key, found)
        return found

    def _asked_now(
        self, path: str, asked: Parameters, type_: str, read: Callable[[Resource], Any]
    ) -> Any:
        if not self._breaker.allows():
            return None
        try:
            answer = self._connection.get(path, asked)
            found: Any = UNKNOWN
            if answer is not None and not says_unknown(answer):
                require_type(answer, type_)
                found = read(answer)
        except NoTime:
            return None
        except Outage as outage:
            self._breaker.failed(str(outage))
            return None
        except Malformed:
            self._breaker.failed("FHIR that does not answer the question")
            return None
        self._breaker.succeeded()
        return found


class _Unknown:
    """What the server answered that it can't tell."""


UNKNOWN = _Unknown()


def _is_fit(system: str | None, code: str) -> bool:
    return bool(system) and len(system or "") <= MAX_CODE and 0 < len(code) <= MAX_CODE


def _read_verdict(answer: Resource) -> Verdict:
    display = one(answer, "display", str, required=False)
    return Verdict(bool(one(answer, "result", bool)), display=display)
