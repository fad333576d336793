"""Metrics that metric filters make of log events, and the states that alarms on them have."""

import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from localcloud.cloudwatch.filter_pattern import Event, event_of, matcher, value_at
from localcloud.cloudwatch.transformer import LogGroup, NotTransformedError, transform

State = Literal["OK", "ALARM"]
Series = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, metric, and dimensions in the order of their names."""

_STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {"Sum": sum, "Maximum": max, "Minimum": min}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}


def series(namespace: str, metric: str, dimensions: Mapping[str, str]) -> Series:
    """Return the identity of one metric."""
    return namespace, metric, tuple(sorted(dimensions.items()))


class Arrival(NamedTuple):
    """A log event as it comes into a log stream, with its time in seconds."""

    time: float
    message: str
    stream: str


MOST_PAIRS: Final = 1000
"""Different pairs of a dimension and its value in an hour for which CloudWatch Logs may switch a metric filter off:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""

Filter = Mapping[str, Any]
"""A metric filter in the form of DescribeMetricFilters."""


@dataclass
class SwitchedOff:
    """Which metric filters have made so many dimensions that they make no more metrics."""

    pairs: dict[tuple[str, int], set[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict[tuple[str, int], set[tuple[str, str]]](set)
    )
    names: set[str] = field(default_factory=set[str])

    def allow(self, name: str, time: float, dimensions: Mapping[str, str]) -> bool:
        """Whether a filter still counts; it has made these dimensions."""
        made = self.pairs[name, int(time // 3600)]
        made.update(dimensions.items())
        if len(made) >= MOST_PAIRS:
            self.names.add(name)
        return name not in self.names


@dataclass
class MetricData:
    """Values by metric, each with its time in seconds."""

    values: dict[Series, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict[Series, list[tuple[float, float]]](list)
    )
    switched_off: SwitchedOff = field(default_factory=SwitchedOff)

    def put(self, metric: Series, time: float, value: float) -> None:
        """Add one value."""
        self.values[metric].append((time, value))

    def ingest(self, group: LogGroup, filters: Iterable[Filter], arrivals: Iterable[Arrival]) -> None:
        """Transform the log events that come into a group, and apply its metric filters to them.

        An event that lacks a dimension's field leaves no value, as in AWS. One that cannot be transformed is not seen
        by the filters that read transformed events; AWS says so of Contributor Insights, and nothing of metric filters:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutInsightRule.html
        """
        known = list(filters)
        for arrival in arrivals:
            original, transformed = event_of(arrival.message), None
            if group.transformer:
                try:
                    transformed = transform(group, arrival.stream, arrival.message)
                except NotTransformedError:
                    self.put(series("AWS/Logs", "TransformationErrors", {"LogGroupName": group.name}), arrival.time, 1)
            for each in known:
                event = transformed if each.get("applyOnTransformedLogs") else original
                if event is not None:
                    self._count(each, event, arrival.time)

    def _count(self, counted: Filter, event: Event, time: float) -> None:
        if not matcher(counted["filterPattern"])(event):
            return
        (transformation,) = counted["metricTransformations"]
        selectors: Mapping[str, str] = transformation.get("dimensions", {})
        found = {name: value_at(event, selector) for name, selector in selectors.items()}
        value = _value(event, transformation["metricValue"])
        if value is None or any(not isinstance(one, (str, int, float)) for one in found.values()):
            return
        dimensions = {name: str(one) for name, one in found.items()}
        if self.switched_off.allow(counted["filterName"], time, dimensions):
            self.put(series(transformation["metricNamespace"], transformation["metricName"], dimensions), time, value)

    def within(self, metric: Series, start: float, end: float) -> list[float]:
        """Return the values of a metric from `start` until just before `end`."""
        return [value for time, value in self.values.get(metric, ()) if start <= time < end]


def _value(event: Event, value: str) -> float | None:
    """Return a number, or what a selector finds, if that is a number."""
    found: Any = value_at(event, value) if value.startswith("$") else value
    try:
        return float(found)
    except (TypeError, ValueError):
        return None


def state(alarm: Mapping[str, Any], data: MetricData, now: float) -> State:
    """Return the state of a metric alarm, in the form of DescribeAlarms, as its evaluation at a time would leave it.

    The alarms of this project compare `FILL(metric, value)`: with it there is a data point in every period as soon as
    the metric has any. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    query = next(one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one)
    dimensions = {one["Name"]: one["Value"] for one in query["Metric"]["Dimensions"]}
    metric = series(query["Metric"]["Namespace"], query["Metric"]["MetricName"], dimensions)
    period, statistic = query["Period"], _STATISTICS[query["Stat"]]
    if not data.within(metric, float("-inf"), now):
        return "ALARM" if alarm["TreatMissingData"] == "breaching" else "OK"
    windows = [data.within(metric, now - period * (n + 1), now - period * n) for n in range(alarm["EvaluationPeriods"])]
    values = [statistic(window) if window else _fill(alarm) for window in windows]
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    breaching = sum(breaches(value, alarm["Threshold"]) for value in values)
    return "ALARM" if breaching >= alarm["DatapointsToAlarm"] else "OK"


def _fill(alarm: Mapping[str, Any]) -> float:
    """Return the value that the alarm's expression, `FILL(<id>, <value>)`, gives to a period without data.

    Raises ValueError for any other expression.
    """
    (expression,) = (one["Expression"] for one in alarm["Metrics"] if "Expression" in one)
    found = re.fullmatch(r"FILL\(\w+, ([0-9.]+)\)", expression)
    if found is None:
        raise ValueError(f"found {expression}, expected FILL(<id>, <number>)")
    return float(found[1])
