"""The law on the need of a SIP: who may assess it, whom that obliges, who may refuse.

Source: R75, R82, R83; HSL (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

from collections.abc import Iterator
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


def check(task: Json, read: Read, now: datetime) -> list[Issue]:
    """List what the law has against a need as it is about to be written.

    Args:
        task: a Task with the code ``sip-behov``.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
    """
    if not is_assessed(task):
        return []
    said = bounds(task.get("authoredOn"))
    law = law_at(said[0] if said else now)
    return [*assessed_by_a_huvudman(task, read, law), *the_other_is_obliged(task, read, law)]


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
