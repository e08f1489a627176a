"""Code systems whose codes follow a grammar: they can be checked, but not listed.

    urn:ietf:bcp:47                  languages                      sv, sv-SE
    urn:ietf:bcp:13                  media types                    application/fhir+json
    http://unitsofmeasure.org        units (UCUM)                   mg/dL
    urn:ietf:rfc:3986                URIs
    https://www.iana.org/time-zones  time zones                     Europe/Stockholm
    urn:iso:std:iso:3166             countries; of two letters known by name, others by form
    urn:iso:std:iso:3166:-2          parts of countries, by form    SE-AB
    urn:iso:std:iso:4217             currencies, by form            SEK

Source: https://hl7.org/fhir/R4/terminologies-systems.html
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources

from fhir_server.fhir import units
from fhir_server.terminology.concepts import Concept, Resource, SystemInfo, TerminologyError
from fhir_server.terminology.sources import Selection

# A test of a code: the code as it is written properly, or None.
Check = Callable[[str], str | None]

_COUNTRIES = "urn:iso:std:iso:3166"
_LONGEST = 255

# https://www.rfc-editor.org/rfc/rfc5646#section-2.1; extlang and grandfathered tags included.
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+"
    r"|i-[a-z]{3,8}|en-gb-oed|sgn-be-fr|sgn-be-nl|sgn-ch-de",
    re.IGNORECASE,
)
# https://www.rfc-editor.org/rfc/rfc6838#section-4.2, with parameters as in RFC 2045.
_RESTRICTED = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TOKEN = r"[^\s()<>@,;:\\\"/\[\]?=]+"  # noqa: S105 - of RFC 2045, no secret
_MEDIA_TYPE = re.compile(
    rf'{_RESTRICTED}/{_RESTRICTED}(?:\s*;\s*{_TOKEN}=(?:{_TOKEN}|"[^"\\]*"))*', re.ASCII
)
# Allowed beside media types: https://hl7.org/fhir/R4/capabilitystatement-definitions.html
_FORMATS = frozenset(("xml", "json", "ttl"))
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_COUNTRY_FORM = re.compile(r"[A-Z]{3}|[0-9]{3}")
_PART_OF_COUNTRY = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def _none(_code: str) -> tuple[Resource, ...]:
    return ()


class Grammar:
    """A code system that is known by a test of its codes.

    Args:
        info: the code system.
        check: gives a code as it is written properly, or None for what is no code.
        names: what some codes are called.
        properties: of a code.
    """

    def __init__(
        self,
        info: SystemInfo,
        check: Check,
        names: Callable[[], Mapping[str, str]] = dict,
        properties: Callable[[str], tuple[Resource, ...]] = _none,
    ) -> None:
        self.info = info
        self._check = check
        self._names = names
        self._properties = properties

    def concept(self, code: str) -> Concept | None:
        """Give a code that keeps to the grammar."""
        written = self._check(code) if len(code) <= _LONGEST else None
        if written is None:
            return None
        properties = self._properties(written)
        return Concept(self.info.url, written, self._names().get(written), properties=properties)

    def children(self, code: str) -> Sequence[str]:
        """Give nothing: there are no levels."""
        return ()

    def is_below(self, code: str, above: str) -> bool:
        """Tell that no code is below another."""
        return False

    def ancestors(self, code: str) -> Sequence[str]:
        """Give nothing: there are no levels."""
        return ()

    def descendants(self, code: str) -> Sequence[str]:
        """Give nothing: there are no levels."""
        return ()

    def has_levels(self) -> bool:
        """Tell that no code stands above another."""
        return False

    def select(
        self, selection: Selection, offset: int = 0, limit: int | None = None
    ) -> Iterator[Concept]:
        """Refuse: the codes have no end.

        Raises:
            TerminologyError: too-costly.
        """
        raise TerminologyError(
            "too-costly",
            f"The codes of {self.info.url} follow a grammar and can't be listed. "
            "Check a code with $validate-code.",
        )

    def count(self, selection: Selection) -> int:
        """Refuse, as `select` does."""
        raise TerminologyError("too-costly", f"The codes of {self.info.url} can't be counted.")


class Grammars:
    """The code systems that are known by a grammar."""

    def find(self, url: str, version: str | None = None) -> Grammar | None:
        """Give a code system, whatever version is asked: grammars do not tell them apart."""
        return _GRAMMARS.get(url)

    def systems(self) -> Iterable[tuple[str, str | None]]:
        """Give the urls."""
        return ((url, None) for url in _GRAMMARS)


def _matching(pattern: re.Pattern[str]) -> Check:
    return lambda code: code if pattern.fullmatch(code) else None


def _media_type(code: str) -> str | None:
    return code if code in _FORMATS or _MEDIA_TYPE.fullmatch(code) else None


def _unit(code: str) -> str | None:
    return code if units.is_unit(code) else None


def _of_unit(code: str) -> tuple[Resource, ...]:
    """Give what a unit is reduced to: ``m`` for every length."""
    scale = units.scale(code)
    return () if scale is None else ({"code": "canonical", "valueString": scale.unit},)


def _zone(code: str) -> str | None:
    return code if code in _zones() else None


def _country(code: str) -> str | None:
    return code if code in _countries() or _COUNTRY_FORM.fullmatch(code) else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@cache
def _countries() -> Mapping[str, str]:
    """Read the two-letter codes that the time zone database brings along."""
    table = resources.files("tzdata") / "zoneinfo" / "iso3166.tab"
    lines = table.read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines if line and not line.startswith("#"))


def _grammar(
    url: str, title: str, check: Check, names: Callable[[], Mapping[str, str]] = dict
) -> Grammar:
    sensitive = url != "urn:ietf:bcp:47"
    info = SystemInfo(url, title=title, content="grammar", case_sensitive=sensitive)
    return Grammar(info, check, names)


_UCUM = SystemInfo(
    units.UCUM,
    title="Units of measure (UCUM)",
    content="grammar",
    case_sensitive=True,
    properties=({"code": "canonical", "type": "string", "description": "in base units"},),
)

_GRAMMARS: Mapping[str, Grammar] = {
    grammar.info.url: grammar
    for grammar in (
        _grammar("urn:ietf:bcp:47", "Languages", _matching(_LANGUAGE)),
        _grammar("urn:ietf:bcp:13", "Media types", _media_type),
        Grammar(_UCUM, _unit, properties=_of_unit),
        _grammar("urn:ietf:rfc:3986", "URIs", _matching(_URI)),
        _grammar("https://www.iana.org/time-zones", "Time zones", _zone),
        _grammar(_COUNTRIES, "Countries", _country, _countries),
        _grammar(f"{_COUNTRIES}:-2", "Parts of countries", _matching(_PART_OF_COUNTRY)),
        _grammar("urn:iso:std:iso:4217", "Currencies", _matching(_CURRENCY)),
    )
}
