"""The pods of the official chart get no more of the node and of the cluster than ours."""

from typing import Any

import pulumi

from components.sensors.chart_pods import like_ours
from falco_firelens.sensor import kubernetes
from falco_firelens.sensor.model import ClusterIdentity, FalcoOptions, LogGroup, Pipeline

POD: dict[str, Any] = {
    "serviceAccountName": "falco",
    "containers": [
        {
            "name": "falco",
            "volumeMounts": [
                {"name": "container-engine-socket-0", "mountPath": "/host/run/containerd/containerd.sock"},
                {"name": "root-falco-fs", "mountPath": "/root/.falco"},
                {"name": "proc-fs", "mountPath": "/host/proc"},
                {"name": "etc-fs", "mountPath": "/host/etc", "readOnly": True},
                {"name": "falco-yaml", "mountPath": "/etc/falco/falco.yaml", "subPath": "falco.yaml"},
                {"name": "scratch-tmp", "mountPath": "/tmp"},
            ],
        }
    ],
    "initContainers": None,
    "volumes": [
        {"name": "container-engine-socket-0", "hostPath": {"path": "/run/containerd/containerd.sock"}},
        {"name": "root-falco-fs", "emptyDir": {}},
        {"name": "boot-fs", "hostPath": {"path": "/boot"}},
        {"name": "etc-fs", "hostPath": {"path": "/etc"}},
        {"name": "proc-fs", "hostPath": {"path": "/proc"}},
        {"name": "falcoctl-config-volume", "configMap": {"name": "falco-falcoctl"}},
        {"name": "falco-yaml", "configMap": {"name": "falco"}},
        {"name": "scratch-tmp", "emptyDir": {"sizeLimit": "1Gi"}},
    ],
}
"""As chart 9.1.0 renders it with this project's values, without what is of no matter here."""


def transformed(kind: str, props: dict[str, Any]) -> Any:
    result = like_ours(pulumi.ResourceTransformArgs(True, kind, "falco", props, pulumi.ResourceOptions()))
    return result and result.props


def test_pods_get_what_ours_get() -> None:
    found = transformed("kubernetes:apps/v1:DaemonSet", {"spec": {"selector": {}, "template": {"spec": POD}}})
    pod = found["spec"]["template"]["spec"]
    identity = ClusterIdentity("own", "kubernetes", "111122223333", "eu-west-1")
    pipeline = Pipeline(identity, LogGroup("/falco/events", "eu-west-1"))
    ours = kubernetes.manifests(FalcoOptions(), pipeline).falco.daemon_set["spec"]["template"]["spec"]

    for key in ("automountServiceAccountToken", "enableServiceLinks"):
        assert pod[key] is ours[key] is False
    assert [volume["name"] for volume in pod["volumes"]] == [
        *("container-engine-socket-0", "root-falco-fs", "etc-fs", "proc-fs", "falco-yaml", "scratch-tmp")
    ]
    read_only = {mount["name"] for mount in pod["containers"][0]["volumeMounts"] if mount.get("readOnly")}
    assert read_only == {"container-engine-socket-0", "etc-fs", "proc-fs"}
    bounds = [volume["emptyDir"] for volume in pod["volumes"] if "emptyDir" in volume]
    assert bounds == [{"sizeLimit": "64Mi"}, {"sizeLimit": "1Gi"}]
    assert bounds[0] in [volume.get("emptyDir") for volume in ours["volumes"]]
    assert found["spec"]["selector"] == {}


def test_the_service_account_hands_out_no_token_and_nothing_else_is_touched() -> None:
    account = transformed("kubernetes:core/v1:ServiceAccount", {"metadata": {"name": "falco"}})
    assert account == {"metadata": {"name": "falco"}, "automountServiceAccountToken": False}
    assert transformed("kubernetes:core/v1:ConfigMap", {"data": {}}) is None
    assert transformed("kubernetes:helm.sh/v4:Chart", {"values": {}}) is None
