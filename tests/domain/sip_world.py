"""One person with all that the discharge process and a SIP leave in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.sweden import codes
from tests.domain import meeting_calls
from tests.domain.clinic import Clinic, Json, code, parameters, reference, result, string
from tests.domain.life_cycle import named, url_of
from tests.domain.sip_calls import complete, consent_to_sip, generate
from tests.domain.stays import READY, Ward, ward


@dataclass(frozen=True)
class World:
    """References to one person's resources.

    Args:
        clinic: where they are.
        ward: the stay, noticed and utskrivningsklar.
        consent: to the plan.
        plan: a SIP in force.
        draft: another plan, a draft.
        meeting: the SIP meeting.
        call: the kallelse of the municipal unit.
        need: an assessed need.
        nurse: the fast vårdkontakt.
    """

    clinic: Clinic
    ward: Ward
    consent: str
    plan: str
    draft: str
    meeting: str
    call: str
    need: str
    nurse: str

    def everything(self) -> list[str]:
        """Give references to what the operations read, by type."""
        stay = self.clinic.read(self.ward.stay)
        plan = self.clinic.read(self.plan)
        return [
            self.ward.patient, self.ward.stay, self.ward.centre, self.ward.home_care,
            stay["serviceProvider"]["reference"], self.consent, self.plan, self.draft,
            plan["goal"][0]["reference"], self.meeting, self.call, self.need, self.nurse,
            self.clinic.read(self.nurse)["practitioner"]["reference"],
        ]  # fmt: skip


def world(clinic: Clinic) -> World:
    """Store it, by the operations."""
    where = ward(clinic)
    nurse = clinic.nurse(where.centre)
    assert clinic.assign(where.patient, nurse).status_code == 201
    assert where.notice().status_code in (200, 201)
    assert where.ready(READY).status_code in (200, 201)
    consent = clinic.put(consent_to_sip(where.patient))
    plan = result(generate(clinic, where.patient, "active", *complete()))
    again = {"name": "despiteExisting", "valueBoolean": True}
    draft = result(generate(clinic, where.patient, "draft", *complete(), again))
    answer = meeting_calls.call(
        clinic, url_of(plan), nurse, actor=[reference(where.home_care)],
        encounter=reference(where.stay),
    )  # fmt: skip
    kallelse = meeting_calls.called(answer)[where.home_care]
    noted = note_need(clinic, where.patient, nurse, owner=[reference(where.home_care)])
    need = named(noted)["return"]
    return World(
        clinic, where, consent, url_of(plan), url_of(draft), url_of(named(answer)["return"]),
        kallelse, url_of(need), nurse,
    )  # fmt: skip


def note_need(clinic: Clinic, patient: str, by: str, /, **more: Json | list[Json]) -> Any:
    """Call $note-sip-need with an assessment."""
    given = {"by": reference(by), "reason": string("Behöver båda"), "kind": code(codes.BEDOMT)}
    return clinic.fhir.post(f"{patient}/$note-sip-need", parameters(**given | more))
