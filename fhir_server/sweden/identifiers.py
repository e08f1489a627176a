"""Swedish identifiers: personnummer, samordningsnummer, reservnummer, HSA-id, organisationsnummer.

Source: DOMAIN 2.1, 2.2 and R122; HL7 Sweden's base profiles (systems); Skatteverket SKV 704 and
SKV 707 (construction and check digit); Inera's specification of the national reserve number.
No text of an issue repeats the value: an identifier is personal data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.sweden import codes

_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
_ORGANISATIONSNUMMER = re.compile(r"[0-9]{10}")
# Inera's own HSA-ids carry the organisation number with the legal-person prefix 16
# (SE165565594230-1000), so twelve digits are as real as ten.
_HSA_ID = re.compile(r"SE(?:[0-9]{10}|16[0-9]{10})-[A-Za-z0-9]+")
_HSA_ID_LENGTH = 31
# Two letters and a digit for known sex, three letters for unknown (HL7 Sweden's pattern).
_RESERVNUMMER = re.compile(r"[0-9]{8}[A-HJ-NPR-UX-Z]{2}[0-9A-HJ-NPR-UX-Z][0-9]")

# DOMAIN 2.2: Inera's test environment may hand out ids with this prefix; not verified.
HSA_TEST_PREFIXES = ("TSTNMT",)


def luhn_digit(digits: str) -> int:
    """Give the check digit (mod 10, weights 2, 1, 2, … from the right) for the digits."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        product = int(digit) * (2 if position % 2 == 0 else 1)
        total += product // 10 + product % 10
    return -total % 10


def classify(value: str) -> str | None:
    """Tell which identifier system a bare value looks like it belongs to.

    A form, not a verdict: a personnummer with a wrong check digit is still one by its form.

    Returns:
        The identifier's FHIR system, or None where no form fits.
    """
    if _TWELVE_DIGITS.fullmatch(value) and value[:2] in ("18", "19", "20", "21"):
        return codes.SAMORDNINGSNUMMER if int(value[6:8]) > 59 else codes.PERSONNUMMER
    if _ORGANISATIONSNUMMER.fullmatch(value) and value[2] >= "2":
        return codes.ORGANISATIONSNUMMER
    if _HSA_ID.fullmatch(value):
        return codes.HSA_ID
    return codes.RESERVNUMMER if _RESERVNUMMER.fullmatch(value) else None


def check(
    system: str, value: str, hsa_test_prefixes: Sequence[str] = HSA_TEST_PREFIXES
) -> list[Issue]:
    """List what is wrong with an identifier's value (R122, id-1).

    Args:
        system: ``Identifier.system``; a system that is not Swedish has no rules here.
        value: ``Identifier.value``.
        hsa_test_prefixes: see `check_hsa_id`.
    """
    if system in codes.HSA_ID_SYSTEMS:
        return check_hsa_id(value, hsa_test_prefixes)
    rule = _RULES.get(system)
    return rule(value) if rule else []


def check_personnummer(value: str) -> list[Issue]:
    """List what is wrong with a personnummer: twelve digits, a day that exists, the check digit."""
    return list(_number(value, "personnummer", day_offset=0))


def check_samordningsnummer(value: str) -> list[Issue]:
    """List what is wrong with a samordningsnummer: as a personnummer, with 60 added to the day."""
    return list(_number(value, "samordningsnummer", day_offset=60))


def check_reservnummer(value: str) -> list[Issue]:
    """Warn about a national reserve number of unexpected form.

    Never an error: regions' own formats are stored under the national system (HL7 Sweden's
    example ``20210325K069``). The check digit is not tested, because the weights of the letters
    are not published where we could verify them (DOMAIN 2.2).
    """
    if not _RESERVNUMMER.fullmatch(value):
        return [
            _issue(
                "warning",
                "The value does not have the form of a national reserve number: eight digits, two "
                "letters other than I, O, Q, V and W, a digit or letter for sex, a check digit. "
                "Give a region's own number under the region's own system.",
            )
        ]
    century, month, day = int(value[:2]), int(value[4:6]), int(value[6:8])
    return [] if _reserve_date(century, month, day) else [_issue("warning", _RESERVE_DATE)]


def check_hsa_id(value: str, test_prefixes: Sequence[str] = HSA_TEST_PREFIXES) -> list[Issue]:
    """List what is wrong with an HSA-id.

    Args:
        value: the id.
        test_prefixes: how ids of test environments may begin, which have forms of their own.
    """
    if value.startswith(tuple(test_prefixes)):
        return []
    if len(value) > _HSA_ID_LENGTH:
        return [_issue("error", "An HSA-id has at most 31 characters; correct the value.")]
    if not _HSA_ID.fullmatch(value):
        return [
            _issue(
                "error",
                "An HSA-id is SE, the organisation number, a hyphen and letters a-z or digits, "
                "such as SE2321000131-E000000000001; correct the value.",
            )
        ]
    return []


def check_organisationsnummer(value: str) -> list[Issue]:
    """List what is wrong with an organisation number: ten digits, third digit, check digit."""
    if not _ORGANISATIONSNUMMER.fullmatch(value):
        return [
            _issue("error", "An organisation number is stored as ten digits, without the hyphen.")
        ]
    if value[2] < "2":
        return [
            _issue(
                "error",
                "The third digit of an organisation number is 2 or more; the value looks like a "
                "person's number, which belongs under the system of personnummer.",
            )
        ]
    return _check_digit(value, "organisation number")


def _number(value: str, name: str, day_offset: int) -> Iterator[Issue]:
    if not _TWELVE_DIGITS.fullmatch(value):
        yield _issue(
            "error",
            f"A {name} is stored as twelve digits with the century first and no separator.",
        )
        return
    yield from _birth_date(value, name, day_offset)
    yield from _check_digit(value[2:], name)


def _birth_date(value: str, name: str, day_offset: int) -> Iterator[Issue]:
    year, month, day = int(value[:4]), int(value[4:6]), int(value[6:8]) - day_offset
    if day_offset and (month == 0 or day == 0) and year >= 1800:
        # Reported for people whose day of birth is unknown; not verified (DOMAIN 2.2).
        yield _issue("warning", f"The {name} has no full date of birth; make sure it is right.")
    elif year < 1800 or not _is_date(year, month, day):
        hint = " (the day is written with 60 added)" if day_offset else ""
        yield _issue("error", f"The {name} does not begin with a date of birth{hint}; correct it.")


def _check_digit(digits: str, name: str) -> list[Issue]:
    if luhn_digit(digits[:-1]) == int(digits[-1]):
        return []
    return [_issue("error", f"The check digit of the {name} is wrong; a digit may be mistyped.")]


_RESERVE_DATE = (
    "The reserve number holds neither a date of birth after a century of 21 or more nor a serial "
    "number for an unknown date (00, month 20-99, day 40-59); make sure it is right."
)


def _reserve_date(century: int, month: int, day: int) -> bool:
    if century == 0:
        return month >= 20 and 40 <= day <= 59
    # 18-21 would be taken for a personnummer and 01-17 are kept for later use.
    return century > 20 and 1 <= month <= 12 and 1 <= day <= 31


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _issue(severity: Severity, text: str) -> Issue:
    return Issue(severity, "value", text)


_RULES: dict[str, Callable[[str], list[Issue]]] = {
    **dict.fromkeys(codes.PERSONNUMMER_SYSTEMS, check_personnummer),
    **dict.fromkeys(codes.SAMORDNINGSNUMMER_SYSTEMS, check_samordningsnummer),
    **dict.fromkeys(codes.RESERVNUMMER_SYSTEMS, check_reservnummer),
    codes.ORGANISATIONSNUMMER: check_organisationsnummer,
}
# Every system that has rules.
SYSTEMS = frozenset({*_RULES, *codes.HSA_ID_SYSTEMS})
