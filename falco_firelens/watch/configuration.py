"""What a stack's function watches. The program writes it as JSON into the function's package."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("watch.json")
"""Where the deployed function finds it."""


@dataclass(frozen=True)
class Cluster:
    """A cluster of the stack. `name` is its name in AWS.

    `files` are the SHA-256 sums that its heartbeats should have, by their keys; empty where nobody knows them.
    """

    platform: str
    name: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Response:
    """The response function, which its subscription filter is named after, and the filter's pattern."""

    function: str
    pattern: str


@dataclass(frozen=True)
class Configuration:
    """All of it; `clusters` by their names in the stack, with which the names of their log streams begin."""

    log_group: str
    heartbeat_rule: str
    clusters: Mapping[str, Cluster]
    response: Response | None = None

    def to_json(self) -> str:
        """Return it as JSON; the same configuration gives the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def from_document(document: Mapping[str, Any]) -> Configuration:
    """Return the configuration of a parsed JSON document that `to_json` wrote."""
    clusters = {name: Cluster(**cluster) for name, cluster in document["clusters"].items()}
    response = document["response"]
    return Configuration(
        document["log_group"], document["heartbeat_rule"], clusters, Response(**response) if response else None
    )


def load(file: Path = FILE) -> Configuration:
    """Return the configuration in a file."""
    return from_document(json.loads(file.read_text()))
