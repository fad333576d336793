"""What somebody else changes of the stack's objects in Kubernetes is changed back, and blocks no update."""

from typing import Any

import pulumi
import pytest

from components.sensors.owned import owned_too
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import ADOPTED, CREATED, account

FORCE = "pulumi.com/patchForce"
RESPONSE = {"response": {"playbooks": [{"name": "all", "actions": {"delete": {}}}]}}
NETWORK = {
    "network": {"existing": {"vpcId": "vpc-1a2b3c4d", "privateSubnetIds": ["subnet-1a2b3c4d", "subnet-2a2b3c4d"]}}
}
STACKS: dict[str, dict[str, Any]] = {
    "created": {**CREATED, **RESPONSE},
    "adopted": {**ADOPTED, **RESPONSE, **NETWORK},
}


@pytest.mark.parametrize("name", STACKS)
def test_the_provider_takes_every_field_of_the_stacks_objects_back(name: str) -> None:
    """https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/"""
    resources = deploy(STACKS[name], account()).resources
    objects = [item for item in resources if item.type.startswith("kubernetes:") and "metadata" in item.inputs]
    assert len(objects) > 10
    for item in objects:
        assert item.inputs["metadata"]["annotations"][FORCE] == "true", item.urn


def test_a_charts_objects_are_the_stacks_own_too() -> None:
    props = {"metadata": {"name": "falco", "annotations": {"a": "b"}}, "spec": {}}
    args = pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:DaemonSet", "falco", props, pulumi.ResourceOptions())
    result = owned_too(args)
    assert result is not None
    assert result.props == {"metadata": {"name": "falco", "annotations": {"a": "b", FORCE: "true"}}, "spec": {}}


def test_nothing_else_is_touched() -> None:
    for kind in ("kubernetes:helm.sh/v4:Chart", "aws:sns/topic:Topic"):
        assert owned_too(pulumi.ResourceTransformArgs(True, kind, "n", {"name": "n"}, pulumi.ResourceOptions())) is None
