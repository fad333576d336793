"""What the response function may do in AWS: what its playbooks need, cluster by cluster, and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import pulumi

from components.encryption_key import Statement
from components.place import Place, arn


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
    place: Place, clusters: Sequence[ClusterActions], topic: pulumi.Input[str], groups: Sequence[str]
) -> list[Statement]:
    """What the playbooks' actions need; `groups` are the security groups that quarantine moves to."""
    statements: list[Statement] = []
    asked = [arn(place, "eks", f"cluster/{one.name}") for one in clusters if one.platform == "eks" and one.api]
    if asked:
        statements.append(_allow("FindClusters", ["eks:DescribeCluster"], asked))
    for number, cluster in enumerate(one for one in clusters if one.platform == "ecs"):
        statements += _ecs(place, cluster, number)
    every = frozenset(action for cluster in clusters for action in cluster.actions)
    if "quarantine" in every:
        statements += _quarantine(place, groups)
    if "finding" in every:
        product = arn(place, "securityhub", f"product/{place['account']}/default")
        statements.append(_allow("Findings", ["securityhub:BatchImportFindings"], product))
    if "notify" in every:
        statements.append(_allow("Notify", ["sns:Publish"], topic))
    return statements


def _ecs(place: Place, cluster: ClusterActions, number: int) -> list[Statement]:
    """Listing is for a cluster, describing and draining for its container instances.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    tasks = arn(place, "ecs", f"task/{cluster.name}/*")
    instances = arn(place, "ecs", f"container-instance/{cluster.name}/*")
    statements: list[Statement] = []
    if cluster.actions & {"evidence", "stopTask", "drainInstance"}:
        statements.append(_allow(f"FindTasks{number}", ["ecs:DescribeTasks"], tasks))
    if "stopTask" in cluster.actions:
        statements.append(_allow(f"StopTasks{number}", ["ecs:StopTask"], tasks))
    if cluster.actions & {"drainInstance", "quarantine"}:
        statements.append(_allow(f"FindInstances{number}", ["ecs:DescribeContainerInstances"], instances))
    if "drainInstance" in cluster.actions:
        statements.append(
            _allow(f"Drain{number}", ["ecs:PutAttributes", "ecs:UpdateContainerInstancesState"], instances)
        )
    if "quarantine" in cluster.actions:
        listed = arn(place, "ecs", f"cluster/{cluster.name}")
        statements.append(_allow(f"ListInstances{number}", ["ecs:ListContainerInstances"], listed))
    return statements


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


def trust(place: Place) -> Mapping[str, object]:
    """Lambda may take the role, for functions of this account."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": place["account"]}},
            }
        ],
    }


def _allow(sid: str, actions: list[str], resources: object) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
