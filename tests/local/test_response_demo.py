"""`make demo-response` in a cloud of the tests' own, with the playbooks of Pulumi.local.yaml."""

from typing import Any

import pytest
import yaml

from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from tests.local.response import Api
from tests.local.stack import PROJECT, Stack
from tools.response_demo import REAL, REHEARSAL, demonstrate

pytestmark = pytest.mark.local


def shipped() -> dict[str, Any]:
    """The response that `make up` deploys."""
    config = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())["config"]
    return config["falco-firelens:response"]


def empty(s3: Any, bucket: str) -> None:
    """Let the bucket be deleted, which evidence keeps from it."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", ()):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def test_the_demonstration_of_the_response(
    stack: Stack, local_cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = {"kubeconfigFile": str(local_cloud.layout.kubeconfig("selfmanaged")), "context": "selfmanaged"}
    clusters = [
        {"name": "eks", "platform": "eks", "create": {"endpointAccess": "private"}},
        {"name": "ecs", "platform": "ecs"},
        {"name": "selfmanaged", "platform": "kubernetes", "existing": kubeconfig, "nodeRole": "selfmanaged-node"},
    ]
    stack.configure({"clusters": clusters, "account": "123456789012", "response": shipped()})
    stack.up()
    deployed = Deployed(local_cloud.layout)

    outputs = stack.outputs()
    demonstrate(local_cloud.layout, deployed, outputs)
    empty(deployed.client("s3"), outputs["response"]["bucket"])

    printed = capsys.readouterr().out
    for cluster in ("eks", "selfmanaged"):
        assert f"{cluster}: Falco sees a shell in {REHEARSAL}/" in printed
        assert f"uvx falco-firelens undo isolate {cluster}/{REAL}/web-" in printed
    assert '"stoppedReason": "falco-firelens: Terminal shell in container (stop)"' in printed
    assert printed.count("has its network back") == 2
    for kind in ("namespace", "networkpolicy"):
        left = Api(local_cloud.layout).kubectl("get", kind, "-A", "--ignore-not-found", "--output=name")
        assert f"/{REAL}" not in left and "isolated" not in left
    assert deployed.client("sqs").list_queues(QueueNamePrefix="demo-").get("QueueUrls", []) == []
