"""Every error a client sees is an OperationOutcome, and tells nothing of the server's insides."""

from __future__ import annotations

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from fhir_server.api.request import request_id, server, too_large
from fhir_server.api.responses import respond_with_issues
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.security.refusal import NoAnswer, Refused
from fhir_server.storage.records import StaleWrite, StoreUnavailable

log = structlog.get_logger()

CODES = {400: "invalid", 404: "not-found", 405: "not-supported", 413: "too-long", 415: "value"}


def register(app: Flask) -> None:
    """Answer all exceptions of the app."""
    app.register_error_handler(FhirError, _fhir_error)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(NoAnswer, _no_answer)
    app.register_error_handler(StoreUnavailable, _unavailable)
    app.register_error_handler(StaleWrite, _stale)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, _unexpected)


def http_error(error: HTTPException) -> Response:
    """Answer an error that Flask or flask-smorest raised."""
    status = error.code or 500
    if status == 413:
        return _fhir_error(too_large(int(server().settings.max_body_mb * 1_000_000)))
    if status == 404:
        text = "There is nothing at this address. GET [base]/metadata lists what there is."
    elif status == 405:
        text = "This address does not answer this method. GET [base]/metadata lists what it does."
    else:
        text = error.description or error.name
    code = CODES.get(status, "exception" if status >= 500 else "invalid")
    response = respond_with_issues((Issue("error", code, text),), status)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _fhir_error(error: FhirError) -> Response:
    return respond_with_issues(error.issues, error.status)


def _refused(error: Refused) -> Response:
    response = _fhir_error(error)
    response.headers["WWW-Authenticate"] = error.challenge
    return response


def _no_answer(error: NoAnswer) -> Response:
    response = _fhir_error(error)
    response.headers["Retry-After"] = "5"
    return response


def _unavailable(error: StoreUnavailable) -> Response:
    log.error("store unavailable", request_id=request_id(), reason=str(error))
    issue = Issue(
        "error",
        "transient",
        "The database does not answer; try again.",
    )
    response = respond_with_issues((issue,), 503)
    response.headers["Retry-After"] = "2"
    return response


def _stale(error: StaleWrite) -> Response:
    issue = Issue("error", "conflict", "Others are changing the same resources; try again.")
    return respond_with_issues((issue,), 409)


def _unexpected(error: Exception) -> Response:
    # The message of an exception may hold what a client sent, so only where it arose is logged.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"
    log.error("unexpected error", request_id=request_id(), kind=type(error).__name__, at=at)
    text = f"The server failed at this request. Its log has the cause under {request_id()}."
    return respond_with_issues((Issue("fatal", "exception", text),), 500)
