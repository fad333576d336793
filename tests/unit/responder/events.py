"""Events, playbooks and stand-ins for the responder's tests."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.configuration import Configuration, from_document
from falco_firelens.responder.event import Event, parse_event
from falco_firelens.responder.grouping import Case
from falco_firelens.responder.ledger import Admission, Counter
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.targets import Target

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/jobs/0123456789abcdef0123456789abcdef"


def falco_time(age: float = 0.0) -> str:
    return f"{datetime.fromtimestamp(time.time() - age, UTC):%Y-%m-%dT%H:%M:%S}.123456789Z"


def document(
    pod: str | None = "web-0", cluster: str = "eks", platform: str = "eks", age: float = 0.0, **changes: Any
) -> dict[str, Any]:
    """An event as a sensor ships it, in the shape that real Falco gives it; of the host without a pod and a task."""
    fields = changes.pop("fields", {})
    contained = pod or fields.get("ecs.task.arn") not in (None, "<NA>")
    return {
        "cluster": {
            "name": cluster,
            "platform": platform,
            "account": "123456789012",
            "region": "eu-west-1",
            "node": "node-1" if platform != "ecs" else "i-0123456789abcdef0",
        },
        "hostname": "node-1",
        "output": "A shell was spawned",
        "output_fields": {
            "container.id": "3ad7b26ded6d" if contained else "host",
            "container.image.repository": "docker.io/library/nginx",
            "container.image.tag": "1.27",
            "k8s.ns.name": "shop" if pod else None,
            "k8s.pod.name": pod,
            "proc.cmdline": "bash",
            **fields,
        },
        "priority": "Warning",
        "rule": "Terminal shell in container",
        "source": "syscall",
        "tags": ["container", "shell"],
        "time": falco_time(age),
        **changes,
    }


def event(**changes: Any) -> Event:
    return parse_event(json.dumps(document(**changes)))


def playbook(name: str = "contain", actions: Any = ("isolate", "notify"), **changes: Any) -> dict[str, Any]:
    named = {action: {} for action in actions} if not isinstance(actions, dict) else actions
    return {"name": name, "match": changes.pop("match", {}), "actions": named, "dry_run": False, **changes}


CLUSTERS = {
    "eks": {"platform": "eks", "name": "eks"},
    "own": {"platform": "kubernetes", "name": "own", "secret": "own-access"},
    "jobs": {"platform": "ecs", "name": "jobs"},
}


def configuration(*playbooks: dict[str, Any], **protect: Any) -> Configuration:
    return from_document({"playbooks": list(playbooks or [playbook()]), "clusters": CLUSTERS, "protect": protect})


def acting(**runs: Callable[[Context], Done]) -> dict[str, Action]:
    """Every action, some of them with other functions."""
    return {**ACTIONS, **{name: replace(ACTIONS[name], run=run) for name, run in runs.items()}}


class MemoryLedger:
    """A ledger without a table."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self.admitted: dict[str, set[str]] = {}

    def once(self, key: str, minutes: int, act: Any) -> tuple[dict[str, Any], bool]:
        if key in self.known:
            return self.known[key], False
        self.known[key] = json.loads(json.dumps(act()))
        return self.known[key], True

    def admit(self, case: Case, target: Target, counter: Counter, now: float) -> Admission:
        targets = self._targets(case, counter)
        if target.identity in targets:
            return "known"
        if len(targets) >= case.playbook.most_targets:
            return "refused"
        targets.add(target.identity)
        return "new"

    def release(self, case: Case, target: Target, counter: Counter, now: float) -> None:
        self._targets(case, counter).discard(target.identity)

    def _targets(self, case: Case, counter: Counter) -> set[str]:
        return self.admitted.setdefault(f"{case.playbook.name} {case.subject.cluster} {counter}", set())
