"""Functions on strings.

Source: http://hl7.org/fhirpath/N1/#string-manipulation
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fhir_server.fhirpath import regexes
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled, Run, truth
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import EMPTY, MOST_CHARACTERS, Frame, checked_text
from fhir_server.fhirpath.types import SYSTEM_INTEGER, SYSTEM_STRING


def tested(test: Callable[[str, str], bool]) -> Callable[[Call], Compiled]:
    """Give a function that tells something of a string and another."""

    def compiled(call: Call) -> Compiled:
        argument = call.argument(0)
        text, other = call.text(call.of), call.text(argument)
        if argument.constant:
            literal = argument.constant[0]

            def run_literal(v: Any, f: Frame) -> bool | None:
                found = text(v, f)
                return None if found is None else test(found, literal)

            return truth(run_literal)

        def run(v: Any, f: Frame) -> bool | None:
            found = text(v, f)
            given = None if found is None else other(v, f)
            return None if given is None else test(found, given)

        return truth(run)

    return compiled


starts_with = tested(str.startswith)
ends_with = tested(str.endswith)
contains = tested(lambda text, part: part in text)


def changed(change: Callable[[str], str]) -> Callable[[Call], Compiled]:
    """Give a function that makes a string of a string."""

    def compiled(call: Call) -> Compiled:
        text = call.text(call.of)

        def run(v: Any, f: Frame) -> str | None:
            found = text(v, f)
            return None if found is None else change(found)

        return Compiled(SYSTEM_STRING, value=run)

    return compiled


def index_of(call: Call) -> Compiled:
    """Compile ``indexOf(substring)``."""
    text, part = call.text(call.of), call.text(call.argument(0))
    return Compiled(SYSTEM_INTEGER, value=_both(text, part, str.find))


def _both(one: Run, other: Run, join: Callable[[Any, Any], Any]) -> Run:
    def run(v: Any, f: Frame) -> Any:
        left = one(v, f)
        right = None if left is None else other(v, f)
        return None if right is None else join(left, right)

    return run


def substring(call: Call) -> Compiled:
    """Compile ``substring(start [, length])``."""
    text, start = call.text(call.of), call.integer(call.argument(0))
    length = call.integer(call.argument(1)) if len(call.arguments) > 1 else None

    def run(v: Any, f: Frame) -> str | None:
        found: str | None = text(v, f)
        at = None if found is None else start(v, f)
        if found is None or at is None or not 0 <= at < len(found):
            return None
        many = length(v, f) if length else None
        return found[at:] if many is None else found[at : at + max(many, 0)]

    return Compiled(SYSTEM_STRING, value=run)


def length(call: Call) -> Compiled:
    """Compile ``length()``."""
    text = call.text(call.of)

    def run(v: Any, f: Frame) -> int | None:
        found = text(v, f)
        return None if found is None else len(found)

    return Compiled(SYSTEM_INTEGER, value=run)


def characters(call: Call) -> Compiled:
    """Compile ``toChars()``."""
    text = call.text(call.of)

    def run(v: Any, f: Frame) -> Sequence[str]:
        return list(text(v, f) or EMPTY)

    return Compiled(SYSTEM_STRING, items=run)


def replace(call: Call) -> Compiled:
    """Compile ``replace(pattern, substitution)``."""

    def join(text: str, pattern: str, substitution: str) -> str:
        if len(text) + (text.count(pattern) + 1) * len(substitution) > MOST_CHARACTERS:
            raise FhirPathError(f"A string would have more than {MOST_CHARACTERS} characters.")
        return text.replace(pattern, substitution)

    return _replacing(call, join)


def _replacing(call: Call, join: Callable[[str, str, str], str]) -> Compiled:
    text = call.text(call.of)
    pattern, substitution = call.text(call.argument(0)), call.text(call.argument(1))

    def run(v: Any, f: Frame) -> str | None:
        found = text(v, f)
        given = None if found is None else pattern(v, f)
        new = None if given is None else substitution(v, f)
        return None if found is None or given is None or new is None else join(found, given, new)

    return Compiled(SYSTEM_STRING, value=run)


def matches(call: Call) -> Compiled:
    """Compile ``matches(regex)``; the expression may match any part of the string.

    Raises:
        FhirPathError: the regular expression is known, and is none.
    """
    argument = call.argument(0)
    text, pattern = call.text(call.of), call.text(argument)
    if argument.constant:
        search = regexes.searching(argument.constant[0])

        def run_known(v: Any, f: Frame) -> bool | None:
            found = text(v, f)
            return None if found is None else search(found)

        return truth(run_known)
    return truth(_both(text, pattern, lambda found, regex: regexes.searching(regex)(found)))


def replace_matches(call: Call) -> Compiled:
    """Compile ``replaceMatches(regex, substitution)``."""
    return _replacing(call, lambda *texts: checked_text(regexes.replaced(*texts)))
