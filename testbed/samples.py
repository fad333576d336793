"""Realistic Falco events: several priorities, nulls, a metrics snapshot. Their time is now, as CloudWatch demands."""

import functools
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from falco_firelens.sensor.model import NOT_WHOLE_RULE

_HEARTBEAT = "Falco internal: metrics snapshot"
_FILE = Path(__file__).with_name("sample_events.jsonl")


def sample_events(marker: str, sums: Mapping[str, str] | None = None) -> list[str]:
    """Return the samples as the lines that Falco prints, each with the marker in `hostname` to be found again by.

    `sums` are those of the files that the Falco of the heartbeat has loaded, by their keys.
    """
    return [_stamped(_loaded(sample, sums or {}), marker) for sample in _samples()]


def _loaded(sample: dict[str, Any], sums: Mapping[str, str]) -> dict[str, Any]:
    if sample["rule"] != _HEARTBEAT:
        return sample
    return {**sample, "output_fields": {**sample["output_fields"], **sums}}


def numbered_event(number: int, *, padding: int = 0) -> str:
    """One line, told from all others by `output_fields.number`, `padding` characters longer than usual."""
    samples = _samples()
    sample = samples[number % len(samples)]
    fields = {**sample["output_fields"], "number": number, "padding": "x" * padding}
    return _stamped({**sample, "output_fields": fields}, "node")


def number_of(message: str) -> int:
    """Which numbered event this is. Raises ValueError or KeyError when it is none."""
    return json.loads(message)["output_fields"]["number"]


def reports_a_loss(message: str) -> bool:
    """Whether this is Fluent Bit's own report of an event that is not whole."""
    return f'"rule":"{NOT_WHOLE_RULE}"' in message


@functools.cache
def _samples() -> list[dict[str, Any]]:
    # Not splitlines(): a string of a sample holds a line separator, as a command line may.
    return [cast(dict[str, Any], json.loads(line)) for line in _FILE.read_text().strip().split("\n")]


def _stamped(sample: dict[str, Any], hostname: str) -> str:
    now = time.time_ns()
    moment = f"{datetime.fromtimestamp(now // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%S}.{now % 1_000_000_000:09d}Z"
    time_field = "evt.time.iso8601" if "evt.time.iso8601" in sample["output_fields"] else "evt.time"
    event = {
        **sample,
        "hostname": hostname,
        "output": sample["output"].replace("{time}", moment.removesuffix("Z").partition("T")[2]),
        "output_fields": {**sample["output_fields"], time_field: now},
        "time": moment,
    }
    return json.dumps(event, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
