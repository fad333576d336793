"""An HTTPS server before a real API server: it passes requests on, late, or not at all, or answers nonsense itself."""

import select
import socket
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

from tests.local.response import Api
from tests.serving import serving
from tests.waiting import PATIENCE, wait_for


@dataclass
class Fault:
    """What the server does; without anything set it passes requests on.

    `seconds` is how long each answer takes by the server's own clock, which a test may give to what it tests; `drip`
    are real seconds between the bytes of one. With `late` the answer comes when the client has given up.
    """

    seconds: float = 0.0
    drip: float = 0.0
    hang: bool = False
    late: bool = False
    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])


class FaultyApi:
    """The server; `fault` may be changed while it runs, `asked` is what it was asked, by method and path.

    `clock` is how many seconds its answers have taken.
    """

    def __init__(self, api: Api) -> None:
        self.fault = Fault()
        self.asked: list[str] = []
        self.clock = 0.0
        self.stopped = threading.Event()
        layout, access = api.layout, api.access("")
        trusted = ssl.create_default_context(cafile=layout.certificate)
        self.behind = httpx2.Client(base_url=access["server"], verify=trusted, timeout=PATIENCE, trust_env=False)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(layout.certificate, layout.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def faulty_api(api: Api) -> Generator[FaultyApi]:
    """The server, stopped at the end."""
    made = FaultyApi(api)
    with made.behind, serving(made.server, made.stopped):
        yield made


def _gone(connection: socket.socket) -> bool:
    """Whether the client has hung up; it says nothing else once it has asked."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable)


def _handler(api: FaultyApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body, fault = self.rfile.read(length), api.fault
            api.asked.append(f"{self.command} {self.path.partition('?')[0]}")
            if fault.hang or fault.late:
                wait_for(lambda: api.stopped.is_set() or _gone(self.connection), "the client's leaving")
                self.close_connection = True
                if fault.hang:
                    return
            status, headers, content = fault.status, fault.headers, fault.body
            if not status:
                kept = {
                    name: self.headers[name]
                    for name in ("Authorization", "Content-Type", "Accept")
                    if name in self.headers
                }
                found = api.behind.request(self.command, self.path, content=body, headers=kept)
                status, content = found.status_code, found.content
                headers = {"Content-Type": found.headers.get("Content-Type", "")}
            api.clock += fault.seconds
            self.send(status, headers, content, fault.drip)

        def send(self, status: int, headers: dict[str, str], content: bytes, drip: float) -> None:
            pieces = [content[n : n + 1] for n in range(len(content))] if drip else [content]
            try:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if drip and api.stopped.wait(drip):
                        return
            except OSError:  # the client has had enough
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    return Handler
