"""What only a real HTTP server shows: bodies that do not end, requests that are none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests import http
from tests.conftest import ServerProcess

FHIR_JSON = {"Content-Type": "application/fhir+json"}


def assert_alive(server: ServerProcess) -> None:
    answer = http.post(
        f"{server.base}/Patient", json={"resourceType": "Patient"}, headers=FHIR_JSON, timeout=10
    )
    assert answer.status_code == 201


def test_a_body_of_50_mb_is_refused_and_the_server_lives(live_server: ServerProcess) -> None:
    body = b'{"resourceType":"Patient","name":[{"family":"' + b"x" * 50_000_000 + b'"}]}'
    answer = http.post(f"{live_server.base}/Patient", content=body, headers=FHIR_JSON, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert_alive(live_server)


def test_a_body_sent_in_chunks_is_limited_too(live_server: ServerProcess) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"resourceType":"Patient","name":[{"family":"'
        for _ in range(50):
            yield b"x" * 1_000_000
        yield b'"}]}'

    answer = http.post(
        f"{live_server.base}/Patient", content=chunks(), headers=FHIR_JSON, timeout=60
    )
    assert answer.status_code == 413
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert_alive(live_server)


def test_a_resource_sent_in_chunks_is_stored(live_server: ServerProcess) -> None:
    answer = http.post(
        f"{live_server.base}/Patient",
        content=iter([b'{"resourceType":', b'"Patient"}']),
        headers=FHIR_JSON,
        timeout=10,
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "accept", "status"),
    [
        ("POST", "Patient", "text/html", 406),
        ("POST", "Nosuch", "*/*", 404),
        ("DELETE", "Patient", "*/*", 400),
        ("PATCH", "metadata", "*/*", 405),
    ],
)
def test_a_connection_survives_a_refusal_before_the_body_is_read(
    live_server: ServerProcess, method: str, path: str, accept: str, status: int
) -> None:
    body = b'{"resourceType":"Patient","language":"' + b"x" * 90_000 + b'"}'
    connection = HTTPConnection("127.0.0.1", live_server.port, timeout=10)
    connection.connect()
    connection.auto_open = 0  # a connection that is gone is an error
    for _ in range(40):
        connection.request(method, f"/fhir/{path}", body, {**FHIR_JSON, "Accept": accept})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_a_refusal_of_a_body_that_is_not_read_says_that_the_connection_ends(
    live_server: ServerProcess,
) -> None:
    headers = {
        **FHIR_JSON,
        "Accept": "text/html",
        "Expect": "100-continue",
        "Content-Length": "90000",
    }
    connection = HTTPConnection("127.0.0.1", live_server.port, timeout=10)
    connection.request("POST", "/fhir/Patient", None, headers)
    answer = connection.getresponse()
    assert answer.status == 406
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcdefg",
        b"GET /fhir/Patient/" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET /fhir/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fhir/%ff%fe HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    ],
)
def test_a_request_that_is_none_does_not_hurt(live_server: ServerProcess, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=5) as connection:
        try:
            connection.sendall(request_)
            answer = connection.recv(65536)
        except OSError:
            answer = b""  # closed while we were sending: an answer, too
    assert b" 500 " not in answer.split(b"\r\n")[0]
    assert b" 20" not in answer.split(b"\r\n")[0]
    assert_alive(live_server)


def test_a_client_that_goes_away_in_the_middle_does_not_hurt(live_server: ServerProcess) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", live_server.port), timeout=5) as connection:
            connection.sendall(
                b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\n"
                b"Content-Length: 1000\r\n\r\n{"
            )
    assert_alive(live_server)
