"""Falco is the same program with the same settings, however it is deployed."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from falco_firelens.sensor import ecs, helm, kubernetes
from falco_firelens.sensor.model import FalcoOptions
from tests.unit.sensor.clusters import identity, pipeline

PLATFORM_SETTINGS = ("plugins", "webserver", "append_output", "rules_files")
"""What may differ: container engines, who may reach the web server, ECS's task in each event, where files are."""


@dataclass(frozen=True)
class Deployed:
    """What one deployment runs, in common words."""

    image: str
    """Without the tag, which ECS does not take beside a digest."""
    settings: dict[str, Any]
    rules: dict[str, str]
    environment: dict[str, str]
    node_mounts: set[tuple[str, str]]
    scratch: set[str]
    memory: tuple[int, int]
    patience: tuple[int, int, int]
    """Seconds between health checks, seconds each may take, failures in a row."""


def from_manifests(options: FalcoOptions) -> Deployed:
    workload = kubernetes.manifests(options, pipeline("eks")).falco
    pod = workload.daemon_set["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = [(volumes[mount["name"]], mount["mountPath"]) for mount in container["volumeMounts"]]
    probe = container["livenessProbe"]
    files = dict(workload.config_map["data"])
    return Deployed(
        image=re.sub(":[^:/@]+@", "@", container["image"]),
        settings=yaml.safe_load(files.pop("falco.yaml")),
        rules=files,
        environment={variable["name"]: variable["value"] for variable in container["env"] if "value" in variable},
        node_mounts={(volume["hostPath"]["path"], path) for volume, path in mounts if "hostPath" in volume},
        scratch={path for volume, path in mounts if "emptyDir" in volume},
        memory=(
            int(container["resources"]["requests"]["memory"].removesuffix("Mi")),
            int(container["resources"]["limits"]["memory"].removesuffix("Mi")),
        ),
        patience=(probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"]),
    )


def from_task(options: FalcoOptions) -> Deployed:
    task = ecs.task(options, pipeline("ecs"))
    config, router, container = task.container_definitions
    files = [variable["value"] for variable in config["environment"]]
    names = [line.rpartition("/")[2] for line in config["command"][0].splitlines() if "printf" in line]
    written = dict(zip(names, files, strict=True))
    own = {name: text for name, text in written.items() if name.endswith(".yaml")}
    sources = {volume["name"]: volume["host"]["sourcePath"] for volume in task.volumes if "host" in volume}
    check = container["healthCheck"]
    assert router["image"] == config["image"]
    return Deployed(
        image=container["image"],
        settings=yaml.safe_load(own.pop("falco.yaml")),
        rules=own,
        environment={variable["name"]: variable["value"] for variable in container["environment"]},
        node_mounts={
            (sources[mount["sourceVolume"]], mount["containerPath"])
            for mount in container["mountPoints"]
            if mount["sourceVolume"] in sources
        },
        scratch={tmpfs["containerPath"] for tmpfs in container["linuxParameters"]["tmpfs"]},
        memory=(container["memoryReservation"], container["memory"]),
        patience=(check["interval"], check["timeout"], check["retries"]),
    )


@pytest.fixture
def manifests(options: FalcoOptions) -> Deployed:
    return from_manifests(options)


@pytest.fixture
def task(options: FalcoOptions) -> Deployed:
    return from_task(options)


def shared(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in PLATFORM_SETTINGS}


def without_sockets(deployed: Deployed) -> set[tuple[str, str]]:
    return {mount for mount in deployed.node_mounts if not mount[0].endswith(".sock")}


def test_the_task_runs_what_the_manifests_run(manifests: Deployed, task: Deployed):
    assert task.image == manifests.image
    assert task.rules == manifests.rules
    assert task.environment == manifests.environment
    assert task.scratch == manifests.scratch
    assert task.memory == manifests.memory
    assert task.patience == manifests.patience
    assert without_sockets(task) == without_sockets(manifests)


def test_the_task_is_told_what_the_manifests_are_told(manifests: Deployed, task: Deployed):
    assert shared(task.settings) == shared(manifests.settings)
    assert set(task.settings) == set(manifests.settings)
    assert task.settings["rules_files"] == manifests.settings["rules_files"]


def test_the_chart_tells_falco_what_the_manifests_do(options: FalcoOptions, manifests: Deployed):
    values = helm.values(options, identity("eks"))
    told = dict(values["falco"])
    assert told.pop("config_files") == []
    moved = json.loads(json.dumps(told).replace("/etc/falco/rules.d/", "/sensor/"))
    assert moved == {key: value for key, value in manifests.settings.items() if key != "engine"}
    assert values["customRules"] == manifests.rules


def test_the_chart_runs_pods_like_the_manifests(options: FalcoOptions):
    values = helm.values(options, identity("eks"))
    daemon_set = kubernetes.manifests(options, pipeline("eks")).falco.daemon_set
    pod = daemon_set["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert values["containerSecurityContext"] == container["securityContext"]
    assert values["resources"] == container["resources"]
    assert values["tolerations"] == pod["tolerations"]
    assert values["affinity"] == pod["affinity"]
    assert values["podPriorityClassName"] == pod["priorityClassName"]
    assert values["controller"]["daemonset"]["updateStrategy"] == daemon_set["spec"]["updateStrategy"]
    for probe, check in values["healthChecks"].items():
        ours = {key: value for key, value in container[probe].items() if key != "httpGet"}
        assert {key: value for key, value in check.items() if key != "initialDelaySeconds"} == ours


def test_the_chart_mounts_the_sockets_that_the_manifests_mount(options: FalcoOptions, manifests: Deployed):
    engines = helm.values(options, identity("eks"))["collectors"]["containerEngine"]["engines"]
    sockets = {socket for engine in engines.values() if engine["enabled"] for socket in engine.get("sockets", [])}
    assert sockets == {source for source, _ in manifests.node_mounts if source.endswith(".sock")}
    assert engines["docker"] == {"enabled": False}, "left out, the chart would turn it on"
