"""Every operation of the server."""

from __future__ import annotations

from fhir_server.operations.access.emergency_access import EMERGENCY_ACCESS
from fhir_server.operations.contacts.assign_fast_vardkontakt import ASSIGN_FAST_VARDKONTAKT
from fhir_server.operations.contacts.caseload import CASELOAD
from fhir_server.operations.contacts.change_fast_vardkontakt import CHANGE_FAST_VARDKONTAKT
from fhir_server.operations.contacts.coverage import COVERAGE
from fhir_server.operations.contacts.decline_fast_vardkontakt import DECLINE_FAST_VARDKONTAKT
from fhir_server.operations.contacts.end_fast_vardkontakt import END_FAST_VARDKONTAKT
from fhir_server.operations.contacts.named_contacts import NAMED_CONTACTS
from fhir_server.operations.contacts.reassign import REASSIGN
from fhir_server.operations.contacts.record_information import RECORD_INFORMATION
from fhir_server.operations.contacts.reviews_due import REVIEWS_DUE
from fhir_server.operations.contacts.set_deputy import SET_DEPUTY
from fhir_server.operations.contacts.stranded import STRANDED
from fhir_server.operations.discharge.admission_notice import ADMISSION_NOTICE
from fhir_server.operations.discharge.discharge import DISCHARGE
from fhir_server.operations.discharge.discharge_summary import DISCHARGE_SUMMARY
from fhir_server.operations.discharge.discharge_timeline import DISCHARGE_TIMELINE
from fhir_server.operations.discharge.expected_discharge import EXPECTED_DISCHARGE
from fhir_server.operations.discharge.ready_for_discharge import (
    READY_FOR_DISCHARGE,
    WITHDRAW_READY_FOR_DISCHARGE,
)
from fhir_server.operations.discharge.transfer_information import TRANSFER_INFORMATION
from fhir_server.operations.exchange.export_sip import EXPORT_SIP
from fhir_server.operations.exchange.receive_sip import RECEIVE_SIP
from fhir_server.operations.meetings.answer_call import ANSWER_CALL
from fhir_server.operations.meetings.call_sip_meeting import CALL_SIP_MEETING
from fhir_server.operations.meetings.cancel_sip_meeting import CANCEL_SIP_MEETING
from fhir_server.operations.meetings.meeting_answers import MEETING_ANSWERS
from fhir_server.operations.meetings.meeting_form import MEETING_FORM
from fhir_server.operations.meetings.remind_call import REMIND_CALL
from fhir_server.operations.operation import Operation
from fhir_server.operations.patientkontrakt.patientkontrakt import PATIENTKONTRAKT
from fhir_server.operations.sip.activate_sip import ACTIVATE_SIP
from fhir_server.operations.sip.close_sip import CLOSE_SIP
from fhir_server.operations.sip.follow_up_sip import FOLLOW_UP_SIP
from fhir_server.operations.sip.generate_sip import GENERATE_SIP
from fhir_server.operations.sip.note_sip_need import NOTE_SIP_NEED
from fhir_server.operations.sip.record_plan_copy import RECORD_PLAN_COPY
from fhir_server.operations.sip.record_sip_consent import RECORD_SIP_CONSENT
from fhir_server.operations.sip.refuse_sip import REFUSE_SIP
from fhir_server.operations.sip.revise_sip import REVISE_SIP
from fhir_server.operations.sip.sip_access import SIP_ACCESS
from fhir_server.operations.sip.sip_suggestion import SIP_SUGGESTION
from fhir_server.operations.sip.withdraw_sip_consent import WITHDRAW_SIP_CONSENT
from fhir_server.operations.standard.diff import DIFF
from fhir_server.operations.standard.evaluate_measure import EVALUATE_MEASURE
from fhir_server.operations.standard.everything import EVERYTHING
from fhir_server.operations.standard.expand import EXPAND
from fhir_server.operations.standard.graphql.operation import GRAPHQL
from fhir_server.operations.standard.lookup import LOOKUP
from fhir_server.operations.standard.meta import META, META_ADD, META_DELETE
from fhir_server.operations.standard.reindex import REINDEX
from fhir_server.operations.standard.subsumes import SUBSUMES
from fhir_server.operations.standard.translate import TRANSLATE
from fhir_server.operations.standard.validate import VALIDATE
from fhir_server.operations.standard.validate_code import VALIDATE_CODE
from fhir_server.operations.written.document import DOCUMENT

OPERATIONS: dict[str, Operation] = {
    operation.code: operation
    for operation in (
        ACTIVATE_SIP,
        ADMISSION_NOTICE,
        ANSWER_CALL,
        ASSIGN_FAST_VARDKONTAKT,
        CALL_SIP_MEETING,
        CANCEL_SIP_MEETING,
        CASELOAD,
        CHANGE_FAST_VARDKONTAKT,
        CLOSE_SIP,
        COVERAGE,
        DECLINE_FAST_VARDKONTAKT,
        DIFF,
        DISCHARGE,
        DISCHARGE_SUMMARY,
        DISCHARGE_TIMELINE,
        DOCUMENT,
        EMERGENCY_ACCESS,
        END_FAST_VARDKONTAKT,
        EVALUATE_MEASURE,
        EVERYTHING,
        EXPAND,
        EXPECTED_DISCHARGE,
        EXPORT_SIP,
        FOLLOW_UP_SIP,
        GENERATE_SIP,
        GRAPHQL,
        LOOKUP,
        MEETING_ANSWERS,
        MEETING_FORM,
        META,
        META_ADD,
        META_DELETE,
        NAMED_CONTACTS,
        NOTE_SIP_NEED,
        PATIENTKONTRAKT,
        READY_FOR_DISCHARGE,
        REASSIGN,
        RECEIVE_SIP,
        RECORD_INFORMATION,
        RECORD_PLAN_COPY,
        RECORD_SIP_CONSENT,
        REFUSE_SIP,
        REINDEX,
        REMIND_CALL,
        REVIEWS_DUE,
        REVISE_SIP,
        SET_DEPUTY,
        SIP_ACCESS,
        SIP_SUGGESTION,
        STRANDED,
        SUBSUMES,
        TRANSFER_INFORMATION,
        TRANSLATE,
        VALIDATE,
        VALIDATE_CODE,
        WITHDRAW_READY_FOR_DISCHARGE,
        WITHDRAW_SIP_CONSENT,
    )
}
