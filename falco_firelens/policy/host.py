"""The host: no workload but the sensor shares a namespace, a path or a port of its node.

What is asked is the level "baseline" of Kubernetes' Pod Security Standards, of ECS what corresponds to it:
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

import posixpath
from collections.abc import Iterator, Mapping

from falco_firelens.policy.documents import Unreadable, folded
from falco_firelens.policy.pods import WORKLOADS, Pod, is_set, pods_of
from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, is_on, items_of, show
from falco_firelens.sensor.falco import ENGINES

KUBERNETES_SENSOR = "falco-firelens:index:KubernetesSensor"
ECS_SENSOR = "falco-firelens:index:EcsSensor"

SENSORS: Mapping[str, frozenset[str]] = {
    KUBERNETES_SENSOR: frozenset(("hostNetwork",)),
    ECS_SENSOR: frozenset(("networkMode",)),
}
"""The components that are the sensor, and what their pods share with the host. A workload's name allows nothing: its
parent in the program does, which a cluster's users cannot choose."""

SENSOR_PATHS = (
    *("/proc", "/etc", "/sys/kernel", "/var/log", "/var/lib/falco-firelens"),
    *(path for engines in ENGINES.values() for paths in engines.values() for path in paths),
)
"""Paths of the host that the sensor reads, and the folder that keeps its place in the logs."""

NAMESPACES = ("hostPID", "hostIPC", "hostNetwork")
ECS_MODES = ("pidMode", "ipcMode", "networkMode")


def sensor_of(resource: Resource) -> str | None:
    """Return the component of the sensor that a resource belongs to, by its parents in the program."""
    parents = resource.urn.split("::")[2].split("$")[:-1] if resource.urn.count("::") >= 3 else []
    return next((parent for parent in parents if parent in SENSORS), None)


def _host(resource: Resource) -> Iterator[Finding]:
    sensor = sensor_of(resource)
    shared = SENSORS[sensor] if sensor else frozenset[str]()
    for pod in pods_of(resource):
        yield from _namespaces(pod, shared)
        for path, found in _paths(pod):
            if sensor is None or not _is_of_the_sensor(found):
                yield Finding(path, show(found), "a volume that is not the host's, such as emptyDir")
        try:
            yield from () if pod.on_ecs else (*_ports(pod), *_probes(pod))
        except Unreadable:
            return  # no-privileged-container says it


def _namespaces(pod: Pod, shared: frozenset[str]) -> Iterator[Finding]:
    above = f"{pod.path}." if pod.path else ""
    for name in ECS_MODES if pod.on_ecs else NAMESPACES:
        value = pod.spec.get(name.lower())
        on = str(value).lower() == "host" if pod.on_ecs else is_set(value)
        if on and name not in shared:
            yield Finding(f"{above}{name}", show(value), "a namespace of its own, which is the default")


def _paths(pod: Pod) -> Iterator[tuple[str, object]]:
    for volume in map(folded, items_of(pod.spec.get("volumes"))):
        given = volume.get("hostpath")
        path = given if pod.on_ecs else folded(given).get("path")
        if path not in (None, "", UNKNOWN) or (given is not None and given is not UNKNOWN and not pod.on_ecs):
            where = "volumes" if pod.on_ecs else f"{pod.path}.volumes"
            yield f"{where}[{volume.get('name')}].hostPath", path


def _is_of_the_sensor(path: object) -> bool:
    if not isinstance(path, str):
        return path is UNKNOWN
    return any(
        posixpath.normpath(path) == one or posixpath.normpath(path).startswith(f"{one}/") for one in SENSOR_PATHS
    )


def _ports(pod: Pod) -> Iterator[Finding]:
    """Report ports of the host; a pod in its network has each of its own there, and is reported for that."""
    for path, container in pod.containers():
        for port in map(folded, items_of(container.get("ports"))):
            found = port.get("hostport")
            if found not in (None, 0, UNKNOWN) and not is_on(pod.spec.get("hostnetwork")):
                yield Finding(f"{path}.ports.hostPort", show(found), "a Service")


def _probes(pod: Pod) -> Iterator[Finding]:
    """Yield findings about probes and handlers: the kubelet sends them from the node to any host they name."""
    for path, container in pod.containers():
        lifecycle = folded(container.get("lifecycle"))
        asked = {name: container.get(name.lower()) for name in ("livenessProbe", "readinessProbe", "startupProbe")}
        asked |= {f"lifecycle.{name}": lifecycle.get(name.lower()) for name in ("postStart", "preStop")}
        for name, handler in asked.items():
            for how in ("httpGet", "tcpSocket"):
                host = folded(folded(handler).get(how.lower())).get("host")
                if host not in (None, "", UNKNOWN):
                    yield Finding(f"{path}.{name}.{how}.host", show(host), "none, which is the pod itself")


RULES = (
    Rule(
        "no-host-access",
        "No workload but the sensor shares a namespace, a path or a port of its node.",
        dict.fromkeys(WORKLOADS, _host),
    ),
)
