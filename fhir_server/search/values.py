"""Which function makes index entries of which data type, for each type of search parameter.

Source: the tables of https://hl7.org/fhir/R4/search.html#ptypes
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fhir_server.fhir.reference import local
from fhir_server.search import range_values, token_values
from fhir_server.search.collecting import Emit

_EMITTERS: Mapping[str, Mapping[str, Emit]] = {
    **token_values.EMITTERS,
    **range_values.EMITTERS,
}


def emitter(kind: str, value_type: str) -> Emit | None:
    """Give the function that indexes a data type for a kind of search parameter, None for none."""
    return _EMITTERS.get(kind, {}).get(value_type)


# In JSON a quotation mark inside a string stands behind a backslash, so this finds properties only.
# What has a backslash itself is no local reference.
_REFERENCE = re.compile(rb'"reference":"([^"\\]*)"')


def referred(written: bytes, base_url: str) -> set[str]:
    """Give ``Type/id`` of every local resource that a resource refers to, however deep.

    Args:
        written: the resource as `fhir.json.dump` writes it.
        base_url: the server's own address.
    """
    found = (local(each.decode(), base_url) for each in set(_REFERENCE.findall(written)))
    return {str(each) for each in found if each}
