"""What Swedish law says of the audit trail (R115, R116).

HSLF-FS 2016:40, 4 kap. 9 §: the log says what was done with which patient's data, at which unit and
when, by whom; it is checked, and kept for five years at least. Patientdatalagen (2008:355) 4 kap.
3 §: the caregiver checks systematically whether anybody had access without right.
"""

from __future__ import annotations

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden.codes import HSLF_2016_40_4_9, PDL_4_3

APPEND_ONLY = Issue(
    "error",
    "not-supported",
    "The audit trail is only added to: no AuditEvent is changed or deleted. Create another that "
    "tells what is to be known.",
    "AuditEvent",
    (HSLF_2016_40_4_9.coding, PDL_4_3.coding),
)
