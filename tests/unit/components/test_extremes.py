"""Stacks at the ends of what a stack file takes: AWS refuses nothing of them.

Each resource's requests are built by the aws stand-in and held against AWS's models and its published limits. A type
that the stand-in cannot build requests for fails the test.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from falco_firelens.settings.hub import MOST_SPOKES
from falco_firelens.settings.stack import MOST_CLUSTERS
from standin.eks.cluster import KUBECONFIG as KUBECONFIG_FILE
from tests.unit.components.cloud import ACCOUNT, KUBECONFIG, deploy
from tests.unit.components.requests_of import LikeAws, Requests
from tests.unit.components.stacks import HUB_STACK, SUBNETS, WAREHOUSE

pytestmark = pytest.mark.extreme

LONGEST_NAME = 40
LONGEST_STACK = "s" * 100
"""https://www.pulumi.com/docs/iac/concepts/stacks/#create-stack"""
LONGEST_LOG_GROUP = "/" + "l" * 511
REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "us-east-1", "us-west-2"),
)
TAGS = {f"{'k' * 126}{number:02}": "v" * 256 for number in range(40)}
ACTIONS: Mapping[str, Any] = {
    **{name: {} for name in ("evidence", "isolate", "delete", "stopTask", "drainInstance", "finding", "notify")},
    "quarantine": {"securityGroupId": "sg-01234567"},
}
RESPONSE = {"playbooks": [{"name": "p" * 40, "actions": ACTIONS}]}
DESTINATIONS = {"s3": {}, "opensearch": {}, "redshift": WAREHOUSE}
NOTIFICATIONS = [
    *({"protocol": "email", "endpoint": f"{'a' * 60}{number}@example.com"} for number in range(20)),
    {"protocol": "https", "endpoint": "https://example.com/alarms"},
    {"protocol": "sqs", "endpoint": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{'q' * 80}"},
    {"protocol": "lambda", "endpoint": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{'f' * 64}"},
    {"protocol": "sms", "endpoint": "+15550100123"},
]


def named(beginning: str, number: int) -> str:
    """A cluster's name of the greatest length."""
    return f"{beginning}{number:02}".ljust(LONGEST_NAME, "x")


def eks(number: int, beginning: str = "eks-") -> dict[str, Any]:
    return {"name": named(beginning, number), "platform": "eks", "create": {"endpointAccess": "private"}}


def ecs(number: int, beginning: str = "ecs-") -> dict[str, Any]:
    return {"name": named(beginning, number), "platform": "ecs"}


def own(number: int) -> dict[str, Any]:
    """A cluster of somebody's own, whose nodes share one role with those of all others."""
    return {
        "name": named("own-", number),
        "platform": "kubernetes",
        "nodeRole": "n" * 64,
        "existing": {"kubeconfig": KUBECONFIG.replace("k.example", f"k{number}.example")},
    }


def everything(*clusters: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A stack with all that can be switched on."""
    events = {"destinations": DESTINATIONS, "logGroup": LONGEST_LOG_GROUP}
    return {
        "clusters": clusters,
        "events": events,
        "notifications": NOTIFICATIONS,
        "response": RESPONSE,
        "tags": TAGS,
        **keys,
    }


def hub(accounts: int, regions: int, delivery: str, **keys: Any) -> dict[str, Any]:
    """A hub without clusters."""
    spokes = [
        {"account": f"{222200000000 + number}", "regions": list(REGIONS[:regions]), "delivery": delivery}
        for number in range(accounts)
    ]
    return {"hub": {"spokes": spokes, **keys}, "events": {"logGroup": LONGEST_LOG_GROUP}, "tags": TAGS}


STACKS: Mapping[str, dict[str, Any]] = {
    "thirty EKS clusters": {"clusters": [eks(number) for number in range(MOST_CLUSTERS)]},
    "thirty ECS clusters": {"clusters": [ecs(number) for number in range(MOST_CLUSTERS)], "response": RESPONSE},
    "thirty clusters on one node role": {
        "clusters": [own(number) for number in range(MOST_CLUSTERS)],
        "events": {"destinations": DESTINATIONS, "logGroup": LONGEST_LOG_GROUP},
    },
    "all that can be switched on": everything(eks(0), ecs(1), own(2)),
    "shortest": {
        "clusters": [{**eks(0), "name": "ab"}, {"name": "cd", "platform": "ecs"}],
        "events": {"logGroup": "a", "destinations": {**DESTINATIONS, "s3": {"objectLockDays": 1}}},
        "response": {"playbooks": [{"name": "pq", "actions": ACTIONS}]},
    },
    "reserved beginnings": {
        "clusters": [ecs(0, "ecs-"), ecs(1, "aws-"), ecs(2, "fargate-"), eks(3, "aws-"), eks(4, "sg-")]
    },
    "a hub of most spokes": hub(MOST_SPOKES, 1, "firehose"),
    "a hub of an organization": hub(20, 2, "firehose", organizationId="o-abcdefghij"),
    "a hub of all regions": hub(3, len(REGIONS), "firehose"),
    "a hub that subscribes": hub(52, 1, "subscription"),
}


@pytest.fixture(scope="module")
def requests() -> Requests:
    return Requests()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What boto3 and the stand-ins look for; nothing is sent."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    monkeypatch.setenv(KUBECONFIG_FILE, str(kubeconfig))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def refusals(requests: Requests, values: dict[str, Any], account: LikeAws, stack: str = LONGEST_STACK) -> list[str]:
    return [str(one) for one in requests.refusals(deploy(values, account, stack=stack), account)]


def account(**keys: Any) -> LikeAws:
    return LikeAws(subnets=SUBNETS, groups={"sg-01234567": "vpc-1a2b3c4d"}, **keys)


@pytest.mark.parametrize("name", STACKS)
def test_aws_takes_every_resource_of(name: str, requests: Requests) -> None:
    assert refusals(requests, STACKS[name], account()) == []
    assert requests.cloud.requests


@pytest.mark.parametrize("delivery", ["firehose", "subscription"])
def test_aws_takes_every_resource_of_a_spoke(delivery: str, requests: Requests) -> None:
    spoke_account = "222200000000"
    outputs = deploy(hub(1, 1, delivery), account(), stack=LONGEST_STACK).outputs["hub"]
    region = REGIONS[0]
    there = LikeAws(region=region, number=spoke_account, subnets=SUBNETS, stacks={HUB_STACK: {"hub": outputs}})
    spoke = everything(ecs(0), eks(1), spoke={"hub": HUB_STACK, "delivery": delivery})
    spoke["events"] = {"logGroup": LONGEST_LOG_GROUP}
    spoke["notifications"] = [one for one in NOTIFICATIONS if ACCOUNT not in one["endpoint"]]
    spoke["response"] = {"playbooks": [{"name": "pq", "actions": {"evidence": {}, "stopTask": {}}}]}

    assert refusals(requests, spoke, there) == []
