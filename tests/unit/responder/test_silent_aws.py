"""A service of AWS that takes connections and never answers, as one does that a VPC has no way to."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from responder import clients, handler
from tests.unit.responder.account import REGION, Account, deliver, moto_account
from tests.unit.responder.events import TASK, configuration, document, playbook

LIMIT = 0.2
"""Seconds of a request, in place of the function's seven, so that the test is quick."""


class Silence:
    """A server that reads and says nothing; `asked` counts the connections."""

    def __init__(self) -> None:
        self.asked = 0
        self._taken = list[socket.socket]()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                taken, _ = self._server.accept()
            except OSError:
                return
            self._taken.append(taken)
            self.asked += 1

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        for one in self._taken:
            one.close()


class Deaf(Account):
    """An account in which ECS is silent."""

    def __init__(self, silence: Silence) -> None:
        super().__init__()
        self.ecs: Any = clients.once_silent_not_asked(
            boto3.client(  # pyright: ignore[reportCallIssue, reportArgumentType]
                "ecs",
                REGION,
                endpoint_url=silence.url,
                config=clients.AWS.merge(Config(connect_timeout=LIMIT, read_timeout=LIMIT)),
            )
        )

    def aws(self, service: str) -> Any:
        return self.ecs if service == "ecs" else super().aws(service)


@pytest.fixture
def silence() -> Iterator[Silence]:
    made = Silence()
    yield made
    made.close()


@pytest.fixture
def account(silence: Silence, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deaf]:
    with moto_account(monkeypatch):
        yield Deaf(silence)


def victim(number: int) -> dict[str, Any]:
    return document(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": f"{TASK[:-1]}{number}"})


def test_a_service_that_does_not_answer_is_asked_once_and_all_is_tried_again(silence: Silence, account: Deaf) -> None:
    plan = configuration(playbook(actions=["stopTask", "notify"]))
    began = time.monotonic()
    said = account.function(plan).delivery(deliver(*(victim(number) for number in range(5)), stream="jobs/i-1"))
    assert said["failed"] == 5 and silence.asked == clients.ATTEMPTS
    assert time.monotonic() - began < clients.ATTEMPTS * LIMIT + 8, "botocore's pauses are 1 and 2 seconds at most"
    first, *rest = account.messages("retries")
    assert "Read timeout" in first["reasons"]["stopTask"]
    assert len(rest) == 4 and all("did not answer a moment ago" in one["reasons"]["stopTask"] for one in rest)


def test_after_a_while_it_is_asked_again(silence: Silence, account: Deaf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "SILENT_SECONDS", 0)
    plan = configuration(playbook(actions=["stopTask"]))
    account.function(plan).delivery(deliver(victim(1), victim(2), stream="jobs/i-1"))
    assert silence.asked == 2 * clients.ATTEMPTS


def test_a_call_that_is_not_answered_ends_within_the_reserve() -> None:
    pauses = sum(2**attempt for attempt in range(clients.ATTEMPTS - 1))
    assert (clients.ATTEMPTS * clients.TIMEOUT_SECONDS + pauses) * 1000 < handler.RESERVE_MILLISECONDS
