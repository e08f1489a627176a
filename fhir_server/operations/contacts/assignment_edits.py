"""An assignment as it is to become: with an extension, ended, taken back, declined."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.periods import Period, bounds, read

Resource = dict[str, Any]


def with_extension(resource: Resource, *added: Resource) -> Resource:
    """Give a resource with extensions in the place of those of the same url."""
    urls = {each["url"] for each in added}
    kept = [each for each in resource.get("extension", []) if each["url"] not in urls]
    return {**resource, "extension": [*kept, *added]}


def coded(system: str, code: str, text: str = "") -> Resource:
    """Give a CodeableConcept."""
    concept: Resource = {"coding": [{"system": system, "code": code}]}
    return {**concept, "text": text} if text else concept


def parts(url: str, **values: Any) -> Resource:
    """Give a complex extension: ``at=("valueDateTime", …)``; a value of None leaves a part out."""
    return {
        "url": url,
        "extension": [
            {"url": name, key: value} for name, (key, value) in values.items() if value is not None
        ],
    }


def ended(team: Resource, end: str, reason: str, now: dt.datetime, *, words: str = "") -> Resource:
    """Give an assignment that ends; it stays active as long as the end lies ahead.

    Args:
        team: the CareTeam.
        end: ``period.end``.
        reason: of CodeSystem end-reason.
        now: an aware datetime.
        words: why, in somebody's words.
    """
    told = {
        "url": codes.END_REASON,
        "valueCodeableConcept": coded(codes.END_REASON_SYSTEM, reason, words),
    }
    period = {**team.get("period", {}), "end": end}
    return {
        **with_extension(team, told),
        "status": "inactive" if _is_over(end, now) else team["status"],
        "period": period,
        "participant": [_within(each, period) for each in team.get("participant", [])],
    }


def taken_back(team: Resource, reason: str) -> Resource:
    """Give an assignment that was planned and never begins.

    R4's CareTeam has no status for that; ``entered-in-error`` is the one that says that nobody was
    ever contact by it. The reason says the rest.
    """
    told = {
        "url": codes.END_REASON,
        "valueCodeableConcept": coded(codes.END_REASON_SYSTEM, reason),
    }
    return {**with_extension(team, told), "status": "entered-in-error"}


def noted(team: Resource, note: str | None) -> Resource:
    """Give an assignment with one more note for the patient and other caregivers."""
    return {**team, "note": [*team.get("note", []), {"text": note}]} if note else team


def _is_over(end: str, now: dt.datetime) -> bool:
    """Tell whether an end has come: a moment when it comes, a day when it is over."""
    named = bounds(end)
    return named is not None and (named[0] if "T" in end else named[1]) <= now


def _within(participant: Resource, period: Resource) -> Resource:
    """Cut the deputies' periods to that of the assignment; leave out who would come after it."""
    extensions = participant.get("extension")
    if not extensions:
        return participant
    kept = [cut for each in extensions if (cut := _cut(each, period)) is not None]
    rest = {key: value for key, value in participant.items() if key != "extension"}
    return {"extension": kept, **rest} if kept else rest


def _cut(extension: Resource, period: Resource) -> Resource | None:
    if extension.get("url") != codes.DEPUTY:
        return extension
    stands_in = next((e for e in extension["extension"] if e["url"] == "period"), None)
    if stands_in is None:
        return extension
    own: Resource = stands_in["valuePeriod"]
    whole = read({"period": period})
    if not read({"period": own}).overlaps(whole):
        return None
    if not _later(own, whole):
        return extension
    others = [e for e in extension["extension"] if e["url"] != "period"]
    cut = {"url": "period", "valuePeriod": {**own, "end": period["end"]}}
    return {**extension, "extension": [*others, cut]}


def _later(own: Resource, whole: Period) -> bool:
    end = bounds(own.get("end"))
    return end is not None and whole.end is not None and end[1] > whole.end
