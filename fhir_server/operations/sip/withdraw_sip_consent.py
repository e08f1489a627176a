"""$withdraw-sip-consent: the person takes a consent to a SIP back, whole or in part (R78).

At any time, and without a reason. What follows stands in `fhir_server.sweden.consequences`, and
happens in the same transaction whoever writes the consent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.at_hand import Found, living, other_kind
from fhir_server.operations.contacts.assignment_edits import parts
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.consent_parts import answer, person_of, rule
from fhir_server.operations.sip.sip_at_hand import moment_of
from fhir_server.sweden import codes, consent_giving, consents, sharing
from fhir_server.sweden.elements import child, items, target, text
from fhir_server.sweden.periods import bounds
from fhir_server.sweden.rulings import refusal

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the consent as it is without what is withdrawn, and what follows.

    Returns:
        Parameters: ``return``, the Consent; ``plan``, ``task``, ``appointment`` that changed.

    Raises:
        FhirError: 404 or 410 for no consent, 409 where nothing is left of it, 422 for one of
            another kind or a withdrawal by who has no say, with the paragraph.
    """
    at, _ = moment_of(call)

    def draft() -> Sequence[Draft]:
        stored, consent = _at_hand(call)
        return [Draft(_without(consent, call.arguments, at), stored.id, stored)]

    return answer(200, write_together(call.context, draft), ())


def _at_hand(call: Call) -> Found:
    stored, consent = living(call.context, "Consent", call.id)
    patient = consent_giving.patient_of(consent)
    if not consents.is_consent_to_sip(consent) or not patient:
        words = "is no consent to a SIP by a patient of this server."
        raise other_kind(consent, words, "category")
    if not consent_giving.is_in_force(consent):
        words = f"{stored.reference} is not in force: its status is {text(consent, 'status')}."
        raise FhirError(Issue("error", "conflict", words, "Consent.status"))
    finder = Finder(call.context.server, call.context.store)
    person = person_of(finder, patient)
    by = target(call.arguments["by"]).literal
    if said := list(consent_giving.may_withdraw(person, consent, by, now_of(call.context))):
        raise FhirError(*said, status=422)
    return stored, consent


def _without(consent: Resource, arguments: Arguments, at: str) -> Resource:
    actors, information = arguments.get("actor", []), arguments.get("information", [])
    whole = _is_whole(consent, actors, information)
    if not whole and text(child(consent, "provision"), "type") == "deny":
        words = "A no is taken back as a whole: leave actor and information out."
        raise FhirError(refusal(words, "actor", codes.HSL_16_4, codes.SOL_10_8), status=422)
    note = parts(
        codes.CONSENT_WITHDRAWAL,
        at=("valueDateTime", at),
        by=("valueReference", arguments["by"]),
        reason=("valueString", arguments.get("reason")),
        whole=("valueBoolean", whole),
    )
    changed = {**consent, "extension": [*consent.get("extension", []), note]}
    if text(child(consent, "text"), "status") == "generated":
        changed.pop("text", None)  # it told of the consent as it was
    provision = dict(consent.get("provision", {}))
    if whole:
        return {**changed, "status": "inactive", "provision": _ended(provision, at)}
    exception = rule("deny", actors, information, {"start": at})
    provision["provision"] = [*provision.get("provision", []), exception]
    return {**changed, "provision": provision}


def _is_whole(consent: Resource, actors: list[Resource], information: list[str]) -> bool:
    """Tell whether nothing is left: nobody whom it names, or no kind of information."""
    if not actors:
        left = sharing.classes_of(child(consent, "provision")) - set(information)
        return not information or not left
    named = {target(each).key for each in _named(consent)}
    return not information and bool(named) and named <= {target(each).key for each in actors}


def _named(consent: Resource) -> list[Resource]:
    rule_ = child(consent, "provision")
    return [dict(child(each, "reference")) for _, each in items(rule_, "actor")]


def _ended(provision: Resource, at: str) -> Resource:
    period = dict(provision.get("period", {}))
    start, moment = bounds(period.get("start")), bounds(at)
    begins_later = bool(start and moment and start[0] > moment[0])
    # R4's per-1: a period does not end before it begins.
    period["end"] = period["start"] if begins_later else at
    return {**provision, "period": period}
