"""SharedNodeRole: lets the sensors of several clusters ship with the one role that the nodes of all of them have."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import iam

from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, policy_document
from .shipping_role import ShippingTargets, streams_of_cluster, streams_statement, write_statement

LONGEST_POLICY = 6144
"""Characters of a managed policy without white space. All inline policies of a role together have 10,240, of which the
role may need some for itself: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

REST_OF_POLICY = 1024
"""Room for everything but the log streams: the statements' frames, and the ARNs of three delivery streams."""

LONGEST_CLUSTER = 40


class SharedNodeRoleArgs(TypedDict):
    """`role` is the role's name, `clusters` the first parts of the names of the log streams.

    `log_group` is the plain name of the targets' log group.
    """

    location: AwsLocation
    role: str
    clusters: Sequence[str]
    log_group: str
    targets: ShippingTargets
    tags: Mapping[str, str]


class SharedNodeRole(pulumi.ComponentResource):
    """Managed policies on a role that is there, as many as the clusters need: with short names one for all."""

    def __init__(self, name: str, args: SharedNodeRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:SharedNodeRole", name, {}, opts)
        for number, statements in enumerate(_policies(args)):
            part = f"{name}-{number + 1}" if number else name
            policy = iam.Policy(
                part,
                description=f"Ships the security events of clusters whose nodes have the role {args['role']}",
                policy=policy_document(*statements),
                tags=args["tags"],
                opts=pulumi.ResourceOptions(parent=self),
            )
            iam.RolePolicyAttachment(
                part, role=args["role"], policy_arn=policy.arn, opts=pulumi.ResourceOptions(parent=self)
            )
        self.register_outputs({})


def _policies(args: SharedNodeRoleArgs) -> list[list[Statement]]:
    """Return the statements of each policy; the first one has those that all clusters have in common."""
    targets = args["targets"]
    streams = targets.get("delivery_stream_arns")
    common = [streams_statement(streams)] if streams else []
    if "log_group_arn" not in targets:
        return [common]
    group, clusters, most = targets["log_group_arn"], args["clusters"], clusters_in_a_policy(args)
    portions = [clusters[begin : begin + most] for begin in range(0, len(clusters), most)]
    writing = [write_statement([streams_of_cluster(group, cluster) for cluster in portion]) for portion in portions]
    return [[*(() if number else common), statement] for number, statement in enumerate(writing)]


def clusters_in_a_policy(args: SharedNodeRoleArgs) -> int:
    """How many clusters' log streams one policy can name, whatever the clusters are called."""
    streams = arn(args["location"], "logs", f"log-group:{args['log_group']}:log-stream:/*")
    return (LONGEST_POLICY - REST_OF_POLICY) // (len(streams) + LONGEST_CLUSTER + len('"",'))
