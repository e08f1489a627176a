"""A code system with levels, properties, designations and inactive codes, and what filters find."""

from __future__ import annotations

from typing import Any

import pytest

SYSTEM = "https://example.org/CodeSystem/care"

CARE: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "id": "care",
    "url": SYSTEM,
    "version": "2",
    "name": "Care",
    "status": "active",
    "content": "complete",
    "caseSensitive": True,
    "hierarchyMeaning": "is-a",
    "property": [
        {"code": "kind", "type": "code"},
        {"code": "beds", "type": "integer"},
        {"code": "status", "uri": "http://hl7.org/fhir/concept-properties#status", "type": "code"},
        {"code": "group", "type": "Coding"},
        {"code": "subsumedBy", "type": "code"},
    ],
    "concept": [
        {
            "code": "care",
            "display": "Vård",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    "code": "inpatient",
                    "display": "Slutenvård",
                    "definition": "Care of someone who is admitted.",
                    "designation": [
                        {"language": "en", "value": "Inpatient care"},
                        {"language": "en-GB", "value": "Care in hospital"},
                    ],
                    "property": [
                        {"code": "kind", "valueCode": "bed"},
                        {"code": "beds", "valueInteger": 12},
                    ],
                    "concept": [
                        {"code": "ward", "display": "Vårdavdelning"},
                        {
                            "code": "icu",
                            "display": "Intensivvård",
                            "property": [{"code": "kind", "valueCode": "bed"}],
                        },
                    ],
                },
                {
                    "code": "outpatient",
                    "display": "Öppenvård",
                    "property": [
                        {"code": "kind", "valueCode": "visit"},
                        {"code": "group", "valueCoding": {"system": "urn:x", "code": "g1"}},
                    ],
                },
            ],
        },
        {
            "code": "day",
            "display": "Dagvård",
            "property": [
                {"code": "subsumedBy", "valueCode": "inpatient"},
                {"code": "subsumedBy", "valueCode": "outpatient"},
            ],
        },
        {
            "code": "asylum",
            "display": "Mentalsjukvård",
            "property": [{"code": "status", "valueCode": "retired"}],
        },
    ],
}

EVERY = ["care", "inpatient", "ward", "icu", "outpatient", "day", "asylum"]

# property, operator, value, what it finds in the order of the code system
FILTERS = [
    ("concept", "=", "icu", ["icu"]),
    ("code", "=", "ICU", []),
    ("concept", "is-a", "inpatient", ["inpatient", "ward", "icu", "day"]),
    ("code", "is-a", "ward", ["ward"]),
    ("concept", "is-a", "nothing", []),
    ("concept", "descendent-of", "inpatient", ["ward", "icu", "day"]),
    ("concept", "descendent-of", "care", ["inpatient", "ward", "icu", "outpatient", "day"]),
    ("concept", "is-not-a", "inpatient", ["care", "outpatient", "asylum"]),
    ("concept", "generalizes", "day", ["care", "inpatient", "outpatient", "day"]),
    ("concept", "generalizes", "asylum", ["asylum"]),
    ("concept", "in", "icu, ward", ["ward", "icu"]),
    ("code", "not-in", "icu,ward,day", ["care", "inpatient", "outpatient", "asylum"]),
    ("code", "regex", "[iw].*", ["inpatient", "ward", "icu"]),
    ("code", "regex", "ar", []),
    ("code", "regex", "ward|icu", ["ward", "icu"]),
    ("display", "=", "Öppenvård", ["outpatient"]),
    ("display", "regex", ".*vård", ["inpatient", "icu", "outpatient", "day", "asylum"]),
    ("display", "in", "Vård,Dagvård", ["care", "day"]),
    ("definition", "exists", "true", ["inpatient"]),
    ("parent", "=", "inpatient", ["ward", "icu", "day"]),
    ("parent", "in", "care,outpatient", ["inpatient", "outpatient", "day"]),
    ("parent", "exists", "false", ["care", "asylum"]),
    ("parent", "exists", "true", ["inpatient", "ward", "icu", "outpatient", "day"]),
    ("child", "=", "day", ["inpatient", "outpatient"]),
    ("child", "exists", "true", ["care", "inpatient", "outpatient"]),
    ("child", "exists", "false", ["ward", "icu", "day", "asylum"]),
    ("kind", "=", "bed", ["inpatient", "icu"]),
    ("kind", "in", "visit,none", ["outpatient"]),
    ("kind", "not-in", "bed", ["care", "ward", "outpatient", "day", "asylum"]),
    ("kind", "exists", "true", ["inpatient", "icu", "outpatient"]),
    ("kind", "exists", "false", ["care", "ward", "day", "asylum"]),
    ("kind", "regex", "b.d", ["inpatient", "icu"]),
    ("beds", "=", "12", ["inpatient"]),
    ("group", "=", "g1", ["outpatient"]),
    ("group", "=", "urn:x|g1", ["outpatient"]),
    ("inactive", "=", "true", ["asylum"]),
    ("notSelectable", "=", "true", ["care"]),
    ("status", "=", "retired", ["asylum"]),
]

every_filter = pytest.mark.parametrize(("name", "op", "value", "found"), FILTERS)

# words of a text filter, and what they find
WORDS = [
    ("vård", ["care", "ward"]),
    ("VARD", ["care", "ward"]),
    ("vård avd", []),
    ("care", ["inpatient"]),
    ("care hosp", ["inpatient"]),
    ("hosp in", ["inpatient"]),
    ("dag", ["day"]),
    ("slutenvard", ["inpatient"]),
    ("ård", []),
]

every_text = pytest.mark.parametrize(("text", "found"), WORDS)
