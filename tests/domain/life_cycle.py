"""Calls of the operations on a named contact's life, and what is read from their answers."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, code, parameters, reference, string

SWEDEN = ZoneInfo("Europe/Stockholm")


def moment(value: str) -> Json:
    """Give a dateTime parameter's value."""
    return {"valueDateTime": value}


def change(clinic: Clinic, team: str, /, **more: Json | list[Json] | None) -> Any:
    """Call $change-fast-vardkontakt; None leaves a parameter out."""
    return _call(clinic, f"{team}/$change-fast-vardkontakt", more)


def granted(patient: str, chef: str, role: str, /, **more: Json | list[Json] | None) -> Any:
    """Give the parameters of a change that the patient asked for, and that was granted."""
    return {
        "requester": reference(patient),
        "reason": string("Vill ha någon på närmare håll"),
        "decision": code(codes.BEVILJAT),
        "decidedBy": reference(chef),
        "practitionerRole": reference(role),
        **more,
    }


def end(clinic: Clinic, url: str, reason: str, /, **more: Json | list[Json] | None) -> Any:
    """Call $end-fast-vardkontakt at a CareTeam or a Patient."""
    return _call(clinic, f"{url}/$end-fast-vardkontakt", {"reason": code(reason), **more})


def decline(clinic: Clinic, url: str, /, **more: Json | list[Json] | None) -> Any:
    """Call $decline-fast-vardkontakt at a CareTeam or a Patient."""
    return _call(clinic, f"{url}/$decline-fast-vardkontakt", more)


def tell(clinic: Clinic, url: str, /, **more: Json | list[Json] | None) -> Any:
    """Call $record-information at a CareTeam or a Patient."""
    return _call(clinic, f"{url}/$record-information", more)


def _call(clinic: Clinic, url: str, named: dict[str, Any]) -> Any:
    given = {name: value for name, value in named.items() if value is not None}
    # FHIR has no empty arrays.
    body = parameters(**given) if given else {"resourceType": "Parameters"}
    return clinic.fhir.post(url, body)


def named(response: Any) -> dict[str, Json]:
    """Give the resources of an answer that must say success, by parameter; the last of several."""
    assert response.status_code in (200, 201), response.text
    given = [each for each in response.json["parameter"] if "resource" in each]
    return {each["name"]: each["resource"] for each in given}


def every(response: Any, name: str) -> list[Json]:
    """Give all resources of one parameter."""
    assert response.status_code in (200, 201), response.text
    return [each["resource"] for each in response.json["parameter"] if each["name"] == name]


def advised(response: Any) -> list[str]:
    """Give the paragraphs of what the law advises in an answer that must say success.

    Guidance, which is no law, has another code.
    """
    outcome = named(response).get("outcome", {"issue": []})
    return [
        coding["code"]
        for issue in outcome["issue"]
        if issue["code"] != "informational"
        for coding in issue["details"].get("coding", [])
        if coding.get("system") == codes.LAW_SYSTEM
    ]


def url_of(resource: Json) -> str:
    """Give ``Type/id``."""
    return f"{resource['resourceType']}/{resource['id']}"


def part_of(team: Json, url: str, name: str) -> Any:
    """Give the value of a part of a complex extension that must be there."""
    [found] = [each for each in team["extension"] if each["url"] == url]
    [part] = [each for each in found["extension"] if each["url"] == name]
    return next(value for key, value in part.items() if key.startswith("value"))


def reason_of(team: Json) -> str:
    """Give the code of why an assignment ended."""
    [found] = [each for each in team["extension"] if each["url"] == codes.END_REASON]
    return str(found["valueCodeableConcept"]["coding"][0]["code"])


def in_seconds(seconds: float) -> str:
    """Give a moment from now, in UTC."""
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds")


def interval(period: Json) -> tuple[dt.datetime, dt.datetime | None]:
    """Read a period by R4's words alone: what its end names belongs to it, whole."""
    start = _first(period["start"])
    return start, _after(period["end"]) if "end" in period else None


def _first(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SWEDEN)


def _after(text: str) -> dt.datetime:
    if len(text) == len("2026-11-27"):
        return _first((dt.date.fromisoformat(text) + dt.timedelta(days=1)).isoformat())
    fraction = re.search(r"\.(\d+)", text)
    digits = len(fraction[1]) if fraction else 0
    return _first(text) + dt.timedelta(microseconds=10 ** (6 - digits))
