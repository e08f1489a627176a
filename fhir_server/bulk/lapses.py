"""Plans whose consent has run out, ended: docs/adr/0012-consequences-of-a-write.md.

A write that takes a consent away ends the plans that rest on it in the same transaction. Time is no
write: who may see a plan is computed when it is asked for, and the plan's status is set here (R78).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fhir_server.interactions.consequences import store_lapsed
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Args:
        people: how many people with an active SIP were looked at.
        changed: ``Type/id`` of what was changed.
    """

    people: int
    changed: tuple[str, ...]


def end_lapsed(context: Context, now: dt.datetime) -> Outcome:
    """End every active SIP whose consent has run out, and call off what was called for it.

    Each person's in a transaction of its own: what is done stays done when this is interrupted, and
    a second run finds the rest.

    Args:
        context: of the server.
        now: an aware datetime.

    Raises:
        StoreUnavailable: the database does not answer, or other writers leave no gap.
    """
    finder = Finder(context.server, context.store)
    people = sorted(set(context.server.write_rules.may_lapse(finder)))
    stored = [each for person in people for each in store_lapsed(context, person, now)]
    return Outcome(len(people), tuple(each.change.new.reference for each in stored))
