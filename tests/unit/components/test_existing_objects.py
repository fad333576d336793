"""Many clusters are asked at the same time, each from a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from components.sensors.existing_objects import check_namespace
from tests.serving import serving

NOT_FOUND = (
    b'{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound", "code": 404}'
)

CLUSTERS = 8

TOGETHER = threading.Barrier(CLUSTERS, timeout=30)
"""Lets no question be answered before all are asked."""


class NoNamespace(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        TOGETHER.wait()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(NOT_FOUND)))
        self.end_headers()
        self.wfile.write(NOT_FOUND)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def api_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), NoNamespace)
    with serving(server, threading.Event()):
        yield f"http://127.0.0.1:{server.server_port}"


def kubeconfig(server: str) -> dict[str, object]:
    return {
        "clusters": [{"name": "a", "cluster": {"server": server}}],
        "users": [{"name": "a", "user": {"token": "x"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    }


def test_eight_clusters_are_asked_at_once_and_in_one_thread(api_server: str) -> None:
    """A thread for each crashed the interpreter, once in forty times."""
    asked: list[int] = []

    async def ask() -> None:
        await check_namespace(kubeconfig(api_server), None, {"metadata": {"name": "falco"}})
        asked.append(threading.get_ident())

    async def ask_all() -> None:
        await asyncio.gather(*(ask() for _ in range(CLUSTERS)))

    asyncio.run(ask_all())

    assert asked == [threading.get_ident()] * CLUSTERS
