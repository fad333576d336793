"""Each policy on single resources: what passes, what breaks it, and what it says then."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from falco_firelens.policy.actions import takes_resources
from falco_firelens.policy.network import is_world
from falco_firelens.policy.rule import UNKNOWN, Resource, Rule
from falco_firelens.policy.rules import RULES
from falco_firelens.policy.workloads import is_pinned
from tests.unit.policy.samples import KEY, NO_KEY, SAMPLES, allow

BY_NAME = {rule.name: rule for rule in RULES if isinstance(rule, Rule)}

CASES = [(policy, kind) for policy, samples in SAMPLES.items() for kind in samples]


def said(policy: str, kind: str, props: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> list[str]:
    resource = Resource(kind, "it", "urn", props, config=config or {})
    return [str(finding) for finding in BY_NAME[policy].findings(resource)]


def unknown_leaves(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unknown_leaves(item) for key, item in cast("dict[str, Any]", value).items()}
    return [unknown_leaves(item) for item in cast("list[Any]", value)] if isinstance(value, list) else UNKNOWN


def test_every_policy_has_samples_of_every_type() -> None:
    about = {name: set(rule.checks) for name, rule in BY_NAME.items() if name != "required-tags"}
    assert {policy: set(samples) for policy, samples in SAMPLES.items()} == about


@pytest.mark.parametrize(("policy", "kind"), CASES)
def test_good_resources_pass(policy: str, kind: str) -> None:
    assert said(policy, kind, SAMPLES[policy][kind].good) == []


@pytest.mark.parametrize(("policy", "kind"), CASES)
def test_bad_resources_are_told_what_to_write(policy: str, kind: str) -> None:
    sample = SAMPLES[policy][kind]
    assert said(policy, kind, sample.bad) == list(sample.said)


@pytest.mark.parametrize(("policy", "kind"), CASES)
def test_what_a_preview_cannot_know_is_no_violation(policy: str, kind: str) -> None:
    good = SAMPLES[policy][kind].good
    assert said(policy, kind, dict.fromkeys(good, UNKNOWN)) == []
    assert said(policy, kind, unknown_leaves(good)) == []


@pytest.mark.parametrize("policy", SAMPLES)
def test_other_types_are_no_matter(policy: str) -> None:
    assert said(policy, "aws:glue/catalogTable:CatalogTable", {"policy": allow("*", "*")}) == []


def test_disks_that_no_template_names_are_encrypted_by_nobody() -> None:
    found = said("encryption", "aws:ec2/launchTemplate:LaunchTemplate", {"blockDeviceMappings": [{"noDevice": "x"}]})
    assert found == [
        "blockDeviceMappings: found no disk; write each disk with ebs.encrypted: true and ebs.kmsKeyId"
    ]  # fmt: skip


def test_a_stream_that_reads_another_keeps_nothing_itself() -> None:
    kind = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
    assert said("encryption", kind, {"kinesisSourceConfiguration": {"kinesisStreamArn": "arn"}}) == []
    assert len(said("encryption", kind, {})) == 2


def test_an_eks_cluster_that_does_not_say_is_public() -> None:
    found = said("no-public-endpoint", "aws:eks/cluster:Cluster", {"vpcConfig": {"subnetIds": ["a"]}})
    assert found == [
        "vpcConfig: found a public endpoint for everybody; "
        "write endpointPublicAccess: false, or the ranges that need it"
    ]
    private = {"vpcConfig": {"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}}
    assert said("no-public-endpoint", "aws:eks/cluster:Cluster", private) == []


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3", "1.2.3.4/0"])
def test_the_world_can_be_written_in_several_ways(cidr: str) -> None:
    assert is_world(cidr)


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "198.51.100.7/32", "fd00::/8", "nonsense", UNKNOWN, None])
def test_less_than_the_world(cidr: object) -> None:
    assert not is_world(cidr)


@pytest.mark.parametrize("image", [
    "falco:0.45.0", "public.ecr.aws/falcosecurity/falco:0.45.0", "registry:5000/falco:1", "falco@sha256:abc",
    "falco:latest@sha256:abc", "fluent-bit:init-3.5.10",
])  # fmt: skip
def test_pinned(image: str) -> None:
    assert is_pinned(image)


@pytest.mark.parametrize(
    "image", ["falco", "registry:5000/falco", "falco:latest", "falco:init-latest", "falco:", "a:stable"]
)
def test_not_pinned(image: str) -> None:
    assert not is_pinned(image)


@pytest.mark.parametrize(
    ("image", "fits"),
    [
        (f"falco@sha256:{'a' * 64}", True),
        (f"registry:5000/falco:0.45.0@sha256:{'0' * 64}", True),
        ("falco:0.45.0", False),
        ("falco@sha256:abc", False),
        (f"falco@sha256:{'a' * 64}0", False),
        (f"falco@sha512:{'a' * 128}", False),
    ],
)
def test_a_stack_can_ask_for_digests(image: str, fits: bool) -> None:
    (rule,) = (rule for rule in RULES if rule.name == "pinned-images")
    assert isinstance(rule, Rule)
    props = {"spec": {"containers": [{"name": "it", "image": image}]}}
    pod = Resource("kubernetes:core/v1:Pod", "it", "urn", props, config={"byDigest": True})
    assert [str(finding) for finding in rule.findings(pod)] == ([] if fits else [
        f'spec.containers[it].image: found "{image}"; write its digest, as in falco@sha256:…'
    ])  # fmt: skip


@pytest.mark.parametrize(
    "action",
    [
        "ecr:GetAuthorizationToken",
        "ecs:DiscoverPollEndpoint",
        "ec2:DescribeInstances",
        "cloudwatch:PutMetricData",
    ],
)
def test_actions_without_resources_may_have_a_star(action: str) -> None:
    assert not takes_resources(action)
    assert said("no-iam-wildcard", "aws:iam/policy:Policy", {"policy": allow(action, "*")}) == []


@pytest.mark.parametrize("action", ["s3:GetObject", "logs:PutLogEvents", "nonsense:Do", "s3:Nonsense"])
def test_actions_with_resources_and_those_nobody_knows_may_not(action: str) -> None:
    assert takes_resources(action)
    (found,) = said("no-iam-wildcard", "aws:iam/policy:Policy", {"policy": allow(action, ["*"])})
    assert found == f'policy[1].Resource: found "*"; write the ARNs that {action} is for'


def test_everything_but_something_is_a_wildcard() -> None:
    statement = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:x", "NotPrincipal": {"AWS": "x"}}
    props = {"policy": json.dumps({"Statement": statement})}
    assert said("no-iam-wildcard", "aws:iam/policy:Policy", props) == [
        "policy[0].NotAction: found everything but what is named; write Action, with names",
        "policy[0].NotResource: found everything but what is named; write Resource, with names",
    ]
    assert said("no-public-principal", "aws:iam/policy:Policy", props) == [
        "policy[0].NotPrincipal: found everybody but who is named; write Principal, with names"
    ]


@pytest.mark.parametrize("condition", [
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
    {"StringEqualsIfExists": {"aws:SourceAccount": "1"}},
    {"Null": {"aws:SourceVpc": "false"}},
    {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    {},
])  # fmt: skip
def test_conditions_that_leave_everybody_in(condition: dict[str, Any]) -> None:
    props = {"policy": allow("sqs:SendMessage", Principal=["*"], Condition=condition)}
    assert len(said("no-public-principal", "aws:sqs/queuePolicy:QueuePolicy", props)) == 1


def test_a_private_warehouse_needs_no_groups() -> None:
    assert said("no-public-endpoint", "aws:redshift/cluster:Cluster", {"publiclyAccessible": False}) == []
    assert said("no-public-endpoint", "aws:redshift/cluster:Cluster", {}) == []


def test_imds_that_is_off_needs_no_token() -> None:
    props = {"metadataOptions": {"httpEndpoint": "disabled"}}
    assert said("imdsv2", "aws:ec2/instance:Instance", props) == []
    assert said("imdsv2", "aws:ec2/instance:Instance", {}) == [
        'metadataOptions.httpTokens: found nothing; write "required"'
    ]


REQUIRED = {"required": ["owner", "stage"]}


@pytest.mark.parametrize("props", [
    {"tags": {"owner": "a", "stage": "b", "x": "y"}},
    {"tags": {"owner": "a"}, "tagsAll": {"owner": "a", "stage": "of the provider"}},
    {"tags": {"owner": "a", "stage": UNKNOWN}},
    {"tags": UNKNOWN},
])  # fmt: skip
def test_required_tags_are_there(props: dict[str, Any]) -> None:
    assert said("required-tags", "aws:kms/key:Key", props, REQUIRED) == []


@pytest.mark.parametrize(("props", "missing"), [
    ({}, "owner, stage"),
    ({"tags": {"owner": "a"}}, "stage"),
    ({"tags": {"owner": "", "stage": "b"}}, "owner"),
])  # fmt: skip
def test_required_tags_are_missed(props: dict[str, Any], missing: str) -> None:
    assert said("required-tags", "aws:kms/key:Key", props, REQUIRED) == [
        f"tags: found none called {missing}; write {missing}, best in `falco-firelens:tags` for all resources"
    ]
    assert said("required-tags", "aws:kms/key:Key", props) == []


def test_an_auto_scaling_group_has_its_own_form_of_tags() -> None:
    tags = [{"key": key, "value": "v", "propagateAtLaunch": True} for key in REQUIRED["required"]]
    kind = "aws:autoscaling/group:Group"
    assert said("required-tags", kind, {"tags": tags}, REQUIRED) == []
    assert len(said("required-tags", kind, {"tags": tags[:1]}, REQUIRED)) == 1


def test_a_key_kept_by_aws_is_no_customer_key() -> None:
    kind = "aws:sns/topic:Topic"
    assert said("encryption", kind, {"kmsMasterKeyId": "alias/own"}) == []
    assert said("encryption", kind, {"kmsMasterKeyId": "arn:aws:kms:eu-west-1:1:alias/aws/sns"})
    assert said("encryption", kind, {"kmsMasterKeyId": KEY}) == []
    assert said("encryption", kind, {"kmsMasterKeyId": ""}) == [f"kmsMasterKeyId: {NO_KEY}"]
