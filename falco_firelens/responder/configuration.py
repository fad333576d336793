"""What a stack says about its response: playbooks, what is protected, and how each cluster is reached."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

FILE = Path(__file__).with_name("response.json")
"""Where the deployed function finds it."""

ORDER = (
    "evidence",
    "isolate",
    "delete",
    "cordon",
    "taint",
    "stopTask",
    "drainInstance",
    "quarantine",
    "finding",
    "notify",
)
"""Every action in the order in which a playbook's are done: what keeps, then what contains, then what tells."""


@dataclass(frozen=True)
class Match:
    """What a playbook is for. Empty means any; patterns are those of a shell, `*` and `?`."""

    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    minimum_priority: str = "Debug"
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Playbook:
    """One playbook; `actions` holds what is set about each of its actions, by name and in `ORDER`."""

    name: str
    match: Match
    actions: Mapping[str, Mapping[str, Any]]
    dry_run: bool = True
    most_targets: int = 10
    most_targets_minutes: int = 60
    quiet_minutes: int = 60


@dataclass(frozen=True)
class Cluster:
    """A cluster of the stack. `name` is its name in AWS; `secret` holds the access to one that is not EKS."""

    platform: str
    name: str
    secret: str = ""


@dataclass(frozen=True)
class Configuration:
    """All of it. `namespaces` and `workloads` are patterns of what is never touched."""

    playbooks: tuple[Playbook, ...] = ()
    clusters: Mapping[str, Cluster] = field(default_factory=dict[str, Cluster])
    namespaces: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()


def parse(document: Mapping[str, Any]) -> Configuration:
    """The configuration out of its JSON. Raises KeyError or TypeError where it is not ours."""
    protect = document.get("protect", {})
    return Configuration(
        playbooks=tuple(_playbook(playbook) for playbook in document["playbooks"]),
        clusters={name: Cluster(**cluster) for name, cluster in document["clusters"].items()},
        namespaces=tuple(protect.get("namespaces", ())),
        workloads=tuple(protect.get("workloads", ())),
    )


def load(file: Path = FILE) -> Configuration:
    """The configuration in a file."""
    return parse(json.loads(file.read_text()))


def _playbook(document: Mapping[str, Any]) -> Playbook:
    match: dict[str, Any] = {key: _frozen(value) for key, value in document["match"].items()}
    actions: Mapping[str, Mapping[str, Any]] = document["actions"]
    parts: dict[str, Any] = {
        **document,
        "match": Match(**match),
        "actions": {name: actions[name] for name in sorted(actions, key=ORDER.index)},
    }
    return Playbook(**parts)


def _frozen(value: Any) -> Any:
    return tuple(cast("list[Any]", value)) if isinstance(value, list) else value
