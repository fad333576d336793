"""A stack file that does not fit the account stops before anything is registered, which `deploy` asserts."""

import json

import pytest

from components.stack.kubeconfig import cluster_identifier, eks_kubeconfig
from falco_firelens.sensor.model import SensorError
from falco_firelens.settings import SettingsError
from tests.unit.components.cloud import ACCOUNT, VPC, Account, NotFoundError, deploy
from tests.unit.components.stacks import ADOPTED, EKS, OWN, account, ecs, eks

SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]


def mistakes(values: dict[str, object], found: Account) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        deploy(values, found)
    lines = str(caught.value).splitlines()
    assert all(line.startswith("Pulumi.unit.yaml: ") for line in lines)
    return [line.removeprefix("Pulumi.unit.yaml: ") for line in lines]


def test_credentials_of_another_account_are_refused() -> None:
    (line,) = mistakes({**ADOPTED, "account": "999999999999"}, account())
    assert line == f"account: found credentials of account {ACCOUNT}, expected credentials of account 999999999999"


def test_missing_credentials_are_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "call", lambda *_: (_ for _ in ()).throw(NotFoundError("no valid credential sources")))
    (line,) = mistakes({**ADOPTED}, Account(region="us-east-2"))
    assert line.startswith("account: found nothing (")
    assert "no valid credential sources" in line and "expected AWS credentials in the environment" in line


def test_credentials_of_the_right_account_are_taken() -> None:
    assert deploy({**ADOPTED, "account": ACCOUNT}, account()).of("Deployment")


def test_an_ecs_cluster_without_instances_is_refused_with_the_reason() -> None:
    (line,) = mistakes(ecs(existing={"cluster": "serverless"}), Account().with_ecs("serverless", 0))
    assert line.startswith("clusters[0].existing.cluster: found serverless, which has no container instance, expected ")
    assert "Fargate" in line


def test_an_ecs_cluster_of_another_account_or_region_is_refused() -> None:
    other = f"arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/prod-jobs"
    with pytest.raises(SettingsError, match=r"clusters\[0\]\.existing\.cluster: found arn:aws:ecs:us-east-1"):
        deploy(ecs(existing={"cluster": other}), account())


def test_an_ecs_cluster_is_found_by_its_arn() -> None:
    arn = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/prod-jobs"
    stack = deploy(ecs(existing={"cluster": arn}), account())
    assert stack.one("ecs/service:Service", "jobs-sensor").inputs["cluster"] == arn


def test_irsa_needs_the_clusters_oidc_provider() -> None:
    stack = eks(permission="irsa", existing={"name": "Prod_1"})
    (line,) = mistakes(stack, account())
    assert line.startswith("clusters[0].existing.name: found nothing (")
    assert line.endswith("expected a cluster with an IAM OIDC provider, because permission is irsa")


def test_every_misfit_is_told_at_once() -> None:
    found = account().with_ecs("serverless", 0)
    found.subnets = [SUBNETS[1]]
    values = {
        "clusters": [
            {"name": "gone", "platform": "eks", "existing": {"name": "Gone"}},
            {"name": "lost", "platform": "ecs", "existing": {"cluster": "lost"}},
            {"name": "none", "platform": "ecs", "existing": {"cluster": "serverless"}},
            EKS,
            OWN,
        ],
        "network": {"existing": {"vpcId": VPC, "privateSubnetIds": SUBNETS}},
    }
    paths = [line.partition(": ")[0] for line in mistakes(values, found)]
    assert paths == [
        "clusters[0].existing.name",
        "clusters[1].existing.cluster",
        "clusters[2].existing.cluster",
        "network.existing.privateSubnetIds[0]",
    ]


def test_a_network_is_looked_at_only_where_a_cluster_is_created() -> None:
    values = {"clusters": [OWN], "network": {"existing": {"vpcId": VPC, "privateSubnetIds": SUBNETS}}}
    assert deploy(values).of("Deployment")


RESPONSE = {"playbooks": [{"name": "contain", "actions": {"isolate": {}}}]}
PODS = {"clusters": [{"name": "pods", "platform": "eks", "existing": {"name": "Prod"}}]}
INSIDE = {"network": {"existing": {"vpcId": VPC, "privateSubnetIds": SUBNETS}}}


def test_a_response_asks_for_access_entries_and_a_way_to_a_private_endpoint() -> None:
    found = Account(subnets=SUBNETS).with_eks("Prod", mode="CONFIG_MAP", public=False)
    assert deploy(PODS, found).of("Deployment"), "without a response neither matters"
    telling = {"playbooks": [{"name": "tell", "actions": {"notify": {}}}]}
    assert deploy({**PODS, "response": telling}, found).of("Deployment"), "nor where the cluster is not asked"
    assert mistakes({**PODS, "response": RESPONSE}, found) == [
        "clusters[0].existing.name: found a cluster with authentication mode CONFIG_MAP, expected authentication mode "
        "API or API_AND_CONFIG_MAP, because response acts there by an access entry",
        "clusters[0].existing.name: found a cluster with a private endpoint, expected network.existing with vpcId "
        f"{VPC}, from which the response's function reaches it",
    ]
    suits = Account(subnets=SUBNETS).with_eks("Prod", mode="API_AND_CONFIG_MAP", public=False)
    stack = deploy({**PODS, **INSIDE, "response": RESPONSE}, suits)
    assert stack.one("lambda/function:Function", "response").inputs["vpcConfig"]["subnetIds"] == SUBNETS


def test_a_cluster_from_before_there_were_access_entries_has_none() -> None:
    old = Account().with_eks("Prod", mode="")
    assert deploy(PODS, old).of("Deployment")
    (line,) = mistakes({**PODS, "response": RESPONSE}, old)
    assert "authentication mode CONFIG_MAP" in line


def test_the_network_of_a_response_is_looked_at() -> None:
    found = Account(subnets=SUBNETS[:1]).with_eks("Prod")
    (line,) = mistakes({**PODS, **INSIDE, "response": RESPONSE}, found)
    assert line.startswith(f"network.existing.privateSubnetIds[1]: found {SUBNETS[1]}")


def test_a_quarantine_group_has_to_be_there_and_in_the_vpc_of_each_cluster() -> None:
    here, there, path = "sg-01234567", "sg-89abcdef", "response.playbooks[0].actions.quarantine.securityGroupId"

    def stack(group: str, **match: object) -> dict[str, object]:
        acting = {"name": "contain", "match": match, "actions": {"quarantine": {"securityGroupId": group}}}
        return {**PODS, "response": {"playbooks": [acting]}}

    found = Account().with_eks("Prod")
    (line,) = mistakes(stack(here), found)
    assert line.startswith(f"{path}: found nothing (") and line.endswith("expected a security group that is there")
    found.groups = {here: VPC, there: "vpc-another"}
    assert deploy(stack(here), found).of("Deployment")
    assert mistakes(stack(there), found) == [
        f"{path}: found a security group of vpc-another, expected one of {VPC}, where cluster pods is, "
        "or match.clusters without pods"
    ]
    assert deploy(stack(there, clusters=["other"]), found).of("Deployment"), "the playbook is not for it"


def test_the_clusters_that_are_created_in_a_network_are_in_its_vpc() -> None:
    group = {"quarantine": {"securityGroupId": "sg-01234567"}}
    values = {**eks(), **INSIDE, "response": {"playbooks": [{"name": "contain", "actions": group}]}}
    (line,) = mistakes(values, Account(subnets=SUBNETS, groups={"sg-01234567": "vpc-another"}))
    assert "a security group of vpc-another" in line and "cluster web" in line


def test_a_sensor_that_does_not_fit_is_told_before_anything_is_made() -> None:
    long = [f"A rule with a name of some length, number {number}" for number in range(3000)]
    with pytest.raises(SensorError, match="task definition"):
        deploy({**ecs(), "falco": {"disabledRules": long}})


def test_an_eks_cluster_gets_a_kubeconfig_that_asks_the_aws_cli_for_tokens() -> None:
    stack = deploy(ADOPTED, account())
    document = json.loads(stack.one("providers:kubernetes", "pods").inputs["kubeconfig"])
    assert document["clusters"][0]["cluster"] == {
        "server": "https://Prod_1.eks.example",
        "certificate-authority-data": "Y2E=",
    }
    command = document["users"][0]["user"]["exec"]
    assert [command["command"], *command["args"]] == [
        *("aws", "--region", "eu-west-1", "eks", "get-token"),
        *("--cluster-name", "Prod_1", "--output", "json"),
    ]


def test_a_cluster_is_told_by_its_certificate_authority_and_not_by_its_address() -> None:
    here = cluster_identifier(eks_kubeconfig("prod", "https://a.example", "Y2E=", "eu-west-1"))
    moved = cluster_identifier(eks_kubeconfig("prod", "https://b.example", "Y2E=", "eu-west-1"))
    rebuilt = cluster_identifier(eks_kubeconfig("prod", "https://a.example", "Y2I=", "eu-west-1"))
    assert here == moved != rebuilt


def test_the_context_decides_which_cluster_a_kubeconfig_is_for() -> None:
    document = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}"}} for name in ("a", "b")],
        "contexts": [{"name": name, "context": {"cluster": name}} for name in ("a", "b")],
        "current-context": "a",
    }
    text = json.dumps(document)
    assert cluster_identifier(text) == cluster_identifier(text, "a") != cluster_identifier(text, "b")
