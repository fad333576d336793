"""What an action is done to: a pod, a node, an ECS task. Names are those of checked events, so they are safe to use."""

from dataclasses import dataclass
from typing import Literal, Self

from falco_firelens.responder.event import Event

Kind = Literal["pod", "node", "task"]

ECS = "ecs"

POD_ACTIONS = ("isolate", "delete")
NODE_ACTIONS = ("cordon", "taint")
TASK_ACTIONS = ("stopTask", "drainInstance")
HOST_ACTIONS = ("quarantine",)
SUBJECT_ACTIONS = ("evidence", "finding", "notify")
"""Actions by what they are done to; the last ones are for whatever the event is about."""


@dataclass(frozen=True)
class Target:
    """One pod, node or task of a cluster; `name` of a task is its ARN. `namespace` is a pod's.

    So is `uid`, empty where the event does not tell it.
    """

    kind: Kind
    cluster: str
    name: str
    namespace: str = ""
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"

    @property
    def identity(self) -> str:
        """What it is known by to the ledger: a pod that has taken another one's name is acted on, too."""
        return f"{self} {self.uid}".rstrip()

    @property
    def reference(self) -> str:
        """How the command line names it: `cluster/namespace/pod`, `cluster/node`, `cluster/task id`."""
        name = self.name.rpartition("/")[2] if self.kind == "task" else self.name
        return "/".join(part for part in (self.cluster, self.namespace, name) if part)

    @classmethod
    def pod(cls, event: Event) -> Self | None:
        """The pod that an event of a Kubernetes cluster is about."""
        namespace, name = event.text("k8s.ns.name"), event.text("k8s.pod.name")
        if event.platform == ECS or "<NA>" in (namespace, name) or not namespace or not name:
            return None
        uid = event.text("k8s.pod.uid")
        return cls("pod", event.cluster, name, namespace, "" if uid == "<NA>" else uid)

    @classmethod
    def task(cls, event: Event) -> Self | None:
        """The ECS task that an event is about: that of the event's container, never the sensor's own."""
        arn = event.text("ecs.task.arn")
        return cls("task", event.cluster, arn) if event.platform == ECS and arn.startswith("arn:") else None

    @classmethod
    def node(cls, event: Event) -> Self:
        """The node that an event happened on; on ECS its EC2 instance."""
        return cls("node", event.cluster, event.node)


def subject_of(event: Event) -> Target:
    """What an event is about: its pod or task, or its node where the process was in none."""
    return Target.pod(event) or Target.task(event) or Target.node(event)


def target_of(event: Event, action: str) -> Target | None:
    """What an action would be done to, or None where the event has nothing of the kind."""
    if action in POD_ACTIONS:
        return Target.pod(event)
    if action in TASK_ACTIONS:
        return Target.task(event)
    if action in NODE_ACTIONS:
        return None if event.platform == ECS else Target.node(event)
    if action in HOST_ACTIONS:
        return Target.node(event)
    return subject_of(event)
