"""A deployed stack's metric filters and alarms over sample events: what CloudWatch would make of them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from localcloud.cloudwatch.metric_data import Arrival, MetricData, State, series, state
from localcloud.cloudwatch.transformer import LogGroup, Processor
from standin.aws.services.cloudwatch import alarm_query
from standin.aws.services.logs_filters import transformer_config
from tests.unit.components.cloud import ACCOUNT, Deployed

MINUTE = 60
HEARTBEAT = 15 * MINUTE
NOW = 2_000_000 * HEARTBEAT
LOG_GROUP = "/falco/events"

SAMPLE_FILE = Path(__file__).parents[3] / "testbed" / "sample_events.jsonl"

SAMPLES: Mapping[str, dict[str, Any]] = {
    event["rule"]: event for event in map(json.loads, SAMPLE_FILE.read_text().strip().split("\n"))
}
"""Falco's own events by rule."""

CRITICAL = "Drop and execute new binary in container"
ERROR = "Fileless execution via memfd_create"
HEARTBEAT_EVENT = "Falco internal: metrics snapshot"
DROPS = "Falco internal: syscall event drop"


def event(rule: str, cluster: str, **changed: object) -> str:
    """A sample event as it arrives in the log group."""
    place = {"name": cluster, "platform": "eks", "account": "111122223333", "region": "eu-west-1", "node": "n-1"}
    return json.dumps({"cluster": place, **SAMPLES[rule], **changed})


def arrivals(rule: str, cluster: str, times: Iterable[float], **changed: object) -> list[Arrival]:
    """The same sample event at several times, in a log stream of its cluster."""
    return [Arrival(time, event(rule, cluster, **changed), f"{cluster}/n-1") for time in times]


def forged(rule: str, cluster: str, sender: str, times: Iterable[float], **changed: object) -> list[Arrival]:
    """An event that names a cluster, in a log stream that another cluster's credentials can write to."""
    return [one._replace(stream=f"{sender}/n-1") for one in arrivals(rule, cluster, times, **changed)]


def heartbeats(cluster: str, start: float, end: float) -> list[Arrival]:
    """A heartbeat every quarter of an hour, the first a while after the start and each a little late."""
    times = range(int(start) + 7, int(end), HEARTBEAT)
    return arrivals(HEARTBEAT_EVENT, cluster, [time + 20 * (number % 3) for number, time in enumerate(times)])


class Watched:
    """What a stack registered, driven with log events and with AWS's own metrics."""

    def __init__(self, stack: Deployed) -> None:
        filters = [item for item in stack.of("LogMetricFilter") if item.inputs["logGroupName"] == LOG_GROUP]
        self.filters = [described_filter(item.inputs) for item in filters]
        (transformer,) = stack.of("LogTransformer")
        self.group = LogGroup(LOG_GROUP, ACCOUNT, "eu-west-1", described_transformer(transformer.inputs))
        self.alarms = {item.inputs["name"]: described_alarm(item.inputs) for item in stack.of("MetricAlarm")}
        self.rules: dict[str, str] = {
            item.inputs["alarmName"]: item.inputs["alarmRule"] for item in stack.of("CompositeAlarm")
        }

    def data(self, events: Iterable[Arrival] = ()) -> MetricData:
        data = MetricData()
        data.ingest(self.group, self.filters, events)
        return data

    def state(self, alarm: str, events: Iterable[Arrival] = (), now: float = NOW) -> State:
        """An alarm's state after log events."""
        return state(self.alarms[alarm], self.data(events), now)

    def state_of_values(self, alarm: str, values: Iterable[tuple[float, float]], now: float = NOW) -> State:
        """An alarm's state after values of the metric that it looks at, one that AWS's services write."""
        data = MetricData()
        metric = next(one["MetricStat"]["Metric"] for one in self.alarms[alarm]["Metrics"] if "MetricStat" in one)
        assert metric["Namespace"].startswith("AWS/")
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        for time, value in values:
            data.put(series(metric["Namespace"], metric["MetricName"], dimensions), time, value)
        return state(self.alarms[alarm], data, now)

    def attention(self, composite: str, states: Mapping[str, State]) -> State:
        """A composite alarm's state, from those of the alarms that its rule names, in the end metric alarms."""
        terms = self.rules[composite].split(" OR ")
        names = [found[1] for found in (re.fullmatch(r'ALARM\("([^"]+)"\)', term) for term in terms) if found]
        assert len(names) == len(terms), self.rules[composite]
        below = [self.attention(name, states) if name in self.rules else states[name] for name in names]
        return "ALARM" if "ALARM" in below else "OK"


def described_filter(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A metric filter as DescribeMetricFilters has it."""
    made = inputs["metricTransformation"]
    transformation = {
        "metricName": made["name"],
        "metricNamespace": made["namespace"],
        "metricValue": made["value"],
        "dimensions": made.get("dimensions", {}),
    }
    return {
        "filterName": inputs["name"],
        "filterPattern": inputs["pattern"],
        "metricTransformations": [transformation],
        "applyOnTransformedLogs": inputs.get("applyOnTransformedLogs", False),
    }


def described_transformer(inputs: Mapping[str, Any]) -> Sequence[Processor]:
    """A log transformer as GetTransformer has it."""
    return transformer_config(boto3.client("logs", "eu-west-1"), inputs)


def described_alarm(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """An alarm as DescribeAlarms has it."""
    return {
        "AlarmName": inputs["name"],
        "Metrics": [alarm_query(query) for query in inputs["metricQueries"]],
        "ComparisonOperator": inputs["comparisonOperator"],
        "Threshold": inputs["threshold"],
        "EvaluationPeriods": int(inputs["evaluationPeriods"]),
        "DatapointsToAlarm": inputs["datapointsToAlarm"],
        "TreatMissingData": inputs["treatMissingData"],
    }
