"""Values of token, reference and uri parameters, made criteria.

Source: https://hl7.org/fhir/R4/search.html#token, #reference, #uri
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from fhir_server.fhir.folding import fold
from fhir_server.fhir.ids import is_id
from fhir_server.fhir.reference import local, normal, type_named
from fhir_server.search import tokens
from fhir_server.search.asked import NOTHING, Asked
from fhir_server.search.parameters import present_range
from fhir_server.search.query import Criterion, HasId, HasToken, TokenRange, either
from fhir_server.search.syntax import split, unescape
from fhir_server.search.tokens import END_OF_TEXT
from fhir_server.terminology.concepts import TerminologyError

_CANONICAL = frozenset(("canonical", "uri"))


def token_criterion(asked: Asked, text: str) -> Criterion:
    """Read ``code``, ``system|code``, ``|code`` or ``system|``, or what the modifier takes."""
    parts = [unescape(part) for part in split(text, "|")]
    if asked.parameter.code == "_id":
        return _id(asked, text)
    match asked.modifier:
        case "of-type":
            return _of_type(asked, parts)
        case "text":
            return _named(asked, text)
        case "in" | "not-in":
            return _member(asked, unescape(text))
        case "above" | "below":
            return _related(asked, parts)
    if len(parts) > 2:
        raise asked.refused("a token has the form code, system|code, |code or system|.")
    if not any(parts):
        raise asked.refused("it asks for neither a system nor a code.")
    return _system_and_code(asked, asked.parameter.name, parts)


def _system_and_code(asked: Asked, name: str, parts: list[str]) -> Criterion:
    *system, code = parts
    if not system:
        return either(*(HasToken(f"{name}={each}") for each in _spellings(asked, code)))
    if asked.parameter.systems is not None and name == asked.parameter.name:
        return _plain_code(asked, system[0], code)
    start = f"{name};{tokens.bounded(system[0])}|"
    if not code:
        return TokenRange(start, start + END_OF_TEXT)
    return either(*(HasToken(f"{start}{each}") for each in _spellings(asked, code)))


def _plain_code(asked: Asked, system: str, code: str) -> Criterion:
    """Answer system|code about an element that only has a code: its binding gives the system."""
    name, systems = asked.parameter.name, asked.parameter.systems or frozenset()
    if system and system not in systems:
        return NOTHING
    return HasToken(f"{name}={tokens.code(code)}") if code else TokenRange(*present_range(name))


def _spellings(asked: Asked, code: str) -> tuple[str, ...]:
    if "ContactPoint" in asked.parameter.value_types:
        return tokens.code(code), tokens.bounded(tokens.telephone(code))
    return (tokens.code(code),)


def _of_type(asked: Asked, parts: list[str]) -> Criterion:
    if len(parts) != 3 or not all(parts):
        raise asked.refused("the value of :of-type has the form system|code|value.")
    system, code, value = parts
    name = f"{asked.parameter.name}{tokens.OF_TYPE}"
    return HasToken(f"{name}{tokens.coded(system, code)}|{tokens.code(value)}")


def _named(asked: Asked, text: str) -> Criterion:
    """Look for how a code is called, from its beginning as a string search does."""
    folded = fold(unescape(text))
    if not folded or len(folded) > tokens.LONGEST:
        raise asked.refused(
            f"the value of :text must have a letter or a digit, and {tokens.LONGEST} at most."
        )
    start = f"{asked.parameter.name}{tokens.NAMED}{folded}"
    return TokenRange(start, start + END_OF_TEXT)


def _member(asked: Asked, value_set: str) -> Criterion:
    below = f"{asked.base_url.rstrip('/')}/"
    try:
        members = asked.terminology.members(value_set.removeprefix(below))
    except TerminologyError as error:
        raise asked.refused(str(error), "not-supported") from None
    found: list[Criterion] = []
    for system, codes in members.items():
        if codes is None:
            found.append(_system_and_code(asked, asked.parameter.name, [system, ""]))
        else:
            found += _all(asked, ((system, code) for code in codes))
    return either(*found)


def _related(asked: Asked, parts: list[str]) -> Criterion:
    *system, code = parts
    systems = system or sorted(asked.parameter.systems or ())
    if len(parts) > 2 or len(systems) != 1 or not all((*systems, code)):
        raise asked.refused(f"the value of :{asked.modifier} has the form system|code.")
    hierarchy = asked.terminology
    related = hierarchy.above if asked.modifier == "above" else hierarchy.below
    try:
        codes = related(systems[0], code)
    except TerminologyError as error:
        raise asked.refused(str(error), "not-supported") from None
    return either(*_all(asked, ((systems[0], each) for each in codes)))


def _all(asked: Asked, coded: Iterable[tuple[str, str]]) -> list[Criterion]:
    return [_system_and_code(asked, asked.parameter.name, list(pair)) for pair in coded]


def _id(asked: Asked, text: str) -> Criterion:
    id_ = unescape(text)
    return HasId((f"{asked.resource_type}/{id_}",)) if is_id(id_) else NOTHING


def reference_criterion(asked: Asked, text: str) -> Criterion:
    """Read ``id``, ``Type/id``, an absolute or canonical URL, or an identifier."""
    value, name = unescape(text), asked.parameter.name
    if asked.modifier == "identifier":
        parts = [unescape(part) for part in split(text, "|")]
        if len(parts) > 2 or not any(parts):
            raise asked.refused("the value of :identifier has the form value or system|value.")
        return _system_and_code(asked, f"{name}{tokens.IDENTIFIER}", parts)
    target = local(value, asked.base_url)
    if asked.modifier:
        named = type_named(value)
        if named and named != asked.modifier:
            raise asked.refused(f"the reference is not to a {asked.modifier}.")
        return _to(asked, f"{asked.modifier}/{value}" if is_id(value) else value)
    if is_id(value) and not target:
        return either(*_by_id(asked, value))
    return _to(asked, value)


def _by_id(asked: Asked, id_: str) -> Iterator[Criterion]:
    for type_ in asked.parameter.targets:
        yield HasToken(f"{asked.parameter.name}>{type_}/{id_}")
    if asked.parameter.value_types & _CANONICAL:  # which may be any text at all
        yield HasToken(f"{asked.parameter.name}>{id_}")


def _to(asked: Asked, reference: str) -> Criterion:
    normalised = normal(reference, asked.base_url)
    is_reference = bool(type_named(normalised)) or ":" in normalised
    if not is_reference:
        raise asked.refused("a reference has the form id, Type/id or an absolute URL.")
    return HasToken(f"{asked.parameter.name}>{tokens.bounded(normalised)}")


def uri_criterion(asked: Asked, text: str) -> Criterion:
    """Read a uri: exact, or with what is below or above it in its path."""
    value, name = unescape(text), asked.parameter.name
    exact = HasToken(f"{name}={tokens.bounded(value)}")
    if not asked.modifier:
        return exact
    if not _host(value) or len(value) > tokens.LONGEST:
        raise asked.refused("it needs a URL with a host: only those have a hierarchy.")
    if asked.modifier == "below":
        below = f"{name}={value.rstrip('/')}/"
        return either(exact, TokenRange(below, below + END_OF_TEXT))
    return either(*(HasToken(f"{name}={each}") for each in _above(value)))


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:  # such as http://[
        return ""


def _above(url: str) -> list[str]:
    found = [url]
    while urlsplit(url).path.strip("/"):
        stem = url.rstrip("/").rpartition("/")[0]
        found += [f"{stem}/", stem]
        url = stem
    return found
