"""The servers of the local cloud: what they are to a client, and how `up` and `down` treat them."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import boto3
import psutil
import pytest
import yaml

from localcloud.accounts import client
from localcloud.check import NOT_HERE, check
from localcloud.cloud import LocalCloud
from localcloud.control_plane import CLUSTERS
from localcloud.deployed import Deployed
from localcloud.layout import CHECKOUT
from localcloud.toolchain import provide
from standin.aws.services.s3 import empty
from testbed import missing
from tests.local.stack import Stack
from tests.waiting import ended, wait_for

pytestmark = pytest.mark.local

LOCAL_CLUSTERS = {"ecs": "ecs", "eks": "eks", "selfmanaged": "kubernetes"}
"""Platforms by cluster of the stack that `make up` deploys."""


def kubectl(env, cluster, *arguments):
    command = ["kubectl", "--context", cluster, *arguments, "--output=json"]
    return json.loads(subprocess.check_output(command, env=env, text=True))


def pids(cloud):
    return {process.name: process.pid for process in cloud.processes.running()}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_a_control_plane_has_ready_nodes_of_both_architectures_and_one_with_a_taint(local_env, cluster):
    nodes = kubectl(local_env, cluster, "get", "nodes")["items"]

    ready = [c["status"] for node in nodes for c in node["status"]["conditions"] if c["type"] == "Ready"]
    assert ready == ["True"] * 3
    assert {node["metadata"]["labels"]["kubernetes.io/arch"] for node in nodes} == {"amd64", "arm64"}
    # Conditions may add taints of their own for a moment, so only ours counts.
    taints = [taint["key"] for node in nodes for taint in node["spec"].get("taints", [])]
    assert taints.count("dedicated") == 1


def test_the_control_planes_share_nothing(local_env):
    subprocess.check_call(["kubectl", "--context", "eks", "create", "namespace", "only-here"], env=local_env)
    try:
        names = {
            cluster: {item["metadata"]["name"] for item in kubectl(local_env, cluster, "get", "namespaces")["items"]}
            for cluster in CLUSTERS
        }
    finally:
        subprocess.check_call(["kubectl", "--context", "eks", "delete", "namespace", "only-here"], env=local_env)

    assert [cluster for cluster in CLUSTERS if "only-here" in names[cluster]] == ["eks"]


def test_what_is_written_over_tls_is_read_over_http(local_cloud, local_env):
    ports, layout = local_cloud.layout.ports(), local_cloud.layout
    keys = {
        "region_name": "eu-west-1",
        "aws_access_key_id": local_env["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": local_env["AWS_SECRET_ACCESS_KEY"],
    }
    tls = boto3.client(
        "logs", endpoint_url=f"https://127.0.0.1:{ports.moto_tls}", verify=str(layout.certificate), **keys
    )
    http = client("logs", local_env)
    tls.create_log_group(logGroupName="/tls")
    tls.create_log_stream(logGroupName="/tls", logStreamName="one")
    event = {"timestamp": int(time.time() * 1000), "message": "hello"}

    answer = tls.put_log_events(logGroupName="/tls", logStreamName="one", logEvents=[event])

    assert "x-amzn-requestid" in answer["ResponseMetadata"]["HTTPHeaders"]
    assert [found["message"] for found in http.filter_log_events(logGroupName="/tls")["events"]] == ["hello"]
    http.delete_log_group(logGroupName="/tls")


def test_every_server_listens_on_this_machine_only(local_cloud):
    listening = [
        connection.laddr.ip
        for process in local_cloud.processes.running()
        for connection in psutil.Process(process.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) >= 6
    assert set(listening) <= {"127.0.0.1"}


def test_up_leaves_alone_what_runs_and_starts_what_was_killed(local_cloud, local_env):
    before = pids(local_cloud)
    local_cloud.up(provide())
    assert pids(local_cloud) == before

    killed = {"etcd", "eks-apiserver", "selfmanaged-kwok"}
    for name in killed:
        os.kill(before[name], signal.SIGKILL)
    wait_for_end(before[name] for name in killed)
    local_cloud.up(provide())

    after = pids(local_cloud)
    assert {name for name in after if after[name] != before[name]} == killed
    assert after.keys() == before.keys()
    assert len(kubectl(local_env, "eks", "get", "nodes")["items"]) == 3


@pytest.mark.pipeline
@pytest.mark.skipif(bool(missing()), reason=missing() or "Fluent Bit is there")
def test_events_of_every_cluster_of_the_local_stack_reach_every_destination_of_it(
    stack: Stack, local_cloud: LocalCloud
):
    deployed = Deployed(local_cloud.layout)
    stack.configure(local_stack(local_cloud))
    stack.up()
    outputs = stack.outputs()
    bucket = outputs["destinations"]["s3"]["bucket"]
    try:
        rows = check(deployed, outputs)

        words = f"log group 6 of 6, s3 6 of 6, opensearch {NOT_HERE}"
        assert rows == [(name, platform, words) for name, platform in LOCAL_CLUSTERS.items()]
        assert check(deployed, outputs) == rows, "events of before are not counted again"
        assert stack.preview("--expect-no-changes") == []
    finally:
        empty(deployed.client("s3"), bucket)


def local_stack(cloud):
    """What Pulumi.local.yaml says, with the control plane of this cloud in place of that of `make up`."""
    config = yaml.safe_load((CHECKOUT / "Pulumi.local.yaml").read_text())["config"]
    values = {key.partition(":")[2]: value for key, value in config.items() if key.startswith("falco-firelens:")}
    (selfmanaged,) = (cluster for cluster in values["clusters"] if cluster["name"] == "selfmanaged")
    kubeconfig = cloud.layout.kubeconfig("selfmanaged").relative_to(CHECKOUT)
    selfmanaged["existing"] |= {"kubeconfigFile": str(kubeconfig)}
    return values


def test_without_motos_memory_everything_starts_afresh_and_down_leaves_nothing(tmp_path: Path):
    cloud = LocalCloud(tmp_path)
    try:
        cloud.up(provide())
        first, ports = pids(cloud), cloud.layout.ports()
        (cloud.layout.state / "stack.json").write_text("{}")
        os.kill(first["moto"], signal.SIGKILL)
        wait_for_end([first["moto"]])

        cloud.up(provide())

        second = pids(cloud)
        assert second.keys() == first.keys()
        assert not set(second.values()) & set(first.values())
        assert cloud.layout.ports() != ports
        assert list(cloud.layout.state.iterdir()) == []
    finally:
        cloud.down()
    wait_for_end([*first.values(), *second.values()])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log"]


def wait_for_end(numbers):
    left = list(numbers)
    wait_for(lambda: all(map(ended, left)), "the processes' end")
