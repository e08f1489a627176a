"""An external terminology server: asked last, about codes alone, and never waited for long.

Only systems, codes, versions, value sets and, for expansions, the words of a filter go there; no
display, no text, nothing of the resource that a code stands in. What it doesn't answer is unknown,
and is not asked again for a while.

Source: https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from fhir_server.fhir import json
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

Definition = Mapping[str, Any]
# Of a value set that is asked about as it is here: what it contains, not who made it.
SENT = ("url", "version", "status", "compose")
MAX_SENT = 100_000


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

    def validate_code(
        self, value_set: str, coded: Coded, definition: Definition | None = None
    ) -> Verdict:
        """Tell whether a code is in a value set.

        Args:
            value_set: its canonical; empty for one that has none.
            coded: the code.
            definition: what is known of it here: then it is asked about as it is here.
        """
        if not _is_fit(coded.system, coded.code):
            return Verdict(None, NOT_CODED)
        path = "ValueSet/$validate-code"
        sent = _inline(definition, *_coding(coded)) if definition else None
        if sent is not None:
            return self._verdict(_Question(path, body=sent), coded, NOT_A_MEMBER)
        url, _, version = value_set.partition("|")
        asked = {
            "url": url,
            "valueSetVersion": version,
            "system": coded.system or "",
            "code": coded.code,
            "systemVersion": coded.version or "",
        }
        return self._verdict(_Question(path, asked), coded, NOT_A_MEMBER)

    def code_in_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system."""
        if not _is_fit(coded.system, coded.code):
            return Verdict(None, NOT_CODED)
        asked = {"url": coded.system or "", "code": coded.code, "version": coded.version or ""}
        return self._verdict(_Question("CodeSystem/$validate-code", asked), coded, NOT_A_CODE)

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

        found = self._ask(_Question("CodeSystem/$lookup", asked), read, self._answers)
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
            _Question("CodeSystem/$subsumes", asked),
            lambda answer: str(one(answer, "outcome", str)),
            self._answers,
        )
        return found in ("equivalent", "subsumes") if isinstance(found, str) else None

    def expand(
        self, url: str, request: ExpansionRequest, definition: Definition | None = None
    ) -> Expansion | None:
        """Expand a value set; None where it can't.

        Args:
            url: its canonical; empty for one that has none.
            request: how.
            definition: what is known of it here: then that is what is expanded.
        """

        def read(answer: Resource) -> Expansion:
            return expansion_of(answer, request)

        sent = _inline(definition, *_expansion_parts(request)) if definition else None
        if sent is not None:
            question = _Question("ValueSet/$expand", body=sent, answer="ValueSet")
        else:
            canonical, _, version = url.partition("|")
            asked = {"url": canonical, "valueSetVersion": version, **_expansion_texts(request)}
            question = _Question("ValueSet/$expand", asked, answer="ValueSet")
        found = self._ask(question, read, self._expansions)
        return found if isinstance(found, Expansion) else None

    def _verdict(self, question: _Question, coded: Coded, text: str) -> Verdict:
        found = self._ask(question, _read_verdict, self._answers)
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
        self, question: _Question, read: Callable[[Resource], Any], answers: Remembered[Any]
    ) -> Any:
        """Give what is remembered or answered; UNKNOWN if it can't tell, None for no answer."""
        key = question.key
        found = answers.get(key)
        if found is None:
            found = self._asked_now(question, read)
            if found is not None:
                answers.keep(key, found)
        return found

    def _asked_now(self, question: _Question, read: Callable[[Resource], Any]) -> Any:
        if not self._breaker.allows():
            return None
        try:
            answer = self._answer(question)
            found: Any = UNKNOWN
            if answer is not None and not says_unknown(answer):
                require_type(answer, question.answer)
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

    def _answer(self, question: _Question) -> Resource | None:
        if question.body is not None:
            return self._connection.post(question.path, question.body)
        return self._connection.get(question.path, question.given)


@dataclass(frozen=True, slots=True)
class _Question:
    """One question: in a URL or, where a value set goes along, in a body.

    Args:
        answer: the type of resource that answers it.
    """

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    answer: str = "Parameters"

    @property
    def given(self) -> dict[str, str]:
        """The parameters that say something."""
        return {name: value for name, value in self.parameters.items() if value}

    @property
    def key(self) -> tuple[str, Any]:
        """What tells it from others; of a body, which may be large, a digest."""
        if self.body is not None:
            return self.path, blake2b(self.body).digest()
        return self.path, tuple(sorted(self.given.items()))


class _Unknown:
    """What the server answered that it can't tell."""


UNKNOWN = _Unknown()


def _is_fit(system: str | None, code: str) -> bool:
    return bool(system) and len(system or "") <= MAX_CODE and 0 < len(code) <= MAX_CODE


def _inline(definition: Definition, *more: Resource) -> bytes | None:
    """Give a question about a value set as it is here; None for one too large to send."""
    kept = {name: definition[name] for name in SENT if name in definition}
    value_set = {"resourceType": "ValueSet", **kept}
    parameter = [{"name": "valueSet", "resource": value_set}, *more]
    body = json.dump({"resourceType": "Parameters", "parameter": parameter})
    return body if len(body) <= MAX_SENT else None


def _coding(coded: Coded) -> Iterator[Resource]:
    coding = {"system": coded.system, "version": coded.version, "code": coded.code}
    given = {name: value for name, value in coding.items() if value}
    yield {"name": "coding", "valueCoding": given}


def _expansion_texts(request: ExpansionRequest) -> dict[str, str]:
    return {
        "filter": request.filter,
        "offset": str(request.offset) if request.is_paged else "",
        "count": "" if request.count is None else str(request.count),
        "includeDesignations": "true" if request.include_designations else "",
        "activeOnly": "true" if request.active_only else "",
        "excludeNested": "true" if request.exclude_nested else "",
        "displayLanguage": request.display_language or "",
    }


def _expansion_parts(request: ExpansionRequest) -> Iterator[Resource]:
    for name, text in _expansion_texts(request).items():
        if not text:
            continue
        if name in ("offset", "count"):
            yield {"name": name, "valueInteger": int(text)}
        elif name in ("filter", "displayLanguage"):
            yield {"name": name, "valueString" if name == "filter" else "valueCode": text}
        else:
            yield {"name": name, "valueBoolean": True}


def _read_verdict(answer: Resource) -> Verdict:
    display = one(answer, "display", str, required=False)
    return Verdict(bool(one(answer, "result", bool)), display=display)
