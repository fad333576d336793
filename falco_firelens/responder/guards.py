"""Refuses what no playbook touches: the sensors, the cluster's own parts, and what the settings protect."""

from collections.abc import Iterable

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.event import Event
from falco_firelens.responder.patterns import matches
from falco_firelens.responder.targets import subject_of

NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", SENSOR_NAMESPACE)
"""Never touched, whatever the settings say."""

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
"""Labels of nodes that are never touched: https://kubernetes.io/docs/reference/labels-annotations-taints/."""


class ProtectedError(Exception):
    """The target is protected; says by what."""


def check(event: Event, configuration: Configuration) -> None:
    """Refuse what is protected by its name.

    Raises:
        ProtectedError: the event is about something protected, or about a cluster that the stack does not have.
    """
    subject, cluster = subject_of(event), configuration.clusters.get(event.cluster)
    if cluster is None:
        raise ProtectedError(f"cluster {subject.cluster} is not in this stack")
    if event.platform != cluster.platform:
        raise ProtectedError(f"cluster {subject.cluster} has platform {cluster.platform}, not {event.platform}")
    if subject.kind == "pod":
        if subject.namespace in NAMESPACES:
            raise ProtectedError(f"namespace {subject.namespace} is never touched")
        for pattern in configuration.protect.namespaces:
            if matches(pattern, subject.namespace):
                raise ProtectedError(f"namespace {subject.namespace} is protected by the settings ({pattern})")
        check_workload(configuration, subject.namespace, [subject.name])
    if subject.kind == "task" and subject.name.split("/")[1] != cluster.name:
        raise ProtectedError(f"the task is in ECS cluster {subject.name.split('/')[1]}, not in {cluster.name}")


def check_workload(configuration: Configuration, group: str, names: Iterable[str]) -> None:
    """Refuse a workload by any of its names; `group` is the namespace, on ECS the cluster.

    Raises:
        ProtectedError: a pattern of the settings covers one of them.
    """
    for name in names:
        for pattern in configuration.protect.workloads:
            if name and matches(pattern, f"{group}/{name}"):
                raise ProtectedError(f"{group}/{name} is protected by the settings ({pattern})")
