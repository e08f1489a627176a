"""What guidance, not law, says about an assignment that has just been made.

Socialstyrelsen's guidance (2017), national goals and the unit's own agreements. Nothing here
refuses: it is for the operations, which ask after the write; a plain write of a CareTeam is not
bothered with it. Each names its requirement, and the paragraph it serves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.caseload import Level, Threshold, assess
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.contact_person import MEMBER

# Prop. 2021/22:72: at most two changes of utförare within a year.
CHANGES_A_YEAR = 2

_UNIT = "CareTeam.managingOrganization[0]"
_EXTENSION = "CareTeam.extension"
# HOSP: arbetsterapeut, fysioterapeut.
_REHABILITATION = ("AT", "FT")


@dataclass(frozen=True, slots=True)
class Situation:
    """What the guidance looks at beside the assignment.

    Args:
        assignment: as it is stored.
        others: the patient's other contacts in force in its time.
        course: of the illness, from CodeSystem care-course; empty where not said.
        cancer: whether a reason or a condition of the patient's says so.
        care_forms: how the patient lives and is enrolled, from CodeSystem care-form.
        coordination_reason: whether there is one (R32).
        wish_open: whether a wish is noted, and not whether it was met (R6).
        told: whether anybody was told who the contact is (R10).
        head_unknown: whether somebody appointed who is not known as verksamhetschef (R3).
        patients: how many the contact has, this one included, of those that the threshold counts.
        agreed: the unit's threshold; None for none.
        changes: changes of utförare within a year, this one included (R37).
        no_physician_routine: whether MAS and MAR were looked for, and not found (R42).
        no_sip_support: whether a SIP-stödjare was looked for, and not found (R41).
    """

    assignment: Assignment
    others: Sequence[Assignment] = ()
    course: str = ""
    cancer: bool = False
    care_forms: frozenset[str] = frozenset()
    coordination_reason: bool = False
    wish_open: bool = False
    told: bool = False
    head_unknown: bool = False
    patients: int = 0
    agreed: Threshold | None = None
    changes: int = 0
    no_physician_routine: bool = False
    no_sip_support: bool = False

    @property
    def contacts(self) -> list[Assignment]:
        """The assignment and the others."""
        return [self.assignment, *self.others]

    @property
    def physician_among_contacts(self) -> bool:
        """Whether a reader of the contacts sees a licensed physician."""
        return any(each.person.qualifications.licensed_physician for each in self.contacts)


def advise(situation: Situation) -> list[Issue]:
    """List what the guidance says; warnings first."""
    issues = [issue for rule in _RULES for issue in rule(situation)]
    return sorted(issues, key=lambda issue: issue.severity != "warning")


def profession_suits_course(situation: Situation) -> Iterator[Issue]:
    """R18: a physician in an unstable course, a nurse in a stable one, AT or FT for rehab."""
    if situation.assignment.kind not in codes.VARDKONTAKTER:
        return
    held = situation.assignment.person.qualifications
    suits = {
        codes.UNSTABLE: (held.licensed_physician, "a physician"),
        codes.STABLE: (held.nurse, "a nurse, best with specialist training,"),
        codes.REHABILITATION: (
            not held.licences.isdisjoint(_REHABILITATION),
            "an occupational therapist or physiotherapist",
        ),
    }
    fits, who = suits.get(situation.course, (True, ""))
    if not fits:
        yield _advice(
            f"With the course given ({situation.course}), {who} is often the better contact.",
            MEMBER,
            codes.HSF_4_1,
        )


def municipal_contact(situation: Situation) -> Iterator[Issue]:
    """R23: in särskilt boende or hemsjukvård the municipality has a contact, too."""
    if not situation.care_forms & {codes.SABO, codes.HEMSJUKVARD}:
        return
    municipal = [
        each
        for each in situation.contacts
        if each.huvudman == codes.KOMMUN and each.kind in codes.VARDKONTAKTER
    ]
    if not municipal:
        yield _advice(
            "The patient lives in särskilt boende or is enrolled in hemsjukvård: the municipality "
            "appoints a fast vårdkontakt as well.",
            _UNIT,
            codes.PL_6_2,
        )
    if situation.assignment in municipal:
        yield from _municipal_profession(situation)


def _municipal_profession(situation: Situation) -> Iterator[Issue]:
    held = situation.assignment.person.qualifications
    if codes.SABO in situation.care_forms:
        if not held.nurse:
            yield _advice(
                "In särskilt boende the contact is best the nurse who is responsible there.",
                MEMBER,
                codes.HSF_4_1,
            )
    elif not held.distriktsskoterska:
        yield _advice(
            "For a patient in hemsjukvård the contact is best a distriktssköterska (befattning "
            "206011).",
            MEMBER,
            codes.HSF_4_1,
        )


def omsorgskontakt_offered(situation: Situation) -> Iterator[Issue]:
    """R38: everyone with hemtjänst is offered a fast omsorgskontakt."""
    has = any(each.kind == codes.FAST_OMSORGSKONTAKT for each in situation.contacts)
    if codes.HEMTJANST in situation.care_forms and not has:
        yield _advice(
            "The patient has hemtjänst and no fast omsorgskontakt: offer one, unless it is "
            "obviously unnecessary.",
            "CareTeam.subject",
            codes.SOL_10_7,
            severity="information",
        )


def medically_responsible_shown(situation: Situation) -> Iterator[Issue]:
    """R26: where the contact is no physician, the medically responsible is shown."""
    if situation.assignment.kind not in codes.VARDKONTAKTER or situation.physician_among_contacts:
        return
    if situation.assignment.medically_responsible is None:
        yield _advice(
            "The contact is no physician, and no physician is named: say who is medically "
            "responsible (medicallyResponsible), so that patient and staff see it.",
            _EXTENSION,
            codes.PL_6_2,
            severity="information",
        )


def routine_to_reach_physician(situation: Situation) -> Iterator[Issue]:
    """R42: in the municipality MAS and MAR answer for routines to reach a physician."""
    if situation.no_physician_routine:
        yield _advice(
            "No physician is named, and no MAS or MAR is registered at the municipal unit or above "
            "it (PractitionerRole.code staff-function mas, mar): they answer for the routines to "
            "reach one.",
            _UNIT,
            codes.HSF_4_6,
            severity="information",
        )


def sip_support(situation: Situation) -> Iterator[Issue]:
    """R41: each unit has a SIP-stödjare, who helps the contact to call a SIP meeting."""
    if situation.no_sip_support:
        yield _advice(
            "The unit has no SIP-stödjare registered (PractitionerRole.code staff-function "
            "sip-stodjare); the contact may have to call a SIP meeting after discharge.",
            _UNIT,
            codes.SAMVL_4_1,
            severity="information",
        )


def kontaktsjukskoterska_for_cancer(situation: Situation) -> Iterator[Issue]:
    """R29: cancer patients always have a kontaktsjuksköterska (national goal)."""
    has = any(codes.KONTAKTSJUKSKOTERSKA in each.titles for each in situation.contacts)
    if situation.cancer and not has:
        yield _advice(
            "The patient has cancer and no kontaktsjuksköterska among the contacts: every cancer "
            "patient is to have one. Give her the local title kontaktsjukskoterska.",
            "CareTeam.participant[0].role",
            codes.PL_6_2,
        )


def workload(situation: Situation) -> Iterator[Issue]:
    """R49, R51: near or over what the unit agreed on; nothing is refused."""
    level = assess(situation.patients, situation.agreed)
    if situation.agreed is None or level not in (Level.NEAR, Level.OVER, Level.SPARSE):
        return
    stands = (
        f"The contact has {situation.patients} patients with this one; the unit agreed on "
        f"{situation.agreed.patients}."
    )
    advice = {
        Level.NEAR: " Look at the workload before more are assigned.",
        Level.OVER: " Choose another contact, or let verksamhetschef and contact agree anew.",
        Level.SPARSE: " In a sparsely populated area that is no sign of overload by itself.",
    }[level]
    severity: Severity = "information" if level is Level.SPARSE else "warning"
    yield _advice(stands + advice, MEMBER, codes.HSF_4_1, severity=severity)


def changes_of_listing(situation: Situation) -> Iterator[Issue]:
    """R37: two changes of utförare a year; more need a reason."""
    if situation.changes > CHANGES_A_YEAR:
        yield _advice(
            f"The patient changes utförare for the {situation.changes}th time within a year; the "
            f"listing service allows {CHANGES_A_YEAR}. Make sure that there is a special reason.",
            _UNIT,
            codes.PL_6_3,
        )


def coordination_explained(situation: Situation) -> Iterator[Issue]:
    """R32: overall coordination goes with the main illness, or with where the patient stays."""
    coordinates = situation.assignment.kind == codes.SAMORDNANDE_VARDKONTAKT
    if coordinates and not situation.coordination_reason:
        yield _advice(
            "Say why this contact has the overall coordination (coordinationReason): where the "
            "main illness is treated, or where the patient mostly stays.",
            _EXTENSION,
            codes.PL_6_2,
            severity="information",
        )


def appointed_by_head(situation: Situation) -> Iterator[Issue]:
    """R3: the verksamhetschef appoints."""
    if situation.head_unknown:
        yield _advice(
            "Who appointed the contact is not known here as verksamhetschef: code the function in "
            "PractitionerRole.code (staff-function), or name the unit.",
            _EXTENSION,
            codes.HSF_4_1,
            severity="information",
        )


def wish_followed_up(situation: Situation) -> Iterator[Issue]:
    """R6: whether the patient's wish was met is part of it."""
    if situation.wish_open:
        yield _advice(
            "The patient's wish is noted, and not whether it was met (preference.met).",
            _EXTENSION,
            codes.PL_6_2,
            severity="information",
        )


def patient_told(situation: Situation) -> Iterator[Issue]:
    """R10: the patient is told who it is, and how to reach contact and unit."""
    if not situation.told:
        yield _advice(
            "Tell the patient who the contact is and how to reach contact and unit, and record it "
            "(informed, or later $record-information).",
            _EXTENSION,
            codes.PL_3_2,
            severity="information",
        )


def _advice(
    text: str, expression: str, paragraph: LawParagraph, *, severity: Severity = "warning"
) -> Issue:
    return Issue(severity, "informational", text, expression, (paragraph.coding,))


_RULES = (
    profession_suits_course,
    municipal_contact,
    kontaktsjukskoterska_for_cancer,
    workload,
    changes_of_listing,
    patient_told,
    medically_responsible_shown,
    routine_to_reach_physician,
    sip_support,
    omsorgskontakt_offered,
    coordination_explained,
    appointed_by_head,
    wish_followed_up,
)
