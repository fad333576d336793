"""Finds what an action acts on: a pod, a node, an ECS task. Names are from checked events, so they are safe to use."""

from dataclasses import dataclass
from typing import Literal, Self

from falco_firelens.responder.event import Event

Kind = Literal["pod", "node", "task"]

ECS = "ecs"


@dataclass(frozen=True)
class Target:
    """One pod, node or task of a cluster; a task's `name` is its ARN. Only a pod has a namespace and a uid.

    The uid is empty where the event does not have it.
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
        """Its key in the ledger: a pod that has taken another one's name is another target."""
        return f"{self} {self.uid}".rstrip()

    @property
    def reference(self) -> str:
        """Its name on the command line: `cluster/namespace/pod`, `cluster/node`, `cluster/task id`."""
        name = self.name.rpartition("/")[2] if self.kind == "task" else self.name
        return "/".join(part for part in (self.cluster, self.namespace, name) if part)

    @classmethod
    def pod(cls, event: Event) -> Self | None:
        """Return the pod that an event of a Kubernetes cluster is about."""
        namespace, name = event.text("k8s.ns.name"), event.text("k8s.pod.name")
        if event.platform == ECS or "<NA>" in (namespace, name) or not namespace or not name:
            return None
        uid = event.text("k8s.pod.uid")
        return cls("pod", event.cluster, name, namespace, "" if uid == "<NA>" else uid)

    @classmethod
    def task(cls, event: Event) -> Self | None:
        """Return the ECS task that an event is about: that of the event's container, never the sensor's own."""
        arn = event.text("ecs.task.arn")
        return cls("task", event.cluster, arn) if event.platform == ECS and arn.startswith("arn:") else None

    @classmethod
    def node(cls, event: Event) -> Self:
        """Return the node that an event happened on; on ECS its EC2 instance."""
        return cls("node", event.cluster, event.node)


def subject_of(event: Event) -> Target:
    """Return what an event is about: its pod or task, or its node where the process was in neither."""
    return Target.pod(event) or Target.task(event) or Target.node(event)


def kubernetes_node_of(event: Event) -> Target | None:
    """Return the node that an event happened on, None on ECS."""
    return None if event.platform == ECS else Target.node(event)
