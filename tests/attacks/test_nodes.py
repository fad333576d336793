"""The attacker is on a node, in one of the sensor's containers, or in a registry, and wants more than is there.

What Falco says about an attack on the sensor is in tests/pipeline/test_tampering.py, with the real Falco.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from falco_firelens.sensor import ecs, falco, fluent_bit, images, kubernetes
from falco_firelens.sensor.model import ClusterIdentity, EcsTask, FalcoOptions, KubernetesManifests, LogGroup, Pipeline

DIGEST = f"sha256:{'a' * 64}"
FALCO = replace(FalcoOptions(), image=images.FALCO.image(digest=DIGEST))


def pipeline(platform: Any) -> Pipeline:
    identity = ClusterIdentity("shop", platform, "123456789012", "eu-west-1")
    return Pipeline(identity, LogGroup("/falco/events", "eu-west-1"), image=images.FLUENT_BIT.image(digest=DIGEST))


@pytest.fixture
def manifests() -> KubernetesManifests:
    return kubernetes.manifests(FALCO, pipeline("eks"))


@pytest.fixture
def task() -> EcsTask:
    return ecs.task(FALCO, pipeline("ecs"))


def pod(workload: Any) -> dict[str, Any]:
    return workload.daemon_set["spec"]["template"]["spec"]


def node_paths(workload: Any) -> set[str]:
    return {volume["hostPath"]["path"] for volume in pod(workload)["volumes"] if "hostPath" in volume}


def test_a_compromised_fluent_bit_reads_the_nodes_audit_log(manifests: KubernetesManifests) -> None:
    state = "/var/lib/falco-firelens/fluent-bit"
    assert node_paths(manifests.fluent_bit) == {"/var/log/pods", state}
    assert fluent_bit.POD_LOGS.startswith("/var/log/pods/")


def test_a_compromised_fluent_bit_reads_the_instances_audit_log(task: EcsTask) -> None:
    sources = {volume["name"]: volume.get("host", {}).get("sourcePath") for volume in task.volumes}
    (router,) = (one for one in task.container_definitions if one["name"] == "log-router")
    seen = {sources[mount["sourceVolume"]] for mount in router["mountPoints"]}
    assert seen == {None, "/var/lib/falco-firelens/fluent-bit"}, "the task's own volume, and the state"


def test_a_compromised_falco_sends_what_it_sees_to_the_internet(manifests: KubernetesManifests) -> None:
    spec = manifests.deny_egress["spec"]
    labels = manifests.falco.daemon_set["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items(), "the policy holds for Falco's pods"
    assert spec["policyTypes"] == ["Egress"] and not spec.get("egress"), "and lets nothing out"
    others = manifests.fluent_bit.daemon_set["spec"]["template"]["metadata"]["labels"]
    assert not spec["podSelector"]["matchLabels"].items() <= others.items(), "Fluent Bit has to reach AWS"
    assert not pod(manifests.falco).get("hostNetwork"), "a pod of the node's network has no policy"
    settings = yaml.safe_load(manifests.falco.config_map["data"]["falco.yaml"])
    assert settings["load_plugins"] == ["container"] and "http_output" not in settings


def test_a_program_in_the_sensor_gains_privileges(manifests: KubernetesManifests, task: EcsTask) -> None:
    for container in task.container_definitions:
        assert container["dockerSecurityOptions"] == ["no-new-privileges"]
    for workload in (manifests.falco, manifests.fluent_bit):
        for container in pod(workload)["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False


def _pulled(manifests: KubernetesManifests, task: EcsTask) -> Iterator[str]:
    for workload in (manifests.falco, manifests.fluent_bit):
        yield from (container["image"] for container in pod(workload)["containers"])
    yield from (container["image"] for container in task.container_definitions)


def test_a_moved_tag_runs_another_image_on_every_node(manifests: KubernetesManifests, task: EcsTask) -> None:
    pulled = list(_pulled(manifests, task))
    assert len(pulled) == 5
    assert all(image.endswith(f"@{DIGEST}") for image in pulled)


def test_falcos_own_rules_report_an_attack_on_the_sensor_as_less(manifests: KubernetesManifests) -> None:
    """Falco reports the first rule that matches, and its own for ptrace is a warning."""
    first, second, *_ = yaml.safe_load(manifests.falco.config_map["data"]["falco.yaml"])["rules_files"]
    assert (first, second) == (f"/sensor/{falco.TAMPERING_RULES}", falco.DEFAULT_RULES)
    rules = yaml.safe_load(manifests.falco.config_map["data"][falco.TAMPERING_RULES])
    assert {rule["priority"] for rule in rules if "rule" in rule} == {"CRITICAL"}
