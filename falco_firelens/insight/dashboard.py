"""The dashboard of a stack: what is wrong first, then the events, then whether all of it arrives.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from falco_firelens.contract import PRIORITIES
from falco_firelens.insight import queries
from falco_firelens.insight.alarms import FRESHNESS, Stream
from falco_firelens.insight.metrics import CLUSTER, DROPS, EVENTS, HEARTBEATS, NAMESPACE, of_priority
from falco_firelens.sensor.falco import HEARTBEAT_MINUTES

Widget = dict[str, Any]
T = TypeVar("T")

COLUMNS: Final = 24
PERIOD: Final = 300
"""Seconds."""

COLOURS: Final = {
    "Emergency": "#67000d",
    "Alert": "#a50f15",
    "Critical": "#d62728",
    "Error": "#ff7f0e",
    "Warning": "#e7ba52",
    "Notice": "#1f77b4",
    "Informational": "#7f9fbf",
    "Debug": "#b8b8b8",
}
"""The higher the priority, the redder."""


@dataclass(frozen=True)
class View:
    """What a dashboard looks at. Events above `minimum_priority` are listed one by one."""

    region: str
    log_group: str
    clusters: tuple[str, ...]
    minimum_priority: str
    streams: tuple[Stream, ...] = ()
    alarm_arns: tuple[str, ...] = ()


def body(view: View) -> dict[str, Any]:
    """Return the dashboard's body, as PutDashboard takes it."""
    rows: tuple[tuple[int, tuple[Widget, ...]], ...] = (
        *((4, (widget,)) for widget in alarms_shown(view.alarm_arns)),
        (7, (_by_priority(view), _by_cluster(view))),
        (8, (_newest(view),)),
        (7, (_top_rules(view), _heartbeats(view), _drops(view))),
        (6, (_arriving(view), *_streams(view))),
    )
    return {"start": "-P1D", "widgets": list(placed(rows))}


def placed(rows: Sequence[tuple[int, tuple[Widget, ...]]]) -> Iterator[Widget]:
    """Widgets where they go on the page: each row has a height, and its widgets equal shares of its width."""
    top = 0
    for height, widgets in rows:
        width = COLUMNS // len(widgets)
        for index, widget in enumerate(widgets):
            yield {"x": index * width, "y": top, "width": width, "height": height, **widget}
        top += height


MOST_ALARMS: Final = 100
"""ARNs in one widget of alarms: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""


def alarms_shown(arns: Sequence[str]) -> Iterator[Widget]:
    """Yield the states of alarms, in as many widgets as it takes."""
    for title, shown in numbered("Alarms", arns, MOST_ALARMS):
        yield {"type": "alarm", "properties": {"title": title, "alarms": list(shown)}}


def numbered(title: str, items: Sequence[T], most: int) -> Iterator[tuple[str, Sequence[T]]]:
    """At most so many items at a time, with a title that has a number where there are more."""
    for number, start in enumerate(range(0, len(items), most), 1):
        yield f"{title} ({number})" if len(items) > most else title, items[start : start + most]


def _by_priority(view: View) -> Widget:
    """All clusters together."""
    lines = [
        {
            "expression": total(of_priority(priority).metric, PERIOD),
            "label": priority,
            "color": COLOURS[priority],
            "id": priority.lower(),
        }
        for priority in PRIORITIES
    ]
    return graph(view.region, "Events by priority", [[line] for line in lines], stacked=True)


def total(metric: str, period: int) -> str:
    """Return the expression of a metric's sum over all clusters."""
    return f"SUM(SEARCH('{{{NAMESPACE},{CLUSTER}}} MetricName=\"{metric}\"', 'Sum', {period}))"


def _by_cluster(view: View) -> Widget:
    return graph(view.region, "Events by cluster", _of_clusters(view, EVENTS.metric), stacked=True)


def _newest(view: View) -> Widget:
    title = f"Newest events of priority {view.minimum_priority} and graver"
    return _log(view, title, queries.newest(view.minimum_priority, 20), "table")


def _top_rules(view: View) -> Widget:
    return _log(view, "Rules that fired most", queries.top_rules(10), "bar")


def _heartbeats(view: View) -> Widget:
    metrics = _of_clusters(view, HEARTBEATS.metric)
    return graph(view.region, f"Sensors heard in {HEARTBEAT_MINUTES} minutes", metrics, period=HEARTBEAT_MINUTES * 60)


def _drops(view: View) -> Widget:
    return graph(view.region, "Reports of dropped system calls", _of_clusters(view, DROPS.metric), stacked=True)


def _arriving(view: View) -> Widget:
    """Over a heartbeat's period, so that what comes is not a saw."""
    metrics = [["AWS/Logs", "IncomingLogEvents", "LogGroupName", view.log_group, {"label": "events and heartbeats"}]]
    return graph(view.region, f"Arriving in {view.log_group}", metrics, period=HEARTBEAT_MINUTES * 60)


def _streams(view: View) -> Iterator[Widget]:
    if view.streams:
        metrics = [
            ["AWS/Firehose", FRESHNESS[stream.destination], "DeliveryStreamName", stream.name, {"label": stream.name}]
            for stream in view.streams
        ]
        yield graph(view.region, "Age of the oldest event that is not delivered, seconds", metrics, statistic="Maximum")


def _of_clusters(view: View, metric: str) -> list[list[Any]]:
    return [[NAMESPACE, metric, CLUSTER, cluster, {"label": cluster}] for cluster in view.clusters]


def graph(
    region: str,
    title: str,
    metrics: Sequence[Sequence[Any]],
    *,
    stacked: bool = False,
    period: int = PERIOD,
    statistic: str = "Sum",
) -> Widget:
    """Lines over time. `metrics` is an array of CloudWatch's dashboards, `period` is in seconds."""
    properties = {
        "title": title,
        "region": region,
        "view": "timeSeries",
        "stacked": stacked,
        "period": period,
        "stat": statistic,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0}},
    }
    return {"type": "metric", "properties": properties}


def _log(view: View, title: str, query: str, shown: str) -> Widget:
    properties = {
        "title": title,
        "region": view.region,
        "view": shown,
        "query": f"SOURCE '{view.log_group}' | {query}",
    }
    return {"type": "log", "properties": properties}
