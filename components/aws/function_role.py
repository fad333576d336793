"""The role of a Lambda function, and what it may do: in an inline policy, and in managed ones where that is full."""

from collections.abc import Iterator, Mapping, Sequence

import pulumi
from pulumi_aws import iam

from .policy_document import Statement, policy_document, size_of

LONGEST_INLINE = 10_240
LONGEST_MANAGED = 6_144
MOST_MANAGED = 10
"""Characters without white space of all inline policies of a role and of one managed policy, and how many of these a
role has by default: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

LONGEST_OWN = 2_400
"""Characters that the statements that every function of its kind has need at most."""


def function_role(name: str, function: str, tags: Mapping[str, str], opts: pulumi.ResourceOptions) -> iam.Role:
    """Make the role that a function runs with."""
    return iam.Role(
        name,
        description=f"The function {function}",
        assume_role_policy=policy_document(trust()),
        tags=tags,
        opts=opts,
    )


def trust() -> Statement:
    """Let Lambda assume the role, as its guide has it, without a condition.

    With a condition on the source, a function in a VPC cannot be created ("The function's execution role doesn't have
    permission to perform this operation"): https://github.com/aws/aws-parallelcluster/pull/6926. `iam:PassRole` decides
    who may run functions with the role.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    return {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def fitting(
    statements: Sequence[Statement], reserved: int = LONGEST_OWN
) -> tuple[Sequence[Statement], Sequence[Sequence[Statement]]]:
    """Return the statements for the inline policy, or those of each managed policy where they are too long for it.

    `reserved` are the characters that the inline policy needs for other statements. Resources must be known.
    """
    if size_of(*statements) <= LONGEST_INLINE - reserved:
        return statements, ()
    policies: list[list[Statement]] = [[]]
    for piece in (piece for statement in statements for piece in _pieces(statement)):
        if size_of(*_joined([*policies[-1], piece])) > LONGEST_MANAGED:
            policies.append([])
        policies[-1].append(piece)
    return (), [_joined(pieces) for pieces in policies]


def attach(
    name: str,
    role: iam.Role,
    description: str,
    policies: Sequence[Sequence[Statement]],
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Attach a managed policy, numbered, for each that `fitting` has found no room for in the inline one."""
    attached: list[pulumi.Resource] = []
    for number, statements in enumerate(policies):
        policy = iam.Policy(
            f"{name}-{number}",
            description=f"{description}, part {number + 1}",
            policy=policy_document(*statements),
            tags=tags,
            opts=opts,
        )
        attached.append(iam.RolePolicyAttachment(f"{name}-{number}", role=role.name, policy_arn=policy.arn, opts=opts))
    return attached


def _pieces(statement: Statement) -> Iterator[Statement]:
    """Yield a statement for each resource."""
    resources: str | list[str] = statement["Resource"]
    for resource in [resources] if isinstance(resources, str) else resources:
        yield {**statement, "Resource": [resource]}


def _joined(pieces: Sequence[Statement]) -> list[Statement]:
    """Join pieces to the statements that they come from."""
    joined: dict[str, Statement] = {}
    for piece in pieces:
        known = joined.setdefault(piece["Sid"], {**piece, "Resource": []})
        known["Resource"] = [*known["Resource"], *piece["Resource"]]
    return list(joined.values())
