"""How long records of care are kept (R115; patientdatalagen 2008:355, PDL).

A journalhandling is kept at least ten years after the last entry in it (PDL 3 kap. 17 §). Before
that it is destroyed only where the Inspektionen för vård och omsorg (IVO) decides so (PDL 8 kap.
4 §). GDPR article 17 gives no right to have erased what a law says must be kept (17.3 b).
"""

from __future__ import annotations

import datetime as dt
import re

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.rulings import refusal

RETENTION_YEARS = 10
GALLRING = "gallring"
# A personnummer or samordningsnummer, with or without century and sign.
_PERSONAL_NUMBER = re.compile(r"(?<!\d)(?:\d{6}|\d{8})[-+ ]?\d{4}(?!\d)")


def last_day_out_of_retention(today: dt.date) -> dt.date:
    """Give the day such that what was last written to before it need not be kept any longer.

    PDL 3 kap. 17 §.
    """
    try:
        return today.replace(year=today.year - RETENTION_YEARS)
    except ValueError:  # 29 February
        return today.replace(year=today.year - RETENTION_YEARS, day=28)


def purge_before(basis: str, before: dt.date | None, today: dt.date) -> dt.date | None:
    """Give the day such that only what was last written to before it is destroyed.

    Args:
        basis: code of ``purge-basis``.
        before: as asked for; None for no limit.
        today: the day.

    Returns:
        None where there is no limit. For a gallring there always is one.
    """
    if basis != GALLRING:
        return before
    return before or last_day_out_of_retention(today)


def too_early(basis: str, before: dt.date | None, today: dt.date) -> Issue | None:
    """Refuse a gallring of what must be kept (PDL 3 kap. 17 §); None where it may be done."""
    limit = last_day_out_of_retention(today)
    if basis != GALLRING or before is None or before <= limit:
        return None
    text = (
        f"Records are kept at least {RETENTION_YEARS} years after the last entry: a gallring may "
        f"reach what was last written to before {limit.isoformat()}, and nothing later."
    )
    return refusal(text, "before", codes.PDL_3_17)


def names_a_person(text: str) -> bool:
    """Tell whether a text holds what looks like a personal identity number."""
    return _PERSONAL_NUMBER.search(text) is not None
