"""The domain's data: a made-up region, and people whom the measured operations are about.

Loaded with `fhir-server load --unit`, so that the region answers for what does not say whose it is.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fhir_server.sweden import codes
from fhir_server.synthetic.region import Region

Json = dict[str, Any]

SIZE = 1000
REGION = "Organization/demo-region"
REGION_HSA = "TSTNMT2321000214-R"
# So many are appointed a contact, or get a plan, in a run at most; each once.
POOL = 6000
# Those whose plans are created: again and again, as a person may have several.
PLANNED = 500
_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"


@cache
def _region() -> Region:
    return Region(SIZE, 1, dt.date.today())


def units_and_staff() -> list[Json]:
    """Give who works in the region, and where."""
    return list(_region().units_and_staff())


def people() -> list[Json]:
    """Give the region's patients with all about them, and those whom operations are tried on."""
    found = [each for number in range(SIZE) for each in _region().patient(number)]
    for number in range(POOL):
        found += _with_consent(f"pool-{number:05}")
    for number in range(PLANNED):
        found += [*_with_consent(f"planned-{number:05}"), _goal(f"planned-{number:05}")]
    return found


def load(folder: Path, uri: str) -> None:
    """Load it all into a database.

    Args:
        folder: for the files.
        uri: of the MongoDB.
    """
    _load(_written(folder / "units.ndjson", units_and_staff()), uri)
    _load(_written(folder / "people.ndjson", people()), uri, "--unit", REGION)


def _load(path: Path, uri: str, *options: str) -> None:
    command = [sys.executable, "-m", "fhir_server.cli", "load", "--quiet", "--mongodb-uri", uri]
    subprocess.run([*command, *options, str(path)], check=True)


def _written(path: Path, resources: Iterable[Json]) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for each in resources:
            file.write(json.dumps(each, ensure_ascii=False) + "\n")
    return path


def _with_consent(id_: str) -> Iterator[Json]:
    yield {
        "resourceType": "Patient",
        "id": id_,
        "active": True,
        "name": [{"family": "Provsson", "given": ["Prov"]}],
        "gender": "female",
        "birthDate": "1940-05-14",
    }
    yield {
        "resourceType": "Consent",
        "id": f"{id_}-sip-samtycke",
        "extension": [{"url": codes.CONSENT_FORM, "valueCode": "muntligt"}],
        "status": "active",
        "scope": {"coding": [{"system": _SCOPE, "code": "patient-privacy"}]},
        "category": [
            {"coding": [{"system": codes.CONSENT_CATEGORY_SYSTEM, "code": codes.CONSENT_TO_SIP}]}
        ],
        "patient": {"reference": f"Patient/{id_}"},
        "dateTime": "2026-08-25T10:00:00+02:00",
        "performer": [{"reference": f"Patient/{id_}"}],
        "organization": [{"reference": "Organization/demo-hc-2380-1"}],
        "policyRule": {"coding": [{"system": codes.LAW_SYSTEM, "code": codes.HSL_16_4.code}]},
        "provision": {"type": "permit", "period": {"start": "2026-08-25"}},
    }


def _goal(id_: str) -> Json:
    return {
        "resourceType": "Goal",
        "id": f"{id_}-sip-mal",
        "lifecycleStatus": "active",
        "description": {"text": "Gå till brevlådan själv"},
        "subject": {"reference": f"Patient/{id_}"},
    }
