"""The dashboard of a hub: the events of all its spokes, and whether all of it arrives.

A hub sees its spokes' metrics and log groups through observability links, which are regional: what is over regions is
put together here, each expression in its own region.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from falco_firelens.contract import PRIORITIES
from falco_firelens.insight import queries
from falco_firelens.insight.alarms import FRESHNESS
from falco_firelens.insight.dashboard import COLOURS, PERIOD, Widget, alarms_shown, graph, numbered, placed, total
from falco_firelens.insight.metrics import CLUSTER, DROPS, EVENTS, HEARTBEATS, NAMESPACE, of_priority
from falco_firelens.sensor.falco import HEARTBEAT_MINUTES

SHARED_NAMESPACES: Final = (NAMESPACE, "AWS/Logs", "AWS/Firehose")
"""The metrics that a hub shows of its spokes."""

MOST_LOG_GROUPS: Final = 50
LONGEST_QUERY: Final = 10_000
"""Log groups that one query reads, and its characters, with the groups that it names:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html"""

LONGEST_STEPS: Final = 500
"""What of a query's characters is kept for what it does with the log groups."""

MOST_NAMES: Final = 10
MOST_SEARCHES: Final = 100
"""Names in one search, of which CloudWatch takes 1,024 characters, and searches in one graph:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""

_STREAM: Final = "DeliveryStreamName"
_STREAMS: Final = f"AWS/Firehose,{_STREAM}"


@dataclass(frozen=True)
class View:
    """What a hub's dashboard looks at. Events above `minimum_priority` are listed one by one.

    `log_groups` are the ARNs of the spokes' log groups by region. Where an organization copies them, the groups called
    `central` are read in their place.
    """

    region: str
    log_group: str
    minimum_priority: str
    log_groups: Mapping[str, Sequence[str]]
    stream: str
    """What the stream of each spoke that has one is called."""
    received: Sequence[str] = field(default=())
    """The hub's own streams, which the spokes' log groups send to."""
    alarm_arns: Sequence[str] = field(default=())
    """The alarms of those."""
    central: Sequence[str] = field(default=())

    @property
    def regions(self) -> tuple[str, ...]:
        """Where there are spokes."""
        return tuple(sorted(self.log_groups))


def body(view: View) -> dict[str, Any]:
    """Return the dashboard's body, as PutDashboard takes it."""
    sources = tuple(_sources(view))
    rows: list[tuple[int, tuple[Widget, ...]]] = [(4, (widget,)) for widget in alarms_shown(view.alarm_arns)]
    rows += [(7, row) for row in _in_rows((*_by_priority(view), _by_cluster(view)), 2)]
    rows += [(7, (_heartbeats(view), _drops(view)))]
    rows += [(6, row) for row in _in_rows((_arriving(view), *_delivery(view)), 2)]
    # What has a widget for each region comes last, for there may be many.
    rows += [(7, row) for row in _in_rows(tuple(map(_top_rules, sources)), 3)]
    rows += [(6, (_newest(view, source),)) for source in sources]
    return {"start": "-P1D", "widgets": list(placed(rows))}


@dataclass(frozen=True)
class _Source:
    """Log groups that one query can read."""

    title: str
    region: str
    log_groups: tuple[str, ...]


def _sources(view: View) -> Iterator[_Source]:
    if view.central:
        yield _Source("all regions", view.region, tuple(view.central))
        return
    for region in view.regions:
        parts = list(_readable(view.log_groups[region]))
        for number, groups in enumerate(parts, 1):
            yield _Source(f"{region} ({number})" if len(parts) > 1 else region, region, groups)


def _readable(log_groups: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the log groups, as many at a time as one query can read and name."""
    part: list[str] = []
    for group in log_groups:
        if len(part) == MOST_LOG_GROUPS or len(_read((*part, group))) > LONGEST_QUERY - LONGEST_STEPS:
            yield tuple(part)
            part = []
        part.append(group)
    yield tuple(part)


def _in_rows(widgets: Sequence[Widget], columns: int) -> Iterator[tuple[Widget, ...]]:
    for start in range(0, len(widgets), columns):
        yield tuple(widgets[start : start + columns])


def _by_priority(view: View) -> Iterator[Widget]:
    for title, regions in numbered("Events by priority", view.regions, MOST_SEARCHES // len(PRIORITIES)):
        lines = [
            {
                "expression": total(of_priority(priority).metric, PERIOD),
                "label": f"{priority} {region}",
                "color": COLOURS[priority],
                "id": f"{priority.lower()}{index}",
                "region": region,
            }
            for priority in PRIORITIES
            for index, region in enumerate(regions)
        ]
        yield graph(view.region, title, [[line] for line in lines], stacked=True)


def _by_cluster(view: View) -> Widget:
    """Return the dimensions of a cluster. Its name is unique in its account and region only, so all three identify it:

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
    """
    query = f"SELECT SUM({EVENTS.metric}) FROM SCHEMA({NAMESPACE}, {CLUSTER}) GROUP BY AWS.AccountId, {CLUSTER}"
    lines = [_line(region, index, query) for index, region in enumerate(view.regions)]
    return graph(view.region, "Events by account and cluster", lines, stacked=True)


def _newest(view: View, source: _Source) -> Widget:
    title = f"Newest events of priority {view.minimum_priority} and graver, {source.title}"
    return _log(source, title, queries.newest(view.minimum_priority, 20, *_place(view)), "table")


def _place(view: View) -> tuple[str, ...]:
    """Fields that CloudWatch Logs itself adds: the account with the log group, and of a copy where it was copied from.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs_Centralization.html
    """
    return ("@aws.account", "@aws.region", "@log") if view.central else ("@log",)


def _top_rules(source: _Source) -> Widget:
    return _log(source, f"Rules that fired most, {source.title}", queries.top_rules(10), "bar")


def _heartbeats(view: View) -> Widget:
    title = f"Sensors heard in {HEARTBEAT_MINUTES} minutes"
    return graph(view.region, title, _of_clusters(view, HEARTBEATS.metric), period=HEARTBEAT_MINUTES * 60)


def _drops(view: View) -> Widget:
    lines = _of_clusters(view, DROPS.metric)
    return graph(view.region, "Reports of dropped system calls", lines, stacked=True, period=HEARTBEAT_MINUTES * 60)


def _of_clusters(view: View, metric: str) -> list[list[Widget]]:
    search = _search(f"{NAMESPACE},{CLUSTER}", metric, "Sum", HEARTBEAT_MINUTES * 60)
    label = f"${{PROP('AccountId')}} ${{PROP('Dim.{CLUSTER}')}}"
    return [_line(region, index, search, label) for index, region in enumerate(view.regions)]


def _arriving(view: View) -> Widget:
    period = HEARTBEAT_MINUTES * 60
    search = _search("AWS/Logs,LogGroupName", "IncomingLogEvents", "Sum", period, f'LogGroupName="{view.log_group}"')
    lines = [_line(region, index, search, "${PROP('AccountId')}") for index, region in enumerate(view.regions)]
    return graph(view.region, f"Arriving in each {view.log_group}", lines, period=period)


def _delivery(view: View) -> Iterator[Widget]:
    """Yield the spokes' own streams, and the hub's for those that have none."""
    label = "${PROP('AccountId')} ${PROP('Dim.DeliveryStreamName')}"
    searches = [(region, f'"{view.stream}"') for region in sorted({*view.regions, view.region})]
    for start in range(0, len(view.received), MOST_NAMES):
        names = " OR ".join(f'"{name}"' for name in view.received[start : start + MOST_NAMES])
        searches.append((view.region, f"({names})"))
    title = "Age of the oldest event that is not in the archive, seconds"
    for each, shown in numbered(title, searches, MOST_SEARCHES):
        lines = [
            _line(region, index, _search(_STREAMS, FRESHNESS["s3"], "Maximum", PERIOD, f"{_STREAM}={names}"), label)
            for index, (region, names) in enumerate(shown)
        ]
        yield graph(view.region, each, lines, statistic="Maximum")


def _search(schema: str, metric: str, statistic: str, period: int, term: str = "") -> str:
    """Every metric of this schema and name, of the hub's account and of all that are linked to it."""
    wanted = f'{{{schema}}} MetricName="{metric}" {term}'.rstrip()
    return f"SEARCH('{wanted}', '{statistic}', {period})"


def _line(region: str, index: int, expression: str, label: str = "${LABEL}") -> list[Widget]:
    return [{"expression": expression, "label": f"{region} {label}", "id": f"region{index}", "region": region}]


def _log(source: _Source, title: str, query: str, shown: str) -> Widget:
    text = f"{_read(source.log_groups)} | {query}"
    properties = {"title": title, "region": source.region, "view": shown, "query": text}
    return {"type": "log", "properties": properties}


def _read(log_groups: Sequence[str]) -> str:
    """Return the beginning of a query that reads log groups: by ARN, or by name in this account and region."""
    return " | ".join(f"SOURCE '{group}'" for group in log_groups)
