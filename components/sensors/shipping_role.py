"""ShippingRole: the least a sensor needs in order to ship, and who may have it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import eks, iam

from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, policy_document

SETTLING_SECONDS = 10
"""An association takes several seconds to reach every part of EKS, and a pod that is admitted earlier never gets its
credentials: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html."""


class ServiceAccount(TypedDict):
    """A Kubernetes service account of an EKS cluster that EKS Pod Identity gives the role to."""

    cluster_name: pulumi.Input[str]
    namespace: str
    name: str


class RoleHolder(TypedDict):
    """Who gets the permission: a role that is made, with `trust_policy`, or a role of nodes, named `node_role`."""

    trust_policy: NotRequired[pulumi.Input[str]]
    pod_identity: NotRequired[ServiceAccount]
    node_role: NotRequired[pulumi.Input[str]]


class ShippingTargets(TypedDict):
    """What a sensor ships to, at least one of them: the log group, and Firehose's delivery streams."""

    log_group_arn: NotRequired[pulumi.Input[str]]
    delivery_stream_arns: NotRequired[Sequence[pulumi.Input[str]]]


class ShippingRoleArgs(TypedDict):
    """`stream_prefix` is the first part of the names of the log streams, the cluster's name."""

    stream_prefix: str
    targets: ShippingTargets
    holder: RoleHolder
    tags: Mapping[str, str]


class ShippingRole(pulumi.ComponentResource):
    """Lets a cluster's sensors write to that cluster's own log streams and to the delivery streams, and nothing else.

    `role_arn` is empty where an existing node role got the policy.
    """

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ShippingRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:ShippingRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        holder = args["holder"]
        role_name = holder.get("node_role")
        self.role_arn = pulumi.Output.from_input("")
        if role_name is None:
            role = iam.Role(
                name,
                description=f"Ships the security events of {args['stream_prefix']}",
                assume_role_policy=holder.get("trust_policy"),
                tags=args["tags"],
                opts=child,
            )
            role_name, self.role_arn = role.name, role.arn
        iam.RolePolicy(
            name,
            role=role_name,
            policy=shipping_policy(args["targets"], args["stream_prefix"]),
            opts=child,
        )
        account = holder.get("pod_identity")
        if account:
            eks.PodIdentityAssociation(
                name,
                cluster_name=account["cluster_name"],
                namespace=account["namespace"],
                service_account=account["name"],
                role_arn=self.role_arn,
                tags=args["tags"],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    hooks=pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook(f"{name}-settled", _settle)]),
                ),
            )
        self.register_outputs({"roleArn": self.role_arn})


async def _settle(_: pulumi.ResourceHookArgs) -> None:
    await asyncio.sleep(SETTLING_SECONDS)


def shipping_policy(targets: ShippingTargets, stream_prefix: str) -> pulumi.Output[str]:
    """Return what Fluent Bit's outputs call: two actions where `cloudwatch_logs` makes no log group, one for Firehose.

    Log streams are named `<cluster>/<node>`, so a cluster's sensors cannot write into another cluster's streams.
    """
    statements: list[Statement] = []
    if "log_group_arn" in targets:
        statements.append(write_statement(streams_of_cluster(targets["log_group_arn"], stream_prefix)))
    if streams := targets.get("delivery_stream_arns"):
        statements.append(streams_statement(streams))
    return policy_document(*statements)


def streams_of_cluster(log_group_arn: pulumi.Input[str], cluster: str) -> pulumi.Output[str]:
    """Return the log streams of one cluster."""
    return pulumi.Output.concat(log_group_arn, ":log-stream:", cluster, "/*")


def write_statement(log_streams: pulumi.Input[str] | Sequence[pulumi.Input[str]]) -> Statement:
    """Return what `cloudwatch_logs` calls where it makes no log group."""
    return {
        "Sid": "ShipEvents",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": log_streams,
    }


def streams_statement(delivery_stream_arns: Sequence[pulumi.Input[str]]) -> Statement:
    """Return what `kinesis_firehose` calls."""
    return {
        "Sid": "StreamEvents",
        "Effect": "Allow",
        "Action": "firehose:PutRecordBatch",
        "Resource": list(delivery_stream_arns),
    }


def pod_identity_trust(cluster_arn: pulumi.Input[str], namespace: str, service_account: str) -> pulumi.Output[str]:
    """EKS Pod Identity, for one service account of one cluster, by the session tags that EKS sets.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    return policy_document(
        {
            "Sid": "PodIdentity",
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": cluster_arn,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )


def irsa_trust(
    provider_arn: pulumi.Input[str], issuer: pulumi.Input[str], namespace: str, service_account: str
) -> pulumi.Output[str]:
    """IAM roles for service accounts, for one service account. `issuer` is the cluster's, with or without `https://`.

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
    """
    host = pulumi.Output.from_input(issuer).apply(lambda url: url.removeprefix("https://"))
    conditions = host.apply(
        lambda name: {
            f"{name}:aud": "sts.amazonaws.com",
            f"{name}:sub": f"system:serviceaccount:{namespace}:{service_account}",
        }
    )
    return policy_document(
        {
            "Sid": "ServiceAccount",
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": conditions},
        }
    )


def ecs_tasks_trust(location: AwsLocation) -> pulumi.Output[str]:
    """ECS tasks of this account and region; ECS does not support naming one cluster here.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    return policy_document(
        {
            "Sid": "EcsTasks",
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": location["account"]},
                "ArnLike": {"aws:SourceArn": arn(location, "ecs", "*")},
            },
        }
    )
