"""Everything that the program can deploy passes every policy."""

import importlib
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from falco_firelens.policy.configuration import accounts_of, pack_config
from falco_firelens.policy.kinds import DOCUMENTS, TAGGABLE
from falco_firelens.policy.pack import message
from falco_firelens.policy.rule import AnyRule, Resource, Rule
from falco_firelens.policy.rules import RULES
from falco_firelens.settings import load
from falco_firelens.settings.loader import namespaced
from tests.unit.components.cloud import ACCOUNT, KUBECONFIG, Account, Deployed, Registered, deploy
from tests.unit.components.stacks import EKS, account
from tests.unit.components.test_iam_documents import STACKS
from tests.unit.settings.test_shipped_files import PROJECT, STACK_FILES

MAIL = {"protocol": "email", "endpoint": "soc@example.com"}

TAGS = {"owner": "security", "stage": "test"}

DEPLOYMENTS = {**STACKS, "alarms": ({"clusters": [EKS], "notifications": [MAIL]}, "aws")}


def deployed(name: str) -> Deployed:
    values, partition = DEPLOYMENTS[name]
    return deploy({**values, "tags": TAGS}, account(partition))


def as_seen(resource: Registered, required: Sequence[str], accounts: Sequence[str] = ()) -> Resource:
    kind, props = resource.type, resource.inputs
    if kind == "eks:index:Cluster":  # one resource under mocks
        kind, props = "aws:eks/cluster:Cluster", eks_cluster(props)
    return Resource(
        kind, resource.name, resource.urn, props, resource.origins, {"required": required, "accounts": accounts}
    )


def eks_cluster(component: Mapping[str, Any]) -> dict[str, Any]:
    """The cluster that pulumi-eks makes; tests/local has the one that its stand-in makes."""
    vpc = {name: component[name] for name in ("endpointPublicAccess", "publicAccessCidrs") if name in component}
    encryption = {"provider": {"keyArn": component["encryptionConfigKeyArn"]}, "resources": ["secrets"]}
    return {"vpcConfig": vpc, "encryptionConfig": encryption, "tags": component["tags"]}


def broken(deployed: Deployed, required: Sequence[str], accounts: Sequence[str]) -> dict[str, list[str]]:
    """Every policy that a deployment breaks, and what is said then."""
    resources = [as_seen(resource, required, accounts) for resource in deployed.resources]
    return {rule.name: found for rule in RULES if (found := findings(rule, resources))}


def findings(rule: AnyRule, resources: Sequence[Resource]) -> list[str]:
    if isinstance(rule, Rule):
        return [message(resource, finding) for resource in resources for finding in rule.findings(resource)]
    return [message(resource, finding) for resource, finding in rule.findings(resources)]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_our_stacks_break_no_policy(name: str) -> None:
    settings = load(DEPLOYMENTS[name][0], file="", root=PROJECT)
    assert broken(deployed(name), list(TAGS), accounts_of(settings)) == {}


def test_every_policy_has_something_to_look_at() -> None:
    seen = {as_seen(item, []).type for name in DEPLOYMENTS for item in deployed(name).resources}
    for rule in RULES:
        types = rule.checks if isinstance(rule, Rule) else rule.types
        assert seen.intersection(types), rule.name


def values_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """A stack file's settings for the mocks' account, with a kubeconfig at hand where it names a file."""
    values: dict[str, Any] = {**namespaced(config), "account": "any"}
    for cluster in values.get("clusters", ()):
        if "kubeconfigFile" in cluster.get("existing", {}):
            cluster["existing"] = {"kubeconfig": KUBECONFIG}
    return values


def hub_taking(region: str) -> Mapping[str, Any]:
    """What a hub's stack tells a spoke of the mocks' account in this region."""
    arn = f"arn:aws:{{}}:{region}:999999999999"
    return {
        "bucketArn": "arn:aws:s3:::central",
        "kmsKeyArn": f"{arn.format('kms')}:key/00000000-0000-0000-0000-000000000000",
        "format": "json",
        "spokes": {ACCOUNT: [region]},
        "sinkArns": {region: f"{arn.format('oam')}:sink/events"},
        "logDestinationArns": {ACCOUNT: {region: f"{arn.format('logs')}:destination:events"}},
    }


def account_for(config: Mapping[str, Any], values: Mapping[str, Any]) -> Account:
    """An account with the clusters that a stack adopts, and a hub that takes its events if it is a spoke."""
    region = config["aws:region"]
    hub = values.get("spoke", {}).get("hub")
    found = Account(region=region, stacks={hub: {"hub": hub_taking(region)}} if hub else {})
    for cluster in values.get("clusters", ()):
        existing = cluster.get("existing", {})
        found.with_eks(existing.get("name", ""), oidc_provider=True)
        found.with_ecs(existing.get("cluster", "").rpartition("/")[2], instances=1)
    return found


@pytest.mark.parametrize("file", STACK_FILES, ids=lambda file: file.name)
def test_shipped_stack_files_break_no_mandatory_policy(file: Path) -> None:
    config = yaml.safe_load(file.read_text())["config"]
    values = values_of(config)
    settings = load(values, file=file.name, root=PROJECT)
    required: Any = pack_config(settings)["required-tags"]
    found = broken(deploy(values, account_for(config, values)), required["required"], accounts_of(settings))
    assert {name: said for name, said in found.items() if settings.policy.level(name) == "mandatory"} == {}
    assert set(found) == set(settings.policy.advisory)


def takes_tags(kind: str) -> bool:
    _, module, name = kind.split(":")
    package = module.partition("/")[0]
    resource = getattr(importlib.import_module(f"pulumi_aws.{'lambda_' if package == 'lambda' else package}"), name)
    return "tags" in inspect.signature(resource._internal_init).parameters


def test_the_types_that_take_tags_are_those_of_the_sdk() -> None:
    used = {kind for name in DEPLOYMENTS for kind in (item.type for item in deployed(name).resources)}
    ours = {kind for kind in used if kind.startswith("aws:")}
    assert {kind for kind in ours if takes_tags(kind)} <= set(TAGGABLE)
    assert all(takes_tags(kind) for kind in TAGGABLE)


def is_policy_document(value: object) -> bool:
    return isinstance(value, str) and '"Statement"' in value and "Statement" in json.loads(value)


def test_the_types_with_a_policy_document_are_those_that_the_program_deploys() -> None:
    held = {
        (item.type, name)
        for stack in DEPLOYMENTS
        for item in deployed(stack).resources
        for name, value in item.inputs.items()
        if is_policy_document(value)
    }
    assert len(held) > 8
    assert held <= set(DOCUMENTS.items())
