"""The demo's people on a server that knows who asks, each with a principal of their own."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.batch import process
from fhir_server.interactions.context import Context, OperationRequest
from fhir_server.interactions.create import create
from fhir_server.interactions.read import read
from fhir_server.interactions.search import search
from fhir_server.security.principal import Principal
from fhir_server.security.trace import Trace
from tests.conftest import ROOT
from tests.security.worlds import World

Json = dict[str, Any]
DEMO = ("0-organisations", "a-elderly-discharge", "b-als", "c-child")
# HSA-ids of the demo's units.
UNITS = {
    "region-jh": "SE2321000214-TEST00",
    "avd-108": "SE2321000214-TEST10",
    "neurologmottagningen": "SE2321000214-TEST11",
    "halsocentralen-test": "SE2321000214-TEST20",
    "bup-ostersund": "SE2321000214-TEST30",
    "ostersunds-kommun": "SE2120002528-TEST00",
    "hemsjukvarden": "SE2120002528-TEST01",
    "hemtjansten": "SE2120002528-TEST02",
    "socialtjansten-ifo": "SE2120002528-TEST03",
    "testskolan": "SE2120002528-TEST04",
}


def staff(unit: str, role: str = "coordinator", person: str = "", **more: Any) -> Principal:
    """Give a member of staff of a unit of the demo."""
    number = person or f"SE0000000000-{unit}-{role}"
    return Principal(number, role=role, unit=UNITS[unit], person=number, purpose="TREAT", **more)


def patient(id_: str) -> Principal:
    """Give a person who asks for themselves."""
    return Principal(f"Patient/{id_}", role="patient", patient=f"Patient/{id_}")


DISTRICT_NURSE = staff("halsocentralen-test", "sip-coordinator", "SE2321000214-TESTP002")
HEAD = staff("halsocentralen-test", "manager", "SE2321000214-TESTP001")
WARD = staff("avd-108", "coordinator", "SE2321000214-TESTP005")
MUNICIPALITY = staff("ostersunds-kommun", "sip-coordinator")
HOME_NURSE = staff("hemsjukvarden", "sip-coordinator", "SE2120002528-TESTP006")
HOME_CARE = staff("hemtjansten", "coordinator", "SE2120002528-TESTP008")
NEUROLOGY = staff("neurologmottagningen", "sip-coordinator", "SE2321000214-TESTP009")
SCHOOL = staff("testskolan", "reader", "SE2120002528-TESTP019")
ALBERTINA = patient("albertina-hammar")
MARIA = patient("maria-ljungberg")


class Secured(World):
    """The demo, and who asks."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.traces: list[Trace] = []

    def context(self, principal: Principal | None = None) -> Context:  # type: ignore[override]
        """Give a request of a principal; its trace is the last of `traces`."""
        if principal is None:
            return super().context()
        self.traces.append(Trace())
        return Context(
            self.parts.server, self.parts.gate.open(principal, self.traces[-1]), self.base
        )

    def load_demo(self) -> None:
        """Load the demo's people, as an operator does."""
        for name in DEMO:
            bundle = json.loads((ROOT / "demo" / f"{name}.json").read_bytes())
            process(self.context(), bundle)

    def call(
        self, who: Principal | None, address: str, *given: Json, get: bool = False, media: str = ""
    ) -> Any:
        """Call an operation, ``Type/id/$code``; its answer as JSON, or as bytes of a page.

        Raises:
            FhirError: the operation is refused.
        """
        where, _, code = address.rpartition("$")
        type_, _, id_ = where.strip("/").partition("/")
        body = {"resourceType": "Parameters", "parameter": list(given)} if given else None
        request = OperationRequest(
            code, type_ or None, id_ or None, "GET" if get else "POST", (), body, media
        )
        context = self.context(who)
        answer = context.server.operations.invoke(context, request)
        content = answer.content or b""
        return content if media else json.loads(content or b"null")

    def refused(self, who: Principal | None, address: str, *given: Json, **how: Any) -> int:
        """Give the status that an operation is refused with; 0 where it is not."""
        try:
            self.call(who, address, *given, **how)
        except FhirError as error:
            return error.status
        return 0

    def reads(self, who: Principal | None, reference: str) -> Json | None:
        """Give a resource as somebody reads it; None where it is not there for them."""
        try:
            answer = read(self.context(who), *reference.split("/"))
        except FhirError as error:
            if error.status != 404:
                raise
            return None
        found: Json = json.loads(answer.content or b"null")
        return found

    def finds(self, who: Principal | None, resource_type: str, **asked: str) -> list[str]:
        """Give the ids that a search finds."""
        pairs = [
            (name.replace("_", "-").replace("--", "_"), value) for name, value in asked.items()
        ]
        bundle = json.loads(search(self.context(who), resource_type, pairs).body or b"{}")
        return [each["resource"]["id"] for each in bundle.get("entry", ())]

    def creates(self, who: Principal | None, resource: Json) -> str:
        """Store a resource; ``Type/id``."""
        made = create(self.context(who), resource["resourceType"], resource)
        assert made.stored is not None
        return made.stored.reference


def reference(name: str, to: str) -> Json:
    """Give a parameter that is a reference."""
    return {"name": name, "valueReference": {"reference": to}}
