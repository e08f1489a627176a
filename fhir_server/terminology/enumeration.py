"""The codes of a value set by system, as a search needs them.

Source: https://hl7.org/fhir/R4/search.html#token (:in, :not-in)
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.terminology.compose import Include, Library, Plan
from fhir_server.terminology.concepts import ExpansionRequest, TerminologyError
from fhir_server.terminology.expansion import Expander
from fhir_server.terminology.sources import Selection

# By system; None stands for any code of it.
Codes = dict[str, Sequence[str] | None]

# A search for any code of a system is one criterion, and this many codes are too many.
_MOST_OF_A_SYSTEM = 500


def enumerated(library: Library, plan: Plan, max_expansion: int) -> Codes:
    """Give the codes of a value set by system; None in place of them for a whole system.

    Raises:
        TerminologyError: a code system it takes codes from is not known, or there are too many.
        SourceUnavailable: the database does not answer.
    """
    whole = [i for i in plan.includes if _is_taken_whole(library, plan, i)]
    rest = tuple(i for i in plan.includes if i not in whole)
    codes: dict[str, list[str]] = {}
    listed = Plan(plan.url, rest, plan.excludes, plan.inactive, plan.fixed)
    for item in Expander(library, ExpansionRequest(), max_expansion).expand(listed).contains:
        codes.setdefault(item.system, []).append(item.code)
    found: Codes = {**codes}
    found.update((include.system or "", None) for include in whole)
    return found


def _is_taken_whole(library: Library, plan: Plan, include: Include) -> bool:
    if not include.is_whole_system or plan.excludes or not plan.inactive:
        return False
    system = library.system(include.system or "", include.version)
    if system is None or system.info.content != "complete":
        return True
    try:
        return system.count(Selection()) > _MOST_OF_A_SYSTEM
    except TerminologyError:
        return True
