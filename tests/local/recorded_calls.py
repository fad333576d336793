"""A proxy before the local AWS, which keeps what it was asked: each call by its service and its action."""

import http.client
import re
import threading
import urllib.parse
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serving import serving

_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/(?P<service>[^/]+)/")


class RecordedCalls:
    """The proxy; `calls` is what it was asked, such as `sts:GetCallerIdentity`, in order."""

    def __init__(self, endpoint: str) -> None:
        self._behind = urllib.parse.urlsplit(endpoint).netloc
        self.calls: list[str] = []
        self.url = ""

    @contextmanager
    def running(self) -> Generator["RecordedCalls"]:
        """Serve on a free port of 127.0.0.1."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.calls.append(proxy.name_of(self.command, self.path, dict(self.headers), body))
                behind = http.client.HTTPConnection(proxy._behind, timeout=120)
                behind.request(self.command, self.path, body, dict(self.headers))
                found = behind.getresponse()
                content = found.read()
                self.send_response(found.status)
                for name, value in found.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                behind.close()

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        with serving(server, threading.Event()):
            yield self

    @staticmethod
    def name_of(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        """The service of the signature, and the action of the protocol that the request speaks."""
        service = _SERVICE.search(headers.get("Authorization", ""))
        action = re.search(rb"(?:^|&)Action=(\w+)", body)
        target = headers.get("X-Amz-Target", "").rpartition(".")[2]
        named = target or (action[1].decode() if action else f"{method} {path}")
        return f"{service['service'] if service else 'unsigned'}:{named}"
