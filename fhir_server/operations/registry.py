"""Every operation of the server.

The code behind one is imported when it is first called: few are called of any server, and together
they are a third of what starting a worker would import.
"""

from __future__ import annotations

from fhir_server.operations.operation import INERA_R5, Deferred, Operation
from fhir_server.operations.tables import CSV
from fhir_server.pages import paper, web

OPERATIONS: dict[str, Operation] = {
    operation.code: operation
    for operation in (
        Operation(
            "access-log", Deferred("security.access_log"), paged=True, renders=(web.MEDIA_TYPE,)
        ),
        Operation("activate-sip", Deferred("sip.activate_sip")),
        Operation("admission-notice", Deferred("discharge.admission_notice")),
        Operation("answer-call", Deferred("meetings.answer_call")),
        Operation("assign-fast-vardkontakt", Deferred("contacts.assign_fast_vardkontakt")),
        Operation("call-sip-meeting", Deferred("meetings.call_sip_meeting")),
        Operation("cancel-sip-meeting", Deferred("meetings.cancel_sip_meeting")),
        Operation("caseload", Deferred("contacts.caseload"), renders=(CSV,)),
        Operation("change-fast-vardkontakt", Deferred("contacts.change_fast_vardkontakt")),
        Operation("close-sip", Deferred("sip.close_sip")),
        Operation("coverage", Deferred("contacts.coverage"), renders=(CSV,)),
        Operation("decline-fast-vardkontakt", Deferred("contacts.decline_fast_vardkontakt")),
        Operation("diff", Deferred("standard.diff")),
        Operation("discharge", Deferred("discharge.discharge")),
        Operation(
            "discharge-summary",
            Deferred("discharge.discharge_summary"),
            renders=(web.MEDIA_TYPE, paper.MEDIA_TYPE),
        ),
        Operation(
            "discharge-timeline",
            Deferred("discharge.discharge_timeline"),
            paged=True,
            renders=(web.MEDIA_TYPE,),
        ),
        Operation(
            "document", Deferred("written.document"), renders=(web.MEDIA_TYPE, paper.MEDIA_TYPE)
        ),
        Operation("emergency-access", Deferred("access.emergency_access")),
        Operation("end-fast-vardkontakt", Deferred("contacts.end_fast_vardkontakt")),
        Operation("evaluate-measure", Deferred("standard.evaluate_measure")),
        Operation("everything", Deferred("standard.everything"), paged=True),
        Operation("expand", Deferred("standard.expand")),
        Operation("expected-discharge", Deferred("discharge.expected_discharge")),
        Operation("export-sip", Deferred("exchange.export_sip")),
        Operation("follow-up-sip", Deferred("sip.follow_up_sip")),
        Operation("generate-sip", Deferred("sip.generate_sip")),
        Operation("graphql", Deferred("standard.graphql.operation")),
        Operation("lookup", Deferred("standard.lookup")),
        Operation(
            "meeting-answers", Deferred("meetings.meeting_answers"), renders=(web.MEDIA_TYPE,)
        ),
        Operation(
            "meeting-form",
            Deferred("meetings.meeting_form"),
            renders=(web.MEDIA_TYPE, paper.MEDIA_TYPE),
        ),
        Operation("meta", Deferred("standard.meta", "read")),
        Operation("meta-add", Deferred("standard.meta", "add")),
        Operation("meta-delete", Deferred("standard.meta", "delete")),
        Operation(
            "named-contacts",
            Deferred("contacts.named_contacts"),
            renders=(web.MEDIA_TYPE, paper.MEDIA_TYPE, INERA_R5),
        ),
        Operation("note-sip-need", Deferred("sip.note_sip_need")),
        Operation(
            "patientkontrakt",
            Deferred("patientkontrakt.patientkontrakt"),
            renders=(web.MEDIA_TYPE, paper.MEDIA_TYPE),
        ),
        Operation("purge", Deferred("standard.purge")),
        Operation("ready-for-discharge", Deferred("discharge.ready_for_discharge", "ready")),
        Operation("reassign", Deferred("contacts.reassign")),
        Operation("receive-sip", Deferred("exchange.receive_sip"), about="resource"),
        Operation("record-information", Deferred("contacts.record_information")),
        Operation("record-plan-copy", Deferred("sip.record_plan_copy")),
        Operation("record-sip-consent", Deferred("sip.record_sip_consent")),
        Operation("refuse-sip", Deferred("sip.refuse_sip")),
        Operation("reindex", Deferred("standard.reindex")),
        Operation("remind-call", Deferred("meetings.remind_call")),
        Operation("reviews-due", Deferred("contacts.reviews_due"), paged=True),
        Operation("revise-sip", Deferred("sip.revise_sip")),
        Operation("set-deputy", Deferred("contacts.set_deputy")),
        Operation("sip-access", Deferred("sip.sip_access")),
        Operation("sip-suggestion", Deferred("sip.sip_suggestion")),
        Operation("stranded", Deferred("contacts.stranded"), renders=(CSV,)),
        Operation("subsumes", Deferred("standard.subsumes")),
        Operation("transfer-information", Deferred("discharge.transfer_information")),
        Operation("translate", Deferred("standard.translate")),
        Operation("validate", Deferred("standard.validate"), about="resource"),
        Operation("validate-code", Deferred("standard.validate_code")),
        Operation(
            "withdraw-ready-for-discharge", Deferred("discharge.ready_for_discharge", "withdraw")
        ),
        Operation("withdraw-sip-consent", Deferred("sip.withdraw_sip_consent")),
    )
}
