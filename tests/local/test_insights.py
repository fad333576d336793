"""Metric filters and alarms on the local cloud: deployed by the real engine, read back, and driven with events."""

import pytest

from localcloud.accounts import client
from localcloud.cloudwatch.metric_data import MetricData, state
from tests.local.stack import Stack
from tests.unit.insight.watched import CRITICAL, ERROR, HEARTBEAT_EVENT, NOW, Arrival, arrivals

pytestmark = pytest.mark.local

SHOP = {"account": "123456789012", "clusters": [{"name": "shop", "platform": "ecs"}]}
TOLD = {"notifications": [{"protocol": "email", "endpoint": "soc@example.com"}]}


def states(env: dict[str, str], events: list[Arrival]) -> dict[str, str]:
    """The states of the alarms that are there, after events have gone through the metric filters that are there."""
    data = MetricData()
    data.ingest(client("logs", env).describe_metric_filters(logGroupName="/falco/events")["metricFilters"], events)
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
