"""An issuer that answers badly is unreachable, and holds nobody up for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fhir_server.security.authentication import fetching
from fhir_server.security.authentication.fetching import Unreachable, get_json, post_form
from tests.conftest import free_port


class Issuer(BaseHTTPRequestHandler):
    """Answers by the path."""

    def do_GET(self) -> None:
        match self.path:
            case "/good":
                self.answer(b'{"keys": []}')
            case "/redirect":
                self.send_response(302)
                self.send_header("Location", "/good")
                self.end_headers()
            case "/large":
                self.answer(b'"' + b"x" * (fetching.MAX_BYTES + 1) + b'"')
            case "/slow-body":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.drip()
            case "/slow-head":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                self.drip()
            case "/packed":
                self.answer(b"\x1f\x8b\x08\x00")
            case "/list":
                self.answer(b"[]")
            case _:
                self.send_error(500)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = self.headers["Authorization"].encode()
        self.answer(b'{"sent": "%s", "auth": "%s"}' % (sent.encode(), said))

    def drip(self) -> None:
        try:
            for _ in range(300):
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            pass

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_good_answer_is_given(url: str) -> None:
    assert get_json(f"{url}/good") == {"keys": []}
    sent = post_form(f"{url}/x", {"token": "a b"}, ("id", "se:cret"))
    assert sent == {"sent": "token=a+b", "auth": "Basic aWQ6c2U6Y3JldA=="}


@pytest.mark.parametrize("path", ["redirect", "large", "packed", "list", "none"])
def test_whatever_else_is_answered_is_no_answer(url: str, path: str) -> None:
    with pytest.raises(Unreachable):
        get_json(f"{url}/{path}")


@pytest.mark.parametrize("path", ["slow-head", "slow-body"])
def test_a_byte_now_and_then_is_given_up(
    url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "DEADLINE_SECONDS", 1.0)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        get_json(f"{url}/{path}")
    assert time.monotonic() - started < 10


def test_an_address_where_nobody_listens_is_unreachable() -> None:
    for address in (
        f"http://127.0.0.1:{free_port()}/",
        "https://no-such-host.invalid/",
        "nonsense:",
    ):
        with pytest.raises(Unreachable):
            get_json(address)
