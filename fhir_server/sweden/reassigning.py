"""One contact's assignments moved to others: the old ends exactly where the new begins (R46-R48).

Pure: what the CareTeams become. The law on them is checked where every write is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_server.sweden import codes, deputies, periods
from fhir_server.sweden.boundaries import end_text
from fhir_server.sweden.elements import target
from fhir_server.sweden.periods import Period

Resource = dict[str, Any]

# What is about the patient and the need stays; what is about the person, or about how it came to
# this assignment (who was told, what was decided, when the need was found), does not.
KEPT_EXTENSIONS = frozenset(
    {
        codes.APPOINTMENT_BASIS,
        codes.MEDICALLY_RESPONSIBLE,
        codes.REVIEW_DATE,
        codes.INTERNAL_NOTE,
        codes.structure("contact-task"),
        codes.structure("role-description"),
        codes.structure("legal-basis"),
        codes.structure("coordination-reason"),
        codes.structure("care-process"),
    }
)
_KEPT = (
    "category", "name", "subject", "reasonCode", "reasonReference", "note", "language",
)  # fmt: skip
_KEPT_META = ("profile", "security", "tag")


@dataclass(frozen=True, slots=True)
class Move:
    """How assignments are moved.

    Args:
        start: when the new contacts begin, as the client spelled it.
        begins: the same as a moment.
        now: an aware datetime.
        reason: why the old ones end, of CodeSystem end-reason.
        appointed_by: the Reference to who appoints the new contacts; None for not said.
        decision: the parts of extension change-decision; empty for none.
        handover: the parts of extension handover; empty for none.
    """

    start: str
    begins: datetime
    now: datetime
    reason: str
    appointed_by: Resource | None = None
    decision: Sequence[Resource] = ()
    handover: Sequence[Resource] = ()


def has_begun(care_team: Resource, begins: datetime) -> bool:
    """Tell whether somebody is contact before a moment, so that the assignment is to end."""
    start = periods.read(care_team).start
    return start is None or start < begins


def is_over(care_team: Resource, begins: datetime) -> bool:
    """Tell whether an assignment ends before a moment anyway."""
    return periods.read(care_team).ended(begins)


def spread(assignments: Sequence[Resource], to: Sequence[Resource]) -> list[Resource]:
    """Give who takes over each assignment: one after the other, so that none gets two more.

    Args:
        assignments: CareTeams.
        to: references to the new contacts.
    """
    return [to[number % len(to)] for number in range(len(assignments))]


def ended(care_team: Resource, move: Move) -> Resource:
    """Give the old assignment as it ends where the new one begins (R48).

    One that goes on for a while stays active until then, with its end and reason.
    """
    reason = {"coding": [{"system": codes.END_REASON_SYSTEM, "code": move.reason}]}
    extensions: list[Resource] = [{"url": codes.END_REASON, "valueCodeableConcept": reason}]
    if move.decision:
        extensions.append({"url": codes.CHANGE_DECISION, "extension": list(move.decision)})
    replaced = {each["url"] for each in extensions}
    kept = [e for e in care_team.get("extension", []) if e.get("url") not in replaced]
    over = move.begins <= move.now
    until = Period(periods.read(care_team).start, move.begins)
    return deputies.cut_to(care_team, until) | {
        "extension": [*kept, *extensions],
        "status": "inactive" if over else care_team["status"],
        "period": {**care_team.get("period", {}), "end": end_text(move.begins)},
    }


def successor(care_team: Resource, to: Resource, unit: Resource | None, move: Move) -> Resource:
    """Give the assignment of the new contact (R46-R48).

    Args:
        care_team: the one before.
        to: the Reference to the new contact.
        unit: the Reference to the unit of the new contact, where it is another than the one that
            answered before; None for the same.
        move: how.
    """
    kept = [e for e in care_team.get("extension", []) if e.get("url") in KEPT_EXTENSIONS]
    before = {"reference": f"CareTeam/{care_team['id']}"}
    found = {
        "resourceType": "CareTeam",
        "meta": {k: v for k, v in care_team.get("meta", {}).items() if k in _KEPT_META},
        **{name: care_team[name] for name in _KEPT if name in care_team},
        "extension": [
            *_appointed(move),
            *kept,
            {"url": codes.REPLACES_CONTACT, "valueReference": before},
            *_handed_over(move),
        ],
        "status": "active",
        "period": {**care_team.get("period", {}), "start": move.start},
        "participant": [_participant(care_team, to, keeps_team=unit is None)],
        "managingOrganization": [unit] if unit else care_team.get("managingOrganization"),
    }
    return {name: value for name, value in found.items() if value}


def taken_over(care_team: Resource, to: Resource, unit: Resource | None, move: Move) -> Resource:
    """Give an assignment that had not begun with another contact: nobody has held it yet."""
    own = (codes.APPOINTED_BY,) if _appointed(move) else ()
    extensions = [e for e in care_team.get("extension", []) if e.get("url") not in own]
    found = care_team | {
        "extension": [*_appointed(move), *extensions],
        "participant": [_participant(care_team, to, keeps_team=unit is None)],
        "managingOrganization": [unit] if unit else care_team.get("managingOrganization"),
        "telecom": None,
    }
    return {name: value for name, value in found.items() if value}


def unit_of(role: Resource, before: Resource | None) -> Resource | None:
    """Give the new contact's unit where the contact before was not of it."""
    unit: Resource | None = role.get("organization")
    old = (before or {}).get("organization")
    if unit is None or (old and target(unit).same(target(old))):
        return None
    return unit


def _participant(care_team: Resource, to: Resource, *, keeps_team: bool) -> Resource:
    first = care_team["participant"][0]
    extensions = [
        each
        for each in first.get("extension", [])
        if each.get("url") == codes.CONTACT_VIA_TEAM and keeps_team
    ]
    found = {"extension": extensions, "role": first.get("role"), "member": to}
    return {name: value for name, value in found.items() if value}


def _appointed(move: Move) -> list[Resource]:
    if move.appointed_by is None:
        return []
    parts = [
        {"url": "by", "valueReference": move.appointed_by},
        {"url": "at", "valueDateTime": periods.local_date(move.now).isoformat()},
    ]
    return [{"url": codes.APPOINTED_BY, "extension": parts}]


def _handed_over(move: Move) -> list[Resource]:
    return [{"url": codes.HANDOVER, "extension": list(move.handover)}] if move.handover else []
