"""What TerminologyCapabilities says of code systems, expansions and translations.

Source: https://hl7.org/fhir/R4/terminologycapabilities.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology.compose import NOWHERE
from fhir_server.terminology.concepts import SystemInfo
from fhir_server.terminology.terminology import Terminology

Json = dict[str, Any]

# More than this is no statement that anybody reads.
MAX_SYSTEMS = 5000
# Parameters of $expand that are refused: docs/operations/expand.md says why.
REFUSED = ("context", "contextDirection", "date")
EXPAND = "http://hl7.org/fhir/OperationDefinition/ValueSet-expand"
ABOUT = (
    "The operations are $expand, $validate-code, $lookup, $subsumes and $translate; $find-matches "
    "and $closure are not offered. Code systems that are known by name alone, such as SNOMED CT "
    "and LOINC, are not listed: their codes can't be checked here."
)
TEXT_FILTER = (
    "Words, separated by spaces. A concept counts where each of them begins a word of its display "
    "or of a designation; neither case nor accents count."
)


def terminology_part(terminology: Terminology, definitions: Definitions) -> Json:
    """Give the elements that follow the heading of TerminologyCapabilities.

    Args:
        terminology: what is known about codes.
        definitions: the OperationDefinitions.
    """
    systems = list(islice(_systems(terminology), MAX_SYSTEMS + 1))
    about = ABOUT
    if len(systems) > MAX_SYSTEMS:
        about = f"{about} Only {MAX_SYSTEMS} code systems are listed; there are more."
    return {
        "description": about,
        "codeSystem": systems[:MAX_SYSTEMS],
        "expansion": {
            "hierarchical": True,
            "paging": True,
            "incomplete": False,
            "parameter": list(_parameters(definitions)),
            "textFilter": TEXT_FILTER,
        },
        "codeSearch": "explicit",
        "validateCode": {"translations": False},
        "translation": {"needsMap": True},
    }


def _systems(terminology: Terminology) -> Iterator[Json]:
    """Give each code system once, its versions together, the newest as the default."""
    by_url: dict[str, list[tuple[SystemInfo, bool]]] = {}
    for info, has_levels in terminology.described():
        if info.content not in NOWHERE:
            by_url.setdefault(info.url, []).append((info, has_levels))
    for url, known in by_url.items():
        default = known[0][0] if len(known) == 1 else terminology.code_system(url)
        versions = [_version(info, default) for info, _ in known if info.version]
        system: Json = {"uri": url}
        if versions:
            system["version"] = versions
        yield {**system, "subsumption": any(has_levels for _, has_levels in known)}


def _version(info: SystemInfo, default: SystemInfo | None) -> Json:
    is_default = default is not None and default.version == info.version
    found: Json = {"code": info.version, "isDefault": is_default, "compositional": False}
    filters = [
        {"code": each["code"], "op": list(each["operator"])}
        for each in info.filters
        if each.get("operator")
    ]
    if filters:
        found["filter"] = filters
    properties = [each["code"] for each in info.properties]
    return {**found, "property": properties} if properties else found


def _parameters(definitions: Definitions) -> Iterator[Json]:
    for definition in definitions.operations():
        if definition["url"] == EXPAND:
            for parameter in definition["parameter"]:
                if _is_offered(parameter):
                    yield {"name": parameter["name"]}


def _is_offered(parameter: Mapping[str, Any]) -> bool:
    return parameter["use"] == "in" and parameter["name"] not in REFUSED
