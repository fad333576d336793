"""Which numbers CloudWatch makes of the events: metric filters, whose patterns read an event's own JSON.

A filter pattern reaches fields whose names are letters, digits, `-` and `_`; a dot always leads one object deeper, so
the dotted keys of `output_fields`, `scap.n_drops_perc` among them, are out of its reach. Whatever is measured here is
therefore told by an event's rule, source, priority and cluster.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from falco_firelens.contract import PRIORITIES
from falco_firelens.sensor.model import NOT_WHOLE_RULE

NAMESPACE: Final = "FalcoFirelens"

HEARTBEAT_RULE: Final = "Falco internal: metrics snapshot"
"""Each Falco sends one every `sensor.falco.HEARTBEAT_MINUTES`, whatever its rules and their priorities."""

DROPS_RULE: Final = "Falco internal: syscall event drop"
"""Sent when Falco missed more of a second's system calls than `syscall_event_drops.threshold`, twice a minute at most:
https://falco.org/docs/concepts/event-sources/kernel/dropped-events/"""

CLUSTER: Final = "cluster"
PRIORITY: Final = "priority"
_FIELDS: Final[Mapping[str, str]] = {CLUSTER: "$.cluster.name", PRIORITY: "$.priority"}
"""Where in an event a dimension's value is."""


@dataclass(frozen=True)
class MetricFilter:
    """Counts the events that match `pattern`, apart for each value of the dimensions.

    A filter with dimensions takes no default value: a minute without a match has no data point.
    """

    name: str
    pattern: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Dimension to the selector of its value, three at most."""


def _filter(name: str, pattern: str, metric: str, *dimensions: str) -> MetricFilter:
    return MetricFilter(name, pattern, metric, {dimension: _FIELDS[dimension] for dimension in dimensions})


EVENTS: Final = _filter("events", '{ $.source != "internal" }', "Events", CLUSTER, PRIORITY)
"""Every event but Falco's own."""

HEARTBEATS: Final = _filter("heartbeats", f'{{ $.rule = "{HEARTBEAT_RULE}" }}', "Heartbeats", CLUSTER)
NOT_WHOLE: Final = _filter("not-whole", f'{{ $.rule = "{NOT_WHOLE_RULE}" }}', "EventsNotWhole", CLUSTER)
DROPS: Final = _filter("drops", f'{{ $.rule = "{DROPS_RULE}" }}', "DropReports", CLUSTER)


def grave(minimum: str) -> MetricFilter:
    """Counts the events of a priority and graver ones, which is what an alarm compares."""
    either = " || ".join(f'$.priority = "{priority}"' for priority in at_least(minimum))
    pattern = f'{{ $.source != "internal" && ({either}) }}'
    return _filter(f"events-{minimum.lower()}", pattern, f"EventsFrom{minimum}", CLUSTER)


def at_least(minimum: str) -> tuple[str, ...]:
    """A priority and the graver ones, the gravest first."""
    return PRIORITIES[: PRIORITIES.index(minimum) + 1]


def filters(minimum_priorities: Iterable[str]) -> tuple[MetricFilter, ...]:
    """All metric filters of a log group, with one for each priority from which some cluster's events are an alarm."""
    wanted = set(minimum_priorities)
    return (EVENTS, HEARTBEATS, DROPS, NOT_WHOLE, *(grave(priority) for priority in PRIORITIES if priority in wanted))
