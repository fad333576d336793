"""The sensor's Kubernetes manifests."""

import dataclasses
from typing import Any

import pytest

from falco_firelens.sensor import kubernetes
from falco_firelens.sensor.model import FLUENT_BIT_STATE_DIR, FalcoOptions, KubernetesManifests, SensorError, Workload
from tests.unit.sensor.clusters import pipeline
from tests.unit.sensor.conftest import DIGEST


@pytest.fixture
def rendered(options: FalcoOptions) -> KubernetesManifests:
    return kubernetes.manifests(options, pipeline("eks"))


@pytest.fixture(params=["falco", "fluent_bit"])
def workload(request: pytest.FixtureRequest, rendered: KubernetesManifests) -> Workload:
    return getattr(rendered, request.param)


def pod(workload: Workload) -> dict[str, Any]:
    return workload.daemon_set["spec"]["template"]["spec"]


def container(workload: Workload) -> dict[str, Any]:
    (only,) = pod(workload)["containers"]
    return only


def environment(workload: Workload) -> dict[str, Any]:
    return {variable["name"]: variable for variable in container(workload)["env"]}


def test_names_are_those_that_people_look_for(rendered: KubernetesManifests):
    assert rendered.namespace["metadata"]["name"] == "falco"
    for workload, name in ((rendered.falco, "falco"), (rendered.fluent_bit, "fluent-bit")):
        for manifest in (workload.daemon_set, workload.config_map, workload.service_account):
            assert (manifest["metadata"]["namespace"], manifest["metadata"]["name"]) == ("falco", name)
        assert pod(workload)["serviceAccountName"] == name
        assert pod(workload)["volumes"][0] == {"name": "config", "configMap": {"name": name}}


def test_the_selector_selects_the_pods_and_no_others(rendered: KubernetesManifests):
    specs = [workload.daemon_set["spec"] for workload in (rendered.falco, rendered.fluent_bit)]
    for spec in specs:
        assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert specs[0]["selector"] != specs[1]["selector"]


def test_every_linux_node_gets_one_whatever_its_taints(workload: Workload):
    assert pod(workload)["tolerations"] == [{"operator": "Exists"}]
    assert pod(workload)["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert pod(workload)["priorityClassName"] == "system-node-critical"


def test_nodes_without_a_host_get_none(workload: Workload):
    required = pod(workload)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    refused = {(rule["key"], value) for rule in term["matchExpressions"] for value in rule["values"]}
    assert ("eks.amazonaws.com/compute-type", "fargate") in refused
    assert {rule["operator"] for rule in term["matchExpressions"]} == {"NotIn"}


def test_an_update_leaves_few_nodes_blind(workload: Workload):
    strategy = workload.daemon_set["spec"]["updateStrategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}
    assert container(workload)["readinessProbe"], "without it a broken configuration would roll over all nodes"


def test_a_change_of_the_files_rolls_only_the_pods_that_read_them(options: FalcoOptions, rendered: KubernetesManifests):
    changed = kubernetes.manifests(dataclasses.replace(options, minimum_priority="Error"), pipeline("eks"))

    def annotations(workload: Workload) -> dict[str, str]:
        return workload.daemon_set["spec"]["template"]["metadata"]["annotations"]

    assert annotations(changed.falco) != annotations(rendered.falco)
    assert annotations(changed.fluent_bit) == annotations(rendered.fluent_bit)
    assert kubernetes.manifests(options, pipeline("eks")) == rendered, "the same input gives the same pods"


def test_nothing_is_privileged(workload: Workload):
    context = container(workload)["securityContext"]
    assert "privileged" not in context
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"]["drop"] == ["ALL"]
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostPID", "hostIPC", "hostNetwork"} & set(pod(workload))


def test_capabilities_are_falcos_alone(rendered: KubernetesManifests):
    assert container(rendered.falco)["securityContext"]["capabilities"]["add"] == [
        "BPF",
        "PERFMON",
        "SYS_PTRACE",
        "SYS_RESOURCE",
    ]
    assert container(rendered.fluent_bit)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "appArmorProfile" not in container(rendered.fluent_bit)["securityContext"]


def test_no_pod_holds_a_token_of_the_api(workload: Workload):
    assert workload.service_account["automountServiceAccountToken"] is False
    assert pod(workload)["automountServiceAccountToken"] is False


def test_what_is_written_has_a_place_on_the_read_only_root(workload: Workload):
    volumes = {volume["name"]: volume for volume in pod(workload)["volumes"]}
    mounts = container(workload)["volumeMounts"]
    assert {mount["name"] for mount in mounts} == set(volumes), "every volume is mounted, every mount has its volume"
    writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
    assert "/tmp" in writable
    for mount in mounts:
        if mount["mountPath"] in writable and "hostPath" in volumes[mount["name"]]:
            assert mount["mountPath"] == FLUENT_BIT_STATE_DIR


def test_fluent_bit_reads_logs_and_keeps_its_state_on_the_node(rendered: KubernetesManifests):
    paths = {
        volume["name"]: volume["hostPath"] for volume in pod(rendered.fluent_bit)["volumes"] if "hostPath" in volume
    }
    mounts = {mount["name"]: mount for mount in container(rendered.fluent_bit)["volumeMounts"]}
    assert mounts["logs"] == {"name": "logs", "mountPath": "/var/log/pods", "readOnly": True}
    assert paths == {
        "logs": {"path": "/var/log/pods"},
        "state": {"path": "/var/lib/falco-firelens/fluent-bit", "type": "DirectoryOrCreate"},
    }


def test_each_program_starts_with_the_file_that_it_is_given(workload: Workload):
    started_with = container(workload)["command"][-1]
    assert started_with.removeprefix("/sensor/") in workload.config_map["data"]
    assert container(workload)["volumeMounts"][0] == {"name": "config", "mountPath": "/sensor", "readOnly": True}


def test_events_and_streams_know_their_node(rendered: KubernetesManifests):
    node = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    assert environment(rendered.falco)["FALCO_HOSTNAME"]["valueFrom"] == node
    assert environment(rendered.fluent_bit)["NODE_NAME"]["valueFrom"] == node
    assert environment(rendered.fluent_bit)["AWS_REGION"]["value"] == "eu-west-1"


def test_health_is_asked_of_the_port_that_the_program_listens_on(rendered: KubernetesManifests):
    falco = container(rendered.falco)["livenessProbe"]["httpGet"]
    assert f"listen_port: {falco['port']}" in rendered.falco.config_map["data"]["falco.yaml"]
    assert f"k8s_healthz_endpoint: {falco['path']}" in rendered.falco.config_map["data"]["falco.yaml"]
    *_, url = container(rendered.fluent_bit)["livenessProbe"]["exec"]["command"]
    assert url == "http://127.0.0.1:8766/api/v1/uptime"
    assert "HTTP_Port                 8766" in rendered.fluent_bit.config_map["data"]["fluent-bit.conf"]


def test_the_host_network_is_for_fluent_bit_alone_and_opens_nothing(options: FalcoOptions):
    on_host = kubernetes.manifests(options, pipeline("kubernetes"), host_network=True)
    assert pod(on_host.fluent_bit)["hostNetwork"] is True
    assert "hostNetwork" not in pod(on_host.falco)
    assert "0.0.0.0" not in "".join(on_host.fluent_bit.config_map["data"].values())


def test_fluent_bit_has_time_to_drain(rendered: KubernetesManifests):
    grace = next(
        int(line.split()[1])
        for line in rendered.fluent_bit.config_map["data"]["fluent-bit.conf"].splitlines()
        if line.split()[:1] == ["Grace"]
    )
    assert pod(rendered.fluent_bit)["terminationGracePeriodSeconds"] > grace


def test_images_are_pinned(rendered: KubernetesManifests):
    assert container(rendered.falco)["image"] == f"registry.example.com/mirror/falco:0.45.1@{DIGEST}"
    repository, _, tag = container(rendered.fluent_bit)["image"].rpartition(":")
    assert repository == "public.ecr.aws/aws-observability/aws-for-fluent-bit"
    assert tag.count(".") == 2, "a full version, never `stable` or `latest`"


def test_pod_security_admission_lets_the_node_mounts_pass(rendered: KubernetesManifests):
    assert rendered.namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def test_nobody_may_call_the_sensor(rendered: KubernetesManifests):
    assert rendered.deny_ingress["metadata"]["namespace"] == "falco"
    assert rendered.deny_ingress["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_files_that_no_config_map_can_hold_are_refused_with_their_size():
    too_much = FalcoOptions(rules={"huge.yaml": "#" * kubernetes.CONFIG_MAP_LIMIT})
    with pytest.raises(SensorError, match=r"falco are 1,0\d\d,\d{3} bytes, but a ConfigMap takes 1,048,576"):
        kubernetes.manifests(too_much, pipeline("eks"))
