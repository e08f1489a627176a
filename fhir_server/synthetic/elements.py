"""Elements of FHIR as the synthetic region writes them."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from fhir_server.sweden import codes

Json = dict[str, Any]

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DEMO = {"system": ACT_CODE, "code": "DEMO"}
PROTECTED = {
    "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
    "code": "sekretessmarkering",
}
_IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")


def resource(type_: str, identity: str, *profiles: str, labels: tuple[Json, ...] = ()) -> Json:
    """Begin a resource, labelled as made up."""
    meta: Json = {"security": [DEMO, *labels]}
    if profiles:
        meta = {"profile": [codes.structure(each) for each in profiles], **meta}
    return {"resourceType": type_, "id": identity, "meta": meta}


def concept(system: str, code: str, display: str | None = None) -> Json:
    """Give a CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    return {"coding": [coding if display is None else {**coding, "display": display}]}


def reference(to: str, display: str | None = None) -> Json:
    """Give a Reference."""
    return {"reference": to} if display is None else {"reference": to, "display": display}


def extension(url: str, **value: Any) -> Json:
    """Give an extension with a value: ``valueCode="region"``."""
    return {"url": url, **value}


def parts(url: str, **values: tuple[str, Any]) -> Json:
    """Give an extension that has parts: ``at=("DateTime", "2026-01-01")``."""
    inner = [{"url": name, f"value{type_}": value} for name, (type_, value) in values.items()]
    return {"url": url, "extension": inner}


def hsa_id(value: str) -> Json:
    """Give an identifier with an HSA-id of a test environment."""
    return {
        "type": concept(_IDENTIFIER_TYPE, "PRN"),
        "system": codes.HSA_ID,
        "value": value,
    }


def phone(number: str, *, hours: bool = False) -> Json:
    """Give a telephone at work, with the hours it is answered if wanted."""
    found: Json = {"system": "phone", "value": number, "use": "work"}
    return {"extension": [_HOURS], **found} if hours else found


def day(date: dt.date) -> str:
    """Write a date."""
    return date.isoformat()


def moment(date: dt.date, minutes: int) -> str:
    """Write a moment of a day in Sweden, by the minutes since midnight."""
    hour, minute = divmod(minutes, 60)
    return f"{date.isoformat()}T{hour:02}:{minute:02}:00+0{_offset(date)}:00"


def _offset(date: dt.date) -> int:
    starts, ends = _summer(date.year)
    return 2 if starts <= date < ends else 1


@cache
def _summer(year: int) -> tuple[dt.date, dt.date]:
    """Give the days from which summer time holds, and from which it does no longer."""
    last = (dt.date(year, 3, 31), dt.date(year, 10, 31))
    starts, ends = (each - dt.timedelta(days=(each.weekday() + 1) % 7) for each in last)
    return starts, ends


_HOURS: Json = {
    "url": codes.structure("contact-availability"),
    "extension": [
        *({"url": "daysOfWeek", "valueCode": each} for each in WEEKDAYS),
        {"url": "availableStartTime", "valueTime": "08:00:00"},
        {"url": "availableEndTime", "valueTime": "16:30:00"},
    ],
}
