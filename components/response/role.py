"""What the response function may do in AWS: what its playbooks need, cluster by cluster, and no more."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import pulumi

from ..aws.encryption_key import Statement
from ..aws.location import Place, arn


@dataclass(frozen=True)
class ClusterActions:
    """A cluster, by its name in AWS, and what playbooks may do there; `api` says whether Kubernetes is asked."""

    platform: str
    name: str
    actions: frozenset[str]
    api: bool


class OwnArns(TypedDict):
    """ARNs of what the function's own component makes. `secrets` are those that it reads."""

    log_group: pulumi.Input[str]
    table: pulumi.Input[str]
    retries: pulumi.Input[str]
    dead_letters: pulumi.Input[str]
    bucket: pulumi.Input[str]
    topic: pulumi.Input[str]
    key: pulumi.Input[str]
    secrets: Sequence[pulumi.Input[str]]


def own_statements(own: OwnArns) -> list[Statement]:
    """What every response function needs, whatever its playbooks are."""
    return [
        _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(own["log_group"], ":*")),
        _allow(
            "Ledger",
            ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            own["table"],
        ),
        _allow(
            "Retries",
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"],
            own["retries"],
        ),
        _allow("DeadLetters", ["sqs:SendMessage"], own["dead_letters"]),
        _allow("Keep", ["s3:PutObject"], pulumi.Output.concat(own["bucket"], "/*")),
        _allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], own["key"]),
        *([_allow("Secrets", ["secretsmanager:GetSecretValue"], list(own["secrets"]))] if own["secrets"] else []),
    ]


def action_statements(
    place: Place, clusters: Sequence[ClusterActions], topic: str, groups: Sequence[str]
) -> list[Statement]:
    """What the playbooks' actions need; `groups` are the security groups that quarantine moves to."""
    statements: list[Statement] = []
    asked = [arn(place, "eks", f"cluster/{one.name}") for one in clusters if one.platform == "eks" and one.api]
    if asked:
        statements.append(_allow("FindClusters", ["eks:DescribeCluster"], asked))
    statements += _ecs(place, [cluster for cluster in clusters if cluster.platform == "ecs"])
    every = frozenset(action for cluster in clusters for action in cluster.actions)
    if "quarantine" in every:
        statements += _quarantine(place, groups)
    if "finding" in every:
        product = arn(place, "securityhub", f"product/{place['account']}/default")
        statements.append(_allow("Findings", ["securityhub:BatchImportFindings"], product))
    if "notify" in every:
        statements.append(_allow("Notify", ["sns:Publish"], topic))
    return statements


_ECS: Mapping[str, tuple[str, Mapping[str, frozenset[str]]]] = {
    "Tasks": (
        "task/{}/*",
        {
            "ecs:DescribeTasks": frozenset({"evidence", "stopTask", "drainInstance"}),
            "ecs:StopTask": frozenset({"stopTask"}),
        },
    ),
    "Instances": (
        "container-instance/{}/*",
        {
            "ecs:DescribeContainerInstances": frozenset({"drainInstance", "quarantine"}),
            "ecs:PutAttributes": frozenset({"drainInstance"}),
            "ecs:UpdateContainerInstancesState": frozenset({"drainInstance"}),
        },
    ),
    "EcsClusters": ("cluster/{}", {"ecs:ListContainerInstances": frozenset({"quarantine"})}),
}
"""What of a cluster is acted on, and which of the playbooks' actions need each of ECS's.

Listing is for a cluster, describing and draining for its container instances.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""


def _ecs(place: Place, clusters: Sequence[ClusterActions]) -> Iterator[Statement]:
    """A statement for all clusters in which the same is allowed: a policy has room for each ARN only once."""
    for sid, (resource, verbs) in _ECS.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for cluster in clusters:
            allowed = tuple(verb for verb, actions in verbs.items() if actions & cluster.actions)
            if allowed:
                alike.setdefault(allowed, []).append(arn(place, "ecs", resource.format(cluster.name)))
        for number, (allowed, resources) in enumerate(alike.items()):
            yield _allow(f"{sid}{number or ''}", list(allowed), resources)


def _quarantine(place: Place, groups: Sequence[str]) -> list[Statement]:
    """EC2 knows no resource for looking up, and both the interface and the group for moving.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    interfaces = arn(place, "ec2", "network-interface/*")
    targets = [interfaces, *(arn(place, "ec2", f"security-group/{group}") for group in groups)]
    return [
        _allow("FindInterfaces", ["ec2:DescribeNetworkInterfaces"], "*"),
        _allow("Move", ["ec2:ModifyNetworkInterfaceAttribute"], targets),
        _allow("WriteDown", ["ec2:CreateTags"], interfaces),
    ]


def network_statements(place: Place) -> list[Statement]:
    """What Lambda needs to put the function into a VPC; it looks up and deletes without naming an interface.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    made = [arn(place, "ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")]
    return [
        _allow("FindNetwork", ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*"),
        _allow("Enter", ["ec2:CreateNetworkInterface"], made),
        _allow("Leave", ["ec2:DeleteNetworkInterface"], made[0]),
    ]


def trust() -> Mapping[str, object]:
    """Lambda may take the role, as Lambda's guide has it, without a condition.

    With a condition on the source, a function in a VPC may not be made ("The function's execution role doesn't have
    permission to perform this operation"): https://github.com/aws/aws-parallelcluster/pull/6926. What keeps others from
    running functions with the role is `iam:PassRole`.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }


LONGEST_INLINE = 10_240
LONGEST_MANAGED = 6_144
MOST_MANAGED = 10
"""Characters without white space of all inline policies of a role and of one managed policy, and how many of these a
role has by default: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

LONGEST_OWN = 2_400
LONGEST_SECRET = 180
"""Characters that `own_statements` and `network_statements` need at most, and of these each further secret."""


def action_policies(
    statements: Sequence[Statement], secrets: int
) -> tuple[Sequence[Statement], Sequence[Sequence[Statement]]]:
    """The statements for the inline policy, and those of each managed policy where they are too long for it.

    The inline policy has the function's own statements, too, with so many secrets. Resources have to be known.
    """
    if size_of(statements) <= LONGEST_INLINE - LONGEST_OWN - secrets * LONGEST_SECRET:
        return statements, ()
    policies: list[list[Statement]] = [[]]
    for piece in (piece for statement in statements for piece in _pieces(statement)):
        if size_of(_joined([*policies[-1], piece])) > LONGEST_MANAGED:
            policies.append([])
        policies[-1].append(piece)
    return (), [_joined(pieces) for pieces in policies]


def size_of(statements: Sequence[Statement]) -> int:
    """The characters of a policy as IAM counts them."""
    return len(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def _pieces(statement: Statement) -> Iterator[Statement]:
    """A statement for each resource."""
    resources: str | list[str] = statement["Resource"]
    for resource in [resources] if isinstance(resources, str) else resources:
        yield {**statement, "Resource": [resource]}


def _joined(pieces: Sequence[Statement]) -> list[Statement]:
    """The statements that pieces are of, each once."""
    joined: dict[str, Statement] = {}
    for piece in pieces:
        known = joined.setdefault(piece["Sid"], {**piece, "Resource": []})
        known["Resource"] = [*known["Resource"], *piece["Resource"]]
    return list(joined.values())


def _allow(sid: str, actions: list[str], resources: object) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
