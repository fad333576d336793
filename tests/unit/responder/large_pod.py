"""A pod that its author made as heavy as he could, an API server made up around it, and what the function needs for it.

The API server is a stand-in on 127.0.0.1: it knows one pod, answers what the actions `isolate`, `evidence` and `delete`
ask, and refuses everything else with 404. AWS is moto. The function runs in a process of its own, as in Lambda.
"""

import base64
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from moto.server import ThreadedMotoServer

from testbed.certificate import self_signed
from tests.serving import serving
from tests.unit.responder.account import ENVIRONMENT, Account, deliver, forget_moto
from tests.unit.responder.events import document
from tests.waiting import PATIENCE

UID = "3e41dc6b-08a8-44db-bc2a-3724b18ab19a"
POD = "/api/v1/namespaces/shop/pods/web-0"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
LINE = b"2026-11-28T12:00:00.000000000Z " + b"x" * 99 + b"\n"


class LargePod:
    """The API server. `asked` is what it was asked, by method and path, a log's with its container's name."""

    def __init__(self, containers: int, log: bytes, folder: Path) -> None:
        self.asked: list[str] = []
        self.labels: dict[str, str] = {}
        self._names, self._log = [f"c{number}" for number in range(containers)], log
        files = self_signed(folder)
        self.certificate = files.certificate
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.server_address[1]}"

    @property
    def pod(self) -> dict[str, Any]:
        containers = [
            {"name": name, "image": "x", "env": [{"name": "TOKEN", "value": "s3cret"}]} for name in self._names
        ]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "web-0",
                "namespace": "shop",
                "uid": UID,
                "labels": self.labels,
                "creationTimestamp": "2026-01-01T00:00:00Z",
            },
            "spec": {"containers": containers},
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {
                        "name": name,
                        "image": "x",
                        "imageID": "x",
                        "ready": True,
                        "restartCount": 0,
                        "containerID": f"containerd://{container_id(number)}",
                    }
                    for number, name in enumerate(self._names)
                ],
            },
        }

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, bytes]:
        """What the API server says."""
        url = urlsplit(target)
        container = parse_qs(url.query).get("container", [""])[0]
        self.asked.append(f"{method} {url.path}{f' {container}' if container else ''}")
        if method == "GET" and url.path == f"{POD}/log" and container in self._names:
            return 200, self._log
        if method == "PATCH" and url.path == POD:
            self.labels = {**self.labels, **json.loads(body)["metadata"]["labels"]}
        if url.path == POD:
            return 200, json.dumps(self.pod).encode()
        if method == "POST" and url.path == POLICIES:
            return 201, body
        if method == "GET" and url.path in (POLICIES, "/api/v1/namespaces/shop/events"):
            return 200, json.dumps({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}).encode()
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not found", "code": 404}
        return 404, json.dumps(status).encode()


def container_id(number: int) -> str:
    """The id of a container, which differs from the others' in its beginning."""
    return f"{number:03x}".ljust(64, "a")


def _handler(api: LargePod) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = api.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if "/log" in self.path else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    return Handler


@dataclass(frozen=True)
class Run:
    """What a run of the function did; `files` are sizes by name, `mebibytes` the peak of its whole process."""

    asked: list[str]
    said: dict[str, Any]
    files: dict[str, int]
    pod: dict[str, Any]
    notice: str
    seconds: float
    mebibytes: float


CHILD = r"""
import json, os, re, sys, time
from falco_firelens.responder import clients
from falco_firelens.responder.clients import AwsClients, connect
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.handler import Invocation
from tests.unit.responder.account import LambdaContext
from tests.unit.responder.events import configuration, playbook

given = json.load(sys.stdin)
clients.TIMEOUT_SECONDS = given["patience"]

class Clients(AwsClients):
    def kubernetes(self, cluster):
        return connect(**given["access"])

plan = configuration(playbook(actions=["evidence", "isolate", "delete", "notify"]))
began = time.monotonic()
context = LambdaContext(given["patience"], time.monotonic)
said = Invocation(plan, Clients(), Environment.of(os.environ), context).answer_delivery(given["delivery"])
seconds = time.monotonic() - began
peak = re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())
print(json.dumps({"said": said, "seconds": seconds, "mebibytes": int(peak[1]) / 1024}))
"""
"""The function, with all four actions. Its peak is read as the kernel has it for this program: what `getrusage` has of
a process that was forked begins with the peak of the one that forked it."""


@contextmanager
def aws(patch: pytest.MonkeyPatch) -> Generator[Account]:
    """An account on a moto that other processes reach, too."""
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    patch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
    try:
        yield Account()
    finally:
        server.stop()
        forget_moto()


def respond(folder: Path, patch: pytest.MonkeyPatch, containers: int, log: bytes, event_container: int = 0) -> Run:
    """Answer one event of the pod, in the container of this number."""
    api = LargePod(containers, log, folder)
    with aws(patch) as account, serving(api.server, threading.Event()):
        found = document(fields={"k8s.pod.uid": UID, "container.id": container_id(event_container)[:12]})
        authority = base64.b64encode(api.certificate.read_bytes()).decode()
        access = {"server": api.url, "certificate_authority": authority, "token": "x"}
        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps({"access": access, "delivery": deliver(found), "patience": PATIENCE}),
            text=True,
            env={**os.environ, **account.environment},
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        measured = json.loads(done.stdout.splitlines()[-1])
        s3 = account.aws("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="kept", Prefix="evidence/")
        kept = {one["Key"]: one["Size"] for page in pages for one in page.get("Contents", ())}
        (pod,) = (key for key in kept if key.endswith("/pod.json"))
        return Run(
            asked=api.asked,
            files={key.rpartition("/")[2]: size for key, size in kept.items()},
            pod=json.loads(s3.get_object(Bucket="kept", Key=pod)["Body"].read()),
            notice="\n".join(account.notices()),
            **measured,
        )
