"""Which function makes index entries of which data type, for each type of search parameter.

Source: the tables of https://hl7.org/fhir/R4/search.html#ptypes
"""

from __future__ import annotations

from collections.abc import Mapping

from fhir_server.fhir.reference import local
from fhir_server.search import range_values, token_values
from fhir_server.search.collecting import Emit, Value

_EMITTERS: Mapping[str, Mapping[str, Emit]] = {
    **token_values.EMITTERS,
    **range_values.EMITTERS,
}


def emitter(kind: str, value_type: str) -> Emit | None:
    """Give the function that indexes a data type for a kind of search parameter, None for none."""
    return _EMITTERS.get(kind, {}).get(value_type)


_NESTED = (dict, list)


def referred(value: Value, base_url: str) -> set[str]:
    """Give ``Type/id`` of every local resource that a value refers to, however deep."""
    found: set[str] = set()
    rest = [value]
    while rest:
        item = rest.pop()
        if type(item) is list:
            rest.extend([inner for inner in item if type(inner) in _NESTED])
            continue
        for key, inner in item.items():
            if type(inner) in _NESTED:
                rest.append(inner)
            elif key == "reference" and type(inner) is str:
                target = local(inner, base_url)
                if target:
                    found.add(str(target))
    return found
