"""Every client of an API says how calls are repeated, and no call that acts twice when it is."""

import ast
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from components.response.event_response import TIMEOUT_SECONDS
from falco_firelens.fleet.credentials import clients_of
from falco_firelens.responder.commands import replay

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    file
    for file in ROOT.rglob("*.py")
    if file.relative_to(ROOT).parts[0] not in ("tests", ".venv", ".local", ".git") and file.name != "conftest.py"
]


def undecided(source: str) -> list[int]:
    """Lines with a client without a configuration of its own, or a configuration that says nothing of retries."""
    tree = ast.parse(source)
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    with_config = {id(node.func) for node in called if any(word.arg == "config" for word in node.keywords)}
    makes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("client", "resource")
        and ast.unparse(node.value).rstrip("()").rpartition(".")[2].strip("_").lower() in ("session", "boto3")
    ]
    configs = [
        node
        for node in called
        if ast.unparse(node.func) == "Config" and not any(word.arg == "retries" for word in node.keywords)
    ]
    return sorted(node.lineno for node in [*(one for one in makes if id(one) not in with_config), *configs])


def test_every_client_is_made_with_a_decision_about_retries() -> None:
    assert len(FILES) > 150
    assert {str(file.relative_to(ROOT)): found for file in FILES if (found := undecided(file.read_text()))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "boto3.client('s3')",
        "session.client('s3', region_name='x')",
        "boto3.Session().client('ecs')",
        "self._session.resource('s3')",
        "aws = session.client",
        "undo(boto3.client)",
        "Config(read_timeout=5)",
    ],
)
def test_the_check_finds_the_next_one(source: str) -> None:
    assert undecided(source) == [1]


class Silent(BaseHTTPRequestHandler):
    """Takes a request and never answers it."""

    taken: list[str]

    def do_POST(self) -> None:
        """Hang up once the whole of it has come."""
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.taken.append(self.path)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests that a service took which answers none."""
    taken: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Silent,), {"taken": taken}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    yield taken
    server.shutdown()
    server.server_close()


def test_a_function_is_invoked_once_for_one_replay(silent: list[str]) -> None:
    aws = replay.clients(boto3.Session(region_name="eu-west-1"))
    with pytest.raises(BotoCoreError):
        replay.run(aws, "falco-prod-response", {"x": 1})
    assert silent == ["/2015-03-31/functions/falco-prod-response/invocations"]


def test_a_replay_waits_for_longer_than_the_function_may_run() -> None:
    client = replay.clients(boto3.Session(region_name="eu-west-1"))("lambda")
    assert client.meta.config.read_timeout > TIMEOUT_SECONDS
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_a_self_test_is_registered_once(silent: list[str]) -> None:
    ecs = clients_of(os.environ, "eu-west-1")("ecs")
    with pytest.raises(BotoCoreError):
        ecs.register_task_definition(family="self-test", containerDefinitions=[])
    assert len(silent) == 1


def test_what_is_only_read_is_read_again(silent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(BotoCoreError):
        clients_of(os.environ, "eu-west-1")("logs").describe_log_groups()
    assert len(silent) > 1, json.dumps(silent)
