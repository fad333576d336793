"""Stacks that earlier commits deployed, of which only the engine's state is left, go on as they are."""

from pathlib import Path

import pytest

from tests.local.conftest import with_state
from tests.local.stack import Stack, Step, named

pytestmark = pytest.mark.local

CREATED_EKS = Path(__file__).parent / "states" / "created_eks.json"
"""What commit 9930693 made of a created EKS cluster with IRSA, while pulumi-eks made its add-ons and its OIDC provider;
without what stands beside the cluster in such a stack."""


@pytest.fixture
def stack(local_env: dict[str, str], tmp_path: Path) -> Stack:
    """An empty stack that deploys nothing."""
    stack = Stack("test", with_state(local_env, tmp_path), tmp_path)
    stack.init()
    return stack


def test_a_created_eks_cluster_keeps_what_pulumi_eks_made(stack: Stack) -> None:
    create = {"endpointAccess": "private"}
    stack.configure({"clusters": [{"name": "pods", "platform": "eks", "permission": "irsa", "create": create}]})
    stack.bring(CREATED_EKS)
    kept = {named(urn) for urn in stack.ids()}

    steps = stack.preview()

    gone = [step for step in steps if step.op not in ("create", "update")]
    assert gone == [Step("delete", "VpcCniAddon pods-vpc-cni")], "a component, which nothing in AWS stands for"
    assert {step.resource for step in steps if step.op == "create"} & kept == set()
    changed = [step.changed for step in steps if step.op == "update" and step.resource.startswith("Addon ")]
    assert changed == [{"preserve"}], "of which EKS hears only when an add-on is deleted"
