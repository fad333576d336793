"""Renders the same Falco as values of the official Falco chart, for teams that standardise on it.

The values are those of `charts/falco/values.yaml` in github.com/falcosecurity/charts at `CHART_VERSION`.
"""

from typing import Any, Final

from falco_firelens.sensor import falco
from falco_firelens.sensor.container import Container, Health
from falco_firelens.sensor.kubernetes import (
    EVERY_NODE,
    PART_OF,
    STARTUP_PERIOD,
    UPDATE_STRATEGY,
    resources,
    scratch_mount,
    scratch_volume,
    security_context,
)
from falco_firelens.sensor.model import FALCO_CONTAINER, ClusterIdentity, Document, FalcoOptions, SensorError

CHART: Final = "falco"
CHART_VERSION: Final = "9.1.0"
"""Made for Falco 0.44.1, yet the image that runs is the stack's `falco.version`: rules and plugins come with the
image, since falcoctl, which would fetch those of the chart, is off."""

RULES_DIR: Final = "/etc/falco/rules.d"
"""Where the chart mounts `customRules`."""

_CHART_SCRATCH: Final = "/root/.falco"
"""The writable directory that the chart has already."""


def values(options: FalcoOptions, identity: ClusterIdentity) -> Document:
    """Return the chart's values: its DaemonSet is called `falco`, and its pods' logs are where our Fluent Bit reads.

    Raises:
        SensorError: the cluster is an ECS cluster, which takes no chart.
    """
    if identity.platform == "ecs":
        raise SensorError(f"Found Falco's Helm chart for the ECS cluster {identity.name}, expected manifests.")
    container = falco.container(options, identity)
    return {
        "fullnameOverride": FALCO_CONTAINER,
        "image": {"registry": options.image.registry, "repository": options.image.name, "tag": options.image.tag},
        "controller": {"kind": "daemonset", "daemonset": {"updateStrategy": UPDATE_STRATEGY}},
        "podLabels": PART_OF,
        "nodeSelector": EVERY_NODE["nodeSelector"],
        "tolerations": EVERY_NODE["tolerations"],
        "affinity": EVERY_NODE["affinity"],
        "podPriorityClassName": EVERY_NODE["priorityClassName"],
        "containerSecurityContext": security_context(container),
        "resources": resources(container),
        "healthChecks": _health_checks(container.health),
        "driver": _driver(options, identity),
        "collectors": {"containerEngine": {"enabled": True, "engines": falco.engines(identity.platform)}},
        "falcoctl": {"artifact": {"install": {"enabled": False}, "follow": {"enabled": False}}},
        "extra": {"env": _environment(container)},
        "mounts": _scratch(container),
        # The chart's Role is for falcoctl, and its security context constraints are OpenShift's.
        "rbac": {"create": False},
        "scc": {"create": False},
        "customRules": {name: _block(name, text) for name, text in falco.rules(options).items()},
        "falco": _falco(options, identity),
    }


def _falco(options: FalcoOptions, identity: ClusterIdentity) -> dict[str, Any]:
    """`falco.yaml`, without the engine, which the chart writes from `driver`, and without the image's own additions."""
    settings = falco.settings(options, identity, RULES_DIR)
    return {"config_files": [], **{key: value for key, value in settings.items() if key != "engine"}}


def _block(name: str, text: str) -> str:
    """Return a text whose first line is not indented: the chart writes it as a YAML block with that line's margin."""
    return f"# {name}\n{text}" if text[:1].isspace() else text


def _driver(options: FalcoOptions, identity: ClusterIdentity) -> Document:
    engine = falco.settings(options, identity, RULES_DIR)["engine"]
    return {
        "kind": engine["kind"],
        "modernEbpf": {"leastPrivileged": True, "bufSizePreset": engine["modern_ebpf"]["buf_size_preset"]},
    }


def _environment(container: Container) -> list[Document]:
    """Return the environment variables. The chart itself sets HOST_ROOT, and FALCO_HOSTNAME to the node's name."""
    return [{"name": name, "value": value} for name, value in container.environment.items() if name != "HOST_ROOT"]


def _health_checks(health: Health) -> Document:
    def check(period: int, failures: int) -> Document:
        return {
            "initialDelaySeconds": 0,
            "timeoutSeconds": health.timeout,
            "periodSeconds": period,
            "failureThreshold": failures,
        }

    steady = check(health.interval, health.failures)
    return {
        "startupProbe": check(STARTUP_PERIOD, health.start // STARTUP_PERIOD),
        "livenessProbe": steady,
        "readinessProbe": steady,
    }


def _scratch(container: Container) -> Document:
    missing = [path for path in container.scratch if path != _CHART_SCRATCH]
    return {
        "volumes": [scratch_volume(path) for path in missing],
        "volumeMounts": [scratch_mount(path) for path in missing],
    }
