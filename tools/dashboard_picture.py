"""Draws a stack's dashboard from a day of sample events: `make generate`.

Metric widgets draw what the stack's own metric filters make of the events, alarm states are what the alarms' arithmetic
gives. The two log widgets are computed here, since nothing on this machine runs Insights queries.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from falco_firelens.insight import alarms, dashboard, metrics
from falco_firelens.insight.transformer import EVENT, STREAM_CLUSTER
from localcloud.cloudwatch import metric_data
from localcloud.cloudwatch.metric_data import MetricData, State, series, state
from localcloud.cloudwatch.transformer import LogGroup

DAY: Final = 86_400
NOW: Final = 20_000 * DAY + 14 * 3600
NODES: Final[Mapping[str, int]] = {"apps": 12, "jobs": 5, "edge": 3}
SAMPLES: Final = Path(__file__).resolve().parents[1] / "testbed" / "sample_events.jsonl"
RATES: Final = {"Notice": 9.0, "Warning": 4.0, "Error": 0.5, "Critical": 0.06}
"""Events a node and hour, by priority."""
SILENT_SINCE: Final = NOW - 95 * 60
"""When the sample's smallest cluster stops sending."""

Line = tuple[str, str | None, list[float]]
"""Label, colour and values of one line of a graph."""

Event = dict[str, Any]
Arrival = tuple[float, Event]


def sample_day() -> list[Arrival]:
    """Return a day's events of three clusters: a quiet night, an attack, an overload, one that falls silent."""
    chance = random.Random(7)
    samples: dict[str, Event] = {}
    for line in SAMPLES.read_text().strip().split("\n"):
        event = json.loads(line)
        samples[event["priority"] if event["source"] != "internal" else event["rule"]] = event
    found: list[Arrival] = []
    for cluster, nodes in NODES.items():
        end = SILENT_SINCE if cluster == "edge" else NOW
        for node in range(nodes):
            for beat in range(NOW - DAY + node * 31, end, 900):
                found.append(_arrival(beat, samples[metrics.HEARTBEAT_RULE], cluster))
            for priority, rate in RATES.items():
                for hour in range(24):
                    busy = 2.0 if 8 <= (hour + 14) % 24 <= 18 else 0.6
                    for _ in range(int(chance.expovariate(1 / (rate * busy)))):
                        time = NOW - DAY + hour * 3600 + chance.uniform(0, 3600)
                        found += [_arrival(time, samples[priority], cluster)] if time < end else []
    found += [_arrival(NOW - 5 * 3600 + chance.gauss(0, 300), samples["Critical"], "apps") for _ in range(40)]
    found += [_arrival(NOW - 9 * 3600 + burst * 35, samples[metrics.DROPS_RULE], "jobs") for burst in range(60)]
    return sorted(found, key=lambda arrival: arrival[0])


def _arrival(time: float, event: Event, cluster: str) -> Arrival:
    return time, {**event, "cluster": {"name": cluster}}


def draw(arrivals: Sequence[Arrival]) -> Figure:
    """Return the whole dashboard, each widget at its place in the grid."""
    clusters = tuple(NODES)
    thresholds = [alarms.Thresholds(cluster, "Critical", 60, 5) for cluster in clusters]
    wanted = alarms.alarms("falco-prod", thresholds, alarms.Delivery("/falco/events", 30), "falco-prod")
    names = tuple(alarm.name for alarm in wanted)
    body = dashboard.body(dashboard.View("eu-west-1", "/falco/events", clusters, "Critical", (), names))
    data = measured(arrivals)
    rows = max(widget["y"] + widget["height"] for widget in body["widgets"])
    figure = Figure(figsize=(16, rows * 0.5), facecolor="white")
    for widget in body["widgets"]:
        axes = axes_of(widget, figure, rows)
        if widget["type"] == "metric":
            properties = widget["properties"]
            graph(axes, properties, [_line(metric, data, properties["period"]) for metric in properties["metrics"]])
        elif widget["type"] == "alarm":
            states: dict[str, State] = {alarm.name: state(_described(alarm), data, NOW) for alarm in wanted}
            for each in alarms.composites("falco-prod", wanted):
                states[each.name] = "ALARM" if any(states[child] == "ALARM" for child in each.children) else "OK"
            alarm_states(axes, states)
        elif widget["properties"]["view"] == "bar":
            top_rules(axes, arrivals)
        else:
            newest(axes, arrivals)
    return figure


def axes_of(widget: Mapping[str, Any], figure: Figure, rows: int) -> Axes:
    """Where a widget is drawn, on a page of so many rows of the grid."""
    left, width = widget["x"] / dashboard.COLUMNS, widget["width"] / dashboard.COLUMNS
    height = widget["height"] / rows
    bottom = 1 - widget["y"] / rows - height
    axes = figure.add_axes((left + 0.03, bottom + 0.022, width - 0.045, height - 0.05))
    axes.set_title(widget["properties"]["title"], loc="left", fontsize=10, fontweight="bold")
    return axes


def measured(arrivals: Sequence[Arrival]) -> MetricData:
    """Return what the metric filters make of events."""
    data = MetricData()
    filters = [
        {
            "filterName": each.name,
            "filterPattern": each.pattern,
            "metricTransformations": [
                {
                    "metricNamespace": metrics.NAMESPACE,
                    "metricName": each.metric,
                    "metricValue": "1",
                    "dimensions": each.dimensions,
                }
            ],
        }
        for each in metrics.filters(NODES, ["Critical"])
    ]
    data.ingest(LogGroup("/falco/events", "", ""), filters, [_transformed(time, event) for time, event in arrivals])
    group = {"LogGroupName": "/falco/events"}
    for time, _ in arrivals:
        data.put(series("AWS/Logs", "IncomingLogEvents", group), time, 1)
    return data


def _transformed(time: float, event: Event) -> metric_data.Arrival:
    """Return an event as the log group's transformer leaves it."""
    cluster = event["cluster"]["name"]
    return metric_data.Arrival(time, json.dumps({EVENT: event, STREAM_CLUSTER: cluster}), f"{cluster}/n-1")


def _described(alarm: alarms.Alarm) -> dict[str, Any]:
    """Return an alarm as DescribeAlarms has it."""
    dimensions = [{"Name": name, "Value": value} for name, value in alarm.metric.dimensions.items()]
    metric = {"Namespace": alarm.metric.namespace, "MetricName": alarm.metric.name, "Dimensions": dimensions}
    return {
        "Metrics": [
            {"MetricStat": {"Metric": metric, "Period": alarm.period, "Stat": alarm.metric.statistic}},
            {"Expression": f"FILL(metric, {alarm.fill:g})"},
        ],
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "EvaluationPeriods": alarm.periods,
        "DatapointsToAlarm": alarm.datapoints,
        "TreatMissingData": alarm.missing,
    }


def _line(metric: Sequence[Any], data: MetricData, period: int) -> Line:
    """Label, colour and values of one line of a graph."""
    if isinstance(metric[0], dict):
        about: dict[str, Any] = metric[0]
        search = re.search(r'MetricName="(\w+)"', about["expression"])
        assert search is not None
        chosen = [one for one in data.values if one[1] == search[1]]
    else:
        namespace, name, dimension, value, about = metric
        chosen = [series(namespace, name, {dimension: value})]
    sums = [0.0] * (DAY // period)
    for one in chosen:
        for time, amount in data.values.get(one, ()):
            sums[int((time - NOW + DAY) // period)] += amount
    return about["label"], about.get("color"), sums


def graph(axes: Axes, properties: Mapping[str, Any], lines: Sequence[Line]) -> None:
    """Draw a metric widget, without the lines that have nothing to show."""
    period = int(properties["period"])
    hours = [(number * period - DAY) / 3600 for number in range(DAY // period)]
    lines = [line for line in lines if any(line[2])]
    if properties["stacked"]:
        colours = [line[1] for line in lines]
        axes.stackplot(
            hours,
            *(line[2] for line in lines),
            labels=[line[0] for line in lines],
            colors=[colour for colour in colours if colour] or None,
            step="post",
            linewidth=0,
        )
    else:
        for label, _, values in lines:
            axes.step(hours, values, where="post", label=label, linewidth=1.2)
    axes.set_xlim(-24, 0)
    axes.set_xticks(range(-24, 1, 6), [f"{hour} h" if hour else "now" for hour in range(-24, 1, 6)])
    axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, loc="upper left", ncols=4, frameon=False)


def alarm_states(axes: Axes, states: Mapping[str, State]) -> None:
    """Draw an alarm widget."""
    axes.axis("off")
    columns = 5
    step = min(0.36, 0.98 / -(-len(states) // columns))
    for index, (name, found) in enumerate(states.items()):
        x, y = (index % columns) / columns, 0.85 - (index // columns) * step
        colour = "#d62728" if found == "ALARM" else "#2ca02c"
        axes.text(x, y, f" {found} ", color="white", backgroundcolor=colour, fontsize=8, transform=axes.transAxes)
        axes.text(x + 0.045, y, name, fontsize=8, transform=axes.transAxes)


def top_rules(axes: Axes, arrivals: Sequence[Arrival]) -> None:
    """Draw a log widget with bars."""
    rules = Counter(event["rule"] for _, event in arrivals if event["source"] != "internal").most_common(10)
    places = range(len(rules))
    axes.barh(places, [count for _, count in rules], color="#1f77b4", height=0.5)
    for place, (rule, _) in zip(places, rules, strict=True):
        axes.text(0, place - 0.36, rule, fontsize=8, va="center")
    axes.set_yticks([])
    axes.set_ylim(len(rules) - 0.5, -0.6)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def newest(axes: Axes, arrivals: Sequence[Arrival]) -> None:
    """Draw a log widget with a table."""
    axes.axis("off")
    grave = [(time, event) for time, event in arrivals if event["priority"] in metrics.at_least("Critical")][-10:]
    for row, (time, event) in enumerate(reversed(grave)):
        clock = f"{int(time % DAY // 3600):02}:{int(time % 3600 // 60):02}:{int(time % 60):02}"
        output = event["output"].replace("{time}: ", "")
        for x, cell in ((0, clock), (0.05, event["cluster"]["name"]), (0.1, event["rule"]), (0.32, output)):
            shown = cell if len(cell) < 118 else cell[:117] + "…"
            axes.text(x, 0.93 - row * 0.098, shown, fontsize=8, transform=axes.transAxes)


if __name__ == "__main__":
    matplotlib.use("agg")
    draw(sample_day()).savefig(sys.argv[1], dpi=80)
