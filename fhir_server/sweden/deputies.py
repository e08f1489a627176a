"""Who stands in for a named contact: deputies set, shortened and removed in a CareTeam (R45).

What is made here is judged where every write of a CareTeam is judged (`fast_vardkontakt.deputies`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.sweden import codes, periods
from fhir_server.sweden.boundaries import spelled
from fhir_server.sweden.elements import child, extension, target
from fhir_server.sweden.periods import Period
from fhir_server.sweden.stretches import of, without

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A deputy as somebody wants it.

    Args:
        deputy: the Reference to the PractitionerRole.
        period: when; open for as long as the assignment.
        spelling: the period as the client wrote it; None for one without bounds.
        telecom: how to reach the deputy.
        replace: whether other deputies yield within the period.
    """

    deputy: Resource
    period: Period
    spelling: Resource | None = None
    telecom: tuple[Resource, ...] = ()
    replace: bool = False


def with_deputy(care_team: Resource, wish: Wish) -> Resource:
    """Give the assignment with a deputy.

    A period of the same person that meets the new one gives way to it, so that a deputyship is
    made longer or shorter by saying it anew; with ``replace`` the periods of others end where the
    new one begins, and go on where it ends.
    """

    def kept(each: Resource) -> Iterator[Resource]:
        if is_of(each, wish.deputy):
            if not period_of(each).overlaps(wish.period):
                yield each
        elif wish.replace:
            yield from _outside(each, wish.period)
        else:
            yield each

    changed = _changed(care_team, kept)
    participant = changed["participant"][0]
    participant["extension"] = [*participant.get("extension", []), _extension(wish)]
    return changed


def without_deputy(care_team: Resource, deputy: Resource, period: Period) -> Resource:
    """Give the assignment without a deputy within a period."""

    def kept(each: Resource) -> Iterator[Resource]:
        if is_of(each, deputy):
            yield from _outside(each, period)
        else:
            yield each

    return _changed(care_team, kept)


def cut_to(care_team: Resource, period: Period) -> Resource:
    """Give the assignment with deputies inside a period only, as when the assignment ends."""

    def kept(each: Resource) -> Iterator[Resource]:
        own = period_of(each)
        if own.within(period) or own == Period():
            yield each
        else:
            inside = periods.common(own, period)
            if inside is not None:
                yield _moved(each, inside)

    return _changed(care_team, kept)


def deputies_of(care_team: Resource) -> list[Resource]:
    """Give the extensions that name deputies."""
    participants = care_team.get("participant", [])
    found = participants[0].get("extension", []) if participants else []
    return [each for each in found if each.get("url") == codes.DEPUTY]


def is_of(deputy: Resource, person: Resource) -> bool:
    """Tell whether a deputy extension names a person, by the same role."""
    return target(child(extension(deputy, "member"), "valueReference")).same(target(person))


def period_of(deputy: Resource) -> Period:
    """Give when a deputy stands in."""
    return periods.read(extension(deputy, "period"), "valuePeriod")


def _changed(care_team: Resource, kept: Callable[[Resource], Iterator[Resource]]) -> Resource:
    first, *others = care_team["participant"]
    extensions = [
        new
        for each in first.get("extension", [])
        for new in (kept(each) if each.get("url") == codes.DEPUTY else [each])
    ]
    participant = {name: value for name, value in first.items() if name != "extension"}
    if extensions:
        participant["extension"] = extensions
    return care_team | {"participant": [participant, *others]}


def _outside(deputy: Resource, period: Period) -> Iterator[Resource]:
    own = period_of(deputy)
    if not own.overlaps(period):
        yield deputy
        return
    for start, end in without(of(own), of(period)):
        yield _moved(deputy, _bounded(start, end, own))


def _bounded(start: Any, end: Any, own: Period) -> Period:
    """Give a stretch as a period, open where it is as open as what it was cut from."""
    whole = of(own)[0]
    return Period(
        None if own.start is None and start == whole[0] else start,
        None if own.end is None and end == whole[1] else end,
    )


def _moved(deputy: Resource, period: Period) -> Resource:
    others = [part for part in deputy["extension"] if part.get("url") != "period"]
    return deputy | {"extension": [*others, {"url": "period", "valuePeriod": spelled(period)}]}


def _extension(wish: Wish) -> Resource:
    parts: list[Resource] = [{"url": "member", "valueReference": wish.deputy}]
    if wish.spelling:
        parts.append({"url": "period", "valuePeriod": wish.spelling})
    parts += [{"url": "telecom", "valueContactPoint": telecom} for telecom in wish.telecom]
    return {"url": codes.DEPUTY, "extension": parts}
