"""Reads the heartbeats of a cluster out of the log group.

Whose a heartbeat is, the name of its log stream says, `<cluster>/<node>`: a cluster's role writes into streams that
begin with its own name and into no others. What the event itself says of its cluster is not looked at.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

RULES_FILE = "falco.sha256_rules_file."
CONFIG_FILE = "falco.sha256_config_file."
"""What the keys of the loaded files' SHA-256 sums begin with: `stats_writer.cpp` in github.com/falcosecurity/falco."""

QUEUE_DROPS = "falco.outputs_queue_num_drops"
"""Events that a Falco has dropped since it started, because its outputs' queue was full."""

RUNNING_SECONDS = "falco.duration_sec"


class OutOfTimeError(Exception):
    """The cluster's share of the run is over before all of it was read."""


class Clock(Protocol):
    """How long one cluster may be read."""

    def check(self) -> None:
        """Raise OutOfTimeError when the time is over."""
        ...


@dataclass(frozen=True)
class Heartbeat:
    """What one heartbeat says. `time`, in seconds, is when the node sent it or AWS took it, whichever was first."""

    node: str
    time: float
    files: Mapping[str, str]
    dropped: int
    started: float
    """When its Falco started."""


def pattern(rule: str) -> str:
    """Return the filter pattern of heartbeats, by their rule."""
    return f"{{ $.rule = {json.dumps(rule)} }}"


def read(
    logs: Any, log_group: str, cluster: str, rule: str, span: tuple[float, float], clock: Clock
) -> list[Heartbeat]:
    """Return the heartbeats of a cluster within a span of time, in seconds, sorted by time.

    Each cluster is read by itself: one that floods the log group uses its own time up, and nobody else's.

    Raises:
        OutOfTimeError: there is more than could be read.
        botocore's errors.
    """
    start, end = span
    prefix = f"{cluster}/"
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group,
        logStreamNamePrefix=prefix,
        filterPattern=pattern(rule),
        startTime=int(start * 1000),
        endTime=int(end * 1000),
    )
    found: list[Heartbeat] = []
    for page in pages:
        found.extend(_heartbeats(page["events"], prefix, rule))
        clock.check()
    return sorted((one for one in found if start <= one.time <= end), key=lambda one: one.time)


def _heartbeats(events: Iterable[Mapping[str, Any]], prefix: str, rule: str) -> Iterator[Heartbeat]:
    for event in events:
        stream: str = event["logStreamName"]
        fields = _fields(event["message"], rule)
        if stream.startswith(prefix) and fields is not None:
            # The time of an event is its sender's to choose, up to two hours ahead; that of its ingestion is not.
            time = min(event["timestamp"], event["ingestionTime"]) / 1000
            yield Heartbeat(
                node=stream.removeprefix(prefix),
                time=time,
                files={key: str(value) for key, value in fields.items() if key.startswith((RULES_FILE, CONFIG_FILE))},
                dropped=_count(fields.get(QUEUE_DROPS)),
                started=time - _count(fields.get(RUNNING_SECONDS)),
            )


def _fields(message: str, rule: str) -> Mapping[str, Any] | None:
    """Return the fields of a heartbeat; None of anything else."""
    try:
        event: object = json.loads(message)
    except (ValueError, RecursionError):
        return None
    known = _mapping(event)
    if known.get("rule") != rule or known.get("source") != "internal":
        return None
    return _mapping(known.get("output_fields"))


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


MOST = 2**53
"""The greatest count that is believed, and that a metric can have exactly."""


def _count(value: object) -> int:
    """Return a count; 0 for what is none, since a sender may write anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(min(value, MOST)) if value > 0 else 0  # NaN is not above 0
