"""The alarms on what the watch function finds, and on how much comes into the log group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from falco_firelens.contract import METRICS_DIMENSION, METRICS_NAMESPACE, Platform
from falco_firelens.insight.alarms import Alarm, Metric
from falco_firelens.insight.audit import changes_metric
from falco_firelens.watch import metrics

PERIOD = metrics.EVERY_MINUTES * 60


@dataclass(frozen=True)
class Watched:
    """A cluster, and how many of its nodes must be silent before it is an alarm.

    `audited`: it is an EKS cluster whose audit log is kept.
    """

    cluster: str
    silent_nodes: int
    platform: Platform = "kubernetes"
    audited: bool = False


def watch_alarms(prefix: str, clusters: Sequence[Watched], *, response: bool = False) -> Iterator[Alarm]:
    """Yield the alarms on the watch function's metrics. It may be late, so one of two periods is enough for most."""
    if response:
        yield Alarm(
            name=f"{prefix}-response-missed",
            description="Events do not get to the response function: its subscription filter is gone or changed, or it "
            "was not called. The watch function's log says which.",
            metric=Metric(METRICS_NAMESPACE, metrics.MISSED, {}, "Maximum"),
            period=PERIOD,
            periods=2,
        )
    for one in clusters:
        yield from _of_cluster(f"{prefix}-{one.cluster}", one)
    yield Alarm(
        name=f"{prefix}-watch-failing",
        description=f"The watch function has not read all {len(clusters)} clusters for three quarters of an hour. Its "
        "log says why. Silent nodes and changed sensors are not noticed meanwhile.",
        metric=Metric(METRICS_NAMESPACE, metrics.WATCHED, {}, "Maximum"),
        comparison="LessThanThreshold",
        threshold=len(clusters),
        period=PERIOD,
        periods=3,
        datapoints=3,
        missing="breaching",
    )


def _of_cluster(name: str, watched: Watched) -> Iterator[Alarm]:
    cluster = watched.cluster
    yield from _changes(name, watched)
    dimensions = {METRICS_DIMENSION: cluster}
    yield Alarm(
        name=f"{name}-nodes-silent",
        cluster=cluster,
        description=f"Cluster {cluster}: at least {watched.silent_nodes} of its nodes have sent no heartbeat for "
        f"{metrics.SILENT_MINUTES} minutes. The watch function's log names them.",
        metric=Metric(METRICS_NAMESPACE, metrics.SILENT, dimensions, "Maximum"),
        threshold=watched.silent_nodes,
        period=PERIOD,
        periods=2,
    )
    yield Alarm(
        name=f"{name}-nodes-differing",
        cluster=cluster,
        description=f"Cluster {cluster}: for most of an hour a Falco has had other rules or another configuration than "
        "those that were deployed. The watch function's log names the node and the file.",
        metric=Metric(METRICS_NAMESPACE, metrics.DIFFERING, dimensions, "Maximum"),
        period=PERIOD,
        periods=4,
        datapoints=3,
    )
    yield Alarm(
        name=f"{name}-queue-drops",
        cluster=cluster,
        description=f"Cluster {cluster}: a Falco dropped events because its outputs' queue was full. The watch "
        "function's log names the node.",
        metric=Metric(METRICS_NAMESPACE, metrics.DROPPED, dimensions, "Maximum"),
        period=PERIOD,
        periods=2,
    )


def _changes(name: str, watched: Watched) -> Iterator[Alarm]:
    """Yield the alarm on changes of a sensor: what the audit log says of EKS, and what the watch sees of ECS."""
    cluster = watched.cluster
    if watched.platform == "ecs":
        metric, period = Metric(METRICS_NAMESPACE, metrics.CHANGED, {METRICS_DIMENSION: cluster}), PERIOD
    elif watched.audited:
        metric, period = Metric(METRICS_NAMESPACE, changes_metric(cluster), {}), 300
    else:
        return
    yield Alarm(
        name=f"{name}-sensor-changed",
        cluster=cluster,
        description=f"Cluster {cluster}: somebody changed or deleted the sensor. An update of this stack does, too.",
        metric=metric,
        period=period,
        periods=2,
    )


def ingested(prefix: str, log_group: str, hourly_mebibytes: int) -> Alarm:
    """Return the alarm on how much comes into the log group, which is what the events cost."""
    return Alarm(
        name=f"{prefix}-ingested",
        description=f"Log group {log_group}: more than {hourly_mebibytes} MiB of events have come in an hour.",
        metric=Metric("AWS/Logs", "IncomingBytes", {"LogGroupName": log_group}),
        comparison="GreaterThanThreshold",
        threshold=hourly_mebibytes * 2**20,
        period=3600,
        periods=1,
    )
