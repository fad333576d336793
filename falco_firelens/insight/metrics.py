"""Which numbers CloudWatch makes of the events: metric filters, whose patterns read the transformed events.

No dimension is a value that an event says about itself: with one cluster's shipping credentials an attacker could count
for another cluster, or invent so many values that CloudWatch switches the filter off for all clusters
(https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html). The cluster comes from
the log stream, see `falco_firelens.insight.transformer`; priorities have a filter each.

A filter pattern reaches fields whose names are letters, digits, `-` and `_`; a dot always leads one object deeper, so
the dotted keys of `output_fields`, `scap.n_drops_perc` among them, are out of its reach. What is measured here depends
on an event's rule, source and priority only.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from falco_firelens.contract import METRICS_DIMENSION, METRICS_NAMESPACE, PRIORITIES
from falco_firelens.insight.transformer import EVENT, STREAM_CLUSTER
from falco_firelens.sensor.model import NOT_WHOLE_RULE

NAMESPACE: Final = METRICS_NAMESPACE

HEARTBEAT_RULE: Final = "Falco internal: metrics snapshot"
"""Each Falco sends one every `sensor.falco.HEARTBEAT_MINUTES`, whatever its rules and their priorities."""

DROPS_RULE: Final = "Falco internal: syscall event drop"
"""Sent when Falco missed more of a second's system calls than `syscall_event_drops.threshold`, twice a minute at most:
https://falco.org/docs/concepts/event-sources/kernel/dropped-events/"""

CLUSTER: Final = METRICS_DIMENSION
"""The one dimension of all metrics: the cluster that an event's log stream belongs to."""


@dataclass(frozen=True)
class MetricFilter:
    """Counts the transformed events that match `pattern`, separately for each cluster.

    A filter with dimensions takes no default value: a minute without a match has no data point.
    """

    name: str
    pattern: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=lambda: {CLUSTER: f"$.{STREAM_CLUSTER}"})
    """Dimension to the selector of its value."""


def _rule(name: str) -> str:
    return f'{{ $.{EVENT}.rule = "{name}" }}'


_REAL: Final = f'$.{EVENT}.source != "internal"'
"""Leaves out Falco's events about itself."""

EVENTS: Final = MetricFilter("events", f"{{ {_REAL} }}", "Events")
HEARTBEATS: Final = MetricFilter("heartbeats", _rule(HEARTBEAT_RULE), "Heartbeats")
NOT_WHOLE: Final = MetricFilter("not-whole", _rule(NOT_WHOLE_RULE), "EventsNotWhole")
DROPS: Final = MetricFilter("drops", _rule(DROPS_RULE), "DropReports")

FOREIGN_METRIC: Final = "ForeignEvents"


def of_priority(priority: str) -> MetricFilter:
    """Count the events of one priority."""
    return MetricFilter(f"priority-{priority.lower()}", _of_priorities((priority,)), f"{priority}Events")


def grave(minimum: str) -> MetricFilter:
    """Count the events of a priority and higher ones, which is what an alarm compares."""
    return MetricFilter(f"events-{minimum.lower()}", _of_priorities(at_least(minimum)), f"EventsFrom{minimum}")


def foreign(cluster: str) -> MetricFilter:
    """Count the events in a cluster's log streams that name another cluster, or none.

    A pattern compares with literals only, so each cluster has a filter of its own.
    """
    named = f"$.{EVENT}.cluster.name"
    other = f'({named} NOT EXISTS || {named} != "{cluster}")'
    return MetricFilter(f"foreign-{cluster}", f'{{ $.{STREAM_CLUSTER} = "{cluster}" && {other} }}', FOREIGN_METRIC)


def at_least(minimum: str) -> tuple[str, ...]:
    """Return a priority and the higher ones, the highest first."""
    return PRIORITIES[: PRIORITIES.index(minimum) + 1]


def filters(clusters: Iterable[str], minimum_priorities: Iterable[str]) -> tuple[MetricFilter, ...]:
    """All metric filters of a log group, with one for each priority from which some cluster's events are an alarm."""
    wanted = set(minimum_priorities)
    return (
        *(EVENTS, HEARTBEATS, DROPS, NOT_WHOLE),
        *map(of_priority, PRIORITIES),
        *(grave(priority) for priority in PRIORITIES if priority in wanted),
        *map(foreign, clusters),
    )


def _of_priorities(priorities: Iterable[str]) -> str:
    either = " || ".join(f'$.{EVENT}.priority = "{priority}"' for priority in priorities)
    return f"{{ {_REAL} && ({either}) }}"
