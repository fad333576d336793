"""An account on moto with what a stack's response makes, and what Lambda and SQS do around the function."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.configuration import Cluster, Configuration
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import pack
from falco_firelens.responder.handler import Invocation

REGION = "eu-west-1"
ENVIRONMENT = {
    "ACCOUNT": DEFAULT_ACCOUNT_ID,
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "BUCKET": "kept",
    "TABLE": "ledger",
}
TRIES = 5
"""As `components.response.event_response` has it; a test holds both against each other."""


class LambdaContext(SimpleNamespace):
    """What Lambda tells of an invocation. The time runs only where a test lets it, by its own clock `now`."""

    def __init__(self, seconds: float = 120, now: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__(function_name="f", aws_request_id="r", memory_limit_in_mb=512, invoked_function_arn="a")
        self._now, self._until = now, now() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._until - self._now()) * 1000))


class Account:
    """The clients that the function uses, and everything that it writes to, to be looked at."""

    def __init__(self, config: Any = None, **kubernetes: Any) -> None:
        self._config, self.clients = config, kubernetes
        self.actions: Mapping[str, Action] = ACTIONS
        self.now: Callable[[], float] = lambda: 0.0
        self._made: dict[str, Any] = {}
        self.urls = {name: self.aws("sqs").create_queue(QueueName=name)["QueueUrl"] for name in ("dead", "inbox")}
        redrive = {"deadLetterTargetArn": _queue_arn("dead"), "maxReceiveCount": TRIES}
        made = self.aws("sqs").create_queue(QueueName="retries", Attributes={"RedrivePolicy": json.dumps(redrive)})
        self.urls["retries"] = made["QueueUrl"]
        s3 = self.aws("s3")
        s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
        self.aws("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.topic = self.aws("sns").create_topic(Name="notices")["TopicArn"]
        self.aws("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=_queue_arn("inbox"))

    def aws(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = boto3.client(service, REGION, config=self._config)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return self._made[service]

    def kubernetes(self, cluster: Cluster) -> Any:
        return self.clients[cluster.name]

    @property
    def environment(self) -> Mapping[str, str]:
        """The function's environment."""
        return {**ENVIRONMENT, "TOPIC_ARN": self.topic, "RETRY_QUEUE_URL": self.urls["retries"]}

    def invocation(self, configuration: Configuration, seconds: float = 120, **environment: str) -> Invocation:
        given = Environment.of({**self.environment, **environment})
        return Invocation(configuration, self, given, LambdaContext(seconds, self.now), self.actions)

    def messages(self, queue: str) -> list[Any]:
        """What is in a queue, also what cannot be seen yet."""
        found = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages
        return [json.loads(one.body) for one in found]

    def notices(self) -> list[str]:
        return [one["Message"] for one in self.messages("inbox")]

    def show(self, queue: str) -> None:
        """Let a queue's messages be seen now, whatever they wait for."""
        for one in sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[queue]._messages:
            one.delayed_until, one.visible_at = 0, 0

    def poll(self, configuration: Configuration, seconds: float = 120, **environment: str) -> list[str]:
        """Hand the retry queue's messages to the function, as its event source mapping does, without the waiting.

        What comes back are those that failed; after `TRIES` SQS makes dead letters of them.
        """
        self.show("retries")
        sqs, url = self.aws("sqs"), self.urls["retries"]
        received = list[dict[str, Any]]()
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=900).get("Messages"):
            received += batch
        failed = list[str]()
        for start in range(0, len(received), 10):
            records = [
                {"messageId": one["MessageId"], "body": one["Body"], "eventSource": "aws:sqs"}
                for one in received[start : start + 10]
            ]
            said = self.invocation(configuration, seconds, **environment).retry_messages({"Records": records})
            failed += [one["itemIdentifier"] for one in said["batchItemFailures"]]
        for one in received:
            if one["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return failed

    def objects(self, prefix: str = "") -> list[str]:
        """Every version of every object, by its key."""
        pages = self.aws("s3").get_paginator("list_object_versions").paginate(Bucket="kept", Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Versions", ())]


def deliver(*documents: dict[str, Any], stream: str = "eks/node-1") -> dict[str, Any]:
    """A delivery of events."""
    return pack([json.dumps(one) for one in documents], stream)


def deliveries(documents: Iterable[dict[str, Any]], stream: str = "eks/node-1") -> list[dict[str, Any]]:
    """Deliveries of at most 1 MB of events each, as CloudWatch Logs makes them."""
    made, batch, size = list[dict[str, Any]](), list[str](), 0
    for one in documents:
        message = json.dumps(one)
        if size + len(message) > 1_000_000:
            made.append(pack(batch, stream))
            batch, size = [], 0
        batch.append(message)
        size += len(message)
    return [*made, pack(batch, stream)]


@dataclass
class Throttle:
    """How many calls of an operation, such as `s3.PutObject`, are refused as AWS does; `sent` counts all of them."""

    refused: dict[str, int] = field(default_factory=dict[str, int])
    sent: Counter[str] = field(default_factory=Counter[str])

    def answer(self, operation: str, url: str) -> AWSResponse | None:
        self.sent[operation] += 1
        if self.refused.get(operation, 0) <= 0:
            return None
        self.refused[operation] -= 1
        code = "ProvisionedThroughputExceededException" if operation.startswith("dynamodb") else "ThrottlingException"
        if operation.startswith(("s3", "sns")):
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>slow</Message></Error></ErrorResponse>"
        else:
            body = json.dumps({"__type": code, "message": "slow"})
        return AWSResponse(url, 400, {"x-amzn-query-error": f"{code};Sender"}, _Raw(body.encode()))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


@contextmanager
def moto_account(monkeypatch: pytest.MonkeyPatch) -> Generator[Throttle]:
    """Moto in this process, one request at a time: DynamoDB's conditions hold under concurrency, moto's do not."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    lock, answer, throttle = threading.RLock(), BotocoreStubber.__call__, Throttle()

    def one_at_a_time(stubber: Any, event_name: str, request: Any, **named: Any) -> Any:
        with lock:
            refused = throttle.answer(event_name.partition(".")[2], request.url)
            return refused or answer(stubber, event_name, request, **named)

    monkeypatch.setattr(BotocoreStubber, "__call__", one_at_a_time)
    # A new session would read the models of AWS's services anew, which takes longer than a test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        yield throttle


def forget_moto() -> None:
    """Empty the backends of a moto server of this process, which are those of `mock_aws`, too."""
    kept: Any = getattr(BackendDict, "_instances")  # noqa: B009
    for backends in list(kept):
        backends.reset()


def _queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:{name}"
