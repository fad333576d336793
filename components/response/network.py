"""The network that the response function runs in, where the stack has one."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import ec2, vpc

HTTPS = 443


class FunctionNetworkArgs(TypedDict):
    """`ports` are those that the function calls besides HTTPS's.

    `endpoints` are the security groups of created clusters' endpoints, by the clusters' names.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    ports: Sequence[int]
    endpoints: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


class FunctionNetwork(TypedDict):
    """Where the function runs to reach private endpoints."""

    security_group_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]


def function_network(name: str, args: FunctionNetworkArgs, opts: pulumi.ResourceOptions) -> FunctionNetwork:
    """Let the function call its ports, and the created clusters' endpoints take its calls."""
    group = ec2.SecurityGroup(
        f"{name}-function",
        description="The response function",
        vpc_id=args["vpc_id"],
        tags=args["tags"],
        opts=opts,
    )
    for port in sorted({HTTPS, *args["ports"]}):
        vpc.SecurityGroupEgressRule(
            f"{name}-function" if port == HTTPS else f"{name}-function-{port}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4="0.0.0.0/0",
            description="The APIs of AWS and of the clusters, and webhooks",
            tags=args["tags"],
            opts=opts,
        )
    for cluster, endpoint in args["endpoints"].items():
        vpc.SecurityGroupIngressRule(
            f"{name}-{cluster}",
            security_group_id=endpoint,
            referenced_security_group_id=group.id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="The response function",
            tags=args["tags"],
            opts=opts,
        )
    return {"security_group_id": group.id, "subnet_ids": list(args["subnet_ids"])}
