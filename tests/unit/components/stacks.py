"""Stack files for the tests, from the smallest to every kind of cluster in every origin."""

from collections.abc import Mapping
from typing import Any

from tests.unit.components.cloud import KUBECONFIG, Account

EKS = {"name": "web", "platform": "eks", "create": {"endpointAccess": "private"}}
ECS = {"name": "jobs", "platform": "ecs"}
OWN = {
    "name": "own",
    "platform": "kubernetes",
    "nodeRole": "own-node",
    "existing": {"kubeconfig": KUBECONFIG},
}
CREATED = {"clusters": [EKS, ECS, OWN]}
"""One cluster of each platform, each with every default."""

ADOPTED = {
    "clusters": [
        {"name": "pods", "platform": "eks", "existing": {"name": "Prod_1"}},
        {"name": "irsa", "platform": "eks", "permission": "irsa", "existing": {"name": "Prod_2"}},
        {
            "name": "node",
            "platform": "eks",
            "permission": "nodeRole",
            "nodeRole": "prod-node",
            "existing": {"name": "Prod_3", "kubeconfig": KUBECONFIG},
        },
        {"name": "jobs", "platform": "ecs", "existing": {"cluster": "prod-jobs"}},
        OWN,
    ]
}
"""Existing clusters only, with each kind of permission."""

SUBNETS = ["subnet-1a2b3c4d", "subnet-2a2b3c4d", "subnet-3a2b3c4d"]
WAREHOUSE = {"create": {"vpcId": "vpc-1a2b3c4d", "publicSubnetIds": SUBNETS}}
"""A Redshift destination of ours."""


def account(partition: str = "aws", region: str = "eu-west-1") -> Account:
    """An account that has what ADOPTED adopts, and a network."""
    found = Account(partition, region, subnets=SUBNETS, groups={"sg-01234567": "vpc-1a2b3c4d"})
    return found.with_eks("Prod_1").with_eks("Prod_2", oidc_provider=True).with_eks("Prod_3").with_ecs("prod-jobs", 7)


def eks(create: Mapping[str, object] | None = None, **keys: object) -> dict[str, object]:
    """A stack of one EKS cluster, a private one unless `create` or `existing` says otherwise."""
    made = {} if "existing" in keys else {"create": {"endpointAccess": "private", **(create or {})}}
    return {"clusters": [{"name": "web", "platform": "eks", **made, **keys}]}


def ecs(**keys: object) -> dict[str, object]:
    """A stack of one ECS cluster."""
    return {"clusters": [{**ECS, **keys}]}


SHOP, BANK = "222222222222", "333333333333"
HUB = {
    "hub": {
        "spokes": [
            {"account": SHOP, "regions": ["eu-west-1", "us-east-1"]},
            {"account": BANK, "regions": ["us-east-1"], "delivery": "subscription"},
        ],
        "organizationId": "o-abcdefghij",
    }
}
"""A hub without clusters of its own, for two accounts, one by each delivery."""

HUB_STACK = "acme/falco-firelens/hub"


def spoke(number: str, region: str, hub: Mapping[str, Any]) -> Account:
    """An account in which a spoke is deployed, where HUB_STACK is a stack with these outputs."""
    return Account(region=region, number=number, stacks={HUB_STACK: hub})
