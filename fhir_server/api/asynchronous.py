"""Asynchronous requests: ``Prefer: respond-async``, as R4's asynchronous pattern has it.

The request is carried out by a thread of this worker, through the same door as any other. What
comes of it is in the database, so every worker can tell.

Source: https://hl7.org/fhir/R4/async.html, https://hl7.org/fhir/R5/async-bundle.html
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import hashlib
import io
import math
import sys
import threading
import time
import uuid
from typing import Any

import structlog
from flask import Flask, Response, current_app, request
from werkzeug.wrappers import Response as WsgiResponse

from fhir_server.api.authentication import ENVIRON_PRINCIPAL, principal
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import Route
from fhir_server.api.exchange import here
from fhir_server.api.request import base_url, context, prefer, sent_bytes, store
from fhir_server.api.responses import FHIR_JSON, respond, respond_with_issues
from fhir_server.fhir import json
from fhir_server.fhir.bundle import bundle, raw
from fhir_server.fhir.outcome import FhirError, Issue, not_found, operation_outcome
from fhir_server.interactions.answer import Answer
from fhir_server.operations.standard.reindex import STOPPING
from fhir_server.security.principal import ANONYMOUS, Principal
from fhir_server.storage.mongo_jobs import BEAT_SECONDS, MAX_RESULT_BYTES, Job, Jobs, Result
from fhir_server.storage.mongo_reindex import ReindexStore
from fhir_server.storage.records import StoreFailure, StoreUnavailable

log = structlog.get_logger()

PREFERENCE = "respond-async"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
KEPT_HEADERS = ("Location", "ETag", "Content-Type")
# What a request is made of, without what belongs to its connection.
ENVIRON = (
    "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "SERVER_NAME",
    "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "wsgi.url_scheme", "wsgi.version",
)  # fmt: skip
OF_THE_CONNECTION = (
    "HTTP_PREFER", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT",
    "HTTP_CONNECTION", "HTTP_AUTHORIZATION",
)  # fmt: skip
OF_THE_FORM = ("_format=", "_pretty=")
PATIENCE_AT_END_SECONDS = 10.0
RETRY_SECONDS = (1, 10)
TELLING_SECONDS = 0.5


class _Telling:
    """Notes how far a job is, as often as somebody may want to look.

    Args:
        jobs: of all workers.
        id_: the job's.
    """

    def __init__(self, jobs: Jobs, id_: str) -> None:
        self._jobs = jobs
        self._id = id_
        self._next = 0.0

    def __call__(self, progress: str) -> None:
        """Note it, or not where the last note is fresh; nothing fails because it can't be noted."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + TELLING_SECONDS
            with contextlib.suppress(StoreUnavailable, StoreFailure):
                self._jobs.tell(self._id, progress)


class Worker:
    """Carries out the asynchronous requests of one worker process.

    Args:
        app: the application, which answers them.
        most: how many at once.
    """

    def __init__(self, app: Flask, most: int) -> None:
        self._app = app
        self._most = most
        self._running: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._beating: threading.Thread | None = None

    def start(self, kind: str, environ: dict[str, Any]) -> str:
        """Begin a job, and give its id.

        Args:
            kind: what it is about.
            environ: the request, with the principal on whose behalf it is carried out.

        Raises:
            FhirError: 429, there are as many as there may be; 503, the server is about to stop.
        """
        id_ = _id_for(environ[ENVIRON_PRINCIPAL], str(uuid.uuid4()))
        thread = threading.Thread(target=self._run, args=(id_, environ), daemon=True)
        with self._lock:
            if STOPPING.is_set():
                text = "This server is about to stop; try again in a moment."
                raise FhirError(Issue("error", "transient", text))
            if len(self._running) >= self._most:
                text = f"{self._most} asynchronous requests are under way; try again later."
                raise FhirError(Issue("error", "throttled", text))
            self._running[id_] = thread
        environ["fhir_server.job"] = _Telling(self._jobs, id_)
        # Only now: what is registered lives, with its application, as long as the process.
        atexit.unregister(self.stop)
        atexit.register(self.stop)
        try:
            self._jobs.begin(id_, kind)
        except BaseException:
            self._done(id_)
            raise
        thread.start()
        self._keep_beating()
        return id_

    def stop(self) -> None:
        """Give the jobs under way a moment to end, and note which did not."""
        STOPPING.set()
        deadline = time.monotonic() + PATIENCE_AT_END_SECONDS
        for thread in list(self._running.values()):
            thread.join(max(0.0, deadline - time.monotonic()))
        left = list(self._running)
        if left:
            log.warning("asynchronous requests were left off", count=len(left))
            with contextlib.suppress(StoreUnavailable, StoreFailure):
                self._jobs.lose(left)

    @property
    def _jobs(self) -> Jobs:
        return Jobs(self._app.extensions["fhir"].store.collections)

    def _run(self, id_: str, environ: dict[str, Any]) -> None:
        try:
            response = WsgiResponse.from_app(self._app.wsgi_app, environ, buffered=True)
            self._jobs.finish(id_, _result(response))
        except Exception as error:  # the job is lost, and its client hears so
            # Without the trace: the text of an exception may hold what the client sent.
            kind = type(error).__name__
            log.error("asynchronous request failed", job=id_, kind=kind)  # noqa: TRY400
            with contextlib.suppress(StoreUnavailable, StoreFailure):
                self._jobs.lose([id_])
        finally:
            self._done(id_)

    def _done(self, id_: str) -> None:
        with self._lock:
            self._running.pop(id_, None)

    def _keep_beating(self) -> None:
        with self._lock:
            if self._beating is None or not self._beating.is_alive():
                self._beating = threading.Thread(target=self._beat, daemon=True)
                self._beating.start()

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            with self._lock:
                running = list(self._running)
                if not running:
                    self._beating = None
                    return
            with contextlib.suppress(StoreUnavailable, StoreFailure):
                self._jobs.beat(running)


def register(app: Flask) -> None:
    """Answer what is to be answered asynchronously before anything else does."""
    worker = Worker(app, app.extensions["fhir"].server.settings.async_jobs)
    app.extensions["fhir_async"] = worker
    app.before_request(_begin)


def blueprint() -> Blueprint:
    """Give the address where a job tells how far it is."""
    blp = Blueprint("asynchronous", __name__, url_prefix="/fhir", description="Jobs")
    asked = Route(
        "What came of an asynchronous request (Prefer: respond-async)",
        "System",
        success=((200, "The answer to the request"), (202, "It is under way")),
        silent=(202,),
    )
    forgotten = Route(
        "Cancel or forget an asynchronous request", "System", success=((202, "Forgotten"),)
    )

    @blp.route("/_async/<job>", endpoint="status", methods=["GET"])
    @blp.described(asked.as_openapi)
    def status(job: str) -> Response:
        context()  # the answer must be one that the client can read
        found = Jobs(store().collections).get(_own(job))
        if found is None:
            raise not_found(f"The job {job[:64]}")
        return _status(found)

    @blp.route("/_async/<job>", endpoint="forget", methods=["DELETE"])
    @blp.described(forgotten.as_openapi)
    def forget(job: str) -> Response:
        found = Jobs(store().collections).forget(_own(job))
        if found is None:
            raise not_found(f"The job {job[:64]}")
        if found.kind == "reindex" and found.result is None and not found.lost:
            ReindexStore(store().collections).cancel()
        return _accepted("Forgotten. What the request has begun to write, it may yet write.")

    return blp


def _begin() -> Response | None:
    """Begin a job where the client prefers one, or where only a job can do it."""
    request = here()
    reindex = request.path == "/fhir/$reindex" and request.method == "POST"
    if not reindex and prefer(PREFERENCE) is None:
        return None
    if request.method not in METHODS or not (request.endpoint or "").startswith("fhir."):
        return None
    if request.environ.get("fhir_server.job"):
        return None
    if principal() is ANONYMOUS:
        return None  # nobody may ask what came of it, and others' jobs would have to wait
    worker: Worker = current_app.extensions["fhir_async"]
    environ = _environ(sent_bytes(here()))
    try:
        job = worker.start(_kind(reindex=reindex), environ)
    except FhirError as error:
        refusal = respond_with_issues(error.issues, error.status)
        refusal.headers["Retry-After"] = str(RETRY_SECONDS[1])
        return refusal
    response = _accepted("The request is carried out. Content-Location tells what comes of it.")
    response.headers["Content-Location"] = f"{base_url()}/_async/{job}"
    return response


def _kind(*, reindex: bool) -> str:
    """Tell the work that others must know of from all else: it removes the results of the rest."""
    purge = request.path.endswith("/$purge")
    return "reindex" if reindex else "purge" if purge else "request"


def _environ(body: bytes) -> dict[str, Any]:
    """Give the same request, without the preference, for an answer in JSON that can be kept."""
    own = request.environ
    headers = (k for k in own if k.startswith("HTTP_") and k not in OF_THE_CONNECTION)
    environ = {name: own[name] for name in (*ENVIRON, *headers) if name in own}
    query = [part for part in own.get("QUERY_STRING", "").split("&") if part]
    query = [part for part in query if not part.startswith(OF_THE_FORM)]
    # Said in the URL it also wins over a parameter in the form of a search by POST.
    environ["QUERY_STRING"] = "&".join([*query, "_format=json"])
    kept = [p.strip() for p in own.get("HTTP_PREFER", "").split(",")]
    kept = [p for p in kept if p.partition(";")[0].strip().lower() != PREFERENCE]
    return environ | {
        "HTTP_ACCEPT": FHIR_JSON,
        "HTTP_PREFER": ", ".join(kept),
        "HTTP_X_REQUEST_ID": here().request_id,
        # In this process, and never by a header: the token may end before the job does.
        ENVIRON_PRINCIPAL: principal(),
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _id_for(asker: Principal, number: str) -> str:
    """Give the id of a job, which tells whose it is to whoever knows who asks."""
    if asker.unrestricted:
        return number
    who = [
        asker.id, asker.role, asker.client, asker.person, asker.provider, asker.unit,
        asker.assignment, asker.purpose, asker.patient, asker.wards, sorted(asker.rights),
        sorted(map(repr, asker.scopes or ())),
    ]  # fmt: skip
    return f"{number}.{hashlib.sha256(number.encode() + json.dump(who)).hexdigest()[:32]}"


def _own(job: str) -> str:
    """Give a job's id back where it belongs to who asks; another's does not exist.

    Raises:
        FhirError: 404.
    """
    if job != _id_for(principal(), job.partition(".")[0]):
        raise not_found(f"The job {job[:64]}")
    return job


def _result(response: WsgiResponse) -> Result:
    body = response.get_data()
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Result(response.status_code, headers, body or None, len(body))


def _accepted(text: str) -> Response:
    return respond_with_issues((Issue("information", "informational", text),), 202)


def _status(job: Job) -> Response:
    if job.result is not None:
        return respond(Answer(200, body=bundle("batch-response", [_entry(job.result)])))
    if job.lost:
        text = (
            "The worker that carried this out ended before it was done. What it wrote is stored; "
            "see what is there, and ask again."
        )
        return respond_with_issues((Issue("error", "exception", text),), 500)
    response = Response(b"", 202)
    del response.headers["Content-Type"]
    response.headers["X-Progress"] = _progress(job)
    least, most = RETRY_SECONDS
    response.headers["Retry-After"] = str(min(most, max(least, math.ceil(job.seconds / 10))))
    return response


def _progress(job: Job) -> str:
    if job.kind != "reindex":
        return job.progress or f"in progress for {job.seconds:.0f} s"
    found = ReindexStore(store().collections).progress()
    if not found.work:
        return f"in progress for {job.seconds:.0f} s"
    what = "verifying" if found.verifying else "indexing"
    return f"{what}: {found.done} of at most {found.total} resources"


def _entry(result: Result) -> dict[str, Any]:
    """Give the one entry of the answer: the response, and the resource where there is one."""
    answered: dict[str, Any] = {"status": str(result.status)}
    for header in ("Location", "ETag"):
        if header in result.headers:
            answered[header.lower()] = result.headers[header]
    entry: dict[str, Any] = {"response": answered}
    if result.body is None:
        if result.length > MAX_RESULT_BYTES:
            answered["outcome"] = operation_outcome([_too_large(result.length)])
        return entry
    type_ = _resource_type(result)
    if type_ == "OperationOutcome":
        answered["outcome"] = raw(result.body)
    else:
        entry["resource"] = raw(result.body) if type_ else _binary(result)
    return entry


def _resource_type(result: Result) -> str | None:
    if not result.headers.get("Content-Type", "").startswith(FHIR_JSON):
        return None
    content = json.parse(result.body or b"{}")
    type_ = content.get("resourceType") if isinstance(content, dict) else None
    return type_ if isinstance(type_, str) else None


def _binary(result: Result) -> dict[str, Any]:
    """Wrap what is no resource, such as the answer of $graphql."""
    return {
        "resourceType": "Binary",
        "contentType": result.headers.get("Content-Type", "application/octet-stream"),
        "data": base64.b64encode(result.body or b"").decode(),
    }


def _too_large(length: int) -> Issue:
    text = (
        f"The request was carried out, but its answer of {length} bytes is too large to be kept: "
        f"at most {MAX_RESULT_BYTES}. Ask for less at a time, or without respond-async."
    )
    return Issue("error", "too-costly", text)
