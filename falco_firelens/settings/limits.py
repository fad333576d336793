"""What AWS publishes of its limits, as far as a stack file can break it: `limits/aws.yaml`, with sources."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from falco_firelens.sensor.own_yaml import read_yaml

FILE = Path(__file__).resolve().parents[1] / "limits" / "aws.yaml"


@functools.cache
def _entries() -> Mapping[str, Mapping[str, Any]]:
    return read_yaml(FILE.read_text(encoding="utf-8"))


def allowed(limit: str) -> str:
    """Return the expression that a whole text has to match: the form that AWS takes, without reserved prefixes."""
    entry = _entries()[limit]
    reserved = f"(?!{entry['never']})" if "never" in entry else ""
    return f"{reserved}{entry.get('pattern', '.*')}"


def reserved(limit: str) -> str:
    """Return the expression for beginnings that AWS keeps to itself."""
    return _entries()[limit]["never"]
