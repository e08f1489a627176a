"""Every operation of the server."""

from __future__ import annotations

from fhir_server.operations.activate_sip import ACTIVATE_SIP
from fhir_server.operations.admission_notice import ADMISSION_NOTICE
from fhir_server.operations.answer_call import ANSWER_CALL
from fhir_server.operations.assign_fast_vardkontakt import ASSIGN_FAST_VARDKONTAKT
from fhir_server.operations.call_sip_meeting import CALL_SIP_MEETING
from fhir_server.operations.cancel_sip_meeting import CANCEL_SIP_MEETING
from fhir_server.operations.caseload import CASELOAD
from fhir_server.operations.change_fast_vardkontakt import CHANGE_FAST_VARDKONTAKT
from fhir_server.operations.close_sip import CLOSE_SIP
from fhir_server.operations.coverage import COVERAGE
from fhir_server.operations.decline_fast_vardkontakt import DECLINE_FAST_VARDKONTAKT
from fhir_server.operations.diff import DIFF
from fhir_server.operations.discharge import DISCHARGE
from fhir_server.operations.discharge_summary import DISCHARGE_SUMMARY
from fhir_server.operations.discharge_timeline import DISCHARGE_TIMELINE
from fhir_server.operations.document import DOCUMENT
from fhir_server.operations.end_fast_vardkontakt import END_FAST_VARDKONTAKT
from fhir_server.operations.evaluate_measure import EVALUATE_MEASURE
from fhir_server.operations.everything import EVERYTHING
from fhir_server.operations.expand import EXPAND
from fhir_server.operations.expected_discharge import EXPECTED_DISCHARGE
from fhir_server.operations.export_sip import EXPORT_SIP
from fhir_server.operations.follow_up_sip import FOLLOW_UP_SIP
from fhir_server.operations.generate_sip import GENERATE_SIP
from fhir_server.operations.graphql.operation import GRAPHQL
from fhir_server.operations.lookup import LOOKUP
from fhir_server.operations.meeting_answers import MEETING_ANSWERS
from fhir_server.operations.meeting_form import MEETING_FORM
from fhir_server.operations.meta import META, META_ADD, META_DELETE
from fhir_server.operations.named_contacts import NAMED_CONTACTS
from fhir_server.operations.note_sip_need import NOTE_SIP_NEED
from fhir_server.operations.operation import Operation
from fhir_server.operations.patientkontrakt import PATIENTKONTRAKT
from fhir_server.operations.ready_for_discharge import (
    READY_FOR_DISCHARGE,
    WITHDRAW_READY_FOR_DISCHARGE,
)
from fhir_server.operations.reassign import REASSIGN
from fhir_server.operations.receive_sip import RECEIVE_SIP
from fhir_server.operations.record_information import RECORD_INFORMATION
from fhir_server.operations.record_plan_copy import RECORD_PLAN_COPY
from fhir_server.operations.record_sip_consent import RECORD_SIP_CONSENT
from fhir_server.operations.refuse_sip import REFUSE_SIP
from fhir_server.operations.reindex import REINDEX
from fhir_server.operations.remind_call import REMIND_CALL
from fhir_server.operations.reviews_due import REVIEWS_DUE
from fhir_server.operations.revise_sip import REVISE_SIP
from fhir_server.operations.set_deputy import SET_DEPUTY
from fhir_server.operations.sip_access import SIP_ACCESS
from fhir_server.operations.sip_suggestion import SIP_SUGGESTION
from fhir_server.operations.stranded import STRANDED
from fhir_server.operations.subsumes import SUBSUMES
from fhir_server.operations.transfer_information import TRANSFER_INFORMATION
from fhir_server.operations.translate import TRANSLATE
from fhir_server.operations.validate import VALIDATE
from fhir_server.operations.validate_code import VALIDATE_CODE
from fhir_server.operations.withdraw_sip_consent import WITHDRAW_SIP_CONSENT

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
