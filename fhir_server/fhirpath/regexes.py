"""Regular expressions in linear time: whoever writes one may not stop the server with it.

``matches()`` runs on Rust's engine, by way of jsonschema-rs; ``replaceMatches()``, which needs to
know where the matches are, on RE2. Neither goes back over the text, so neither knows look-around
and back-references: expressions with them are refused.

Source: http://hl7.org/fhirpath/N1/#matchesregex-string-boolean
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonschema_rs

from fhir_server.fhirpath.errors import FhirPathError

_LONGEST = 2_000
_MOST_MEMORY = 10_000_000
# A bracket that closes nothing stands for itself in PCRE, as in R4's eld-20, but not in ECMA 262.
_LONE_BRACKET = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*+\])|\]", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:(\d{1,2})|\{(\w+)\}|(\$))")


@lru_cache(maxsize=1024)
def searching(regex: str) -> Callable[[str], bool]:
    """Give what tells whether a text has a match anywhere.

    Raises:
        FhirPathError: it is no regular expression, or not one of those that are supported.
    """
    _check(regex)
    regex = _LONE_BRACKET.sub(lambda found: found[1] or r"\]", regex)
    options = jsonschema_rs.RegexOptions(size_limit=_MOST_MEMORY, dfa_size_limit=_MOST_MEMORY)
    try:
        validator = jsonschema_rs.Draft7Validator({"pattern": regex}, pattern_options=options)
    except (jsonschema_rs.ValidationError, ValueError):
        raise _unsupported() from None
    search: Callable[[str], bool] = validator.is_valid
    return search


def replaced(text: str, regex: str, substitution: str) -> str:
    """Replace all matches; ``$1`` and ``${name}`` stand for groups.

    Raises:
        FhirPathError: as for `searching`; or the substitution names a group that there is not.
    """
    pattern = _located(regex)

    def group(match: Any, reference: re.Match[str]) -> str:
        number, name, dollar = reference.groups()
        if dollar:
            return "$"
        try:
            found: str | None = match.group(int(number) if number else name)
        except IndexError:
            raise FhirPathError("The substitution names a group that there is not.") from None
        return found or ""

    def substituted(match: Any) -> str:
        return _REFERENCE.sub(lambda reference: group(match, reference), substitution)

    found: str = pattern.sub(substituted, text)
    return found


@lru_cache(maxsize=256)
def _located(regex: str) -> Any:
    # Imported late: few expressions replace anything.
    import re2

    _check(regex)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(regex, options)
    except re2.error:
        raise _unsupported() from None


def _check(regex: str) -> None:
    if len(regex) > _LONGEST:
        raise FhirPathError(f"A regular expression may have at most {_LONGEST} characters.")


def _unsupported() -> FhirPathError:
    return FhirPathError("The regular expression can't be read; look-around and back-references "
                         "are not supported.")  # fmt: skip
