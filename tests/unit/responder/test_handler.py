"""The function as Lambda calls it, over moto: ledger, retries, set-aside records, crashes, throttling, the storm."""

import json
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.commands import replay
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import pack
from falco_firelens.responder.handler import Invocation
from falco_firelens.responder.outcome import Done
from tests.unit.responder.events import acting, configuration, document, playbook

REGION = "eu-west-1"


class Aws:
    """boto3 clients of a moto; `throttled` are services whose calls are refused."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self.throttled: set[str] = set()
        self.actions: Mapping[str, Action] = ACTIONS

    def aws(self, service: str) -> Any:
        if service in self.throttled:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "Any")
        if service not in self._made:
            self._made[service] = boto3.client(service, REGION)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return self._made[service]

    def kubernetes(self, cluster: object) -> Any:
        raise AssertionError(cluster)


class LambdaContext(SimpleNamespace):
    """What Lambda tells of an invocation."""

    def __init__(self, milliseconds: int = 60_000) -> None:
        super().__init__(function_name="f", aws_request_id="r", memory_limit_in_mb=512, invoked_function_arn="a")
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = Aws()
        made.aws("s3").create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
        made.aws("dynamodb").create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        made.queue = made.aws("sqs").create_queue(QueueName="retries")["QueueUrl"]  # pyright: ignore[reportAttributeAccessIssue]
        yield made


@pytest.fixture
def called(aws: Aws) -> list[str]:
    made: list[str] = []

    def act(context: Context) -> Done:
        made.append(str(context.target))
        return Done("ok")

    aws.actions = acting(isolate=act)
    return made


def invocation(aws: Any, milliseconds: int = 60_000, **limits: Any) -> Invocation:
    environment = Environment.of({"BUCKET": "kept", "TABLE": "ledger", "RETRY_QUEUE_URL": aws.queue})
    plan = configuration(playbook(actions=["isolate"], **limits))
    return Invocation(plan, aws, environment, LambdaContext(milliseconds), aws.actions)


def waiting(aws: Any) -> list[dict[str, Any]]:
    sqs = aws.aws("sqs")
    sqs.set_queue_attributes(QueueUrl=aws.queue, Attributes={"DelaySeconds": "0"})
    from moto.sqs.models import sqs_backends

    backend = sqs_backends["123456789012"][REGION]
    return [json.loads(message.body) for message in backend.queues["retries"]._messages]


def delivery(*documents: dict[str, Any]) -> dict[str, Any]:
    return pack([json.dumps(one) for one in documents], "eks/node-1")


def test_ten_thousand_events_for_fifty_pods_twice_and_out_of_order_act_once_on_each(
    aws: Any, called: list[str]
) -> None:
    storm = [document(pod=f"web-{n % 50}", output=str(n)) for n in range(10_000)]
    first = invocation(aws, most_targets=50).answer_delivery(delivery(*storm))
    again = invocation(aws, most_targets=50).answer_delivery(delivery(*reversed(storm)))
    assert sorted(called) == sorted(f"pod eks/shop/web-{n}" for n in range(50))
    assert (first["events"], first["done"], again["repeated"]) == (10_000, 50, 50)


def test_the_rate_limit_holds_across_invocations(aws: Any, called: list[str]) -> None:
    for number in range(4):
        invocation(aws, most_targets=2).answer_delivery(delivery(document(pod=f"web-{number}")))
    assert called == ["pod eks/shop/web-0", "pod eks/shop/web-1"]


def test_malformed_records_are_kept_whole_and_the_others_answered(aws: Any, called: list[str]) -> None:
    said = invocation(aws).answer_delivery(pack(["not JSON", json.dumps(document())], "eks/node-1"))
    assert (said["events"], said["setAside"], called) == (1, 1, ["pod eks/shop/web-0"])
    s3 = aws.aws("s3")
    (kept,) = s3.list_objects_v2(Bucket="kept", Prefix="set-aside/")["Contents"]
    assert json.loads(s3.get_object(Bucket="kept", Key=kept["Key"])["Body"].read())["record"] == "not JSON"


def test_a_failure_becomes_a_message_with_all_that_is_needed_and_succeeds_later(aws: Any, called: list[str]) -> None:
    def broken(_: Context) -> Done:
        raise RuntimeError("the API is down")

    working, aws.actions = aws.actions, acting(isolate=broken)
    invocation(aws).answer_delivery(delivery(document(), document(pod="web-1")))
    messages = waiting(aws)
    assert [one["event"]["output_fields"]["k8s.pod.name"] for one in messages] == ["web-0", "web-1"]
    assert "the API is down" in messages[0]["reasons"]["isolate"]
    payload = replay.payload_of(json.dumps(messages[0]))
    failed = invocation(aws).retry_messages(payload)
    assert failed["batchItemFailures"] == [{"itemIdentifier": "replay"}]
    aws.actions = working
    assert invocation(aws).retry_messages(payload)["batchItemFailures"] == []
    assert called == ["pod eks/shop/web-0"]


def test_a_crash_in_the_middle_is_gone_on_from(aws: Any, called: list[str]) -> None:
    working = aws.actions

    def crash(context: Context) -> Done:
        if context.target.name == "web-2":
            raise KeyboardInterrupt  # not an Exception, as little as a killed process is
        return working["isolate"].run(context)

    aws.actions = acting(isolate=crash)
    storm = delivery(*(document(pod=f"web-{n}") for n in range(4)))
    with pytest.raises(KeyboardInterrupt):
        invocation(aws).answer_delivery(storm)
    aws.actions = working
    invocation(aws, milliseconds=60_000).answer_delivery(storm)
    assert [one for one in called if one.endswith(("web-0", "web-1", "web-3"))] == sorted(
        set(called) - {"pod eks/shop/web-2"}
    )
    waits = [one["event"]["output_fields"]["k8s.pod.name"] for one in waiting(aws)]
    assert "web-2" in waits or "pod eks/shop/web-2" in called


def test_a_throttled_ledger_leaves_everything_to_be_tried_again(aws: Any, called: list[str]) -> None:
    one = invocation(aws)
    aws.aws("dynamodb").delete_table(TableName="ledger")
    one.answer_delivery(delivery(document()))
    assert called == [] and len(waiting(aws)) == 1


def test_where_nothing_can_be_written_down_the_invocation_fails_as_a_whole(aws: Any, called: list[str]) -> None:
    one = invocation(aws, milliseconds=1)
    aws.throttled.add("sqs")
    with pytest.raises(ClientError):
        one.answer_delivery(delivery(document()))


def test_what_no_time_is_left_for_goes_to_the_retry_queue(aws: Any, called: list[str]) -> None:
    invocation(aws, milliseconds=1).answer_delivery(delivery(document(), document(pod="web-1")))
    assert called == [] and len(waiting(aws)) == 2


def test_a_message_that_is_not_ours_fails_alone(aws: Any, called: list[str]) -> None:
    payload = replay.payload_of(json.dumps({"x": 1}))
    assert invocation(aws).retry_messages(payload)["batchItemFailures"]


def test_a_whole_delivery_is_run_again_whatever_its_age(aws: Any, called: list[str]) -> None:
    letter = json.dumps({"requestPayload": delivery(document(age=90_000)), "requestContext": {"condition": "x"}})
    assert invocation(aws).answer_delivery(json.loads(letter)["requestPayload"])["events"] == 1 and called == []
    invocation(aws).answer_delivery(replay.payload_of(letter))
    assert called == ["pod eks/shop/web-0"]


def test_a_large_event_is_a_message_that_a_queue_takes(aws: Any) -> None:
    def broken(_: Context) -> Done:
        raise RuntimeError

    aws.actions = acting(isolate=broken)
    invocation(aws).answer_delivery(delivery(document(fields={"proc.cmdline": "x" * 2**20})))
    (message,) = waiting(aws)
    assert message["event"]["output_fields"]["k8s.pod.name"] == "web-0"
