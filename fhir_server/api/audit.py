"""One record in the audit trail for each request to the FHIR interface, before its answer leaves.

R115. Whatever the answer is: given, refused, failed. Where it can't be recorded it does not leave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app

from fhir_server.api import authentication
from fhir_server.api.exchange import Request, here
from fhir_server.api.request import server, store, trace
from fhir_server.api.responses import respond_with_issues
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.security.audit.event import (
    TYPE,
    Form,
    Interaction,
    Occurrence,
    reference_in,
)
from fhir_server.security.audit.trail import Trail, TrailUnavailable
from fhir_server.security.principal import Principal
from fhir_server.storage.mongo_audit import AuditStore

BASE = "/fhir"
# Who could not say who they are.
UNKNOWN = Principal("unknown", role="unauthenticated")
LONGEST_QUERY = 200_000
LONGEST_URL = 2_000

ACTIONS = {
    "create": "C", "read": "R", "vread": "R", "history-instance": "R", "history-type": "R",
    "history-system": "R", "search-type": "E", "search-system": "E", "update": "U", "patch": "U",
    "delete": "D", "batch": "E", "transaction": "E", "operation": "E", "capabilities": "R",
}  # fmt: skip
OF_A_TYPE = {"GET": "search-type", "POST": "create", "PUT": "update", "PATCH": "patch",
             "DELETE": "delete"}  # fmt: skip
OF_ONE = {"GET": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
BY_METHOD = {"GET": "R", "POST": "C", "PUT": "U", "PATCH": "U", "DELETE": "D"}


@dataclass(slots=True)
class Notes:
    """What views know of a request that its address does not tell.

    Args:
        query: what was asked in the body.
        kind: ``batch`` or ``transaction``.
        entries: of it: method, address and status of each.
        done: whether it is recorded.
    """

    query: str = ""
    kind: str = ""
    entries: list[tuple[str, str, str]] = field(default_factory=list)
    done: bool = False


def register(app: Flask, trail: Trail, form: Form) -> None:
    """Record every request to the FHIR interface.

    Args:
        app: the application.
        trail: where.
        form: what all records have in common.
    """
    app.extensions["fhir_audit"] = trail, form
    app.before_request(lambda: _begin(trail))
    app.after_request(lambda response: _end(response, trail, form))


def note_query(text: str, variables: Mapping[str, Any]) -> None:
    """Note what a query in a language of its own asks."""
    if notes := _notes():
        values = json.dump(dict(variables)).decode() if variables else ""
        notes.query = "\n".join(part for part in (text, values) if part)


def note_entries(bundle: Any) -> None:
    """Note what the entries of a batch or transaction ask for, before they are carried out."""
    notes = _notes()
    if notes is None or not isinstance(bundle, dict):
        return
    kind, entries = bundle.get("type"), bundle.get("entry")
    notes.kind = kind if kind in ("batch", "transaction") else ""
    listed = entries if isinstance(entries, list) else []
    most = current_app.extensions["fhir"].server.settings.max_bundle_entries
    notes.entries = [_asked(entry) for entry in listed[:most]]


def note_answers(answer: Answer) -> None:
    """Note what came of the entries."""
    notes = _notes()
    if notes is None or not notes.entries:
        return
    answered = json.plain(answer.content or b"{}").get("entry", [])
    statuses = [str(entry.get("response", {}).get("status", ""))[:3] for entry in answered]
    notes.entries = [
        (method, url, status)
        for (method, url, _), status in zip(notes.entries, statuses, strict=False)
    ]


def _asked(entry: Any) -> tuple[str, str, str]:
    asked = entry.get("request") if isinstance(entry, dict) else None
    said = asked if isinstance(asked, dict) else {}
    return str(said.get("method", ""))[:10], str(said.get("url", ""))[:LONGEST_URL], ""


def _notes() -> Notes | None:
    return here().audit_notes


def _begin(trail: Trail) -> Response | None:
    """Refuse before anything is done what could not be recorded."""
    request = here()
    if not _is_recorded(request):
        return None
    request.audit_notes = notes = Notes()
    try:
        trail.require_room()
    except TrailUnavailable:
        notes.done = True
        return _unavailable()
    return None


def _end(response: Response, trail: Trail, form: Form) -> Response:
    request = here()
    notes = request.audit_notes
    if notes is None or notes.done:
        return response
    notes.done = True
    try:
        trail.tell(_occurrence(request, notes, response.status_code), form)
    except TrailUnavailable:
        return _unavailable()
    return response


def _is_recorded(request: Request) -> bool:
    # OPTIONS tells what there is, and nothing about anybody.
    path = request.path
    return (path == BASE or path.startswith(f"{BASE}/")) and request.method != "OPTIONS"


def _unavailable() -> Response:
    text = "The audit trail can't be written, so nothing is answered; try again in a moment."
    response = respond_with_issues((Issue("error", "transient", text),), 503)
    response.headers["Retry-After"] = "2"
    return response


def _occurrence(request: Request, notes: Notes, status: int) -> Occurrence:
    rule = request.url_rule.rule if request.url_rule else ""
    interaction = _interaction(request.method, rule, notes.kind)
    found = trace()
    target = reference_in(request.path[len(BASE) + 1 :])
    patients = set(found.patients)
    if status < 400 and target.startswith("Patient/"):
        patients.add(target)
    return Occurrence(
        interaction=interaction,
        status=status,
        principal=_principal(request),
        patients=patients,
        given=found.given,
        changed=found.changed,
        emergency=found.emergency,
        target=target,
        query=_query(request, notes),
        entries=json.dump(notes.entries) if notes.entries else b"",
        digests=_digests(found.changed),
        request_id=request.request_id,
        address=request.remote_addr or "",
    )


def _principal(request: Request) -> Principal:
    """Give who asked; who was refused is not asked once more, which may take a call elsewhere."""
    if request.principal is not None:
        return request.principal
    if server().settings.secured:
        return UNKNOWN
    try:
        return authentication.principal()
    except FhirError:
        return UNKNOWN


def _query(request: Request, notes: Notes) -> str:
    parameters = request.query_string.decode("utf-8", "replace")
    # Only where a view has read it: nothing more is read of what was refused.
    form = request.__dict__.get("form")
    if form:
        pairs = "&".join(f"{name}={value}" for name, value in form.items(multi=True))
        parameters = "&".join(part for part in (parameters, pairs) if part)
    asked = f"{request.path}?{parameters}" if parameters else ""
    if notes.query:
        asked = f"{asked or request.path}\n{notes.query}"
    return f"{request.method} {asked}"[:LONGEST_QUERY] if asked else ""


def _digests(changed: list[str]) -> dict[str, str]:
    """Vouch for AuditEvents that the client created: they are in no chain of their own."""
    created = [each for each in changed if each.startswith(f"{TYPE}/")]
    if not created:
        return {}
    keys = {each.partition("/_history/")[0]: each for each in created}
    bodies = AuditStore(store().collections).bodies(list(keys))
    return {keys[key]: hashlib.sha256(body).hexdigest() for key, body in bodies.items()}


@lru_cache(maxsize=2048)
def _interaction(method: str, rule: str, kind: str) -> Interaction:
    """Tell from an address what is done there: https://hl7.org/fhir/R4/http.html#summary."""
    method = "GET" if method == "HEAD" else method
    parts = [part for part in rule.removeprefix(BASE).split("/") if part]
    if not rule:
        return Interaction("", BY_METHOD.get(method, "E"))
    operation = parts[-1][1:] if parts and parts[-1].startswith("$") else ""
    if parts[:1] == ["_async"]:
        operation = "async"
    code = "operation" if operation else _code(method, parts, kind)
    return Interaction(code, ACTIONS.get(code, "E"), operation)


def _code(method: str, parts: list[str], kind: str) -> str:
    """Give the code of what is no operation."""
    last = parts[-1] if parts else ""
    before = len(parts) - 1
    if last == "metadata" or last.startswith("."):
        return "capabilities"
    if last == "_search":
        return "search-type" if before else "search-system"
    if last == "_history":
        return ("history-system", "history-type", "history-instance")[min(before, 2)]
    if "_history" in parts:
        return "vread"
    by_length = (
        {"GET": "search-system", "POST": kind or "batch"},
        OF_A_TYPE,
        OF_ONE,
        {"GET": "search-type"},
    )
    return by_length[min(len(parts), 3)].get(method, "")
