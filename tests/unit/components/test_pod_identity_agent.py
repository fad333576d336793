"""A preview says where the pods of an existing EKS cluster would get no credentials, as far as it can know."""

import pulumi
import pytest

from tests.unit.components.cloud import Account, deploy
from tests.unit.components.stacks import eks

ASKED = "aws:eks/getAddon:getAddon"
AGENT = "eks-pod-identity-agent"


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program warns of in clusters."""
    said = list[str]()

    def warn(message: str) -> None:
        if message.startswith("clusters"):
            said.append(message)

    monkeypatch.setattr(pulumi.log, "warn", warn)
    return said


def test_a_cluster_without_the_agent_is_told_of_with_what_to_do(warnings: list[str]) -> None:
    deploy(eks(existing={"name": "Bare"}), Account().with_eks("Bare"))
    (said,) = warnings
    assert said.startswith(f"clusters[0].existing.name: Bare does not have the add-on {AGENT}")
    assert f"aws eks create-addon --cluster-name Bare --addon-name {AGENT}" in said


def test_what_nobody_may_ask_is_said_to_be_unknown(warnings: list[str]) -> None:
    deploy(eks(existing={"name": "Closed"}), Account(denied=frozenset({ASKED})).with_eks("Closed"))
    (said,) = warnings
    assert "not known" in said and AGENT in said and "AccessDeniedException" in said


def test_nothing_is_said_of_a_cluster_that_has_it(warnings: list[str]) -> None:
    deploy(eks(existing={"name": "Full"}), Account(addons={("Full", AGENT)}).with_eks("Full"))
    assert warnings == []


@pytest.mark.parametrize("permission", ["irsa", "nodeRole"])
def test_no_other_permission_needs_it(permission: str, warnings: list[str]) -> None:
    keys = {"nodeRole": "nodes"} if permission == "nodeRole" else {}
    account = Account(denied=frozenset({ASKED})).with_eks("Other", oidc_provider=True)
    deploy(eks(existing={"name": "Other"}, permission=permission, **keys), account)
    assert warnings == []
