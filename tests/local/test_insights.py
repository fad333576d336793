"""Metric filters and alarms on the local cloud: deployed by the real engine, read back, and driven with events."""

import time
from collections import Counter
from typing import Any

import pytest

from localcloud.accounts import client
from localcloud.cloudwatch.metric_data import Arrival, MetricData, state
from localcloud.cloudwatch.transformer import LogGroup
from tests.local.stack import Stack
from tests.unit.insight.watched import CRITICAL, ERROR, HEARTBEAT_EVENT, LOG_GROUP, NOW, arrivals, event

pytestmark = pytest.mark.local

SHOP = {"account": "123456789012", "clusters": [{"name": "shop", "platform": "ecs"}]}
TOLD = {"notifications": [{"protocol": "email", "endpoint": "soc@example.com"}]}


def states(env: dict[str, str], events: list[Arrival]) -> dict[str, str]:
    """The states of the alarms that are there, after events have gone through the metric filters that are there."""
    data, logs = MetricData(), client("logs", env)
    transformer = logs.get_transformer(logGroupIdentifier=LOG_GROUP)["transformerConfig"]
    group = LogGroup(LOG_GROUP, "123456789012", "eu-west-1", transformer)
    data.ingest(group, logs.describe_metric_filters(logGroupName=LOG_GROUP)["metricFilters"], events)
    alarms = client("cloudwatch", env).describe_alarms()["MetricAlarms"]
    return {alarm["AlarmName"].removeprefix("falco-test-"): state(alarm, data, NOW) for alarm in alarms}


def test_what_is_deployed_rings_when_it_should_and_is_left_as_it_was(stack: Stack, local_env: dict[str, str]) -> None:
    stack.configure({**SHOP, **TOLD})
    stack.up()
    assert stack.preview() == []
    heard = arrivals(HEARTBEAT_EVENT, "shop", [NOW - 60])
    assert states(local_env, [])["shop-silent"] == "ALARM"
    well = states(local_env, heard + arrivals(ERROR, "shop", [NOW - 5]))
    assert (well["shop-silent"], well["shop-events"], well["shop-drops"]) == ("OK", "OK", "OK")
    assert states(local_env, heard + arrivals(CRITICAL, "shop", [NOW - 5]))["shop-events"] == "ALARM"
    sns = client("sns", local_env)
    assert [each["Endpoint"] for each in sns.list_subscriptions()["Subscriptions"]] == ["soc@example.com"]

    stack.configure({**SHOP, "alarms": {"clusters": {"shop": {"minimumPriority": "Error"}}}})
    stack.up()
    assert states(local_env, heard + arrivals(ERROR, "shop", [NOW - 5]))["shop-events"] == "ALARM"
    # AWS keeps an unconfirmed subscription until its topic goes.
    assert not [urn for urn in stack.resources() if "TopicSubscription" in urn]

    cloudwatch = client("cloudwatch", local_env)
    cloudwatch.delete_alarms(AlarmNames=["falco-test-attention"])
    stack.refresh()
    assert [(step.op, step.resource) for step in stack.preview()] == [("create", "CompositeAlarm insights-attention")]
    stack.destroy()
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])["MetricAlarms"] == []
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])["CompositeAlarms"] == []
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []
    assert sns.list_topics()["Topics"] == []


def send(logs: Any, stream: str, *messages: str) -> None:
    """Write events as a cluster's shipping credentials may, into a log stream of its own."""
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
    now = int(time.time() * 1000)
    sent = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=sent)


def counted(cloudwatch: Any) -> Counter[tuple[str, str]]:
    """The metrics that there are, by name and the value of their one dimension, with the sums of today."""
    now = int(time.time())
    found: Counter[tuple[str, str]] = Counter()
    for page in cloudwatch.get_paginator("list_metrics").paginate():
        for one in page["Metrics"]:
            points = cloudwatch.get_metric_statistics(
                **one, StartTime=now - 3600, EndTime=now + 3600, Period=7200, Statistics=["Sum"]
            )["Datapoints"]
            (dimension,) = one["Dimensions"]
            found[one["MetricName"], dimension["Value"]] += int(sum(point["Sum"] for point in points))
    return found


def test_one_cluster_speaks_for_itself_alone(lone_stack: Stack, account_env: dict[str, str]) -> None:
    """With real requests: `shop`'s credentials send in `bank`'s name, invent clusters, and forge the transformer."""
    lone_stack.configure({"clusters": [{"name": name, "platform": "ecs"} for name in ("shop", "bank")]})
    lone_stack.up()
    logs, cloudwatch = client("logs", account_env), client("cloudwatch", account_env)
    forged = {"stream_cluster": "bank", "@logGroupStream": "bank/n-1", "event": {"rule": HEARTBEAT_EVENT}}

    send(logs, "shop/n-1", event(HEARTBEAT_EVENT, "shop"))
    send(logs, "shop/bank/n-1", event(HEARTBEAT_EVENT, "bank"), event(HEARTBEAT_EVENT, "bank", **forged))
    send(logs, "shop/n-2", *(event(CRITICAL, f"invented-{number}") for number in range(1100)), "Killed")
    send(logs, "bank/n-1", event(CRITICAL, "bank"))

    assert counted(cloudwatch) == {
        ("Heartbeats", "shop"): 3,
        ("Events", "shop"): 1100,
        ("CriticalEvents", "shop"): 1100,
        ("EventsFromCritical", "shop"): 1100,
        ("ForeignEvents", "shop"): 1102,
        ("Events", "bank"): 1,
        ("CriticalEvents", "bank"): 1,
        ("EventsFromCritical", "bank"): 1,
        ("TransformationErrors", LOG_GROUP): 1,
    }
