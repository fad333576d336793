"""The response function's permissions in AWS: what its playbooks need, cluster by cluster, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import pulumi

from falco_firelens.responder.actions.registry import ACTIONS, Action, Resources
from falco_firelens.responder.permissions import aws_calls

from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, allow


@dataclass(frozen=True)
class ClusterActions:
    """A cluster, by its name in AWS, and what playbooks may do there; `api`: its Kubernetes API is called."""

    platform: str
    name: str
    actions: frozenset[str]
    api: bool


class OwnArns(TypedDict):
    """ARNs of what the function's own component makes. `secrets` are those that the function reads."""

    log_group: pulumi.Input[str]
    table: pulumi.Input[str]
    retries: pulumi.Input[str]
    dead_letters: pulumi.Input[str]
    bucket: pulumi.Input[str]
    topic: pulumi.Input[str]
    key: pulumi.Input[str]
    secrets: Sequence[pulumi.Input[str]]


def own_statements(own: OwnArns) -> list[Statement]:
    """Return what every response function needs, whatever its playbooks are."""
    return [
        allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(own["log_group"], ":*")),
        allow(
            "Ledger",
            ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            own["table"],
        ),
        allow(
            "Retries",
            ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"],
            own["retries"],
        ),
        allow("DeadLetters", ["sqs:SendMessage"], own["dead_letters"]),
        allow("Keep", ["s3:PutObject"], pulumi.Output.concat(own["bucket"], "/*")),
        allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], own["key"]),
        *([allow("Secrets", ["secretsmanager:GetSecretValue"], list(own["secrets"]))] if own["secrets"] else []),
    ]


def action_statements(
    location: AwsLocation,
    clusters: Sequence[ClusterActions],
    topic: str,
    groups: Mapping[str, str],
    actions: Mapping[str, Action] = ACTIONS,
) -> list[Statement]:
    """Return what the playbooks' actions need; `topic` is a name.

    `groups` are the security groups of quarantines, with the VPC of each.
    """
    asked = [arn(location, "eks", f"cluster/{one.name}") for one in clusters if one.platform == "eks" and one.api]
    statements = [allow("FindClusters", ["eks:DescribeCluster"], asked)] if asked else []
    every = frozenset(action for cluster in clusters for action in cluster.actions)
    names = {"account": [location["account"]], "topic": [topic], "group": sorted(groups)}
    vpcs = [_vpc(location, vpc) for vpc in sorted({*groups.values()})]
    for resources, calls in aws_calls(actions.values()).items():
        if any(_CLUSTER in end for end in resources.ends):
            statements += _in_clusters(location, resources, calls, clusters)
        elif allowed := _allowed(calls, every):
            arns = _arns(location, resources, names)
            statement = allow(resources.sid, allowed, arns if len(resources.ends) > 1 else arns[0])
            statements.append({**statement, **_conditions(resources, vpcs)})
    return statements


def _vpc(location: AwsLocation, vpc: str) -> str:
    """Return the pattern of a VPC's ARN; a shared one is in another account, and ids are unique in all of them."""
    return arn({**location, "account": "*"}, "ec2", f"vpc/{vpc}")


def _conditions(resources: Resources, vpcs: Sequence[str]) -> Statement:
    """Return the part of a statement with its conditions, empty where it has none."""
    tests: dict[str, dict[str, object]] = {}
    for operator, key, value in resources.conditions:
        tests.setdefault(operator, {})[key] = list(vpcs) if value == "{vpc}" else value
    return {"Condition": tests} if tests else {}


_CLUSTER = "{cluster}"


def _in_clusters(
    location: AwsLocation, resources: Resources, calls: Mapping[str, frozenset[str]], clusters: Sequence[ClusterActions]
) -> Iterator[Statement]:
    """Yield a statement for all clusters in which the same is allowed: a policy has room for each ARN only once."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for cluster in clusters:
        allowed = _allowed(calls, cluster.actions)
        if allowed and cluster.platform == resources.service:
            alike.setdefault(tuple(allowed), []).extend(_arns(location, resources, {"cluster": [cluster.name]}))
    for number, (allowed, arns) in enumerate(alike.items()):
        yield allow(f"{resources.sid}{number or ''}", list(allowed), arns)


def _allowed(calls: Mapping[str, frozenset[str]], actions: frozenset[str]) -> list[str]:
    """Return AWS's actions that some actions of playbooks call."""
    return [call for call, callers in calls.items() if callers & actions]


def _arns(location: AwsLocation, resources: Resources, names: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the resources' ARNs, an end with a placeholder once for each of its names."""
    found: list[str] = []
    for end in resources.ends:
        key = next((key for key in names if f"{{{key}}}" in end), "")
        ends = [end.replace(f"{{{key}}}", name) for name in names[key]] if key else [end]
        found += ["*" if one == "*" else arn(location, resources.service, one) for one in ends]
    return found


def network_statements(location: AwsLocation) -> list[Statement]:
    """Return what Lambda needs to put the function into a VPC; it looks interfaces up without naming one.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    """
    made = [arn(location, "ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")]
    return [
        allow("FindNetwork", ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*"),
        allow("Enter", ["ec2:CreateNetworkInterface"], made),
        allow("Leave", ["ec2:DeleteNetworkInterface"], made[0]),
    ]


LONGEST_SECRET = 180
"""Characters that each further secret needs in `own_statements`; without one, these and `network_statements` fit into
`LONGEST_OWN`."""
