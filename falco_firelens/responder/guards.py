"""Refuses what no playbook touches, by what the event says; `actions/protection.py` asks the cluster for the rest."""

from collections.abc import Iterable

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.event import Event
from falco_firelens.responder.patterns import matches
from falco_firelens.responder.targets import ECS, subject_of

NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", SENSOR_NAMESPACE)
"""Never touched, whatever the settings say. Their pods run on every node, so they do not protect the node."""

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
"""Labels of nodes that are never touched: https://kubernetes.io/docs/reference/labels-annotations-taints/."""


class ProtectedError(Exception):
    """The target is protected; says by what."""


def check(event: Event, configuration: Configuration) -> None:
    """Refuse what is protected by its name, and what nobody knows enough about.

    Raises:
        ProtectedError: the event is about something protected, about a container of no known pod or task, or about a
            cluster that the stack does not have.
    """
    subject, cluster = subject_of(event), configuration.clusters.get(event.cluster)
    if cluster is None:
        raise ProtectedError(f"cluster {subject.cluster} is not in this stack")
    if event.platform != cluster.platform:
        raise ProtectedError(f"cluster {subject.cluster} has platform {cluster.platform}, not {event.platform}")
    if subject.kind == "container":
        what = "task" if event.platform == ECS else "pod"
        raise ProtectedError(f"the event does not say which {what} it is about, so that may be a protected one")
    if subject.kind == "pod":
        if subject.namespace in NAMESPACES:
            raise ProtectedError(f"namespace {subject.namespace} is never touched")
        check_namespace(configuration, subject.namespace)
        check_workload(configuration, subject.namespace, [subject.name])
    if subject.kind == "task" and subject.name.split("/")[1] != cluster.name:
        raise ProtectedError(f"the task is in ECS cluster {subject.name.split('/')[1]}, not in {cluster.name}")


def check_namespace(configuration: Configuration, namespace: str) -> None:
    """Refuse a namespace.

    Raises:
        ProtectedError: a pattern of the settings covers it.
    """
    for pattern in configuration.protect.namespaces:
        if matches(pattern, namespace):
            raise ProtectedError(f"namespace {namespace} is protected by the settings ({pattern})")


def check_workload(configuration: Configuration, group: str, names: Iterable[str]) -> None:
    """Refuse a workload by any of its names; `group` is the namespace, on ECS the cluster.

    Raises:
        ProtectedError: a pattern of the settings covers one of them.
    """
    for name in names:
        for pattern in configuration.protect.workloads:
            if name and matches(pattern, f"{group}/{name}"):
                raise ProtectedError(f"{group}/{name} is protected by the settings ({pattern})")
