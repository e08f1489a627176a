"""Entries for a unit's own: orders in which nothing of others lies between.

On a secured server a search is restricted to what one unit answers for or was sent
(`fhir_server.search.labels`). In the order of dates, names or changes, what others wrote lies
between what the unit may see: the larger the database, the more of it. So what people page through
is kept a second time, under names that have the unit in them, for each unit that sees it without
naming a person:

    Encounter.date^Organization/7           beside Encounter.date, its keys and its tokens
    Encounter._lastUpdated^Organization/7   the moment of its last change

No parameter's name has a ``^``, and it sorts behind all that is about one parameter
(`fhir_server.search.tokens`), so no client can search by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from fhir_server.search import tokens
from fhir_server.search.labels import Labels

MARK = "^"
# What is read by whom it was sent to, without the person being named first: it is how the unit
# learns of them.
SENT = frozenset(
    {"Appointment", "Communication", "CommunicationRequest", "Encounter", "ServiceRequest", "Task"}
)
UPDATED = "_lastUpdated"
# What a type's resources are looked through by; each costs every write an entry or two.
_BY_DATE = ("date",)
_BY = {
    "CarePlan": ("date", "follow-up"),
    "CareTeam": ("date", "review-date"),
    "Communication": ("sent",),
    "CommunicationRequest": ("authored",),
    "Condition": ("recorded-date",),
    "Goal": ("target-date",),
    "MedicationRequest": ("authoredon",),
    "Patient": ("name", "family", "given", "birthdate"),
    "QuestionnaireResponse": ("authored",),
    "ServiceRequest": ("authored",),
    "Task": ("authored-on", "deadline"),
}
# Stored with each write, and read by what it tells of.
_NOT_KEPT = frozenset({"AuditEvent", "Provenance"})
_ENDS = ("<", ">", "<month", "<year", "<long")


def kept(resource_type: str) -> frozenset[str]:
    """Give the `Parameter.name` of each that a unit's own are kept in the order of."""
    if resource_type in _NOT_KEPT:
        return frozenset()
    return _KEPT.get(resource_type) or _named(resource_type, _BY_DATE)


def _named(resource_type: str, codes: Sequence[str]) -> frozenset[str]:
    return frozenset(f"{resource_type}.{code}" for code in codes)


_KEPT = {resource_type: _named(resource_type, codes) for resource_type, codes in _BY.items()}


def named(name: str, unit: str) -> str:
    """Name the entries of a parameter that are a unit's own.

    Args:
        name: the parameter's `Parameter.name`.
        unit: ``Organization/[id]``.
    """
    return f"{name}{MARK}{unit}"


def parameter_of(name: str) -> str:
    """Give the `Parameter.name` that a name is of, a unit's or not."""
    return name.partition(MARK)[0]


def updated(resource_type: str, unit: str) -> str:
    """Name the entry of the last change of a unit's own."""
    return named(f"{resource_type}.{UPDATED}", unit)


def moment(microseconds: int) -> str:
    """Spell the moment of a change so that later ones sort later."""
    return f"{max(microseconds, 0):020d}"


def units_of(resource_type: str, labels: Labels) -> list[str]:
    """Give the units that see a resource without naming a person, where it is kept for them."""
    if resource_type in _NOT_KEPT:
        return []
    sent = labels.addressed if resource_type in SENT else ()
    found = dict.fromkeys((labels.owner, *sent))
    return [each for each in found if each.startswith("Organization/")]


@lru_cache(maxsize=256)
def _looked_for(resource_type: str) -> tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """Give the sort keys that are kept, each with its name and end, and how the tokens begin."""
    names = sorted(kept(resource_type))
    fields = [name.replace(".", ":") for name in names]
    starts = tuple(f"{name}{mark}" for name in names for mark in (tokens.TEXT, tokens.START))
    return tuple((field, end, f"{field}{end}") for field in fields for end in _ENDS), starts


def entries_of_units(
    reference: str,
    last_updated: int,
    labels: Labels,
    found: Sequence[str],
    keys: Mapping[str, str],
) -> tuple[list[str], dict[str, str]]:
    """Give the further tokens and sort keys of a resource.

    Args:
        reference: ``Type/id``.
        last_updated: microseconds since 1970.
        labels: whose it is.
        found: its tokens.
        keys: its sort keys.
    """
    resource_type = reference.partition("/")[0]
    units = units_of(resource_type, labels)
    if not units:
        return [], {}
    kept_keys, starts = _looked_for(resource_type)
    own = [(name, end, keys[key]) for name, end, key in kept_keys if key in keys]
    several = [token for token in found if token.startswith(starts)]
    more_tokens: list[str] = []
    more_keys: dict[str, str] = {}
    for unit in units:
        # A dot would divide the name of a field.
        mark = f"{MARK}{unit.replace('.', ':')}"
        more_keys |= {f"{name}{mark}{end}": value for name, end, value in own}
        changed = updated(resource_type, unit).replace(".", ":")
        more_keys[f"{changed}<"] = f"{moment(last_updated)} {reference}"
        for token in several:
            place = min(token.find(m) for m in (tokens.TEXT, tokens.START) if m in token)
            more_tokens.append(f"{token[:place]}{MARK}{unit}{token[place:]}")
    return more_tokens, more_keys
