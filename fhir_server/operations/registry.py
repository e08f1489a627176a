"""Every operation of the server."""

from __future__ import annotations

from fhir_server.operations.assign_fast_vardkontakt import ASSIGN_FAST_VARDKONTAKT
from fhir_server.operations.caseload import CASELOAD
from fhir_server.operations.change_fast_vardkontakt import CHANGE_FAST_VARDKONTAKT
from fhir_server.operations.coverage import COVERAGE
from fhir_server.operations.decline_fast_vardkontakt import DECLINE_FAST_VARDKONTAKT
from fhir_server.operations.diff import DIFF
from fhir_server.operations.document import DOCUMENT
from fhir_server.operations.end_fast_vardkontakt import END_FAST_VARDKONTAKT
from fhir_server.operations.evaluate_measure import EVALUATE_MEASURE
from fhir_server.operations.everything import EVERYTHING
from fhir_server.operations.expand import EXPAND
from fhir_server.operations.generate_sip import GENERATE_SIP
from fhir_server.operations.graphql.operation import GRAPHQL
from fhir_server.operations.lookup import LOOKUP
from fhir_server.operations.meta import META, META_ADD, META_DELETE
from fhir_server.operations.named_contacts import NAMED_CONTACTS
from fhir_server.operations.operation import Operation
from fhir_server.operations.reassign import REASSIGN
from fhir_server.operations.record_information import RECORD_INFORMATION
from fhir_server.operations.record_sip_consent import RECORD_SIP_CONSENT
from fhir_server.operations.reindex import REINDEX
from fhir_server.operations.reviews_due import REVIEWS_DUE
from fhir_server.operations.set_deputy import SET_DEPUTY
from fhir_server.operations.sip_access import SIP_ACCESS
from fhir_server.operations.stranded import STRANDED
from fhir_server.operations.subsumes import SUBSUMES
from fhir_server.operations.translate import TRANSLATE
from fhir_server.operations.validate import VALIDATE
from fhir_server.operations.validate_code import VALIDATE_CODE
from fhir_server.operations.withdraw_sip_consent import WITHDRAW_SIP_CONSENT

OPERATIONS: dict[str, Operation] = {
    operation.code: operation
    for operation in (
        ASSIGN_FAST_VARDKONTAKT,
        COVERAGE,
        CHANGE_FAST_VARDKONTAKT,
        DECLINE_FAST_VARDKONTAKT,
        CASELOAD,
        DIFF,
        DOCUMENT,
        END_FAST_VARDKONTAKT,
        EVALUATE_MEASURE,
        EVERYTHING,
        EXPAND,
        GENERATE_SIP,
        GRAPHQL,
        LOOKUP,
        META,
        META_ADD,
        META_DELETE,
        NAMED_CONTACTS,
        REASSIGN,
        REINDEX,
        SET_DEPUTY,
        STRANDED,
        RECORD_INFORMATION,
        RECORD_SIP_CONSENT,
        REINDEX,
        REVIEWS_DUE,
        SIP_ACCESS,
        SUBSUMES,
        TRANSLATE,
        VALIDATE,
        VALIDATE_CODE,
        WITHDRAW_SIP_CONSENT,
    )
}
