"""$record-sip-consent: what the person has said about a SIP, as a Consent.

R75, R78, R80, R84; socialtjänstlagen (2025:400) 10 kap. 8 §, HSL (2017:30) 16 kap. 4 §. Who may
consent stands in `fhir_server.sweden.consent_giving`; what a no ends, in
`fhir_server.sweden.consequences`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, has_errors, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded, parts
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.consent_parts import answer, person_of, rule
from fhir_server.operations.sip.disclosures import deciding
from fhir_server.operations.sip.sip_at_hand import moment_of
from fhir_server.operations.subject import subject_of
from fhir_server.sweden import codes, consent_giving
from fhir_server.sweden.consent_giving import Person
from fhir_server.sweden.consequences import SIP_CONSENTS
from fhir_server.sweden.elements import child, target
from fhir_server.sweden.periods import bounds, local_date
from fhir_server.sweden.sip import legal_basis

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the consent, and what a no ends.

    Returns:
        Parameters: ``return``, the Consent; ``plan``, ``task``, ``appointment`` that a no ended.

    Raises:
        FhirError: 422 where somebody consents who can't, with the paragraph; 400 for an exception
            from nothing.
    """
    finder = Finder(call.context.server, call.context.store)
    person = person_of(finder, subject_of(call))
    at, _ = moment_of(call)
    advice = _judged(call, person, now_of(call.context))
    consent = _consent(finder, person, call.arguments, at)
    id_ = new_id()
    written = write_together(call.context, lambda: [Draft(consent, id_)])
    return answer(201, written, advice)


def _judged(call: Call, person: Person, now: dt.datetime) -> list[Issue]:
    arguments = call.arguments
    givers = [target(each).literal for each in _givers(person, arguments)]
    issues = list(consent_giving.givers_belong(person, givers))
    if has_errors(issues):
        raise FhirError(*issues, status=422)
    if arguments["decision"] == "permit":
        said = deciding(call.context)
        given = list(said.search("Consent", patient=person.reference, category=SIP_CONSENTS))
        issues += consent_giving.givers_suffice(person, givers, given, now)
    issues += consent_giving.child_is_asked(person, arguments.get("childInformed"), now)
    return issues


def _consent(finder: Finder, person: Person, arguments: Arguments, at: str) -> Resource:
    unit, staff = _documented_by(finder, arguments["documentedBy"])
    moment = bounds(at)
    day = local_date(moment[0]) if moment else dt.date.today()
    paragraph = legal_basis(day)[1]
    consent: Resource = {
        "resourceType": "Consent",
        "meta": {"profile": [codes.structure("sip-consent")]},
        "extension": [
            {"url": codes.CONSENT_FORM, "valueCode": arguments["form"]},
            *_childs_view(arguments, at),
            *([{"url": codes.CONSENT_DOCUMENTED_BY, "valueReference": staff}] if staff else []),
        ],
        "status": "active",
        "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [coded(codes.CONSENT_CATEGORY_SYSTEM, codes.CONSENT_TO_SIP)],
        "patient": {"reference": person.reference},
        "dateTime": at,
        "performer": _givers(person, arguments),
        "organization": [unit] if unit else None,
        "sourceReference": arguments.get("source"),
        "policyRule": coded(codes.LAW_SYSTEM, paragraph.code),
        "provision": _provision(arguments, at),
    }
    return {key: value for key, value in consent.items() if value}


def _givers(person: Person, arguments: Arguments) -> list[Resource]:
    given: list[Resource] = arguments.get("givenBy") or [{"reference": person.reference}]
    return given


def _provision(arguments: Arguments, at: str) -> Resource:
    exceptions = arguments.get("except", [])
    if exceptions and arguments["decision"] != "permit":
        text = "An exception is one from a permission. Leave it out of a no."
        raise invalid(text, "except", "value")
    if any(not each.get("actor") and not each.get("information") for each in exceptions):
        text = "An exception says for whom it is, or of which kind of information."
        raise invalid(text, "except", "required")
    period = {"start": at, **arguments.get("period", {})}
    found = rule(
        arguments["decision"], arguments.get("actor", ()), arguments.get("information", ()), period
    )
    if exceptions:
        found["provision"] = [
            rule("deny", each.get("actor", ()), each.get("information", ())) for each in exceptions
        ]
    return found


def _childs_view(arguments: Arguments, at: str) -> list[Resource]:
    view, informed = arguments.get("childsView"), arguments.get("childInformed")
    if view is None and informed is None:
        return []
    # A child that has said what it thinks was asked.
    told = bool(informed) if informed is not None else True
    return [
        parts(
            codes.CHILDS_VIEW,
            informed=("valueBoolean", told),
            view=("valueString", view),
            at=("valueDateTime", at),
        )
    ]


def _documented_by(finder: Finder, reference: Resource) -> tuple[Resource | None, Resource | None]:
    """Give the unit, and the member of staff where one is named."""
    if target(reference).resource_type != "PractitionerRole":
        return reference, None
    role = finder.read(target(reference).literal) or {}
    return dict(child(role, "organization")) or None, reference
