"""The inskrivningsmeddelande: whom it is about, what it says, who gets it (R54-R56, R118).

Source: lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård, 1 kap. 1 §,
2 kap. 1-2 §§; offentlighets- och sekretesslagen (2009:400) 25 kap. 1 §. That 2 kap. 2 § is the
paragraph of the contents is not verified (DOMAIN R56).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.elements import Json, child, codings, extension, items, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.references import Read, alone, huvudman
from fhir_server.sweden.rulings import refusal, warning

INPATIENT = "IMP"
PROTECTED = "Skyddade personuppgifter. Adressen lämnas inte ut; nå personen genom avdelningen."
NOT_REGISTERED = "Personen är inte folkbokförd i Sverige."

_ADDRESS_TYPE = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension"
_FOLKBOKFORING = "63381000052101"
_NUMBERS = (
    ("Personnummer", codes.PERSONNUMMER_SYSTEMS),
    ("Samordningsnummer", codes.SAMORDNINGSNUMMER_SYSTEMS),
    ("Reservnummer", codes.RESERVNUMMER_SYSTEMS),
)
_OTHER_NUMBER = "Id-nummer"
_NOT_HOME = ("old", "temp", "work", "billing")


@dataclass(frozen=True, slots=True)
class Content:
    """What the law wants an inskrivningsmeddelande to say of a person; empty where unknown.

    Args:
        name: as it is written.
        number: personnummer, or the number that stands in its place.
        number_name: what the number is called.
        address: folkbokföringsadress, or the statement why there is none.
    """

    name: str
    number: str
    number_name: str
    address: str


def content(patient: Json, now: datetime) -> Content:
    """Read what the notice says of a Patient (R56).

    A protected person's address is not sent; a statement takes its place (R118). Who has no
    personnummer is not folkbokförd, so there is no such address to send (R122).

    Args:
        patient: the Patient.
        now: an aware datetime; addresses that have ended by then don't count.
    """
    number_name, number = _number(patient)
    if is_protected(patient):
        address = PROTECTED
    elif found := _registered_address(patient, now):
        address = found
    else:
        address = "" if number_name in ("", _NUMBERS[0][0]) else NOT_REGISTERED
    return Content(name_of(patient), number, number_name, address)


def lacking(said: Content) -> Iterator[Issue]:
    """Refuse a notice that lacks what the law wants in it (R56; 2 kap. 2 §)."""
    wanted = (
        (said.name, "name", "the patient's name: add Patient.name"),
        (said.number, "identifier", "a personnummer or what stands in its place: add it"),
        (
            said.address,
            "address",
            "the folkbokföringsadress: add Patient.address, or label a protected person",
        ),
    )
    for value, element, missing in wanted:
        if not value:
            yield refusal(
                f"The inskrivningsmeddelande must hold {missing}.",
                f"Patient.{element}",
                codes.SAMVL_2_2,
            )


def concerns(stay: Json) -> Iterator[Issue]:
    """Refuse a stay that the law is not about: it is about sluten vård, at any age (R54)."""
    if text(child(stay, "class"), "code") != INPATIENT:
        yield refusal(
            "The discharge process is about patients in sluten vård: Encounter.class must be IMP.",
            "Encounter.class",
            codes.SAMVL_1_1,
        )


def recipients(
    found: Sequence[str], given: Sequence[str], needs: Collection[str], read: Read
) -> tuple[list[str], list[Issue]]:
    """Tell which units get the notice, and what stands against it (R54, R55; 2 kap. 1 §).

    Args:
        found: ``Organization/[id]`` of listing and municipality; kept where its huvudman's insatser
            are needed.
        given: those that the ward names; kept always.
        needs: huvudmän whose insatser are needed; empty for not said.
        read: gives current resources.

    Returns:
        References, each once, and issues: a unit that is neither the region's nor the
        municipality's may not be told (OSL 25 kap. 1 §); a huvudman whose insatser are needed and
        who would not hear of it.
    """
    whose = {each: _huvudman(each, read) for each in (*found, *given)}
    chosen = [
        each
        for each in dict.fromkeys((*found, *given))
        if each in given or _needed(whose[each], needs)
    ]
    issues = [*_strangers(chosen, given, whose), *_untold(chosen, needs, whose)]
    if not chosen and not issues:
        issues.append(
            refusal(
                "No unit is known that could get the inskrivningsmeddelande: give recipient, or "
                "the patient's listing (generalPractitioner) and municipality.",
                "recipient",
                codes.SAMVL_2_1,
            )
        )
    return chosen, issues


def of_region(organization: str, read: Read) -> bool:
    """Tell whether a unit is the region's: there the fast vårdkontakt is appointed (R60)."""
    return _huvudman(organization, read) == codes.REGION


def municipality_of(patient: Json, now: datetime) -> str:
    """Give the kommunkod of where a patient lives; empty where it is not known."""
    for address in _home_addresses(patient, now):
        coding = child(extension(address, codes.MUNICIPALITY), "valueCoding")
        if coding.get("system") == codes.KOMMUNKOD and text(coding, "code"):
            return text(coding, "code")
    return ""


def compulsory(law: str) -> Iterator[Issue]:
    """Say that a discharge from compulsory care has its own track (R67; 4 kap., not verified)."""
    if law:
        yield Issue(
            "information",
            "informational",
            "The patient is in compulsory psychiatric care: the discharge has a track of its own, "
            "and its plan is one of type SPLPTLRV.",
            "Encounter.extension",
            (codes.SAMVL_4_1.coding,),
        )


def _strangers(
    chosen: Sequence[str], given: Sequence[str], whose: dict[str, str]
) -> Iterator[Issue]:
    for each in chosen:
        at = f"recipient[{given.index(each)}]" if each in given else "Patient.generalPractitioner"
        if whose[each] == codes.ANNAN:
            yield refusal(
                "The unit belongs to neither region nor municipality, so it may not be told in "
                "this way. Leave it out; with consent it takes part in the SIP.",
                at,
                codes.OSL_25_1,
            )
        elif not whose[each]:
            yield warning(
                "The unit does not say whether it is the region's or the municipality's: add the "
                "extension huvudman to it, or to the Organization it is part of.",
                at,
                codes.SAMVL_2_1,
            )


def _untold(
    chosen: Sequence[str], needs: Collection[str], whose: dict[str, str]
) -> Iterator[Issue]:
    told = {whose[each] for each in chosen}
    for need in sorted(set(needs) - told):
        if "" not in told:
            yield refusal(
                f"Insatser by the {need} are needed, and no unit of the {need} would get the "
                "notice: give it as recipient.",
                "recipient",
                codes.SAMVL_2_1,
            )


def _needed(whose: str, needs: Collection[str]) -> bool:
    return not needs or not whose or whose in needs


def _huvudman(reference: str, read: Read) -> str:
    organization = read(reference)
    return huvudman(alone(organization) if organization is not None else None, read)


def _number(patient: Json) -> tuple[str, str]:
    identifiers = [each for _, each in items(patient, "identifier") if text(each, "value")]
    for name, systems in _NUMBERS:
        for each in identifiers:
            if each.get("system") in systems:
                return name, text(each, "value")
    return (_OTHER_NUMBER, text(identifiers[0], "value")) if identifiers else ("", "")


def _registered_address(patient: Json, now: datetime) -> str:
    """Give the folkbokföringsadress; where none is marked as that, the home address."""
    homes = _home_addresses(patient, now)
    marked = [each for each in homes if _FOLKBOKFORING in _official_type(each)]
    unmarked = [each for each in homes if not _official_type(each)]
    return next((spelled for each in (*marked, *unmarked) if (spelled := _spelled(each))), "")


def _official_type(address: Json) -> list[str]:
    concept = child(extension(address, _ADDRESS_TYPE), "valueCodeableConcept")
    return codings(concept, codes.SNOMED)


def _home_addresses(patient: Json, now: datetime) -> list[Json]:
    return [
        each
        for _, each in items(patient, "address")
        if each.get("use") not in _NOT_HOME and periods.read(each).covers(now)
    ]


def _spelled(address: Json) -> str:
    lines = address.get("line")
    parts = (
        [each.strip() for each in lines if isinstance(each, str)] if isinstance(lines, list) else []
    )
    place = " ".join(filter(None, (text(address, "postalCode"), text(address, "city"))))
    return ", ".join(filter(None, (*parts, place))) or text(address, "text")
