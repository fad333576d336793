"""Metrics that metric filters make of log events, and the states that alarms on them have."""

import json
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from localcloud.cloudwatch.filter_pattern import matcher, value_at

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
    """The identity of one metric."""
    return namespace, metric, tuple(sorted(dimensions.items()))


@dataclass
class MetricData:
    """Values by metric, each with its time in seconds."""

    values: dict[Series, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict[Series, list[tuple[float, float]]](list)
    )

    def put(self, metric: Series, time: float, value: float) -> None:
        """Add one value."""
        self.values[metric].append((time, value))

    def ingest(self, filters: Iterable[Mapping[str, Any]], arrivals: Iterable[tuple[float, str]]) -> None:
        """Apply metric filters, in the form of DescribeMetricFilters, to log events with their times.

        An event that lacks a dimension's field leaves no value, as in AWS.
        """
        made = [(matcher(each["filterPattern"]), each["metricTransformations"][0]) for each in filters]
        for time, message in arrivals:
            event = json.loads(message)
            for matches, transformation in made:
                selectors: Mapping[str, str] = transformation.get("dimensions", {})
                dimensions = {name: value_at(event, selector) for name, selector in selectors.items()}
                if matches(event) and None not in dimensions.values():
                    metric = series(transformation["metricNamespace"], transformation["metricName"], dimensions)
                    self.put(metric, time, float(transformation["metricValue"]))

    def within(self, metric: Series, start: float, end: float) -> list[float]:
        """The values of a metric from `start` until just before `end`."""
        return [value for time, value in self.values.get(metric, ()) if start <= time < end]


def state(alarm: Mapping[str, Any], data: MetricData, now: float) -> State:
    """The state of a metric alarm, in the form of DescribeAlarms, as its evaluation at a time would leave it.

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
    """The value that the alarm's expression, `FILL(<id>, <value>)`, gives to a period without data.

    Raises ValueError for any other expression.
    """
    (expression,) = (one["Expression"] for one in alarm["Metrics"] if "Expression" in one)
    found = re.fullmatch(r"FILL\(\w+, ([0-9.]+)\)", expression)
    if found is None:
        raise ValueError(f"found {expression}, expected FILL(<id>, <number>)")
    return float(found[1])
