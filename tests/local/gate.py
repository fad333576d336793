"""An HTTP server before moto that holds requests: a test acts at that moment of an update, and lets it go on."""

import select
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving
from tests.waiting import wait_for

_OF_ONE_CONNECTION = ("transfer-encoding", "content-length", "connection", "keep-alive")


class _Hold:
    """Requests for one operation that wait."""

    def __init__(self, operation: str) -> None:
        self.operation = operation
        self.begun, self.over = threading.Event(), threading.Event()
        self.dropped = False


class Gate:
    """The server. It is open until it is told to hold an operation of AWS, such as `CreateLogGroup`."""

    def __init__(self, behind: str) -> None:
        self.stopped = threading.Event()
        self._behind = urlsplit(behind).netloc
        self._hold = _Hold("")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True  # a client that keeps its connection must not keep the server

    @property
    def url(self) -> str:
        """The endpoint that an update is given."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def hold(self, operation: str) -> None:
        """Hold every request for it from now on."""
        self._hold = _Hold(operation)

    def wait(self, running: Callable[[], bool] = lambda: True) -> None:
        """Wait until a request is held, as long as what is to send it is running."""
        hold = self._hold
        wait_for(lambda: hold.begun.is_set() or not running(), f"a request for {hold.operation}")
        assert hold.begun.is_set(), f"it ended without a request for {hold.operation}"

    def open(self, *, drop: bool = False) -> None:
        """Let all requests go on; with `drop` hang up on those that are held, so that AWS has never had them."""
        hold, self._hold = self._hold, _Hold("")
        hold.dropped = drop
        hold.over.set()

    def pass_on(self, method: str, path: str, headers: Any, body: bytes, connection: socket.socket) -> Any:
        """The answer to a request; None where it was dropped, or nobody waits for one any more."""
        hold = self._hold
        if hold.operation and hold.operation == operation_of(headers, body):
            hold.begun.set()
            wait_for(lambda: hold.over.is_set() or self.stopped.is_set(), f"the end of the hold of {hold.operation}")
            if hold.dropped or self.stopped.is_set() or _gone(connection):
                return None
        behind = HTTPConnection(self._behind)
        behind.request(method, path, body, dict(headers))
        return behind.getresponse()


def operation_of(headers: Any, body: bytes) -> str:
    """What a request asks for; empty for those of services that say it by path."""
    target = headers.get("X-Amz-Target", "").rpartition(".")[2]
    if target or "form-urlencoded" not in headers.get("Content-Type", ""):
        return target
    return parse_qs(body.decode()).get("Action", [""])[0]


@contextmanager
def gate(behind: str) -> Generator[Gate]:
    """The server, stopped at the end."""
    made = Gate(behind)
    with serving(made.server, made.stopped):
        yield made


def _gone(connection: socket.socket) -> bool:
    """Whether the client has hung up."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""


def _handler(made: Gate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = made.pass_on(self.command, self.path, self.headers, body, self.connection)
            if answer is None:
                self.close_connection = True
                return
            content = answer.read()
            self.send_response(answer.status)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_ONE_CONNECTION}
            for name, value in {**kept, "Content-Length": length or str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer  # noqa: N815

    return Handler
