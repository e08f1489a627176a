"""Whether the person's consent lets somebody be called to the meeting about a SIP.

One answer for the proposal that $generate-sip gives and for the call that $call-sip-meeting sends;
R78, R79, R84.
"""

from __future__ import annotations

import datetime as dt

from fhir_server.interactions.finder import Finder
from fhir_server.operations.sip.disclosures import SIP_CONSENTS
from fhir_server.sweden import actors, guardians, sharing, sip_call
from fhir_server.sweden.elements import Json, child, target


class Calling:
    """A plan with the consents and guardians of its person, read once for many actors.

    Args:
        finder: finds current resources.
        said: finds what the person has said, whoever wrote it down.
        plan: a CarePlan of category SIP.
        now: an aware datetime.
    """

    def __init__(self, finder: Finder, said: Finder, plan: Json, now: dt.datetime) -> None:
        self._finder = finder
        self._plan = plan
        self._now = now
        self.person = target(child(plan, "subject"))
        patient = self.person.literal
        self.patient = finder.read(patient) or {}
        self.relatives = list(finder.search("RelatedPerson", patient=patient))
        registered = list(said.search("RelatedPerson", patient=patient))
        self.guardians = guardians.guardians_of(self.patient, registered, now)
        self._consents = list(said.search("Consent", patient=patient, category=SIP_CONSENTS))

    @property
    def consented(self) -> bool:
        """Whether the person permits a SIP, and nothing in force denies it (R75)."""
        return sip_call.is_consented_to(self._consents, child(self._plan, "subject"), self._now)

    def permits(self, actor: Json) -> bool:
        """Tell whether an actor may be called.

        The person always may, and a relative unless the person does not want it. Another must be
        one whom the consent takes in; before there is a consent, one whom they have not refused.
        """
        aim = target(actor)
        if aim.same(self.person):
            return True
        means = actors.meanings(aim.literal, self._finder.read)
        if aim.resource_type == "RelatedPerson":
            return not sip_call.objects_to(self._consents, means, self._now)
        if not self.consented:
            return not sharing.objects(self._consents, self.person, means, self._now)
        return sharing.disclosure(
            self._plan,
            self._consents,
            means,
            self._now,
            guardians=self.guardians,
            called=[aim.literal],
        ).allowed
