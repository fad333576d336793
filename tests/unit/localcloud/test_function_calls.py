"""What the stand-in for Lambda decides without running anything: who may call, with which events, what comes again."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from localcloud.aws.functions import runtime
from localcloud.aws.functions.function import Answer
from localcloud.aws.functions.package import PackageError
from localcloud.aws.functions.polling import failed_items
from localcloud.aws.functions.subscription import LOGS, log_group_arn, matching, may_invoke, payload
from localcloud.cloudwatch.filter_pattern import PatternError

SOURCE = log_group_arn("111111111111", "eu-west-1", "/falco/events")


def statement(**changes: Any) -> dict[str, Any]:
    condition = {
        "ArnLike": {"AWS:SourceArn": "arn:aws:logs:eu-west-1:111111111111:log-group:/falco/events:*"},
        "StringEquals": {"AWS:SourceAccount": "111111111111"},
    }
    return {
        "Effect": "Allow",
        "Principal": {"Service": LOGS},
        "Action": "lambda:InvokeFunction",
        "Condition": condition,
        **changes,
    }


def test_a_policy_lets_the_log_group_that_it_names_call() -> None:
    assert may_invoke([statement()], LOGS, SOURCE, "111111111111")
    assert may_invoke([statement(Condition={}, Action="lambda:*")], LOGS, SOURCE, "111111111111")


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}},
        {"Action": "lambda:GetFunction"},
        {"Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:logs:eu-west-1:111111111111:log-group:/other:*"}}},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "222222222222"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
    ],
)
def test_a_policy_for_another_one_lets_nobody_call(changes: dict[str, Any]) -> None:
    assert not may_invoke([statement(**changes)], LOGS, SOURCE, "111111111111")
    assert not may_invoke([], LOGS, SOURCE, "111111111111")


def test_a_pattern_chooses_among_events_of_which_some_are_no_json() -> None:
    events = [{"id": "1", "message": '{"source": "internal"}'}, {"id": "2", "message": '{"source": "syscall"}'}]
    text = {"id": "3", "message": "plain"}
    assert matching('{ $.source != "internal" }', events) == events[1:]
    assert matching('{ $.source = "syscall" }', [*events, text]) == events[1:]
    assert matching("", [*events, text]) == [*events, text]
    with pytest.raises(PatternError):
        matching("ERROR", [])


def test_a_delivery_is_packed_as_cloudwatch_logs_packs_it() -> None:
    events = [{"id": "1", "timestamp": 5, "message": "x"}]
    packed = json.loads(payload("111111111111", "/falco/events", "eks/node-1", "f", events))
    assert json.loads(gzip.decompress(base64.b64decode(packed["awslogs"]["data"]))) == {
        "messageType": "DATA_MESSAGE",
        "owner": "111111111111",
        "logGroup": "/falco/events",
        "logStream": "eks/node-1",
        "subscriptionFilters": ["f"],
        "logEvents": events,
    }


@pytest.mark.parametrize(
    ("answer", "partial", "failed"),
    [
        (Answer("null"), True, set[str]()),
        (Answer('{"batchItemFailures": []}'), True, set[str]()),
        (Answer('{"batchItemFailures": [{"itemIdentifier": "b"}]}'), True, {"b"}),
        (Answer('{"batchItemFailures": [{"itemIdentifier": "b"}]}'), False, set[str]()),
        (Answer('{"batchItemFailures": [{"itemIdentifier": "z"}]}'), True, {"a", "b"}),
        (Answer('{"batchItemFailures": [{"itemIdentifier": ""}]}'), True, {"a", "b"}),
        (Answer('{"batchItemFailures": [{}]}'), True, {"a", "b"}),
        (Answer('"text"'), True, {"a", "b"}),
        (Answer('{"errorType": "KeyError"}', failed=True), True, {"a", "b"}),
    ],
)
def test_of_a_batch_comes_again_what_the_function_names_or_all(answer: Answer, partial: bool, failed: set[str]) -> None:
    assert failed_items(answer, ["a", "b"], partial=partial) == failed


def test_a_call_is_in_lambdas_metric_as_a_client_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "runtime_libraries", lambda folder: folder)  # pyright: ignore[reportUnknownLambdaType]
    function: Any = SimpleNamespace(name="f", arn="a", account="123456789012", region="eu-west-1", runtime="python3.13")
    function.limit = 1
    made = runtime.Runtime({}, Path("x"), SimpleNamespace(check=refuse))  # pyright: ignore[reportArgumentType]
    function.digest = ""
    with mock_aws():
        assert made.call(function, "{}", wait=False).failed, "it is called, and cannot be started"
        clients: Any = boto3
        cloudwatch = clients.client("cloudwatch", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
        metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations"}
        metric["Dimensions"] = [{"Name": "FunctionName", "Value": "f"}]  # pyright: ignore[reportArgumentType]
        query = {"Id": "calls", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}
        now, minutes = datetime.now(UTC), timedelta(minutes=10)
        found = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=now - minutes, EndTime=now + minutes)
    assert sum(found["MetricDataResults"][0]["Values"]) == 1


def refuse(_: str) -> None:
    raise PackageError("nobody here has built it")
