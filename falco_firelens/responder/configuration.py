"""What a stack says about its response: playbooks, what they never touch, and how to reach each cluster.

The program writes it as JSON into the function's package, and the function reads it back.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.patterns import matches_any

FILE = Path(__file__).with_name("response.json")
"""Where the deployed function finds it."""


@dataclass(frozen=True)
class Match:
    """Which events a playbook is for. Empty means any; in patterns `*` and `?` stand for other characters."""

    rules: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    minimum_priority: str = "Debug"
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def has_cluster(self, name: str) -> bool:
        """Return whether it is for events of a cluster, by its name in the stack."""
        return not self.clusters or matches_any(self.clusters, name)


@dataclass(frozen=True)
class Playbook:
    """One playbook; `actions` has the settings of each of its actions, by name and in the order in which they run."""

    name: str
    match: Match
    actions: Mapping[str, Mapping[str, Any]]
    dry_run: bool = True
    most_targets: int = 10
    most_targets_minutes: int = 60
    quiet_minutes: int = 60


@dataclass(frozen=True)
class Protect:
    """Patterns of what no playbook touches."""

    namespaces: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """A cluster of the stack. `name` is its name in AWS; `secret` holds the access to one that is not EKS."""

    platform: str
    name: str
    secret: str = ""


@dataclass(frozen=True)
class Configuration:
    """All of it; `clusters` by their names in the stack."""

    playbooks: tuple[Playbook, ...] = ()
    clusters: Mapping[str, Cluster] = field(default_factory=dict[str, Cluster])
    protect: Protect = Protect()

    def actions_in(self, cluster: str) -> frozenset[str]:
        """Return the names of the actions of every playbook that can answer an event of a cluster."""
        return frozenset(
            name for playbook in self.playbooks if playbook.match.has_cluster(cluster) for name in playbook.actions
        )

    @property
    def uses_labels(self) -> bool:
        """Whether a playbook asks for the labels of pods."""
        return any(playbook.match.labels for playbook in self.playbooks)

    @property
    def protects(self) -> bool:
        """Whether the settings protect something."""
        return bool(self.protect.namespaces or self.protect.workloads)

    def to_json(self) -> str:
        """Return it as JSON; the same configuration gives the same text."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def from_document(document: Mapping[str, Any], actions: Mapping[str, Action] = ACTIONS) -> Configuration:
    """Return the configuration of a parsed JSON document.

    Raises LookupError, ValueError, TypeError or AttributeError where `to_json` did not write it.
    """
    return Configuration(
        playbooks=tuple(_playbook(playbook, tuple(actions)) for playbook in document["playbooks"]),
        clusters={name: Cluster(**cluster) for name, cluster in document["clusters"].items()},
        protect=Protect(**_frozen(document.get("protect", {}))),
    )


def load(file: Path = FILE) -> Configuration:
    """Return the configuration in a file."""
    return from_document(json.loads(file.read_text()))


def _playbook(document: Mapping[str, Any], order: tuple[str, ...]) -> Playbook:
    given: Mapping[str, Mapping[str, Any]] = document["actions"]
    parts: dict[str, Any] = {
        **document,
        "match": Match(**_frozen(document["match"])),
        "actions": {name: given[name] for name in sorted(given, key=order.index)},
    }
    return Playbook(**parts)


def _frozen(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping with its lists as tuples."""
    return {
        key: tuple(cast("list[Any]", value)) if isinstance(value, list) else value for key, value in document.items()
    }
