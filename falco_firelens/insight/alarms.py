"""The alarms: on what, from when, and what missing data means.

Metric filters write no zeros, and an alarm looks further back than its window for data points that are missing, so that
the last heartbeat would keep a silent cluster quiet for longer than its threshold says. Each alarm therefore compares
`FILL(metric, …)`, which has a value in every period, and treats as missing only a metric that has never been there.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from falco_firelens.insight.metrics import (
    CLUSTER,
    DROPS,
    HEARTBEATS,
    NAMESPACE,
    NOT_WHOLE,
    MetricFilter,
    foreign,
    grave,
)
from falco_firelens.sensor.falco import HEARTBEAT_MINUTES

Comparison = Literal["GreaterThanOrEqualToThreshold", "LessThanThreshold", "GreaterThanThreshold"]
Missing = Literal["breaching", "notBreaching"]
Statistic = Literal["Sum", "Maximum", "Minimum"]
Destination = Literal["s3", "opensearch", "redshift"]
DESTINATIONS: Final[tuple[Destination, ...]] = get_args(Destination)

MOST_CHILDREN: Final = 100
LONGEST_RULE: Final = 10_240
"""Alarms that one composite alarm can name, and characters of its rule. A stack's alarms are more than that, so each
cluster has a composite alarm, and one above them names these:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"""


@dataclass(frozen=True)
class Metric:
    """One metric with its dimensions, and how its values within a period become one."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: Statistic = "Sum"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Goes off when `datapoints` of the last `periods` periods compare so to the threshold, as a rule at the first."""

    name: str
    description: str
    metric: Metric
    period: int
    """Seconds."""
    periods: int
    comparison: Comparison = "GreaterThanOrEqualToThreshold"
    threshold: float = 1
    datapoints: int = 1
    missing: Missing = "notBreaching"
    """What it means that the metric does not exist."""
    fill: float = 0
    """The value of a period without data."""
    cluster: str = ""
    """The cluster that it is about, if it is about one."""


@dataclass(frozen=True)
class Composite:
    """An alarm that is on as long as any of its children is, which are alarms by their names."""

    name: str
    description: str
    children: tuple[str, ...]
    top: bool = False
    """Whether it stands for all others of the stack."""

    @property
    def rule(self) -> str:
        """The rule, as PutCompositeAlarm takes it."""
        return " OR ".join(f'ALARM("{child}")' for child in self.children)


@dataclass(frozen=True)
class Thresholds:
    """When the alarms of one cluster go off."""

    cluster: str
    minimum_priority: str
    silent_minutes: int
    dropped_percent: int


@dataclass(frozen=True)
class Stream:
    """A Firehose stream, by the destination whose metrics tell how it does.

    `label` is what the alarms of a stream are named after, where a stack has several to one destination.
    """

    name: str
    destination: Destination
    label: str = ""


@dataclass(frozen=True)
class Delivery:
    """The ways of the events out of the clusters, and how late they may be."""

    log_group: str
    late_minutes: int
    streams: tuple[Stream, ...] = ()


FRESHNESS: Final = {
    "s3": "DeliveryToS3.DataFreshness",
    "opensearch": "DeliveryToAmazonOpenSearchService.DataFreshness",
    "redshift": "DeliveryToS3.DataFreshness",
}
"""Age in seconds of the oldest record that is not delivered yet. Before Redshift comes its staging bucket.
https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html"""

_SUCCESS: Final = {
    "s3": "DeliveryToS3.Success",
    "opensearch": "DeliveryToAmazonOpenSearchService.Success",
    "redshift": "DeliveryToRedshift.Success",
}
"""1 for a delivery that succeeded, 0 for one that did not."""


def alarms(prefix: str, clusters: Sequence[Thresholds], delivery: Delivery, topic: str) -> tuple[Alarm, ...]:
    """Every alarm of a stack. Names begin with `prefix`; `topic` is the name of the notifications' topic."""
    return (
        *(alarm for thresholds in clusters for alarm in _of_cluster(prefix, thresholds)),
        *_of_delivery(prefix, delivery),
        notifications_failing(prefix, topic),
    )


def composites(prefix: str, combined: Sequence[Alarm]) -> tuple[Composite, ...]:
    """Return a composite alarm for each cluster, and last the one that stands for all alarms of the stack."""
    clusters = dict.fromkeys(alarm.cluster for alarm in combined if alarm.cluster)
    below = tuple(_attention(prefix, cluster, combined) for cluster in clusters)
    others = (alarm.name for alarm in combined if not alarm.cluster)
    description = "At least one alarm of this stack is on. Says so when all are off again."
    children = (*(each.name for each in below), *others)
    return (*below, Composite(f"{prefix}-attention", description, children, top=True))


def _attention(prefix: str, cluster: str, combined: Sequence[Alarm]) -> Composite:
    children = tuple(alarm.name for alarm in combined if alarm.cluster == cluster)
    return Composite(f"{prefix}-{cluster}-attention", f"Cluster {cluster}: at least one of its alarms is on.", children)


def _of_cluster(prefix: str, thresholds: Thresholds) -> Iterator[Alarm]:
    cluster, name = thresholds.cluster, f"{prefix}-{thresholds.cluster}"
    yield Alarm(
        name=f"{name}-events",
        cluster=cluster,
        description=f"Cluster {cluster}: Falco reported an event of priority {thresholds.minimum_priority} or graver.",
        metric=_counted(grave(thresholds.minimum_priority), cluster),
        period=60,
        periods=5,
    )
    yield Alarm(
        name=f"{name}-silent",
        cluster=cluster,
        description=f"Cluster {cluster}: no Falco has sent a heartbeat for {thresholds.silent_minutes} minutes. "
        "Nobody is watching it, or what is seen does not arrive.",
        metric=_counted(HEARTBEATS, cluster),
        comparison="LessThanThreshold",
        threshold=1,
        period=HEARTBEAT_MINUTES * 60,
        periods=thresholds.silent_minutes // HEARTBEAT_MINUTES,
        datapoints=thresholds.silent_minutes // HEARTBEAT_MINUTES,
        missing="breaching",
    )
    yield Alarm(
        name=f"{name}-drops",
        cluster=cluster,
        description=f"Cluster {cluster}: in two of fifteen minutes' three parts a Falco did not see more than "
        f"{thresholds.dropped_percent} percent of a second's system calls.",
        metric=_counted(DROPS, cluster),
        period=300,
        periods=3,
        datapoints=2,
    )
    yield Alarm(
        name=f"{name}-not-whole",
        cluster=cluster,
        description=f"Cluster {cluster}: an event was lost or shortened on its way out of a node.",
        metric=_counted(NOT_WHOLE, cluster),
        period=300,
        periods=3,
    )
    yield Alarm(
        name=f"{name}-foreign-events",
        cluster=cluster,
        description=f"Cluster {cluster}: an event in its log streams names another cluster, or none. Sensors never do "
        f"that: somebody has stolen {cluster}'s shipping credentials. See docs/alarms.md.",
        metric=_counted(foreign(cluster), cluster),
        period=60,
        periods=5,
    )


def _of_delivery(prefix: str, delivery: Delivery) -> Iterator[Alarm]:
    minutes = delivery.late_minutes
    yield Alarm(
        name=f"{prefix}-log-group-quiet",
        description=f"Log group {delivery.log_group}: no event and no heartbeat of any cluster has come for {minutes} "
        "minutes.",
        metric=Metric("AWS/Logs", "IncomingLogEvents", {"LogGroupName": delivery.log_group}),
        comparison="LessThanThreshold",
        threshold=1,
        period=300,
        periods=minutes // 5,
        datapoints=minutes // 5,
        missing="breaching",
    )
    yield Alarm(
        name=f"{prefix}-uncounted-events",
        description=f"Log group {delivery.log_group}: an event could not be transformed, so no metric and no other "
        "alarm counts it. Sensors send JSON objects below 512 KB: see docs/alarms.md.",
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
        metric=Metric("AWS/Logs", "TransformationErrors", {"LogGroupName": delivery.log_group}),
        period=60,
        periods=5,
    )
    yield from of_streams(prefix, delivery.streams, minutes)


def of_streams(prefix: str, streams: Sequence[Stream], minutes: int) -> Iterator[Alarm]:
    """Yield the alarms of streams that are behind by more than some minutes, or whose deliveries fail."""
    for stream in streams:
        label = stream.label or stream.destination
        dimensions = {"DeliveryStreamName": stream.name}
        yield Alarm(
            name=f"{prefix}-{label}-late",
            description=f"Stream {stream.name}: an event has waited more than {minutes} minutes for its delivery.",
            metric=Metric("AWS/Firehose", FRESHNESS[stream.destination], dimensions, "Maximum"),
            comparison="GreaterThanThreshold",
            threshold=minutes * 60,
            period=300,
            periods=3,
            datapoints=2,
        )
        yield Alarm(
            name=f"{prefix}-{label}-failing",
            description=f"Stream {stream.name}: deliveries to {stream.destination} fail.",
            metric=Metric("AWS/Firehose", _SUCCESS[stream.destination], dimensions, "Minimum"),
            comparison="LessThanThreshold",
            threshold=1,
            period=300,
            periods=3,
            datapoints=2,
            fill=1,
        )


def notifications_failing(prefix: str, topic: str) -> Alarm:
    """Return the alarm of a topic that does not reach its subscribers."""
    return Alarm(
        name=f"{prefix}-notifications-failing",
        description=f"Topic {topic}: a notification did not reach one of its subscribers.",
        metric=Metric("AWS/SNS", "NumberOfNotificationsFailed", {"TopicName": topic}),
        period=300,
        periods=3,
    )


def _counted(counter: MetricFilter, cluster: str) -> Metric:
    return Metric(NAMESPACE, counter.metric, {CLUSTER: cluster})
