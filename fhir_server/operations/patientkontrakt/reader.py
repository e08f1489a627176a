"""Who reads a patientkontrakt, and what of it that reader may see (R78, R94, R98, R100).

The rule on a SIP is `sweden/sharing.py`; a consent to a SIP opens no other plan, but for one that
the SIP builds on (R85). On a server that knows who asks, staff read what they see of the person's
records anyway, and of others' SIPs what the consent hands out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call
from fhir_server.operations.sip import disclosures
from fhir_server.sweden import actors, codes, patientkontrakt, plans, sharing, shown
from fhir_server.sweden.elements import Json, child, items, target
from fhir_server.sweden.patientkontrakt import reference_of
from fhir_server.sweden.rulings import refusal

Resource = dict[str, Any]

_NOTHING = refusal(
    "The person's consent does not let this reader see anything of the patientkontrakt. Ask them; "
    "until they permit it, it stays hidden from the reader.",
    "reader",
    codes.OSL_10_1,
    codes.OSL_12_2,
    codes.OSL_25_1,
    codes.OSL_26_1,
)


@dataclass(slots=True)
class Reader:
    """A reader of one person's patientkontrakt.

    Args:
        context: the request.
        patient: ``Patient/[id]`` whose it is.
        reference: the reader; the patient's own where the patient reads.
        meanings: all that means the reader: itself, its organization and those above.
        moment: for which consents count.
        sees_contacts: whether the named contacts may be seen.
        asks: who asks is the reader, and the server knows them.
        handed_out: others' SIPs that consents hand out to who asks.
        less: whether something was left out for this reader.
        why: what stands against the reader, with paragraphs.
    """

    context: Context
    patient: str
    reference: str
    meanings: Sequence[str]
    moment: datetime
    sees_contacts: bool = False
    asks: bool = False
    handed_out: Sequence[disclosures.HandedOut] = ()
    less: bool = False
    why: list[Issue] = field(default_factory=lambda: [_NOTHING])
    _classes: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def is_patient(self) -> bool:
        """Whether the person reads."""
        return self.reference == self.patient

    def plans(self, stored: Iterable[Resource]) -> list[Resource]:
        """Give of the person's plans what the reader may see."""
        found = list(stored)
        if self.is_patient:
            self.sees_contacts = True
            return found
        if self.asks:
            self.sees_contacts = True
            return [*found, *self._cut_to_consents()]
        granted = {reference_of(plan): self._of_sip(plan) for plan in found if plans.is_sip(plan)}
        whole = [p for p in found if (g := granted.get(reference_of(p))) and g.whole]
        seen = []
        for plan in found:
            grant = granted.get(reference_of(plan))
            if grant is None and (own := self._own(plan)) | self._led_to(plan, whole):
                seen.append(plan)
                self.sees_contacts |= own and patientkontrakt.is_patientkontrakt(plan)
            elif grant is not None and grant.allowed:
                seen.append(shown.plan(plan, grant))
                self._classes[reference_of(plan)] = grant.classes
                self.sees_contacts |= sharing.CONTACTS in grant.classes
        self.less = seen != found
        return seen

    def appointments(self, stored: Iterable[Resource], seen: Iterable[Resource]) -> list[Resource]:
        """Give the times that the reader is called to, or that a plan it sees names."""
        if self.is_patient or self.asks:
            return list(stored)
        named = {
            target(child(each, "valueReference")).literal
            for plan in seen
            for _, each in items(plan, "extension")
            if each.get("url") == codes.SIP_MEETING_LINK
        }
        found = list(stored)
        kept = [each for each in found if reference_of(each) in named or self._called(each)]
        self.less |= kept != found
        return kept

    def goals(self, stored: Iterable[Resource], seen: Iterable[Resource]) -> list[Resource]:
        """Give goals without the illness and the result, where a plan that names them hides those.

        Args:
            stored: the goals that the plans name.
            seen: the plans, as `plans` gave them.
        """
        if self.is_patient:
            return list(stored)
        classes: dict[str, frozenset[str]] = {}
        for plan in seen:
            granted = self._classes.get(reference_of(plan), sharing.ALL_CLASSES)
            for _, each in items(plan, "goal"):
                goal = target(each).literal
                classes[goal] = classes.get(goal, frozenset()) | granted
        return [shown.goal(each, classes.get(reference_of(each), frozenset())) for each in stored]

    def people(self, around: dict[str, Resource]) -> dict[str, Resource]:
        """Give people and units, of relatives no more than who they are."""
        if self.is_patient:
            return around
        return {
            name: shown.relative(each) if each["resourceType"] == "RelatedPerson" else each
            for name, each in around.items()
        }

    def _cut_to_consents(self) -> list[Resource]:
        cut = []
        for each in self.handed_out:
            cut.append(shown.plan(each.plan, each.granted))
            self._classes[reference_of(each.plan)] = each.granted.classes
            self.less |= not each.granted.whole
        return cut

    def _of_sip(self, plan: Json) -> sharing.Disclosure:
        grant = disclosures.for_actor(self.context, plan, self.reference, self.moment)
        if not grant.allowed:
            self.why += [issue for issue in grant.why if issue not in self.why]
        return grant

    def _own(self, plan: Json) -> bool:
        """Tell whether the reader, or somebody of it, takes part in the plan: it has it already."""
        aims = [target(each) for each in sharing.participants(plan)]
        roles = [aim.literal for aim in aims if aim.resource_type == "PractitionerRole"]
        held = Finder(self.context.server, self.context.store).read_many(list(dict.fromkeys(roles)))
        aims += [target(child(role, "organization")) for role in held.values()]
        return any(sharing.is_one_of(self.meanings, aim) for aim in aims)

    def _led_to(self, plan: Json, sips: Iterable[Json]) -> bool:
        """Tell whether a SIP that is seen whole builds on the plan, or belongs to it (R85, R95)."""
        own = reference_of(plan)
        for sip in sips:
            onward = [target(each).literal for _, each in items(sip, "supportingInfo")]
            if own in onward or (
                patientkontrakt.is_patientkontrakt(plan) and patientkontrakt.belongs(sip, plan)
            ):
                return True
        return False

    def _called(self, appointment: Json) -> bool:
        return any(
            sharing.is_one_of(self.meanings, target(child(each, "actor")))
            for _, each in items(appointment, "participant")
        )


def reader_of(call: Call, finder: Finder, patient: str, moment: datetime) -> Reader:
    """Give the reader that a call names; else the unit that asks, or the patient.

    Raises:
        FhirError: 400 for no literal reference, 404 for none on this server, 403 for another
            patient, or a relative of another.
    """
    given = call.arguments.get("reader")
    access = call.context.store.access
    own = {"reference": access.own_unit} if access.own_unit else None
    given = own if given is None else given
    if given is None:
        return Reader(call.context, patient, patient, (patient,), moment)
    reference = target(given).literal
    if not reference.startswith(actors.KINDS):
        raise invalid("reader must be a reference such as Organization/[id].", "reader", "value")
    if reference == patient:
        return Reader(call.context, patient, patient, (patient,), moment)
    found = finder.read(reference)
    if found is None:
        text_ = "The reader does not exist on this server."
        raise FhirError(Issue("error", "not-found", text_, "reader"))
    related = target(child(found, "patient")).literal if "patient" in found else patient
    if found["resourceType"] == "Patient" or related != patient:
        raise FhirError(_NOTHING, status=403)
    meanings = actors.meanings(reference, finder.read)
    if own is None:
        return Reader(call.context, patient, reference, meanings, moment)
    handed = disclosures.handed_out_of(call.context, patient, moment)
    return Reader(call.context, patient, reference, meanings, moment, asks=True, handed_out=handed)
