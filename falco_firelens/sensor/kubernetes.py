"""Renders the sensor for a Kubernetes cluster: two DaemonSets with what they need, as plain manifests."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.sensor import falco, fluent_bit, shipper
from falco_firelens.sensor.container import Container, Health, Mount
from falco_firelens.sensor.model import (
    FALCO_CONTAINER,
    NODE_VARIABLE,
    SENSOR_DIR,
    Document,
    FalcoOptions,
    KubernetesManifests,
    Pipeline,
    SensorError,
    Workload,
)

FLUENT_BIT: Final = "fluent-bit"
"""Name of Fluent Bit's workload and container."""

CONFIG_MAP_LIMIT: Final = 1_048_576
"""Bytes that the API server takes in a ConfigMap: https://kubernetes.io/docs/concepts/configuration/configmap/."""

MAX_UNAVAILABLE: Final = "10%"
"""How many nodes a rolling update may blind at once; also where a broken configuration stops."""

PART_OF: Final = {"app.kubernetes.io/part-of": "falco-firelens"}

EVERY_NODE: Final[Document] = {
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]},
                            {"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]},
                        ]
                    }
                ]
            }
        }
    },
    "priorityClassName": "system-node-critical",
}
"""Every Linux node whatever its taints, but not those without a host: a pod for a Fargate node would wait forever."""

UPDATE_STRATEGY: Final[Document] = {
    "type": "RollingUpdate",
    "rollingUpdate": {"maxUnavailable": MAX_UNAVAILABLE},
}

SCRATCH: Final[Document] = {"sizeLimit": "64Mi"}
"""An empty directory that ends with the pod, and cannot fill the node's disk."""

STARTUP_PERIOD: Final = 5
"""Seconds between looks at a container that is coming up."""


def manifests(options: FalcoOptions, pipeline: Pipeline, *, host_network: bool = False) -> KubernetesManifests:
    """Return the sensor's manifests. `host_network` lets Fluent Bit reach the node role's credentials at the instance
    metadata service, whose hop limit keeps pods away.

    Raises:
        SensorError: the files are larger than a ConfigMap may be.
    """
    return KubernetesManifests(
        namespace=_namespace(),
        deny_ingress=_deny_ingress(),
        deny_egress=_deny_egress(),
        falco=workload(falco.container(options, pipeline.identity), node_variable="FALCO_HOSTNAME", grace_period=30),
        fluent_bit=workload(
            _fluent_bit(pipeline),
            node_variable=NODE_VARIABLE,
            grace_period=60,
            # The node's own resolver: shipping must not wait for the cluster's DNS.
            pod={"dnsPolicy": "Default", **({"hostNetwork": True} if host_network else {})},
        ),
    )


def workload(container: Container, *, node_variable: str, grace_period: int, pod: Document | None = None) -> Workload:
    """`container` on every node, named after itself; `node_variable` is the variable that gets the node's name."""
    metadata = {"name": container.name, "namespace": SENSOR_NAMESPACE, "labels": _labels(container.name)}
    return Workload(
        service_account={
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            "automountServiceAccountToken": False,
        },
        config_map={"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": _data(container)},
        daemon_set={
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": {"app.kubernetes.io/name": container.name}},
                "updateStrategy": UPDATE_STRATEGY,
                "template": {
                    "metadata": {
                        "labels": _labels(container.name),
                        "annotations": {"falco-firelens/config": _checksum(container)},
                    },
                    "spec": {
                        "serviceAccountName": container.name,
                        "automountServiceAccountToken": False,
                        "enableServiceLinks": False,
                        "terminationGracePeriodSeconds": grace_period,
                        **EVERY_NODE,
                        **(pod or {}),
                        "containers": [_container(container, node_variable)],
                        "volumes": _volumes(container),
                    },
                },
            },
        },
    )


def security_context(container: Container) -> Document:
    """Root, with no capability but the container's own.

    Falco leaves AppArmor, whose default profile denies it the look at other processes. The runtime's seccomp profile
    stays: containerd since 1.7 and CRI-O allow `bpf` and `perf_event_open` to holders of BPF and PERFMON.
    """
    context: Document = {
        "runAsUser": 0,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": container.only_capabilities(),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if "SYS_PTRACE" in container.capabilities:
        context["appArmorProfile"] = {"type": "Unconfined"}
    return context


def resources(container: Container) -> Document:
    """Return requests and limits."""
    promised = container.resources
    return {
        "requests": {"cpu": f"{promised.cpu}m", "memory": f"{promised.memory}Mi"},
        "limits": {"cpu": f"{promised.cpu_limit}m", "memory": f"{promised.memory_limit}Mi"},
    }


def scratch_volume(path: str) -> Document:
    """Return an empty directory that ends with the pod, to be mounted at `path`."""
    return {"name": _scratch_name(path), "emptyDir": SCRATCH}


def scratch_mount(path: str) -> Document:
    """Where `scratch_volume(path)` appears in the container."""
    return {"name": _scratch_name(path), "mountPath": path}


def _fluent_bit(pipeline: Pipeline) -> Container:
    return shipper.container(
        FLUENT_BIT,
        pipeline,
        fluent_bit.files(pipeline),
        command=(shipper.PROGRAM, "-c", f"{SENSOR_DIR}/{shipper.MAIN_FILE}"),
        mounts=(Mount("logs", fluent_bit.POD_LOGS_ROOT, fluent_bit.POD_LOGS_ROOT),),
    )


def _container(container: Container, node_variable: str) -> Document:
    return {
        "name": container.name,
        "image": container.image.reference,
        "command": list(container.command),
        "env": [
            *({"name": name, "value": value} for name, value in container.environment.items()),
            {"name": node_variable, "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        ],
        "resources": resources(container),
        "securityContext": security_context(container),
        **_probes(container.health),
        "volumeMounts": [
            {"name": "config", "mountPath": SENSOR_DIR, "readOnly": True},
            *(
                {"name": mount.name, "mountPath": mount.target, "readOnly": mount.read_only}
                for mount in container.mounts
            ),
            *(scratch_mount(path) for path in container.scratch),
        ],
    }


def _probes(health: Health) -> Document:
    check: Document = (
        {"exec": {"command": list(health.command)}}
        if health.local
        else {"httpGet": {"path": health.path, "port": health.port}}
    )
    steady = {
        **check,
        "periodSeconds": health.interval,
        "timeoutSeconds": health.timeout,
        "failureThreshold": health.failures,
    }
    startup = {
        **check,
        "periodSeconds": STARTUP_PERIOD,
        "timeoutSeconds": health.timeout,
        "failureThreshold": health.start // STARTUP_PERIOD,
    }
    return {"startupProbe": startup, "livenessProbe": steady, "readinessProbe": steady}


def _volumes(container: Container) -> list[Document]:
    return [
        {"name": "config", "configMap": {"name": container.name}},
        *({"name": mount.name, "hostPath": _host_path(mount)} for mount in container.mounts),
        *(scratch_volume(path) for path in container.scratch),
    ]


def _host_path(mount: Mount) -> Document:
    """Return a mount of the node. A writable directory is created where it is missing; anything else must be there."""
    return {"path": mount.source} if mount.read_only else {"path": mount.source, "type": "DirectoryOrCreate"}


def _scratch_name(path: str) -> str:
    return "scratch" + path.replace("/", "-").replace(".", "")


def size(data: Mapping[str, str]) -> int:
    """Count the bytes of a ConfigMap's data as the API server does: keys and values."""
    return sum(len(name.encode()) + len(text.encode()) for name, text in data.items())


def _data(container: Container) -> dict[str, str]:
    if (found := size(container.files)) > CONFIG_MAP_LIMIT:
        raise SensorError(
            f"The files of {container.name} are {found:,} bytes, but a ConfigMap takes {CONFIG_MAP_LIMIT:,}: "
            "shorten the rules files."
        )
    return dict(container.files)


def _checksum(container: Container) -> str:
    return hashlib.sha256(json.dumps(dict(container.files), sort_keys=True).encode()).hexdigest()


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, **PART_OF}


def _namespace() -> Document:
    """Privileged by the Pod Security Standards: both workloads mount paths of the node, which the baseline forbids."""
    levels = {f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")}
    metadata = {"name": SENSOR_NAMESPACE, "labels": {**PART_OF, **levels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _deny_ingress() -> Document:
    """Nobody needs to call the sensor; the kubelet's probes come from the node and are always let in.

    Policies add up, so a cluster that scrapes Falco's `/metrics` allows that in one of its own.
    """
    return _network_policy("deny-ingress", {"podSelector": {}, "policyTypes": ["Ingress"]})


def _deny_egress() -> Document:
    """Falco calls nobody: it asks container engines by their sockets on the node, and prints what it sees.

    Not Fluent Bit, which has to reach AWS's endpoints, whose addresses change.
    """
    falco_pods = {"matchLabels": {"app.kubernetes.io/name": FALCO_CONTAINER}}
    return _network_policy("deny-falco-egress", {"podSelector": falco_pods, "policyTypes": ["Egress"]})


def _network_policy(name: str, spec: Document) -> Document:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": SENSOR_NAMESPACE, "labels": PART_OF},
        "spec": spec,
    }
