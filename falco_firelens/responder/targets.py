"""Finds what an event is about and what an action acts on: a pod, an ECS task, a node, or a container of no known pod.

Names are from checked events, so they are safe to use.
"""

from dataclasses import dataclass
from typing import Literal, Self

from falco_firelens.responder.event import Event

Kind = Literal["pod", "node", "task", "container"]

ECS = "ecs"


@dataclass(frozen=True)
class Target:
    """One pod, node, task or container of a cluster. Only a pod has a namespace and a uid.

    The uid is empty where the event does not have it. A task's `name` is its ARN, a container's begins with its node.
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
        if event.platform == ECS or not namespace or not name:
            return None
        return cls("pod", event.cluster, name, namespace, event.text("k8s.pod.uid"))

    @classmethod
    def task(cls, event: Event) -> Self | None:
        """Return the ECS task that an event is about: that of the event's container, never the sensor's own."""
        arn = event.text("ecs.task.arn")
        return cls("task", event.cluster, arn) if event.platform == ECS and arn.startswith("arn:") else None

    @classmethod
    def node(cls, event: Event) -> Self:
        """Return the node that an event happened on; on ECS its EC2 instance."""
        return cls("node", event.cluster, event.node)

    @classmethod
    def container(cls, event: Event) -> Self:
        """Return the container of an event that does not say which pod or task the container belongs to."""
        return cls("container", event.cluster, f"{event.node}/{event.text('container.id') or 'unknown'}")


def subject_of(event: Event) -> Target:
    """Return what an event is about: its pod or task, or its node where the process is known to have been in neither.

    Falco's first events of a new container may lack the names of its pod: such an event is about the container, of
    which nobody knows whether it is protected.
    """
    known = Target.pod(event) or Target.task(event)
    return known or (Target.node(event) if event.on_host else Target.container(event))


def kubernetes_node_of(event: Event) -> Target | None:
    """Return the node that an event happened on, None on ECS."""
    return None if event.platform == ECS else Target.node(event)
