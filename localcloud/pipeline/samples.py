"""Realistic Falco events: several priorities, nulls, a metrics snapshot. Their time is now, as CloudWatch demands."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

_FILE = Path(__file__).with_name("sample_events.jsonl")


def sample_events(marker: str) -> list[str]:
    """The samples as the lines that Falco prints, each with the marker in `hostname` to be found again by."""
    return [_stamped(line, marker, number) for number, line in enumerate(_FILE.read_text().strip().split("\n"))]


def _stamped(line: str, marker: str, number: int) -> str:
    event = cast(dict[str, Any], json.loads(line))
    now = time.time_ns() + number
    moment = f"{datetime.fromtimestamp(now // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%S}.{now % 1_000_000_000:09d}Z"
    event["time"] = moment
    event["output"] = event["output"].replace("{time}", moment.removesuffix("Z").partition("T")[2])
    event["output_fields"]["evt.time.iso8601" if "evt.time.iso8601" in event["output_fields"] else "evt.time"] = now
    event["hostname"] = marker
    return json.dumps(event, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
