"""The stand-in for log transformers and metric filters: what AWS documents, and no kinder than it may be."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.logs.models import LogsBackend, LogStream
from moto.logs.responses import LogsResponse

from localcloud.aws import logs
from localcloud.cloudwatch.transformer import (
    LogGroup,
    NotTransformedError,
    Processor,
    TransformerError,
    check,
    transform,
)

PARSE = {"parseJSON": {}}
UNDER = {"parseJSON": {"destination": "event"}}


def copy(source: str, target: str, **more: bool) -> Processor:
    return {"copyValue": {"entries": [{"source": source, "target": target, **more}]}}


def replace(source: str, old: str, new: str) -> Processor:
    return {"substituteString": {"entries": [{"source": source, "from": old, "to": new}]}}


def transformed(event: Any, *processors: Processor) -> dict[str, Any]:
    text = event if isinstance(event, str) else json.dumps(event)
    return transform(LogGroup("/g", "111122223333", "eu-west-1", processors), "web/n-1", text)


METADATA = ("@logGroupName", "@logGroupStream", "@accountId", "@regionName")


@pytest.mark.parametrize(
    ("processors", "expected"),
    [
        ([PARSE], {"outer": {"inner": "A cat takes a catnap."}}),
        ([UNDER], {"event": {"outer": {"inner": "A cat takes a catnap."}}}),
        (
            [PARSE, copy("outer.inner", "new")],
            {"outer": {"inner": "A cat takes a catnap."}, "new": "A cat takes a catnap."},
        ),
        ([PARSE, copy("outer.inner", "outer")], {"outer": {"inner": "A cat takes a catnap."}}),
        ([PARSE, copy("outer.inner", "outer", overwriteIfExists=True)], {"outer": "A cat takes a catnap."}),
        ([PARSE, copy("nothing", "new")], {"outer": {"inner": "A cat takes a catnap."}}),
        ([PARSE, replace("outer.inner", "cat", "dog")], {"outer": {"inner": "A dog takes a dognap."}}),
        ([PARSE, replace("outer.inner", r"(\w+) (\w+).*", "$2 $1")], {"outer": {"inner": "cat A"}}),
        ([PARSE, replace("outer", "cat", "dog")], {"outer": {"inner": "A cat takes a catnap."}}),
    ],
)
def test_a_processor_does_what_its_documentation_shows(processors: list[Processor], expected: dict[str, Any]) -> None:
    check(processors)
    assert transformed({"outer": {"inner": "A cat takes a catnap."}}, *processors) == expected


def test_metadata_can_be_copied() -> None:
    copies = {"copyValue": {"entries": [{"source": name, "target": name[1:]} for name in METADATA]}}
    assert transformed({}, PARSE, copies) == {
        "logGroupName": "/g",
        "logGroupStream": "web/n-1",
        "accountId": "111122223333",
        "regionName": "eu-west-1",
    }


def test_an_events_own_key_passes_for_metadata_where_it_is_parsed_into_the_root() -> None:
    """As in Data Prepper; this is what a transformer has to avoid."""
    forged = {"@logGroupStream": "bank/n-1"}
    assert transformed(forged, PARSE, copy("@logGroupStream", "stream"))["stream"] == "bank/n-1"
    assert transformed(forged, UNDER, copy("@logGroupStream", "stream"))["stream"] == "web/n-1"


@pytest.mark.parametrize(
    "text",
    [
        "Killed",
        "[]",
        "1",
        '{"a": ',
        "[" * 100_000,
        json.dumps({"a": "x" * 512 * 1024}),
        json.dumps(dict.fromkeys(map(str, range(201)))),
    ],
    ids=lambda text: text[:20],
)
def test_what_cannot_be_transformed_is_an_error(text: str) -> None:
    with pytest.raises(NotTransformedError):
        transformed(text, PARSE)


@pytest.mark.parametrize(
    ("processors", "reason"),
    [
        ([], "found 0 processors"),
        ([PARSE, *[replace("a", "b", "c")] * 20], "found 21 processors"),
        ([{}], "found no name"),
        ([{**PARSE, **copy("a", "b")}], "found parseJSON and copyValue in one processor"),
        ([copy("a", "b"), PARSE], "found copyValue as the first processor"),
        ([PARSE, {"parseWAF": {}}], "found parseWAF after the first"),
        ([PARSE] * 6, "more than 5 parsers"),
        ([PARSE, copy("a", "b"), copy("c", "d")], "found copyValue more than once"),
        ([PARSE, {"listToMap": {"source": "a", "key": "b"}}], "the stand-in does not know listToMap"),
        ([{"parseWAF": {}}], "the stand-in does not know parseWAF"),
        ([{"parseJSON": {"source": "a"}}], "found a as the source"),
        ([PARSE, copy("a.b.c.d", "e")], "found a.b.c.d, expected a path"),
        ([{"parseJSON": {"destination": "a.b.c.d"}}], "found a.b.c.d, expected a path"),
    ],
)
def test_what_aws_refuses_or_the_stand_in_does_not_know_is_refused(processors: list[Processor], reason: str) -> None:
    with pytest.raises(TransformerError, match=reason):
        check(processors)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """Clients of moto with what this project adds, and a log group."""
    for owner, name in (
        (LogsBackend, "put_subscription_filter"),
        (LogStream, "_send_log_events"),
        (LogStream, "put_log_events"),
        (LogsResponse, "put_metric_filter"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    for name in ("put_transformer", "get_transformer", "delete_transformer"):
        monkeypatch.setattr(LogsResponse, name, None, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    logs.install()
    with mock_aws():
        client = boto3.client("logs", "eu-west-1")
        client.create_log_group(logGroupName="/g")
        client.create_log_stream(logGroupName="/g", logStreamName="web/n-1")
        yield client, boto3.client("cloudwatch", "eu-west-1")


TRANSFORMER = [UNDER, copy("@logGroupStream", "stream", overwriteIfExists=True)]


def put_filter(client: Any, name: str, pattern: str, dimension: str, *, transformed: bool) -> None:
    client.put_metric_filter(
        logGroupName="/g",
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[
            {"metricName": name, "metricNamespace": "Test", "metricValue": "1", "dimensions": {"by": dimension}}
        ],
        applyOnTransformedLogs=transformed,
    )


def counted(cloudwatch: Any, name: str) -> dict[str, float]:
    """The sums of a metric by its dimension's value."""
    found = cloudwatch.list_metrics(Namespace="Test", MetricName=name)["Metrics"]
    now = datetime.now(UTC)
    span = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1), "Period": 7200}
    return {
        one["Dimensions"][0]["Value"]: cloudwatch.get_metric_statistics(
            Namespace="Test", MetricName=name, Dimensions=one["Dimensions"], Statistics=["Sum"], **span
        )["Datapoints"][0]["Sum"]
        for one in found
    }


def send(client: Any, *events: object) -> None:
    now = int(time.time() * 1000)
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    client.put_log_events(
        logGroupName="/g",
        logStreamName="web/n-1",
        logEvents=[{"timestamp": now, "message": text} for text in texts],
    )


def test_filters_count_what_comes_in_transformed_or_not(clients: tuple[Any, Any]) -> None:
    client, cloudwatch = clients
    client.put_transformer(logGroupIdentifier="/g", transformerConfig=TRANSFORMER)
    put_filter(client, "original", '{ $.rule = "x" }', "$.stream", transformed=False)
    put_filter(client, "changed", '{ $.event.rule = "x" }', "$.stream", transformed=True)

    send(client, {"rule": "x", "stream": "forged"}, {"rule": "x"}, {"rule": "y"}, "Killed")

    assert counted(cloudwatch, "original") == {"forged": 1}, "one without the dimension's field leaves no value"
    assert counted(cloudwatch, "changed") == {"web/n-1": 2}
    (errors,) = cloudwatch.list_metrics(Namespace="AWS/Logs", MetricName="TransformationErrors")["Metrics"]
    assert errors["Dimensions"] == [{"Name": "LogGroupName", "Value": "/g"}]


def test_a_filter_that_makes_a_thousand_dimensions_in_an_hour_is_switched_off(clients: tuple[Any, Any]) -> None:
    client, cloudwatch = clients
    put_filter(client, "by-name", '{ $.rule = "x" }', "$.name", transformed=False)
    put_filter(client, "other", '{ $.rule = "x" }', "$.rule", transformed=False)
    send(client, *({"rule": "x", "name": f"n{number}"} for number in range(1200)))

    assert (
        len(cloudwatch.get_paginator("list_metrics").paginate(MetricName="by-name").build_full_result()["Metrics"])
        == 999
    )
    assert counted(cloudwatch, "other") == {"x": 1200}
    put_filter(client, "by-name", '{ $.rule = "x" }', "$.rule", transformed=False)
    send(client, {"rule": "x"})
    found = cloudwatch.list_metrics(MetricName="by-name", Dimensions=[{"Name": "by", "Value": "x"}])["Metrics"]
    assert len(found) == 1, "putting it again switches it on"


def test_a_transformer_is_put_read_and_deleted(clients: tuple[Any, Any]) -> None:
    client, _ = clients
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/g"
    client.put_transformer(logGroupIdentifier=arn, transformerConfig=TRANSFORMER)
    assert client.get_transformer(logGroupIdentifier="/g")["transformerConfig"] == TRANSFORMER
    client.put_transformer(logGroupIdentifier="/g", transformerConfig=[PARSE])
    assert client.get_transformer(logGroupIdentifier=arn)["transformerConfig"] == [PARSE]
    client.delete_transformer(logGroupIdentifier=arn)
    for operation in (client.get_transformer, client.delete_transformer):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            operation(logGroupIdentifier="/g")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.put_transformer(logGroupIdentifier="/none", transformerConfig=TRANSFORMER)


def test_a_transformer_goes_with_its_log_group(clients: tuple[Any, Any]) -> None:
    client, _ = clients
    client.put_transformer(logGroupIdentifier="/g", transformerConfig=TRANSFORMER)
    client.delete_log_group(logGroupName="/g")
    client.create_log_group(logGroupName="/g")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_transformer(logGroupIdentifier="/g")


def test_a_request_is_refused_with_the_services_own_code(clients: tuple[Any, Any]) -> None:
    client, _ = clients
    for call in (
        lambda: client.put_transformer(logGroupIdentifier="/g", transformerConfig=[copy("a", "b")]),
        lambda: put_filter(client, "f", '{ $.rule = "x" }', "$.stream", transformed=True),
        lambda: put_filter(client, "f", "ERROR", "$.stream", transformed=False),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
