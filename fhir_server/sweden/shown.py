"""A plan, and what it refers to, with only what an actor may see of it.

R78, R94, R100, R110, R118. The consent names kinds of information (`sharing.py`); here is of which
kind each element is. What is of no kind may say anything, and is shown to who may see everything.
The plan and what it refers to are cut by the same rule, in whatever way they are given out: a
written copy, the patientkontrakt, an exchange.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fhir_server.sweden import audience, codes, sharing
from fhir_server.sweden.elements import Json, extension, target, text
from fhir_server.sweden.sharing import Disclosure

# What every reader of a plan may see: that it is one, whose, and who answers for it.
_FRAME = frozenset(
    "resourceType id meta language identifier partOf replaces status intent category title subject "
    "period created author".split()
)
_FRAME_EXTENSIONS = (codes.OVERALL_RESPONSIBLE, codes.LEGAL_BASIS, codes.APPROVED_FOR_PATIENT)
_CLASS_OF_ELEMENT = {
    "description": sharing.DESCRIPTION,
    "encounter": sharing.HEALTH,
    "addresses": sharing.HEALTH,
    "goal": sharing.GOALS,
    "contributor": sharing.CONTACTS,
    "careTeam": sharing.CONTACTS,
}
_CLASS_OF_EXTENSION = {
    codes.WHAT_MATTERS: sharing.DESCRIPTION,
    codes.SIP_NEED: sharing.NEEDS,
    codes.CRISIS_PLAN: sharing.HEALTH,
    # Most groups are named for an illness.
    codes.SIP_TARGET_GROUP: sharing.HEALTH,
    codes.SIP_INITIATOR: sharing.CONTACTS,
    codes.SIP_MEETING_LINK: sharing.CONTACTS,
    codes.COPY_GIVEN: sharing.CONTACTS,
    codes.FOLLOW_UP: sharing.FOLLOWING_UP,
    codes.PLAN_EVALUATION: sharing.FOLLOWING_UP,
    codes.PLAN_END: sharing.FOLLOWING_UP,
}
_CLASS_OF_DETAIL = {
    "goal": sharing.GOALS,
    "reasonCode": sharing.HEALTH,
    "reasonReference": sharing.HEALTH,
    "performer": sharing.CONTACTS,
}
# Of a goal: what it is, whose, and by when. How it went is follow-up, what it is for is health.
_OF_GOAL = frozenset(
    "resourceType id meta language identifier lifecycleStatus category priority description "
    "subject startDate startCodeableConcept target statusDate".split()
)
_CLASS_OF_GOAL_ELEMENT = {
    "addresses": sharing.HEALTH,
    "note": sharing.FOLLOWING_UP,
    "achievementStatus": sharing.FOLLOWING_UP,
    "statusReason": sharing.FOLLOWING_UP,
    "outcomeCode": sharing.FOLLOWING_UP,
    "outcomeReference": sharing.FOLLOWING_UP,
    "expressedBy": sharing.CONTACTS,
}
# Whose the plan is, without home and telephone: no kind of information is about those.
_OF_PERSON = ("resourceType", "id", "meta", "identifier", "name", "birthDate", "gender")
# Who a relative is; the person can't consent to that their data are told.
_OF_RELATIVE = ("resourceType", "id", "meta", "active", "patient", "relationship", "period")


def plan(whole: Json, granted: Disclosure) -> dict[str, Any]:
    """Give the plan with only what may be seen, tagged SUBSETTED where something is left out.

    An element of no kind (a note, the narrative, what is contained, links to other plans) may say
    anything, and is shown to who may see everything.

    Args:
        whole: a CarePlan; it is not changed.
        granted: from `sharing.disclosure`; where nothing is allowed, nothing but the mark is given.
    """
    if granted.whole:
        return dict(whole)
    seen: dict[str, Any] = {}
    if granted.allowed:
        for name, value in whole.items():
            kept = _kept(name, value, granted.classes)
            if kept not in (None, [], {}):
                seen[name] = kept
    if seen == whole:
        return seen
    return _marked({**seen, "resourceType": "CarePlan"})


def goal(whole: Json, classes: Collection[str]) -> dict[str, Any]:
    """Give a Goal with what is of the kinds that may be seen, marked where something is left out.

    Args:
        whole: a Goal that a plan names which the reader sees; it is not changed.
        classes: the kinds of information that the reader may see of that plan.
    """
    if set(classes) >= sharing.ALL_CLASSES:
        return dict(whole)
    return _only(
        whole,
        [
            name
            for name in whole
            if name.lstrip("_") in _OF_GOAL
            or _CLASS_OF_GOAL_ELEMENT.get(name.lstrip("_")) in classes
        ],
    )


def person(patient: Json) -> dict[str, Any]:
    """Give of a Patient whose plan it is, for an actor: without home, telephone and relatives."""
    return _only(patient, _OF_PERSON)


def relative(whole: Json, *also: str) -> dict[str, Any]:
    """Give of a RelatedPerson who that is, for an actor; no name where it is protected (R118).

    Args:
        whole: a RelatedPerson; it is not changed.
        also: elements that the actor needs besides, where the name is not protected.
    """
    named = () if audience.is_protected(whole) else ("name", *also)
    return _only(whole, (*_OF_RELATIVE, *named))


def _only(whole: Json, names: Collection[str]) -> dict[str, Any]:
    kept = {name: value for name, value in whole.items() if name in names}
    return kept if kept == whole else _marked(kept)


def _marked(cut: dict[str, Any]) -> dict[str, Any]:
    """Say that a resource is not whole, so that nobody takes it for that and sends it back."""
    meta = dict(cut.get("meta", {}))
    tags = meta.get("tag", [])
    meta["tag"] = tags if codes.SUBSETTED in tags else [*tags, codes.SUBSETTED]
    return {**cut, "meta": meta}


def _kept(name: str, value: Any, classes: frozenset[str]) -> Any:
    if name == "extension":
        return [each for each in value if _shows_extension(each, classes)]
    if name == "supportingInfo":
        # That it rests on a consent belongs to the frame; other plans do not.
        return [each for each in value if target(each).resource_type == "Consent"]
    if name == "activity":
        return [_activity(each, classes) for each in value if _activity_class(each) in classes]
    shows = name.lstrip("_") in _FRAME or _CLASS_OF_ELEMENT.get(name.lstrip("_")) in classes
    return value if shows else None


def _activity_class(activity: Json) -> str:
    """Give the kind of information that an activity is: by the huvudman who answers for it."""
    code = text(extension(activity, codes.HUVUDMAN), "valueCode")
    return sharing.CLASS_OF_HUVUDMAN.get(code, "")


def _activity(activity: Mapping[str, Any], classes: frozenset[str]) -> dict[str, Any]:
    """Give an activity without its results and goals, where those may not be seen."""
    kept = dict(activity)
    if sharing.FOLLOWING_UP not in classes:
        kept.pop("outcomeCodeableConcept", None)
        kept.pop("outcomeReference", None)
        kept.pop("progress", None)
    detail = dict(kept.get("detail", {}))
    for name, kind in _CLASS_OF_DETAIL.items():
        if kind not in classes:
            detail.pop(name, None)
    kept.pop("detail", None)
    return {**kept, "detail": detail} if detail else kept


def _shows_extension(found: Json, classes: frozenset[str]) -> bool:
    url = found.get("url")
    return url in _FRAME_EXTENSIONS or _CLASS_OF_EXTENSION.get(str(url)) in classes
