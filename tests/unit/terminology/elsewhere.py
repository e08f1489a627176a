"""A terminology server on loopback that behaves as a test tells it to, well or badly."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

# Sends whatever it likes to one request, given path and parameters; the connection closes after it.
Behaviour = Callable[[Callable[[bytes], None], str, dict[str, str]], None]


class Elsewhere:
    """The server: its address, and the requests that reached it."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/fhir"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.heads: list[str] = []
        self.behaviour: Behaviour = answers()

    def paths(self) -> list[str]:
        """Give the paths that were asked for, below the base."""
        return [path.removeprefix("/fhir/") for path, _ in self.asked]


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Run the server in a thread of this process, on real sockets."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            text = head.decode()
            split = urlsplit(text.split(" ")[1])
            parameters = {name: found[0] for name, found in parse_qs(split.query).items()}
            server.heads.append(text)
            server.asked.append((split.path, parameters))
            server.behaviour(self.send, split.path, parameters)

        def send(self, data: bytes) -> None:
            self.wfile.write(data)

    class Quiet(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that hang up are what these tests are about."""

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        server = Elsewhere(listening.server_address[1])
        thread = threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        listening.shutdown()


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Give the bytes of an HTTP response that ends the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(data: bytes) -> Behaviour:
    """Send the same bytes to every request."""
    return lambda send, _path, _parameters: send(data)


def answers(*parameters: dict[str, Any], systems: tuple[str, ...] = ()) -> Behaviour:
    """Answer every operation with Parameters, and say which code systems there are."""

    def behave(send: Callable[[bytes], None], path: str, _: dict[str, str]) -> None:
        body: dict[str, Any] = {"resourceType": "Parameters", "parameter": list(parameters)}
        if path.endswith("/metadata"):
            listed = [{"uri": system} for system in systems]
            body = {"resourceType": "TerminologyCapabilities", "codeSystem": listed}
        send(response(json.dumps(body).encode()))

    return behave


def resource(body: dict[str, Any], status: str = "200 OK") -> Behaviour:
    """Answer every request with one resource."""
    return sends(response(json.dumps(body).encode(), status))
