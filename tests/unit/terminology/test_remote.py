"""An external terminology server: what it is asked, what its answers mean, and its failures."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.terminology.allowance import at_most
from fhir_server.terminology.breaker import Breaker
from fhir_server.terminology.concepts import ExpansionRequest
from fhir_server.terminology.connection import Connection
from fhir_server.terminology.remembered import Remembered
from fhir_server.terminology.remote import CANNOT_TELL, NOT_CODED, SILENT, RemoteTerminology
from tests.unit.terminology.elsewhere import (
    Behaviour,
    Elsewhere,
    answers,
    elsewhere,
    resource,
    response,
    sends,
)

SNOMED = "http://snomed.info/sct"
VALUE_SET = "urn:vs"
ASTHMA = Coded("195967001", SNOMED)
YES = {"name": "result", "valueBoolean": True}
NO = {"name": "result", "valueBoolean": False}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "not-found"}],
}


@pytest.fixture
def server() -> Iterator[Elsewhere]:
    with elsewhere() as running:
        yield running


@pytest.fixture(autouse=True)
def _logging_anew() -> Iterator[None]:
    """Forget the level at which an application of another test logs."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def remote(server: Elsewhere, timeout_s: float = 2.0, **more: Any) -> RemoteTerminology:
    connection = Connection(server.base, timeout_s, more.pop("token", ""), **more)
    return RemoteTerminology(connection)


# What is asked


def test_a_code_is_asked_about_by_system_code_and_version_alone(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    coded = Coded("195967001", SNOMED, "2026", "Astma hos Ada Testsson")
    assert remote(server).validate_code("urn:vs|3", coded).holds is True
    assert server.asked == [
        (
            "/fhir/ValueSet/$validate-code",
            {
                "url": "urn:vs",
                "valueSetVersion": "3",
                "system": SNOMED,
                "code": "195967001",
                "systemVersion": "2026",
            },
        )
    ]
    assert "Ada" not in server.heads[0]


DEFINED = {
    "resourceType": "ValueSet",
    "url": VALUE_SET,
    "status": "active",
    "publisher": "Ada Testsson",
    "text": {"status": "generated", "div": "<div/>"},
    "compose": {"include": [{"system": SNOMED}]},
}


def test_a_value_set_that_is_known_here_goes_along_as_it_is_composed(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    asked = remote(server)
    for _ in range(2):
        assert asked.validate_code(VALUE_SET, ASTHMA, DEFINED).holds is True
    assert server.asked == [("/fhir/ValueSet/$validate-code", {})]
    compose = {"include": [{"system": SNOMED}]}
    sent = {"resourceType": "ValueSet", "url": VALUE_SET, "status": "active", "compose": compose}
    coding = {"system": SNOMED, "code": "195967001"}
    assert json.loads(server.bodies[0]) == {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "valueSet", "resource": sent},
            {"name": "coding", "valueCoding": coding},
        ],
    }


def test_a_value_set_that_is_composed_otherwise_is_asked_about_anew(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    asked = remote(server)
    asked.validate_code(VALUE_SET, ASTHMA, DEFINED)
    other = {**DEFINED, "compose": {"include": [{"system": SNOMED, "version": "2026"}]}}
    asked.validate_code(VALUE_SET, ASTHMA, other)
    assert len(server.asked) == 2


def test_a_value_set_too_large_to_send_is_asked_about_by_its_url(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    concept = [{"code": str(number)} for number in range(20_000)]
    large = {**DEFINED, "compose": {"include": [{"system": SNOMED, "concept": concept}]}}
    assert remote(server).validate_code(VALUE_SET, ASTHMA, large).holds is True
    assert server.asked[0][1]["url"] == VALUE_SET


def test_an_expansion_of_a_value_set_that_is_known_here_says_how(server: Elsewhere) -> None:
    server.behaviour = resource({"resourceType": "ValueSet", "expansion": {"contains": []}})
    wanted = ExpansionRequest(filter="ast", count=3, active_only=True, display_language="sv")
    found = remote(server).expand(VALUE_SET, wanted, DEFINED)
    assert found is not None
    assert found.total == 0
    parameter = json.loads(server.bodies[0])["parameter"]
    assert parameter[1:] == [
        {"name": "filter", "valueString": "ast"},
        {"name": "offset", "valueInteger": 0},
        {"name": "count", "valueInteger": 3},
        {"name": "activeOnly", "valueBoolean": True},
        {"name": "excludeNested", "valueBoolean": True},
        {"name": "displayLanguage", "valueCode": "sv"},
    ]


def test_a_code_without_a_system_is_not_asked_about(server: Elsewhere) -> None:
    assert remote(server).validate_code(VALUE_SET, Coded("x")) == Verdict(None, NOT_CODED)
    assert remote(server).code_in_system(Coded("x")) == Verdict(None, NOT_CODED)
    assert server.asked == []


def test_a_code_too_long_to_be_one_is_not_asked_about(server: Elsewhere) -> None:
    assert remote(server).code_in_system(Coded("x" * 300, SNOMED)).holds is None
    assert remote(server).lookup(SNOMED, "x" * 300) is None
    assert remote(server).subsumes(SNOMED, "x", "x" * 300) is None
    assert server.asked == []


def test_a_token_is_sent_as_a_bearer_token(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    remote(server, token="secret").code_in_system(ASTHMA)
    assert "authorization: bearer secret" in server.heads[0].lower()


# What answers mean


def test_a_member_is_a_member_and_the_right_display_comes_along(server: Elsewhere) -> None:
    server.behaviour = answers(YES, {"name": "display", "valueString": "Astma"})
    assert remote(server).validate_code(VALUE_SET, ASTHMA) == Verdict(True, display="Astma")


def test_no_counts_where_the_server_has_the_code_system(server: Elsewhere) -> None:
    server.behaviour = answers(NO, systems=(SNOMED,))
    asked = remote(server)
    assert asked.validate_code(VALUE_SET, ASTHMA).holds is False
    assert asked.code_in_system(ASTHMA).holds is False
    assert server.paths() == [
        "ValueSet/$validate-code",
        "metadata",
        "CodeSystem/$validate-code",
    ]


def test_no_is_unknown_where_the_server_does_not_say_it_has_the_code_system(
    server: Elsewhere,
) -> None:
    server.behaviour = answers(NO, systems=("urn:another",))
    assert remote(server).validate_code(VALUE_SET, ASTHMA) == Verdict(None, CANNOT_TELL)


@pytest.mark.parametrize(
    "more",
    [
        {"name": "x-caused-by-unknown-system", "valueCanonical": SNOMED},
        {"name": "issues", "resource": OUTCOME},
    ],
)
def test_no_for_want_of_the_code_system_is_unknown(server: Elsewhere, more: Any) -> None:
    server.behaviour = answers(NO, more, systems=(SNOMED,))
    assert remote(server).validate_code(VALUE_SET, ASTHMA).holds is None


@pytest.mark.parametrize("status", ["404 Not Found", "422 Unprocessable", "400 Bad Request"])
def test_an_outcome_is_the_word_that_the_server_cannot_tell(server: Elsewhere, status: str) -> None:
    server.behaviour = resource(OUTCOME, status)
    asked = remote(server)
    for _ in range(5):
        assert asked.validate_code(VALUE_SET, ASTHMA) == Verdict(None, CANNOT_TELL)
    assert len(server.asked) == 1


def test_a_concept_is_looked_up_with_all_that_is_said_of_it(server: Elsewhere) -> None:
    def part(name: str, **value: Any) -> dict[str, Any]:
        return {"name": name, **value}

    server.behaviour = answers(
        {"name": "name", "valueString": "SNOMED CT"},
        {"name": "version", "valueString": "2026"},
        {"name": "display", "valueString": "Asthma"},
        {
            "name": "designation",
            "part": [part("language", valueCode="sv"), part("value", valueString="Astma")],
        },
        {
            "name": "property",
            "part": [part("code", valueCode="parent"), part("value", valueCode="1")],
        },
        {
            "name": "property",
            "part": [part("code", valueCode="inactive"), part("value", valueBoolean=True)],
        },
        {
            "name": "property",
            "part": [part("code", valueCode="definition"), part("value", valueString="A disease")],
        },
    )
    found = remote(server).lookup(SNOMED, "195967001")
    assert found is not None
    assert (found.display, found.version, found.parents) == ("Asthma", "2026", ("1",))
    assert (found.inactive, found.abstract, found.definition) == (True, False, "A disease")
    assert [(d.language, d.value) for d in found.designations] == [("sv", "Astma")]
    assert {"code": "inactive", "valueBoolean": True} in found.properties


@pytest.mark.parametrize(
    ("outcome", "holds"),
    [("subsumes", True), ("equivalent", True), ("subsumed-by", False), ("not-subsumed", False)],
)
def test_subsumption_is_that_of_the_first_code(
    server: Elsewhere, outcome: str, holds: bool
) -> None:
    server.behaviour = answers({"name": "outcome", "valueCode": outcome})
    assert remote(server).subsumes(SNOMED, "a", "b") is holds
    assert server.asked[0][1] == {"system": SNOMED, "codeA": "a", "codeB": "b"}


def test_an_expansion_is_read_with_its_levels(server: Elsewhere) -> None:
    server.behaviour = resource(
        {
            "resourceType": "ValueSet",
            "status": "active",
            "expansion": {
                "timestamp": "2026-01-01",
                "total": 7,
                "parameter": [{"name": "version", "valueUri": f"{SNOMED}|2026"}],
                "contains": [
                    {
                        "system": SNOMED,
                        "code": "a",
                        "display": "A",
                        "abstract": True,
                        "contains": [{"system": SNOMED, "code": "b", "inactive": True}],
                    }
                ],
            },
        }
    )
    found = remote(server).expand(VALUE_SET, ExpansionRequest(filter="ast", offset=2, count=1))
    assert found is not None
    assert (found.total, found.offset, found.used) == (7, 2, (f"{SNOMED}|2026",))
    (item,) = found.contains
    assert (item.code, item.display, item.abstract) == ("a", "A", True)
    assert [(inner.code, inner.inactive) for inner in item.contains] == [("b", True)]
    assert server.asked[0][1] == {
        "url": VALUE_SET,
        "filter": "ast",
        "offset": "2",
        "count": "1",
        "excludeNested": "true",
    }


# What goes wrong


def hangs_up(send: Callable[[bytes], None], _path: str, _parameters: dict[str, str]) -> None:
    """Close the connection without a word."""


def breaks_off(send: Callable[[bytes], None], _path: str, _parameters: dict[str, str]) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


PARAMETERS = b'{"resourceType": "Parameters", "parameter": %s}'
FAILURES: dict[str, Behaviour] = {
    "hangs up": hangs_up,
    "breaks off": breaks_off,
    "no HTTP": sends(b"220 mail.example ESMTP\r\n"),
    "500": sends(response(b"{}", "500 Internal Server Error")),
    "500 in FHIR": resource(OUTCOME, "500 Internal Server Error"),
    "429": resource(OUTCOME, "429 Too Many Requests"),
    "401": resource(OUTCOME, "401 Unauthorized"),
    "403": resource(
        {"resourceType": "OperationOutcome", "issue": [{"code": "forbidden"}]}, "403 Forbidden"
    ),
    "404 in HTML": sends(response(b"<html>no</html>", "404 Not Found")),
    "HTML": sends(response(b"<html>hello</html>")),
    "a redirect": sends(response(b"", "302 Found", "Location: http://127.0.0.1:9/fhir")),
    "a packed answer": sends(response(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip")),
    "broken JSON": sends(response(b'{"resourceType": "Parameters", ')),
    "deep JSON": sends(response(b"[" * 100_000)),
    "a list": sends(response(b"[]")),
    "JSON of another kind": sends(response(b'{"result": true}')),
    "another resource": resource({"resourceType": "Patient"}),
    "no result": answers(),
    "a result of another type": answers({"name": "result", "valueString": "true"}),
    "parameters that are none": sends(response(PARAMETERS % b'"none"')),
    "parameters of texts": sends(response(PARAMETERS % b'["result", 1, null]')),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_is_unknown_and_after_three_nobody_asks(
    server: Elsewhere, failure: Behaviour
) -> None:
    server.behaviour = failure
    asked = remote(server)
    with capture_logs() as logs:
        for code in ("1", "2", "3", "4", "5"):
            assert asked.validate_code(VALUE_SET, Coded(code, SNOMED)) == Verdict(None, SILENT)
    assert len(server.asked) == 3
    assert [line["event"] for line in logs] == ["terminology server does not answer"]
    assert SNOMED not in str(logs)
    assert server.base not in str(logs)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_no_question_raises_on_a_failure(server: Elsewhere, failure: Behaviour) -> None:
    server.behaviour = failure
    asked = remote(server)
    assert asked.code_in_system(ASTHMA).holds is None
    assert asked.lookup(SNOMED, "1") is None
    assert remote(server).subsumes(SNOMED, "1", "2") is None
    assert remote(server).expand(VALUE_SET, ExpansionRequest()) is None


def test_a_server_that_is_not_there_is_unknown() -> None:
    with elsewhere() as gone:
        pass
    assert remote(gone).validate_code(VALUE_SET, ASTHMA) == Verdict(None, SILENT)


def test_a_redirect_is_not_followed(server: Elsewhere) -> None:
    with elsewhere() as other:
        other.behaviour = answers(YES)
        location = f"Location: {other.base}/ValueSet/$validate-code"
        server.behaviour = sends(response(b"", "307 Temporary Redirect", location))
        assert remote(server).validate_code(VALUE_SET, ASTHMA).holds is None
        assert other.asked == []


def test_an_answer_is_read_up_to_its_limit(server: Elsewhere) -> None:
    endless = threading.Event()
    sent = 0

    def pours(send: Callable[[bytes], None], _path: str, _parameters: dict[str, str]) -> None:
        nonlocal sent
        send(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n")
        while not endless.is_set():
            send(b" " * 65_536)
            sent += 65_536

    server.behaviour = pours
    assert remote(server, 10.0, max_bytes=1_000_000).validate_code(VALUE_SET, ASTHMA).holds is None
    endless.set()
    # Beyond the limit goes what the sockets hold.
    assert sent < 20_000_000


def drips(send: Callable[[bytes], None], _path: str, _parameters: dict[str, str]) -> None:
    """Send a byte every 50 ms: no timeout between two bytes ever breaks."""
    for byte in response(b" " * 1000):
        send(bytes([byte]))
        time.sleep(0.05)


def is_silent(send: Callable[[bytes], None], _path: str, _parameters: dict[str, str]) -> None:
    time.sleep(5)


@pytest.mark.parametrize("behaviour", [drips, is_silent])
def test_a_slow_server_is_waited_for_no_longer_than_the_timeout(
    server: Elsewhere, behaviour: Behaviour
) -> None:
    server.behaviour = behaviour
    started = time.monotonic()
    assert remote(server, 0.3).validate_code(VALUE_SET, ASTHMA) == Verdict(None, SILENT)
    # Ten times the timeout: what is told apart is 0.3 s from the 5 s and more of the server.
    assert time.monotonic() - started < 3


def test_a_request_waits_no_longer_than_it_may_whatever_it_asks(server: Elsewhere) -> None:
    def hesitates(send: Callable[[bytes], None], path: str, parameters: dict[str, str]) -> None:
        time.sleep(0.5)
        answers(YES)(send, path, parameters)

    server.behaviour = hesitates
    asked = remote(server, 3.0)
    with at_most(1.5):
        holds = [asked.code_in_system(Coded(str(i), SNOMED)).holds for i in range(20)]
    assert holds[0] is True
    assert holds[-1] is None
    assert len(server.asked) <= 4
    # It was the request that had no more time, not the server that failed.
    assert asked.code_in_system(Coded("next", SNOMED)).holds is True


def test_an_allowance_inside_another_does_not_add_to_it() -> None:
    with elsewhere() as server:
        server.behaviour = answers(YES)
        with at_most(0.0), at_most(5.0):
            assert remote(server).code_in_system(ASTHMA).holds is None
        assert server.asked == []
        with at_most(5.0):
            assert remote(server).code_in_system(ASTHMA).holds is True


# What is remembered


def test_answers_are_remembered_whichever_they_are(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    asked = remote(server)
    for _ in range(3):
        asked.validate_code(VALUE_SET, ASTHMA)
    assert len(server.asked) == 1
    server.behaviour = answers(NO, systems=(SNOMED,))
    for _ in range(3):
        assert asked.validate_code(VALUE_SET, Coded("x", SNOMED)).holds is False
    assert server.paths()[1:] == ["ValueSet/$validate-code", "metadata"]


def test_an_outage_is_not_remembered(server: Elsewhere) -> None:
    server.behaviour = hangs_up
    asked = remote(server)
    assert asked.validate_code(VALUE_SET, ASTHMA).holds is None
    server.behaviour = answers(YES)
    assert asked.validate_code(VALUE_SET, ASTHMA).holds is True


def test_what_is_remembered_is_bounded_and_grows_old() -> None:
    clock = Clock()
    kept = Remembered[str](2, 60, clock)
    kept.keep("a", "1")
    kept.keep("b", "2")
    assert kept.get("a") == "1"
    kept.keep("c", "3")
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == ("1", None, "3")
    assert len(kept) == 2
    clock.now += 61
    assert (kept.get("a"), kept.get("c")) == (None, None)
    assert len(kept) == 0


# The breaker


def test_after_a_rest_one_question_is_let_through() -> None:
    clock = Clock()
    breaker = Breaker(failures=2, rest_seconds=30, clock=clock)
    breaker.failed("x")
    assert breaker.allows()
    breaker.failed("x")
    assert not breaker.allows()
    clock.now += 31
    assert [breaker.allows(), breaker.allows()] == [True, False]


def test_failures_count_in_a_row_only() -> None:
    breaker = Breaker(failures=2)
    for _ in range(5):
        breaker.failed("x")
        breaker.succeeded()
    assert breaker.allows()


def test_an_outage_is_logged_when_it_begins_and_when_it_ends() -> None:
    clock = Clock()
    breaker = Breaker(failures=1, rest_seconds=30, clock=clock)
    with capture_logs() as logs:
        for _ in range(3):
            breaker.failed("status 500")
            clock.now += 31
            assert breaker.allows()
        breaker.succeeded()
        breaker.succeeded()
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("terminology server does not answer", "status 500"),
        ("terminology server answers again", None),
    ]


def test_a_server_that_recovers_is_asked_again(server: Elsewhere) -> None:
    clock = Clock()
    breaker = Breaker(failures=1, rest_seconds=30, clock=clock)
    asked = RemoteTerminology(Connection(server.base, 2.0), breaker)
    server.behaviour = hangs_up
    assert asked.code_in_system(ASTHMA).holds is None
    server.behaviour = answers(YES)
    assert asked.code_in_system(ASTHMA).holds is None
    clock.now += 31
    assert asked.code_in_system(ASTHMA).holds is True


def test_many_threads_ask_at_once(server: Elsewhere) -> None:
    server.behaviour = answers(YES)
    asked = remote(server, 10.0)
    found: list[bool | None] = []

    def ask(number: int) -> None:
        found.append(asked.code_in_system(Coded(f"code-{number}", SNOMED)).holds)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20
