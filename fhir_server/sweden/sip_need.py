"""The law on the need of a SIP: who may assess it, whom that obliges, who may refuse.

Source: R75, R82, R83; HSL (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.belonging import HUVUDMEN, huvudman_of
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.elements import Json, child, says, text
from fhir_server.sweden.periods import bounds, local_date
from fhir_server.sweden.references import Read
from fhir_server.sweden.rulings import refusal, warning
from fhir_server.sweden.sip import legal_basis

# What ends a need without a plan, beside a no.
_TAKEN_AWAY = ("cancelled", "failed", "entered-in-error")


def is_need(resource: Json) -> bool:
    """Tell whether a resource is the Task that a SIP is needed, or is proposed (R75, R82)."""
    return resource.get("resourceType") == "Task" and says(
        resource, "code", codes.SIP_BEHOV, codes.TASK_CODE_SYSTEM
    )


def is_assessed(task: Json) -> bool:
    """Tell whether a huvudman has assessed the need, which obliges both (R75)."""
    return says(task, "businessStatus", codes.BEDOMT, codes.SIP_NEED_KIND_SYSTEM)


def law_at(moment: datetime) -> tuple[LawParagraph, ...]:
    """Give the region's and the municipality's paragraph on the SIP, as they stand at a moment."""
    return legal_basis(local_date(moment))[:2]


def check(
    task: Json,
    read: Read,
    now: datetime,
    *,
    stored: Json | None = None,
    others: Iterable[Json] = (),
) -> list[Issue]:
    """List what the law has against a need as it is about to be written.

    Args:
        task: a Task with the code ``sip-behov``.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
        stored: the version before this write; None for a new one.
        others: the person's other needs, as this write leaves them.
    """
    said = bounds(task.get("authoredOn"))
    law = law_at(said[0] if said else now)
    issues: list[Issue] = []
    if is_assessed(task):
        issues = [*assessed_by_a_huvudman(task, read, law), *the_other_is_obliged(task, read, law)]
    if stored is not None and is_open_assessment(stored):
        issues += stays_assessed(task, stored, read, law)
        issues += not_taken_away(task, stored, others, read, law)
    return issues


def is_open_assessment(task: Json) -> bool:
    """Tell whether a Task is an assessed need that nobody has seen to yet (R75)."""
    return is_need(task) and is_assessed(task) and text(task, "status") in codes.OPEN_TASK


def stays_assessed(
    task: Json, stored: Json, read: Read, law: tuple[LawParagraph, ...]
) -> Iterator[Issue]:
    """Refuse to turn an assessment into something that obliges nobody, or somebody else (R75)."""
    if not is_assessed(task):
        yield refusal(
            "The need was assessed by a huvudman, which obliges both: it does not become a "
            "proposal. Where the need is gone, let the huvudman who assessed it take it back.",
            "Task.businessStatus",
            *law,
        )
    for name in ("requester", "owner"):
        if huvudman_of(child(task, name), read) != huvudman_of(child(stored, name), read):
            yield refusal(
                "Whose assessment it is, and which huvudman it is sent to, stays as it was. Note "
                "another need with $note-sip-need.",
                f"Task.{name}",
                *law,
            )


def not_taken_away(
    task: Json,
    stored: Json,
    others: Iterable[Json],
    read: Read,
    law: tuple[LawParagraph, ...],
) -> Iterator[Issue]:
    """Refuse to let an assessed need vanish, without a reason or while it stands (R75, R83).

    Args:
        task: the need as it is to become.
        stored: as it was: open, and assessed.
        others: the person's other needs.
        read: gives the current resource at a relative reference.
        law: the paragraphs.
    """
    if text(task, "status") not in _TAKEN_AWAY:
        return
    if not child(task, "statusReason"):
        yield refusal(
            "Say in statusReason why nothing comes of the need: that is an exception, and "
            "documented.",
            "Task.statusReason",
            *law,
        )
    assessor = huvudman_of(child(stored, "requester"), read)
    if assessor == huvudman_of(child(stored, "owner"), read):
        return
    group = text(child(stored, "groupIdentifier"), "value")
    standing = (
        each
        for each in others
        if group
        and text(child(each, "groupIdentifier"), "value") == group
        and is_open_assessment(each)
    )
    if any(huvudman_of(child(each, "owner"), read) == assessor for each in standing):
        yield refusal(
            "The huvudman who assessed the need has not taken the assessment back, and it obliges "
            "both: take part in the plan, or let them take it back first.",
            "Task.status",
            *law,
        )


def assessed_by_a_huvudman(
    task: Json, read: Read, law: tuple[LawParagraph, ...]
) -> Iterator[Issue]:
    """Refuse an assessment by somebody who acts for neither region nor municipality (R75, R82)."""
    if huvudman_of(child(task, "requester"), read) not in HUVUDMEN:
        yield refusal(
            "Only the region or the municipality assesses that a samordnad individuell plan is "
            "needed. Note what others say as proposed (foreslaget).",
            "Task.businessStatus",
            *law,
        )


def the_other_is_obliged(task: Json, read: Read, law: tuple[LawParagraph, ...]) -> Iterator[Issue]:
    """Refuse a no to what the other huvudman has assessed: it obliges both (R75, R83)."""
    if text(task, "status") != "rejected":
        return
    assessor = huvudman_of(child(task, "requester"), read)
    if assessor != huvudman_of(child(task, "owner"), read):
        yield refusal(
            "What one huvudman has assessed obliges both: take part in the plan. Where the person "
            "does not consent, record that; where the need is gone, let the huvudman who assessed "
            "it take the assessment back.",
            "Task.status",
            *law,
        )


def refused_by_exception(law: tuple[LawParagraph, ...]) -> Issue:
    """Say that a no to a proposed plan is an exception, and what it asks for (R83)."""
    return warning(
        "To refuse a samordnad individuell plan is an exception. Tell the person, and who proposed "
        "it, why; assess anew when they ask again.",
        "Task.status",
        *law,
    )


def unheard(side: str, law: tuple[LawParagraph, ...]) -> Issue:
    """Refuse an assessment that one of the huvudmen would not hear of (R75).

    Args:
        side: ``region`` or ``kommun``.
        law: the paragraphs.
    """
    return refusal(
        f"No unit of the {_SIDES[side]} is named, and the person has no fixed contact there. An "
        "assessed need obliges both huvudmen: name in owner who is to see to it.",
        "owner",
        *law,
    )


_SIDES = {codes.REGION: "region", codes.KOMMUN: "municipality (kommun)"}
