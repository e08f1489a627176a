"""The law on who may be a named contact: a named person in service, reachable, and qualified."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.periods import local_date
from fhir_server.sweden.rulings import issue, refusal, warning

# Prop. 2025/26:19: the patient is told who the contact is and how to reach them.
REACHABLE_REQUIRED_FROM = date(2026, 7, 1)

MEMBER = "CareTeam.participant[0].member"


def named_person(assignment: Assignment) -> Iterator[Issue]:
    """Demand a clearly identified, named person (R5, ct-3; prop. 2009/10:67 p. 61, PL 6 kap. 2 §).

    A reference that can't be followed names nobody this server can vouch for.
    """
    person = assignment.person
    if person.named and person.role_found:
        return
    if person.named:
        text = (
            "The contact is named without the unit they work for: point member at a "
            "PractitionerRole, which joins the person and the unit."
        )
    elif person.role_found:
        text = (
            "The contact is not a named person: the PractitionerRole must refer to a Practitioner "
            "on this server who has a name."
        )
    else:
        text = (
            "The contact is not a named person that this server knows: point member at a "
            "PractitionerRole on this server whose Practitioner has a name. A team, an "
            "organization or an identifier alone does not do."
        )
    yield refusal(text, MEMBER, paragraph_of(assignment))


def role_in_force(assignment: Assignment) -> Iterator[Issue]:
    """Demand a role that is active and inside its period (ct-3; R5, R48)."""
    person = assignment.person
    if not person.role_active or not person.practitioner_active:
        what = "PractitionerRole" if not person.role_active else "Practitioner"
        yield refusal(
            f"The contact's {what} is inactive. Choose a person in service, or correct the record.",
            MEMBER,
            paragraph_of(assignment),
        )
    elif not person.role_period.covers(assignment.moment):
        yield refusal(
            "The contact does not hold the role at the time of the assignment: it lies outside "
            "PractitionerRole.period. Choose another person, or correct the periods.",
            MEMBER,
            paragraph_of(assignment),
        )
    elif assignment.period.start and not person.role_period.covers(assignment.period.start):
        yield warning(
            "The assignment begins before the contact held the role (PractitionerRole.period). "
            "Make sure that the dates are right.",
            "CareTeam.period.start",
            paragraph_of(assignment),
        )


def way_to_reach(assignment: Assignment) -> Iterator[Issue]:
    """Demand a number or address of the contact, the role or the team (ct-8; R10, R43).

    An error from 2026-07-01, when the patient is to be told how to reach the contact
    (prop. 2025/26:19, PL 3 kap.; the final number of the paragraph is not verified), a warning
    before. What counts is the day the assignment is in force.
    """
    if assignment.reachable:
        return
    required = local_date(assignment.moment) >= REACHABLE_REQUIRED_FROM
    yield issue(
        "error" if required else "warning",
        "There is no way to reach the contact: give telecom on the CareTeam or on the "
        "PractitionerRole, or name a team with telecom that the contact is reached through.",
        "CareTeam.telecom",
        codes.PL_3_2,
    )


def unit_can_be_reached(assignment: Assignment) -> Iterator[Issue]:
    """Ask for a number or address of the unit, too (R10, ct-8).

    From 2026-07-01 the patient is told how to reach the contact and the vårdenhet (prop.
    2025/26:19). A warning and no refusal: the duty is to tell, and a unit may be told of without
    its record here saying how; a contact with a direct number is not stopped by it.
    """
    required = local_date(assignment.moment) >= REACHABLE_REQUIRED_FROM
    if required and assignment.unit_reachable is False:
        yield warning(
            "The patient is to be told how to reach the unit as well as the contact, and the unit "
            "has no telecom: add it to the Organization.",
            "CareTeam.managingOrganization[0]",
            codes.PL_3_2,
        )


def team_is_at_work(assignment: Assignment) -> Iterator[Issue]:
    """Warn where the contact is reached through a team that has ended (R40)."""
    if assignment.team_at_work is False:
        yield warning(
            "The team that the contact is reached through has ended. Name a team at work, or the "
            "contact's own number.",
            "CareTeam.participant[0].extension",
            codes.PL_3_2,
        )


def title_fits_profession(assignment: Assignment) -> Iterator[Issue]:
    """Warn where a local title names another profession than the contact's (R28).

    Only where something is known of the profession; a title alone is no proof of a mistake.
    """
    held = assignment.person.qualifications
    if not (held.licences or held.certificates):
        return
    for title in assignment.titles:
        nurses = title.endswith("sjukskoterska") and not held.nurse
        physicians = title == codes.PATIENT_RESPONSIBLE_PHYSICIAN and not held.licensed_physician
        if nurses or physicians:
            yield warning(
                f"The local title {title} is that of another profession than the contact's. "
                "Correct the title, or the person's qualifications.",
                "CareTeam.participant[0].role",
                paragraph_of(assignment),
            )


def medically_responsible_is_named(assignment: Assignment) -> Iterator[Issue]:
    """Warn where the medically responsible is nobody that can be shown (R26)."""
    responsible = assignment.medically_responsible
    if responsible is not None and not (responsible.named and responsible.role_found):
        yield warning(
            "The medically responsible is not a named person that this server knows: point the "
            "extension at a PractitionerRole whose Practitioner has a name.",
            "CareTeam.extension",
            paragraph_of(assignment),
        )


def fast_lakarkontakt_is_a_physician(assignment: Assignment) -> Iterator[Issue]:
    """Demand that the fast läkarkontakt is a licensed physician (R34, R35, ct-4; PL 6 kap. 3 §)."""
    if assignment.kind != codes.FAST_LAKARKONTAKT:
        return
    if not assignment.person.qualifications.licensed_physician:
        yield refusal(
            f"The fast läkarkontakt must be a licensed physician. {licence_hint(assignment)}",
            MEMBER,
            codes.PL_6_3,
        )


def fast_lakarkontakt_in_primary_care(assignment: Assignment) -> Iterator[Issue]:
    """Demand primary care of the fast läkarkontakt's unit (R35, ct-4; PL 6 kap. 3 §).

    Only where the unit says what it is: by its HSA verksamhetskod, or by being municipal, since
    municipal care has no physicians (HSL 12 kap. 3 §).
    """
    if assignment.kind != codes.FAST_LAKARKONTAKT:
        return
    if assignment.primary_care is False or assignment.huvudman == codes.KOMMUN:
        yield refusal(
            "The fast läkarkontakt works in primary care, and the unit does not: it is municipal, "
            "or has no verksamhetskod of primary care (15xx). Choose a physician of the patient's "
            "primary care unit.",
            "CareTeam.managingOrganization[0]",
            codes.PL_6_3,
        )


def omsorgskontakt_is_underskoterska(assignment: Assignment) -> Iterator[Issue]:
    """Demand a certified undersköterska in home care (R38, ct-7; SoL (2025:400) 10 kap. 7 §)."""
    if assignment.kind != codes.FAST_OMSORGSKONTAKT:
        return
    if not assignment.person.qualifications.underskoterska:
        yield refusal(
            "The fast omsorgskontakt must hold a certificate (bevis) for the title "
            "undersköterska: register it in Practitioner.qualification, inside its period.",
            MEMBER,
            codes.SOL_10_7,
        )
    if assignment.huvudman == codes.REGION:
        yield refusal(
            "A fast omsorgskontakt belongs to municipal home care, and the unit is the region's. "
            "Name the home care unit as managing organization.",
            "CareTeam.managingOrganization[0]",
            codes.SOL_10_7,
        )


def paragraph_of(assignment: Assignment) -> LawParagraph:
    """Give the paragraph that the assignment's type of contact rests on."""
    by_kind = {codes.FAST_LAKARKONTAKT: codes.PL_6_3, codes.FAST_OMSORGSKONTAKT: codes.SOL_10_7}
    return by_kind.get(assignment.kind, codes.PL_6_2)


def licence_hint(assignment: Assignment) -> str:
    """Say what is known about the missing licence, without naming the person."""
    if assignment.person.qualifications.unlicensed_physician:
        return "A physician in a position before the licence (204xxx) does not do."
    return "Practitioner.qualification has no licence LK (HOSP) in force for this person."
