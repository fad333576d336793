"""Every IAM document of every kind of stack, linted with parliament."""

import json
from typing import Any

import parliament
import pytest

from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import ADOPTED, CREATED, ECS, EKS, HUB, WAREHOUSE, account, eks

EXPLAINED = (
    # The encryption context is a text to KMS; that it is an ARN, and is compared as one, is how CloudWatch Logs wants
    # the key policy: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    (
        "MISMATCHED_TYPE",
        "ArnEquals requires a value of type Arn but given String",
        "kms:EncryptionContext:aws:logs:arn",
    ),
    # To give an alias to a key needs the permission on both, on the key by its key policy:
    # https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
    ("RESOURCE_MISMATCH", "Alias', 'required_format': 'arn:*:kms:*:*:alias/*'", "kms:CreateAlias"),
    # In a sink's policy the resource `*` is the sink: https://docs.aws.amazon.com/OAM/latest/APIReference/API_PutSinkPolicy.html
    ("RESOURCE_STAR", "oam:CreateLink", "oam:ResourceTypes"),
    ("RESOURCE_STAR", "oam:UpdateLink", "oam:ResourceTypes"),
    # A log destination's policy is about the destination, to which log groups of other accounts are let subscribe:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions-Firehose.html
    ("RESOURCE_MISMATCH", "PutSubscriptionFilter', 'required_format': 'arn:*:logs:*:*:log-group:*'", ":destination:"),
    # Of pulling through a cache AWS's own example names repositories:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
    ("RESOURCE_MISMATCH", "'ecr:BatchImportUpstreamImage'", ":repository/*"),
    # Condition keys of an OIDC provider are named after it, so no list can have them:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    ("UNKNOWN_CONDITION_FOR_ACTION", "for action sts:AssumeRoleWithWebIdentity", "oidc.example/id/"),
)
"""Findings that parliament cannot know better: the issue, part of its detail, and what the document has in it."""

ITSELF = {
    "policy": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
    "assumeRolePolicy": f"arn:aws:iam::{ACCOUNT}:role/itself",
}
"""What a document is attached to. Parliament knows identity policies only: in a key policy `*`, and in a trust policy
the lack of a resource, mean the thing that has the policy, so the tests write that in."""

RESPONSE = {
    "playbooks": [
        {
            "name": "everything",
            "actions": {
                **{
                    name: {}
                    for name in ("evidence", "isolate", "delete", "stopTask", "drainInstance", "finding", "notify")
                },
                "quarantine": {"securityGroupId": "sg-01234567"},
            },
        }
    ]
}
MANY = {"clusters": [{"name": f"{number:a>40}", "platform": "ecs"} for number in range(30)]}
STACKS = {
    "response of many clusters": ({**MANY, "response": RESPONSE}, "aws"),
    "response": ({**CREATED, "response": RESPONSE}, "aws"),
    "created": (CREATED, "aws"),
    "adopted": (ADOPTED, "aws"),
    "irsa": (eks(permission="irsa"), "aws"),
    "node role": (eks(permission="nodeRole"), "aws"),
    "archive": ({"clusters": [ECS], "events": {"destinations": {"s3": {}}}}, "aws"),
    "hub": (HUB, "aws"),
    "spoke": (
        {
            "clusters": [ECS],
            "spoke": {
                "bucketArn": "arn:aws:s3:::central",
                "kmsKeyArn": "arn:aws:kms:us-east-1:222222222222:key/00000000-0000-0000-0000-000000000000",
            },
        },
        "aws",
    ),
    "search and warehouse": (
        {
            "clusters": [ECS],
            "events": {
                "destinations": {
                    "opensearch": {},
                    "redshift": {
                        "existing": {
                            "cluster": "dwh",
                            "jdbcUrl": "jdbc:redshift://c-1.abc.eu-west-1.redshift.amazonaws.com:5439/falco",
                            "secretArn": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:falco-abcdef",
                        }
                    },
                }
            },
        },
        "aws",
    ),
    "warehouse of ours": (
        {"clusters": [ECS], "events": {"destinations": {"redshift": WAREHOUSE}}},
        "aws",
    ),
    "given bucket": (
        {
            "clusters": [ECS],
            "events": {
                "cloudwatch": False,
                "destinations": {
                    "s3": {
                        "bucketArn": "arn:aws:s3:::central",
                        "kmsKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
                    }
                },
            },
        },
        "aws",
    ),
}


def identity_policy(text: str, kind: str, key: bool) -> str:
    document: dict[str, Any] = json.loads(text)
    for statement in document["Statement"]:
        if key or kind == "assumeRolePolicy":
            assert statement.get("Resource", "*") == "*"
            assert statement.pop("Principal")
            statement["Resource"] = ITSELF[kind]
        statement.pop("Principal", None)
    return json.dumps(document)


def findings(stack: Deployed) -> list[str]:
    found: list[str] = []
    for resource, kind, text in stack.documents():
        policy = identity_policy(text, kind, resource.type.startswith("aws:kms/"))
        for finding in parliament.analyze_policy_string(policy).findings:
            details = finding.detail if isinstance(finding.detail, list) else [finding.detail]
            found += [
                f"{resource.type} {resource.name}: {finding.issue} {detail}"
                for detail in map(str, details)
                if not any(
                    issue == finding.issue and part in detail and what in policy for issue, part, what in EXPLAINED
                )
            ]
    return found


@pytest.mark.parametrize("name", STACKS)
def test_parliament_finds_nothing(name: str) -> None:
    values, partition = STACKS[name]
    stack = deploy(values, account(partition))
    assert len(stack.documents()) >= 4
    assert findings(stack) == []


def test_the_lint_sees_what_it_should() -> None:
    broken = {"Effect": "Allow", "Action": "logs:PutLogEvent", "Resource": "*"}
    assert parliament.analyze_policy_string(json.dumps({"Version": "2012-10-17", "Statement": [broken]})).findings


def statements(stack: Deployed) -> list[tuple[str, dict[str, Any]]]:
    return [
        (resource.type, statement)
        for resource, _, text in stack.documents()
        for statement in json.loads(text)["Statement"]
    ]


@pytest.mark.parametrize("name", STACKS)
def test_no_action_has_a_wildcard(name: str) -> None:
    values, partition = STACKS[name]
    for kind, statement in statements(deploy(values, account(partition))):
        if kind.startswith("aws:s3/") and statement["Effect"] == "Deny":
            continue
        actions = statement["Action"]
        assert "*" not in "".join([actions] if isinstance(actions, str) else actions)
        assert "NotAction" not in statement and "NotResource" not in statement


def test_resource_star_is_only_for_actions_without_resources(created: Deployed) -> None:
    stars = [
        statement["Action"]
        for kind, statement in statements(created)
        if statement.get("Resource") == "*" and not kind.startswith("aws:kms/")
    ]
    assert sorted(stars) == [
        ["cloudwatch:PutMetricData"],
        ["ec2:DescribeInstances"],
        ["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"],
    ]


def test_whoever_may_use_a_key_is_told_by_a_condition(created: Deployed) -> None:
    keys = [statement for kind, statement in statements(created) if kind.startswith("aws:kms/")]
    open_to_all = [statement for statement in keys if statement["Principal"] == {"AWS": "*"}]
    assert len(open_to_all) == 4
    for statement in open_to_all:
        equals = statement["Condition"]["StringEquals"]
        assert equals["kms:CallerAccount"] == ACCOUNT
        assert equals["aws:PrincipalArn"].endswith(
            ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        )


def test_other_partitions_have_their_own_arns_and_services() -> None:
    chinese = deploy({"clusters": [EKS, ECS]}, account("aws-cn", "cn-north-1"))
    texts = [text for _, _, text in chinese.documents()]
    assert not [text for text in texts if "arn:aws:" in text]
    assert [text for text in texts if '"logs.cn-north-1.amazonaws.com.cn"' in text]
    policies = [item.inputs["policyArn"] for item in chinese.of("RolePolicyAttachment")]
    assert policies and all(policy.startswith("arn:aws-cn:iam::aws:policy/") for policy in policies)
