"""Where pods and ECS tasks say what they run as, in every type that has one, however a key is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from falco_firelens.policy.documents import folded, parsed
from falco_firelens.policy.rule import UNKNOWN, Resource, is_on, items_of, keys_of

_TEMPLATE = ("spec", "template", "spec")

_PATHS: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "ReplicationController": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "Deployment": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", *_TEMPLATE),
}
"""Where a kind of workload has its pod's specification."""

_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "core/v1": ("Pod", "PodTemplate", "ReplicationController"),
    "apps/v1": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "apps/v1beta1": ("Deployment", "StatefulSet"),
    "apps/v1beta2": ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"),
    "extensions/v1beta1": ("DaemonSet", "Deployment", "ReplicaSet"),
    "batch/v1": ("Job", "CronJob"),
    "batch/v1beta1": ("CronJob",),
    "batch/v2alpha1": ("CronJob",),
}

POD_SPECS: Mapping[str, tuple[str, ...]] = {
    f"kubernetes:{version}:{kind}{form}": _PATHS[kind]
    for version, kinds in _VERSIONS.items()
    for kind in kinds
    for form in ("", "Patch", "List")
}

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"

WORKLOADS = (*POD_SPECS, TASK_DEFINITION)

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")

Keys = Mapping[str, Any]
"""A mapping as `folded` has it: Go reads JSON keys in any case, in the AWS provider as in Kubernetes' own clients."""


def is_set(value: object) -> bool:
    """Whether a switch of a pod is known to be on; Pulumi's own texts of a boolean count."""
    return value is not UNKNOWN and (is_on(value) or value == "True")


@dataclass(frozen=True)
class Pod:
    """A pod, or a task: its path, its specification and its annotations."""

    path: str
    spec: Keys
    annotations: Keys
    on_ecs: bool = False

    def containers(self) -> Iterator[tuple[str, Keys]]:
        """Each container and its path. Raises Unreadable."""
        for name in ("containerDefinitions",) if self.on_ecs else CONTAINER_LISTS:
            listed = self.spec.get(name.lower())
            for container in map(folded, items_of(parsed(listed) if self.on_ecs else listed)):
                prefix = name if self.on_ecs else f"{self.path}.{name}"
                yield f"{prefix}[{container.get('name')}]", container

    def security(self) -> Iterator[tuple[str, Keys]]:
        """Yield the pod's own settings and each container's, with their path."""
        if not self.on_ecs:
            yield f"{self.path}.securityContext", folded(self.spec.get("securitycontext"))
        for path, container in self.containers():
            context = container if self.on_ecs else folded(container.get("securitycontext"))
            yield path if self.on_ecs else f"{path}.securityContext", context


def pods_of(resource: Resource) -> Iterator[Pod]:
    """Yield the pods that a resource runs; those that are unknown before the deployment have nothing yet."""
    if resource.type == TASK_DEFINITION:
        yield Pod("", folded(resource.props), {}, on_ecs=True)
        return
    if resource.type.endswith("List"):
        for index, item in enumerate(items_of(resource.props.get("items"))):
            yield _pod(resource.type, item, f"items[{index}].")
        return
    yield _pod(resource.type, resource.props, "")


def _pod(kind: str, props: object, above: str) -> Pod:
    *outer, last = POD_SPECS[kind]
    found: object = props
    for key in outer:
        found = folded(found).get(key.lower())
    metadata = folded(folded(found).get("metadata"))
    spec = folded(folded(found).get(last))
    return Pod(above + ".".join((*outer, last)), spec, keys_of(metadata.get("annotations")))
