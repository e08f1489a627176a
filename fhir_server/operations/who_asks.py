"""Whom a call of an operation may name: who acts in it, and who reads what it gives (R94, R110).

On a server without authentication the caller names both. Where the server knows who asks, nobody
acts in another unit's name, and nobody reads as somebody else. Staff may write down what the person
or a relative has said and done; that the person takes part is no claim to be them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call
from fhir_server.search import labels
from fhir_server.security.access import Access
from fhir_server.sweden import audience, codes
from fhir_server.sweden.elements import Json, Target, child, target

# Parameters that say on whose behalf something is done, of every operation that has one.
ACTS = ("by", "appointedBy", "decidedBy", "documentedBy", "sender", "receiver")
# By operation, the parameter that says who reads what is given.
READS: Mapping[str, str] = {
    "document": "recipient",
    "patientkontrakt": "reader",
    "sip-access": "actor",
}
POPULATION = "population"
_PERSONS = ("Patient", "RelatedPerson")


@dataclass(frozen=True, slots=True)
class WhoAsks:
    """Who asks, as an operation's parameters would name them.

    Args:
        access: what they may do and see.
        finder: reads what they may see.
    """

    access: Access
    finder: Finder

    def is_own(self, named: Target) -> bool:
        """Tell whether a reference means who asks: themselves, their unit or a role in it."""
        access = self.access
        if access.principal.unrestricted:
            return True
        match named.resource_type:
            case "Patient":
                return named.literal in access.own_persons
            case "RelatedPerson":
                return self._is_own_relative(named.literal)
            case "Organization":
                return named.literal in access.viewer.units
            case "PractitionerRole":
                role = self.finder.read(named.literal) or {}
                return self._is_own_unit(target(child(role, "organization")))
            case "Practitioner":
                return self._is_own_person(named.literal)
            case _:
                return self._is_own_number(named.logical)

    def _is_own_unit(self, unit: Target) -> bool:
        return bool(unit.literal) and unit.literal in self.access.viewer.units

    def _is_own_relative(self, reference: str) -> bool:
        relative = self.finder.read(reference) or {}
        return target(child(relative, "patient")).literal in self.access.own_persons

    def _is_own_person(self, reference: str) -> bool:
        person = self.finder.read(reference) or {}
        number = self.access.principal.person
        named = [each.get("value") for each in person.get("identifier", ()) if _is_hsa(each)]
        if number and number in named:
            return True
        roles = self.finder.search("PractitionerRole", practitioner=reference, active="true")
        return any(self._is_own_unit(target(child(role, "organization"))) for role in roles)

    def _is_own_number(self, logical: str) -> bool:
        who = self.access.principal
        own = {f"{codes.HSA_ID}|{number}" for number in (who.person, who.unit) if number}
        return bool(logical) and logical in own


def settled(call: Call, code: str) -> Call:
    """Give a call as who asks may make it.

    Args:
        call: as it came.
        code: of the operation.

    Raises:
        FhirError: 403, it names somebody else as who acts, or as who reads.
    """
    access = call.context.store.access
    if access.principal.unrestricted:
        return call
    who = WhoAsks(access, call.finder)
    refused = [
        _issue(f"{name} must be yourself, your unit, or a role in it: you act in no other's name.",
               name)
        for name in ACTS
        if (given := call.arguments.get(name)) and not _may_act(who, given)
    ]  # fmt: skip
    reads = READS.get(code, "")
    if reads in call.arguments and not _may_read_as(who, call.arguments[reads], call):
        text = f"{reads} must be yourself or your unit; leave it out for that."
        refused.append(_issue(text, reads))
    if code == "evaluate-measure":
        refused += _refused_figures(who, call)
    if refused:
        raise FhirError(*refused)
    return _with_defaults(call, code, access)


def _refused_figures(who: WhoAsks, call: Call) -> Iterator[Issue]:
    """Refuse figures that are not those of one's unit, or that tell of persons one by one.

    They are computed from what all units know (R101): what the person's record at another unit
    says would come out of a report about that person.
    """
    if call.arguments.get("subject") or call.arguments.get("reportType") not in (None, POPULATION):
        text = "Figures are about populations here: leave subject out, and ask for population."
        yield _issue(text, "subject" if "subject" in call.arguments else "reportType")
    unit = {"reference": call.arguments.get("unit", "")}
    if who.access.role.kind == "staff" and not who.is_own(target(unit)):
        yield _issue("Give your own unit: the figures of others are for analysts.", "unit")


def _may_act(who: WhoAsks, given: Json) -> bool:
    named = target(given)
    if not who.access.asks_as_person and named.resource_type in _PERSONS:
        return True  # what the person did or said, as staff write it down
    return who.is_own(named)


def _may_read_as(who: WhoAsks, given: Json, call: Call) -> bool:
    named = target(given)
    if who.is_own(named):
        return True
    if who.access.asks_as_person:
        return False
    # The person's own copy, and a copy for somebody to whom one hands out one's own record.
    return named.resource_type in _PERSONS or _answers_for(who.access, call)


def _answers_for(access: Access, call: Call) -> bool:
    if call.resource_type != "CarePlan" or call.id is None:
        return False
    stored = call.context.store.read(call.resource_type, call.id)
    return stored is not None and access.owns(labels.read(stored.labels))


def _with_defaults(call: Call, code: str, access: Access) -> Call:
    """Let who asks as the person read as the person, and never as staff."""
    if not access.asks_as_person or code != "named-contacts":
        return call
    if call.arguments.get("audience", audience.PATIENT) != audience.PATIENT:
        raise FhirError(_issue("The audience is the patient; leave it out.", "audience"))
    return replace(call, arguments={**call.arguments, "audience": audience.PATIENT})


def _is_hsa(identifier: Json) -> bool:
    return identifier.get("system") in codes.HSA_ID_SYSTEMS


def _issue(text: str, name: str) -> Issue:
    return Issue("error", "forbidden", text, name)
