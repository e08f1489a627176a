"""Codes that are right by their form: media types, language tags, currencies.

The value sets take all codes of a system that nobody lists in full.
Source: https://www.rfc-editor.org/rfc/rfc6838#section-4.2, https://www.rfc-editor.org/rfc/rfc5646,
https://www.iso.org/iso-4217-currency-codes.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+\-]{0,126}"
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}(?:\s*;\s*[^\s;=]+=(?:[^\s;\"]+|\"[^\"]*\"))*\s*;?\Z")
# FHIR's own names of its formats, where a CapabilityStatement lists formats.
_SHORT_NAMES = frozenset({"xml", "json", "ttl"})
_LANGUAGE = re.compile(
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?"
    r"(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?\Z"
    r"|[xX](?:-[A-Za-z0-9]{1,8})+\Z|(?:[iI]-[A-Za-z]+|sgn-[A-Za-z]{2}-[A-Za-z]{2})\Z"
)
_CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN "
    "BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP "
    "ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR "
    "ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF "
    "XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG "
    "ZWL".split()
)

_FHIR = "http://hl7.org/fhir/ValueSet/"


def form_of(value_set: str, path: str) -> Callable[[str], bool] | None:
    """Give what tells whether a code has the form of a value set's; None where none is known.

    Args:
        value_set: canonical.
        path: of the element.
    """
    if value_set == f"{_FHIR}mimetypes" and path.startswith("CapabilityStatement."):
        return lambda code: code in _SHORT_NAMES or _is_media_type(code)
    return _FORMS.get(value_set)


def _is_media_type(code: str) -> bool:
    return _MEDIA_TYPE.match(code) is not None


def _is_language(code: str) -> bool:
    return _LANGUAGE.match(code) is not None


_FORMS: Mapping[str, Callable[[str], bool]] = {
    f"{_FHIR}mimetypes": _is_media_type,
    # The binding is preferred; its maximum value set, all-languages, takes any BCP 47 tag.
    f"{_FHIR}languages": _is_language,
    f"{_FHIR}currencies": _CURRENCIES.__contains__,
}
