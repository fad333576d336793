"""A service of AWS that takes connections and never answers, as one does that a VPC has no way to."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from falco_firelens.responder import clients, handler
from tests.unit.responder.account import REGION, Account, deliver, moto_account
from tests.unit.responder.events import TASK, configuration, document, playbook
from tests.unit.responder.test_webhooks import Receiver, receiving

LIMIT = 0.2
"""Seconds of a request, in place of the function's seven, so that the test is quick."""


class Deaf(Account):
    """An account in which ECS is silent."""

    def __init__(self, silence: Receiver) -> None:
        super().__init__()
        self.ecs: Any = clients.skipped_while_silent(
            boto3.client(  # pyright: ignore[reportCallIssue, reportArgumentType]
                "ecs",
                REGION,
                endpoint_url=silence.url(path=""),
                config=clients.AWS.merge(Config(connect_timeout=LIMIT, read_timeout=LIMIT)),
            )
        )

    def aws(self, service: str) -> Any:
        return self.ecs if service == "ecs" else super().aws(service)


@pytest.fixture
def silence() -> Iterator[Receiver]:
    with receiving() as made:
        made.answer = "hang"
        yield made


@pytest.fixture
def account(silence: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deaf]:
    with moto_account(monkeypatch):
        yield Deaf(silence)


def victim(number: int) -> dict[str, Any]:
    return document(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": f"{TASK[:-1]}{number}"})


def test_a_service_that_does_not_answer_is_asked_once_and_all_is_tried_again(silence: Receiver, account: Deaf) -> None:
    plan = configuration(playbook(actions=["stopTask", "notify"]))
    said = account.invocation(plan).answer_delivery(
        deliver(*(victim(number) for number in range(5)), stream="jobs/i-1")
    )
    assert said["failed"] == 5 and len(silence.paths) == clients.ATTEMPTS
    first, *rest = account.messages("retries")
    assert "Read timeout" in first["reasons"]["stopTask"]
    assert len(rest) == 4 and all("did not answer a moment ago" in one["reasons"]["stopTask"] for one in rest)


def test_after_a_while_it_is_asked_again(silence: Receiver, account: Deaf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "SILENT_SECONDS", 0)
    plan = configuration(playbook(actions=["stopTask"]))
    account.invocation(plan).answer_delivery(deliver(victim(1), victim(2), stream="jobs/i-1"))
    assert len(silence.paths) == 2 * clients.ATTEMPTS


def test_a_call_that_is_not_answered_ends_within_the_reserve() -> None:
    pauses = sum(2**attempt for attempt in range(clients.ATTEMPTS - 1))
    assert (clients.ATTEMPTS * clients.TIMEOUT_SECONDS + pauses) * 1000 < handler.RESERVE_MILLISECONDS
