"""Which of two versions of a unit follows the other, or neither: what two servers know of a plan.

Each unit carries the names of all its revisions. A revision is named by its content and the one
before it, so that no clock and no common counter is needed: who has the other's last revision among
its own earlier ones is the newer. Where neither has, both changed it: the one wins whose unit it is
(R76: each huvudman answers for its own insatser), on both servers the same, and what lost is kept.
The law: HSL 16 kap. 4 §, SoL 10 kap. 8 §. Pure. docs/adr/0013-exchange-by-unit.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.sweden.plan_units import overlaid


@dataclass(frozen=True, slots=True)
class Revision:
    """What is known about where a unit comes from.

    Args:
        names: every revision of it, the one in force last.
        at: when that was made, as FHIR writes an instant.
        origin: address of the server where it was made.
        by: reference to the Organization that made it; empty where nobody said.
        removed: whether the unit is gone.
        overruled: revisions that were set aside for another.
        partial: whether the holder sees only a part of what the unit says.
    """

    names: tuple[str, ...]
    at: str = ""
    origin: str = ""
    by: str = ""
    removed: bool = False
    overruled: tuple[str, ...] = ()
    partial: bool = False

    @property
    def head(self) -> str:
        """Name of the revision in force."""
        return self.names[-1]


@dataclass(frozen=True, slots=True)
class Held:
    """A unit as one side has it: what it says, None for a removed one, and where from."""

    value: Any
    revision: Revision


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two versions of a unit of which neither follows the other, or one that was not its maker's.

    Args:
        unit: its name.
        kept: ``own`` or ``received``: which one stands in the plan.
        aside: the other.
        foreign: whether the other was set aside for who made it alone.
    """

    unit: str
    kept: str
    aside: Held
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """A unit after both sides met."""

    held: Held
    conflict: Conflict | None = None


May = Callable[[str, Any, Revision], bool]
"""Tells whether who made a revision of a unit answers for it."""


def followed(
    known: Mapping[str, Revision],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    stamp: Revision,
) -> dict[str, Revision]:
    """Give the revisions after a version was stored, from those before it.

    Args:
        known: the revisions of ``before``, of removed units too.
        before: what the units said.
        after: what they say.
        stamp: when, where and by whom; its ``names`` are not looked at.
    """
    result = dict(known)
    for unit in (*before, *(each for each in after if each not in before)):
        if unit in known and _text(before.get(unit)) == _text(after.get(unit)):
            continue
        names = known[unit].names if unit in known else ()
        partial = unit in known and known[unit].partial
        overruled = known[unit].overruled if unit in known else ()
        result[unit] = replace(
            stamp,
            names=(*names, _name(names, after.get(unit))),
            removed=unit not in after,
            overruled=overruled,
            partial=partial,
        )
    return result


def merged(unit: str, mine: Held | None, theirs: Held | None, may: May) -> Merged:
    """Bring two versions of a unit together; the same on both sides, whoever receives.

    Args:
        unit: its name.
        mine: as this server has it; None where it never had it.
        theirs: as it came; None where nothing came about it.
        may: who answers for what.
    """
    if theirs is None or mine is None:
        held = mine or theirs
        assert held is not None  # noqa: S101 - one side has it, or it would not be asked about
        return Merged(held)
    ours, other = mine.revision, theirs.revision
    if other.head in ours.names:
        # The same revision, of which more may be seen now than before.
        shows_more = ours.head == other.head and ours.partial and not other.partial
        return Merged(theirs if shows_more else mine)
    if other.partial and not ours.partial:
        theirs = Held(overlaid(mine.value, theirs.value), replace(other, partial=False))
    if ours.head in other.names:
        return _newer(unit, mine, theirs, may)
    if _same(mine, theirs):
        return Merged(_together(mine, theirs))
    return _settled(unit, mine, theirs, _theirs_wins(unit, mine, theirs, may))


def _newer(unit: str, mine: Held, theirs: Held, may: May) -> Merged:
    """Take what follows ours, unless it changes an insats that another answers for (R76)."""
    if _same(mine, theirs):
        return Merged(theirs)
    if mine.revision.head in theirs.revision.overruled:
        return Merged(theirs, Conflict(unit, "received", mine))
    if unit.startswith("activity:") and not may(unit, mine.value, theirs.revision):
        return _settled(unit, mine, theirs, False, foreign=True)
    return Merged(theirs)


def _theirs_wins(unit: str, mine: Held, theirs: Held, may: May) -> bool:
    if unit.startswith("Consent:") and _withdrawn(mine.value) != _withdrawn(theirs.value):
        # A no counts from the moment it is known (R78).
        return _withdrawn(theirs.value)
    known = mine.value if mine.value is not None else theirs.value
    ours, others = may(unit, known, mine.revision), may(unit, known, theirs.revision)
    if ours != others:
        return others
    return _order(theirs.revision.head) > _order(mine.revision.head)


def _withdrawn(consent: Any) -> bool:
    if not isinstance(consent, Mapping):
        return True
    provision = consent.get("provision") or {}
    return consent.get("status") != "active" or provision.get("type") == "deny"


def _settled(
    unit: str, mine: Held, theirs: Held, theirs_wins: bool, *, foreign: bool = False
) -> Merged:
    winner, loser = (theirs, mine) if theirs_wins else (mine, theirs)
    heads = sorted((mine.revision.head, theirs.revision.head), key=_order)
    names = _union(mine, theirs)
    made = _name((*heads,), winner.revision.head)
    overruled = {*mine.revision.overruled, *theirs.revision.overruled, loser.revision.head}
    revision = replace(
        winner.revision,
        names=(*names, made),
        overruled=tuple(sorted(overruled - {winner.revision.head}, key=_order)),
    )
    kept = "received" if theirs_wins else "own"
    return Merged(Held(winner.value, revision), Conflict(unit, kept, loser, foreign))


def _together(mine: Held, theirs: Held) -> Held:
    """Let two revisions that say the same be one, under the same name on both sides."""
    heads = sorted((mine.revision.head, theirs.revision.head), key=_order)
    holder = mine if mine.revision.head == heads[-1] else theirs
    names = (*_union(mine, theirs), _name((*heads,), "alike"))
    overruled = {*mine.revision.overruled, *theirs.revision.overruled}
    kept = tuple(sorted(overruled, key=_order))
    partial = mine.revision.partial and theirs.revision.partial
    known = replace(holder.revision, names=names, overruled=kept, partial=partial)
    return Held(mine.value, known)


def _union(mine: Held, theirs: Held) -> tuple[str, ...]:
    return tuple(sorted({*mine.revision.names, *theirs.revision.names}, key=_order))


def _same(mine: Held, theirs: Held) -> bool:
    return _text(mine.value) == _text(theirs.value)


def _text(content: Any) -> str:
    # Decimals keep the text they came with, and are compared by it.
    return json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)


def _order(name: str) -> tuple[int, str]:
    number, _, rest = name.partition("-")
    return int(number) if number.isdecimal() else 0, rest


def _name(before: tuple[str, ...], content: Any) -> str:
    """Name a revision: how many came before it, and what it and the last of them say."""
    text = _text([before[-2:], content])
    number = max((_order(each)[0] for each in before), default=0) + 1
    return f"{number}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
