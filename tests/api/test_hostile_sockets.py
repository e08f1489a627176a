"""Requests as only a raw socket sends them: smuggled, cut, slow, without end."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import http
from tests.conftest import ServerProcess

GOOD = b'{"resourceType":"Basic","code":{"text":"whole"}}'
SMUGGLED = b"GET /fhir/Basic/smuggled HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: smuggled\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this module's own, with four threads, so that slow clients would show."""
    server = ServerProcess.start(tmp_path_factory.mktemp("sockets") / "data", "--workers", "1")
    yield server
    server.stop()


def sent(server: ServerProcess, request: bytes, seconds: float = 3) -> bytes:
    """Send bytes, and give all that comes back until the server closes or says no more."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        try:
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        except OSError:
            pass  # no more came, or it was closed while we were sending
    return answer


def statuses(answer: bytes) -> list[int]:
    """Give the statuses of the answers on a connection."""
    parts = answer.split(b"HTTP/1.1 ")[1:]
    return [int(part[:3]) for part in parts]


def assert_alive(server: ServerProcess) -> None:
    headers = {"Content-Type": "application/fhir+json"}
    answer = http.post(f"{server.base}/Basic", content=GOOD, headers=headers, timeout=5)
    assert answer.status_code == 201


def post(*headers: bytes, body: bytes = b"", host: bytes = b"Host: localhost") -> bytes:
    lines = (b"POST /fhir/Basic HTTP/1.1", host, b"Content-Type: application/fhir+json", *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


LENGTH = b"Content-Length: %d" % len(GOOD)
AMBIGUOUS = {
    "CL.TE": post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "TE.CL": post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=chunked(SMUGGLED)),
    "two lengths that differ": post(b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
    "a list of lengths": post(b"Content-Length: 0, %d" % len(SMUGGLED), body=SMUGGLED),
    "a negative length": post(b"Content-Length: -1", body=SMUGGLED),
    "a length with a sign": post(b"Content-Length: +0", body=SMUGGLED),
    "a length in hexadecimal": post(b"Content-Length: 0x0", body=SMUGGLED),
    "a length beyond all": post(b"Content-Length: 99999999999999999999999", body=SMUGGLED),
    "a length with a space": post(b"Content-Length : 0", body=SMUGGLED),
    "an unknown transfer coding": post(b"Transfer-Encoding: xchunked", body=chunked(SMUGGLED)),
    "chunked is not last": post(b"Transfer-Encoding: chunked, identity", body=chunked(SMUGGLED)),
    "a folded header": post(b"Transfer-Encoding:\r\n chunked", LENGTH, body=GOOD),
    "a header with a space before the colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "a tab in a name": post(b"Transfer\tEncoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n" + SMUGGLED),
    "a bare CR": post(b"X: a\rTransfer-Encoding: chunked", LENGTH, body=GOOD),
    "a NUL in a header": post(b"X: a\x00b", LENGTH, body=GOOD),
    "a chunk of a size with an underscore": post(b"Transfer-Encoding: chunked", body=b"1_0\r\n" + SMUGGLED),
    "a negative chunk": post(b"Transfer-Encoding: chunked", body=b"-1\r\n" + SMUGGLED),
    "a chunk beyond all": post(b"Transfer-Encoding: chunked", body=b"ffffffffffffffffff\r\n" + SMUGGLED),
    "an endless chunk extension": post(b"Transfer-Encoding: chunked", body=b"1;" + b"a" * 500_000 + b"\r\nx\r\n0\r\n\r\n"),
    "two names of the server": post(b"Host: evil.example", LENGTH, body=GOOD),
    "no name of the server": post(LENGTH, body=GOOD, host=b"X: y"),
    "a forged name of the server": post(LENGTH, body=GOOD, host=b"Host: evil.example"),
    "another address in the request line": b"GET http://evil.example/fhir/Basic HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an old version with a name": b"GET /fhir/metadata HTTP/0.9\r\n\r\n",
    "a version of tomorrow": b"GET /fhir/metadata HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "a space in the address": b"GET /fhir/Basic smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "TRACE": b"TRACE /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n",
    "a method of its own": b"G\x00T /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 100,
    "TLS to a server without": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_request_that_two_servers_could_read_in_two_ways_is_not_read_as_two(
    server: ServerProcess, name: str
) -> None:
    answer = sent(server, AMBIGUOUS[name])
    # What was hidden in a body is never answered as a request of its own.
    assert b"smuggled" not in answer.lower().replace(b"basic smuggled", b"")
    assert not [status for status in statuses(answer) if status >= 500 and status not in (501, 505)]
    assert b"evil.example" not in answer
    assert b"Bearer x" not in answer
    assert b"Traceback" not in answer
    assert_alive(server)


def test_a_name_beside_the_servers_own_stands_in_no_link(server: ServerProcess) -> None:
    request = b"GET /fhir/Basic HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    answer = sent(server, request)
    assert statuses(answer) == [421]
    assert b"evil.example" not in answer


@pytest.mark.parametrize(
    "line",
    [b"X: " + b"a" * 1_000_000, b"\r\n".join(b"X%d: y" % n for n in range(20_000)), b"Cookie: " + b"a=b;" * 200_000,
     b"A" * 500_000 + b": x"],
    ids=["one large", "many", "cookies", "a name"],
)  # fmt: skip
def test_headers_without_end_are_refused(server: ServerProcess, line: bytes) -> None:
    request = b"GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n"
    assert 200 not in statuses(sent(server, request))
    assert_alive(server)


def test_a_long_address_is_answered_or_refused(server: ServerProcess) -> None:
    for length in (8_000, 60_000, 2_000_000):
        address = b"/fhir/Basic?code=" + b"a" * length
        answer = sent(
            server, b"GET " + address + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert not [status for status in statuses(answer) if status >= 500]
        assert len(answer) < 1_000_000
    assert_alive(server)


def test_headers_in_an_answer_can_not_be_made_by_a_client(server: ServerProcess) -> None:
    for hidden in (b"%0d%0aX-Evil:%201", b"%0aX-Evil:%201", b"%E5%98%8A%E5%98%8DX-Evil:%201"):
        for place in (b"/fhir/Basic/" + hidden, b"/fhir/Basic?_format=" + hidden, b"/fhir/Basic?code=" + hidden,
                      b"/fhir/" + hidden, b"/docs/assets/" + hidden, b"/" + hidden + b"/"):  # fmt: skip
            answer = sent(
                server,
                b"GET " + place + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            )
            head = answer.partition(b"\r\n\r\n")[0]
            assert b"\nX-Evil" not in head
            assert [status < 500 for status in statuses(answer)] == [True]


def test_a_line_of_the_log_can_not_be_made_by_a_client(server: ServerProcess) -> None:
    forged = b'x","level":"error","event":"forged'
    for header in (
        b"X-Request-Id: " + forged,
        b"User-Agent: " + forged,
        b"Authorization: Bearer " + forged,
    ):
        sent(server, b"GET /fhir/%0a{%22event%22:%22forged%22} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             + header + b"\r\n\r\n")  # fmt: skip
    lines = [line for line in server.log.splitlines() if line.startswith("{")]
    assert all("forged" not in json.loads(line).get("event", "") for line in lines)


def test_clients_that_send_their_headers_slowly_keep_nobody_out(server: ServerProcess) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            slow = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=5)
            )
            slow.sendall(b"GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nX: ")
        for _ in range(5):
            assert_alive(server)


def test_clients_that_never_send_their_body_keep_others_out_no_longer_than_they_stay(
    server: ServerProcess,
) -> None:
    # Each keeps a thread; a proxy that takes bodies whole keeps them away (docs/security/hardening.md).
    with ExitStack() as stack:
        for _ in range(3):
            slow = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=5)
            )
            slow.sendall(post(b"Content-Length: 1000", body=b"{"))
        time.sleep(0.5)
        assert_alive(server)
    with ExitStack() as stack:
        for _ in range(40):
            slow = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), timeout=5)
            )
            slow.sendall(post(b"Content-Length: 1000", body=b"{"))
        time.sleep(0.5)
    assert_alive(server)


def test_clients_that_do_not_read_their_answer_keep_nobody_out(server: ServerProcess) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            deaf.settimeout(5)
            deaf.connect(("127.0.0.1", server.port))
            deaf.sendall(
                b"GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
        time.sleep(1)
        assert_alive(server)


def test_what_the_server_is_made_of_stands_in_no_answer(server: ServerProcess) -> None:
    for path in ("metadata", "nowhere", "Basic/x", "Basic?nonsense=1"):
        answer = http.get(f"{server.base}/{path}", timeout=5)
        assert not {"x-powered-by", "via"} & set(answer.headers)
        server_header = answer.headers.get("server", "")
        assert not any(character.isdigit() for character in server_header)
