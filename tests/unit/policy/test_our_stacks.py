"""Everything that the program can deploy passes every policy."""

import importlib
import inspect

import pytest

from policy.pack import RULES, message
from policy.rule import AnyRule, Resource, Rule
from policy.tags import TAGGABLE
from tests.unit.components.cloud import Deployed, Registered, deploy
from tests.unit.components.stacks import EKS, account
from tests.unit.components.test_iam_documents import STACKS

MAIL = {"protocol": "email", "endpoint": "soc@example.com"}

TAGS = {"owner": "security", "stage": "test"}

DEPLOYMENTS = {**STACKS, "alarms": ({"clusters": [EKS], "notifications": [MAIL]}, "aws")}


def deployed(name: str) -> Deployed:
    values, partition = DEPLOYMENTS[name]
    return deploy({**values, "tags": TAGS}, account(partition))


def as_seen(resource: Registered) -> Resource:
    return Resource(
        resource.type, resource.name, resource.urn, resource.inputs, resource.origins, {"required": list(TAGS)}
    )


def findings(rule: AnyRule, resources: list[Resource]) -> list[str]:
    if isinstance(rule, Rule):
        return [message(resource, finding) for resource in resources for finding in rule.findings(resource)]
    return [message(resource, finding) for resource, finding in rule.findings(resources)]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_our_stacks_pass_every_policy(name: str) -> None:
    resources = [as_seen(resource) for resource in deployed(name).resources]
    assert {rule.name: found for rule in RULES if (found := findings(rule, resources))} == {}


def test_every_policy_but_those_of_eks_itself_has_something_to_look_at() -> None:
    """`eks.Cluster` is one resource under mocks; tests/local has what it makes."""
    seen = {resource.type for name in DEPLOYMENTS for resource in deployed(name).resources}
    for rule in RULES:
        types = rule.checks if isinstance(rule, Rule) else rule.types
        assert seen.intersection(types), rule.name


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
