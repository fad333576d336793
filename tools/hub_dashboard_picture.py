"""Draws a hub's dashboard from a day of sample events: `make generate`.

The sample day of `picture`, its three clusters in two accounts and three regions. Each line evaluates its own
expression over the metrics of the accounts in its region, as a hub with links to them does.
"""

# pyright: reportUnknownMemberType=false

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import matplotlib
from matplotlib.figure import Figure

from falco_firelens.insight import hub_dashboard
from falco_firelens.insight.alarms import FRESHNESS
from localcloud.cloudwatch.metric_data import MetricData, Series, series
from tools.dashboard_picture import (
    DAY,
    NOW,
    Arrival,
    Line,
    alarm_states,
    axes_of,
    graph,
    measured,
    newest,
    sample_day,
    top_rules,
)

SHOP, BANK, HUB = "222222222222", "333333333333", "111122223333"
PLACES: Final = {"apps": (SHOP, "eu-west-1"), "jobs": (SHOP, "us-east-2"), "edge": (BANK, "ap-southeast-2")}
"""Account and region of each sample cluster; the bank's sends by subscription."""

STREAM: Final = "falco-events-s3"
RECEIVED: Final = f"falco-events-{BANK}-ap-southeast-2"
_SEARCH: Final = re.compile(r"SEARCH\('\{([^,]+),([^}]+)\} MetricName=\"([^\"]+)\"(?: (\w+)=(.+?))?', '(\w+)'")
_SELECT: Final = re.compile(r"SELECT SUM\((\w+)\) FROM SCHEMA\((\w+), [\w, ]+\) GROUP BY AWS\.AccountId, (\w+)")

Measured = Mapping[tuple[str, str], MetricData]
"""What each account has in each region."""


def draw(arrivals: Sequence[Arrival]) -> Figure:
    """Return the whole dashboard, each widget at its place in the grid."""
    groups = {
        region: [f"arn:aws:logs:{region}:{account}:log-group:/falco/events"] for account, region in PLACES.values()
    }
    alarm_arns = [f"{BANK}-ap-southeast-2-late", f"{BANK}-ap-southeast-2-failing", "notifications-failing"]
    view = hub_dashboard.View("eu-west-1", "/falco/events", "Critical", groups, STREAM, (RECEIVED,), alarm_arns)
    widgets = hub_dashboard.body(view)["widgets"]
    data = _measured(arrivals)
    rows = max(widget["y"] + widget["height"] for widget in widgets)
    figure = Figure(figsize=(16, rows * 0.5), facecolor="white")
    for widget in widgets:
        axes, properties = axes_of(widget, figure, rows), widget["properties"]
        if widget["type"] == "metric":
            graph(
                axes,
                properties,
                [line for (about,) in properties["metrics"] for line in _lines(about, data, properties)],
            )
        elif widget["type"] == "alarm":
            alarm_states(axes, dict.fromkeys(alarm_arns, "OK"))
        else:
            here = [one for one in arrivals if PLACES[one[1]["cluster"]["name"]][1] == properties["region"]]
            (top_rules if properties["view"] == "bar" else newest)(axes, here)
    return figure


def _measured(arrivals: Sequence[Arrival]) -> Measured:
    found: dict[tuple[str, str], MetricData] = {}
    for cluster, place in PLACES.items():
        own = [one for one in arrivals if one[1]["cluster"]["name"] == cluster]
        found[place] = measured(own)
        late = found.setdefault((HUB, "eu-west-1"), MetricData()) if place[0] == BANK else found[place]
        stream = RECEIVED if place[0] == BANK else STREAM
        for number, time in enumerate(range(NOW - DAY, NOW, 300)):
            # A buffer of five minutes, and an hour in which the bucket could not be reached from one region.
            behind = max(0, 3600 - abs(time - (NOW - 11 * 3600))) if cluster == "jobs" else 0
            age = 180 + 120 * (number * 7 % 11) / 11 + behind
            late.put(series("AWS/Firehose", FRESHNESS["s3"], {"DeliveryStreamName": stream}), time, age)
    return found


def _lines(about: Mapping[str, Any], data: Measured, properties: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the lines that one expression draws: one for all that it finds, or one for each."""
    found = [
        (account, one, there)
        for (account, region), there in data.items()
        if region == about["region"]
        for one in there.values
        if _wanted(about["expression"], one)
    ]
    period = int(properties["period"])
    if about["expression"].startswith("SUM("):
        yield (
            about["label"],
            about.get("color"),
            _values([(one, there) for _, one, there in found], period, max_of=False),
        )
        return
    groups: dict[str, list[tuple[Series, MetricData]]] = {}
    for account, one, there in found:
        groups.setdefault(_label(about["label"], account, dict(one[2])), []).append((one, there))
    for label, members in groups.items():
        yield label, None, _values(members, period, max_of=properties["stat"] == "Maximum")


def _wanted(expression: str, one: Series) -> bool:
    namespace, name, dimensions = one[0], one[1], dict(one[2])
    if select := _SELECT.fullmatch(expression):
        return (name, namespace) == select.groups()[:2]
    search = _SEARCH.search(expression)
    assert search is not None, expression
    schema = {key.strip() for key in search[2].split(",")}
    if (namespace, name) != (search[1], search[3]) or schema != set(dimensions):
        return False
    return search[4] is None or f'"{dimensions[search[4]]}"' in search[5]


def _label(pattern: str, account: str, dimensions: Mapping[str, str]) -> str:
    label = pattern.replace("${PROP('AccountId')}", account)
    label = label.replace("${LABEL}", f"{account} {dimensions.get('cluster', '')}")
    return re.sub(r"\$\{PROP\('Dim\.(\w+)'\)\}", lambda match: dimensions[match[1]], label)


def _values(members: Sequence[tuple[Series, MetricData]], period: int, *, max_of: bool) -> list[float]:
    values = [0.0] * (DAY // period)
    for one, there in members:
        for time, amount in there.values.get(one, ()):
            at = int((time - NOW + DAY) // period)
            values[at] = max(values[at], amount) if max_of else values[at] + amount
    return values


if __name__ == "__main__":
    matplotlib.use("agg")
    draw(sample_day()).savefig(sys.argv[1], dpi=80)
