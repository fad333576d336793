"""Stands in for the registries of images and for Sigstore's log: what tools.images asks of them, over HTTP.

As the real ones do, it answers 401 with the address of its tokens to who has none or one for another repository, 404
with MANIFEST_UNKNOWN, BLOB_UNKNOWN or NAME_UNKNOWN, an image's manifest in place of its index where the index is not
accepted, and blobs from another place, where a token is refused. It takes nothing: tests put images into it.
https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
"""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving
from tools.images.registry import INDEXES, MANIFESTS, digest_of

IMAGE = MANIFESTS[2]


@dataclass
class Registry:
    """Several repositories behind one address, by their names, and a log by its entries' numbers."""

    tags: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    log: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    asked: list[str] = field(default_factory=list[str])
    lies: bool = False
    """Whether headers and blobs have another digest than they should."""
    address: str = ""

    def push(self, repository: str, tag: str, manifest: dict[str, Any]) -> str:
        """Put a manifest there, and return its digest."""
        content = json.dumps(manifest, indent=3).encode()
        self.tags[repository, tag] = content
        return digest_of(content)

    def push_index(self, repository: str, tag: str, platforms: tuple[str, ...] = ("amd64", "arm64")) -> str:
        """Put the index of an image there, with provenance, as builders do."""
        manifests: list[dict[str, Any]] = [
            {
                "mediaType": IMAGE,
                "digest": digest_of(name.encode()),
                "size": 1,
                "platform": {"os": "linux", "architecture": name},
            }
            for name in platforms
        ]
        manifests.append({**manifests[0], "platform": {"os": "unknown", "architecture": "unknown"}})
        return self.push(repository, tag, {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": manifests})

    def blob(self, content: bytes) -> str:
        """Put a blob there, and return its digest."""
        self.blobs[digest_of(content)] = content
        return digest_of(content)


@contextmanager
def running() -> Generator[Registry]:
    """One on this machine, at `address`."""
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            status, headers, content = _answer(registry, self.path, dict(self.headers.items()))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.address = f"127.0.0.1:{server.server_port}"
    with serving(server, threading.Event()):
        yield registry


Answer = tuple[int, dict[str, str], bytes]


def _answer(registry: Registry, url: str, headers: dict[str, str]) -> Answer:
    given = {name.lower(): value for name, value in headers.items()}
    path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
    if path == "/token":
        return 200, {}, json.dumps({"token": f"for {query['scope'][0]}"}).encode()
    if path == "/api/v1/log/entries":
        entry = registry.log.get(int(query["logIndex"][0]))
        return (200, {}, json.dumps({"uuid": entry}).encode()) if entry else (404, {}, b'{"code":404}')
    if found := re.fullmatch("/storage/(.+)", path):
        if "authorization" in given:
            return 400, {}, b"Only one auth mechanism allowed"
        content = registry.blobs[found[1]]
        return 200, {}, content + b" " if registry.lies else content
    return _registry(registry, path, given)


def _registry(registry: Registry, path: str, given: dict[str, str]) -> Answer:
    found = re.fullmatch("/v2/(.+)/(manifests|blobs)/(.+)", path)
    assert found, path
    repository, kind, name = found.groups()
    scope = f"repository:{repository}:pull"
    if given.get("authorization") != f"Bearer for {scope}":
        challenge = f'Bearer realm="http://{registry.address}/token",service="stand-in",scope="{scope}"'
        return 401, {"WWW-Authenticate": challenge}, _error("UNAUTHORIZED")
    if not any(known == repository for known, _ in registry.tags):
        return 404, {}, _error("NAME_UNKNOWN")
    if kind == "blobs":
        if name not in registry.blobs:
            return 404, {}, _error("BLOB_UNKNOWN")
        return 307, {"Location": f"http://localhost:{registry.address.partition(':')[2]}/storage/{name}"}, b""
    content = registry.tags.get((repository, name))
    if content is None:
        return 404, {}, _error("MANIFEST_UNKNOWN")
    media_type: str = json.loads(content)["mediaType"]
    if media_type not in given.get("accept", ""):
        media_type, content = IMAGE, json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "layers": []}).encode()
    digest = digest_of(content + b" ") if registry.lies else digest_of(content)
    return 200, {"Content-Type": media_type, "Docker-Content-Digest": digest}, content


def _error(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": code.lower(), "detail": None}]}).encode()
