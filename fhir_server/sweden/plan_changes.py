"""What is changed from one version of a SIP to the next, in Swedish, line by line (R93).

Activities are told apart by their ids, goals by their references: what only moved is no change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items, target, text

_TEXTS = (
    (codes.WHAT_MATTERS, "Det som är viktigt för personen"),
    (codes.CRISIS_PLAN, "Det som gäller vid försämring"),
)
_HUVUDMEN = {codes.REGION: "regionen", codes.KOMMUN: "kommunen", codes.ANNAN: "annan"}


def changes(before: Json, after: Json, goals: Mapping[str, str]) -> Iterator[str]:
    """Give what is changed.

    Args:
        before: the CarePlan.
        after: the CarePlan that replaces it, or its next version.
        goals: the words of goals, by ``Goal/id``.
    """
    for name, words in (("title", "Titeln"), ("description", "Beskrivningen")):
        if text(before, name) != text(after, name):
            yield f"{words} är ändrad."
    for url, words in _TEXTS:
        if text(extension(before, url), "valueString") != text(
            extension(after, url), "valueString"
        ):
            yield f"{words} är ändrat."
    yield from _listed(_needs(before), _needs(after), "Nytt behov", "Behov som inte finns kvar")
    old, new = _goals(before), _goals(after)
    yield from (f"Nytt mål: {_words(goals, each)}" for each in new if each not in old)
    yield from (
        f"Mål som inte finns kvar: {_words(goals, each)}" for each in old if each not in new
    )
    yield from _activities(before, after)
    yield from _responsible(before, after)
    yield from _follow_up(before, after)
    yield from _participants(before, after)


def _activities(before: Json, after: Json) -> Iterator[str]:
    old = {_key(i, each): each for i, each in items(before, "activity")}
    new = {_key(i, each): each for i, each in items(after, "activity")}
    for key, activity in new.items():
        if key not in old:
            yield f"Ny insats ({_whose(activity)}): {_what(activity)}"
        elif parts := list(_differences(old[key], activity)):
            yield f"Ändrad insats: {_what(activity)} ({', '.join(parts)})"
    for key, activity in old.items():
        if key not in new:
            yield f"Insats som inte finns kvar ({_whose(activity)}): {_what(activity)}"


def _differences(before: Json, after: Json) -> Iterator[str]:
    if _whose(before) != _whose(after):
        yield f"ansvarar: {_whose(after)}"
    for name, words in (
        ("description", "texten"),
        ("code", "slaget"),
        ("performer", "utföraren"),
        ("scheduledPeriod", "tiden"),
        ("goal", "målen"),
        ("status", "läget"),
    ):
        if child(before, "detail").get(name) != child(after, "detail").get(name):
            yield words


def _responsible(before: Json, after: Json) -> Iterator[str]:
    old, new = (extension(each, codes.OVERALL_RESPONSIBLE) for each in (before, after))
    names = [text(extension(each, "huvudman"), "valueCode") for each in (old, new)]
    if names[0] != names[1]:
        yield f"Huvudansvar: {_HUVUDMEN.get(names[1], 'ingen utsedd')}"
    elif old != new:
        yield "Den som har huvudansvaret är ändrad."


def _follow_up(before: Json, after: Json) -> Iterator[str]:
    old, new = (extension(each, codes.FOLLOW_UP) for each in (before, after))
    days = [text(extension(each, "date"), "valueDate") for each in (old, new)]
    if days[0] != days[1]:
        yield f"Uppföljning: {days[1] or 'ingen dag bestämd'}"
    elif old != new:
        yield "Den som ansvarar för uppföljningen är ändrad."


def _participants(before: Json, after: Json) -> Iterator[str]:
    old, new = (_references(each, "contributor") for each in (before, after))
    if added := len(new - old):
        yield f"Nya deltagare: {added}"
    if gone := len(old - new):
        yield f"Deltagare som inte är med längre: {gone}"


def _listed(old: list[str], new: list[str], added: str, gone: str) -> Iterator[str]:
    yield from (f"{added}: {each}" for each in new if each not in old)
    yield from (f"{gone}: {each}" for each in old if each not in new)


def _needs(plan: Json) -> list[str]:
    found = (each for _, each in items(plan, "extension") if each.get("url") == codes.SIP_NEED)
    return [text(each, "valueString") for each in found]


def _goals(plan: Json) -> list[str]:
    return [target(each).literal for _, each in items(plan, "goal")]


def _references(plan: Json, name: str) -> set[str]:
    return {target(each).literal for _, each in items(plan, name)}


def _words(goals: Mapping[str, str], reference: str) -> str:
    return goals.get(reference, reference)


def _key(index: int, activity: Json) -> str:
    # One without an id is told by its place.
    return text(activity, "id") or f"#{index}"


def _whose(activity: Json) -> str:
    return _HUVUDMEN.get(text(extension(activity, codes.HUVUDMAN), "valueCode"), "okänd")


def _what(activity: Json) -> str:
    detail = child(activity, "detail")
    return text(detail, "description") or text(child(activity, "reference"), "display") or "insats"
