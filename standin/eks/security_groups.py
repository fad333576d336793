"""The security groups that pulumi-eks makes unless told not to: one for the control plane, one for the nodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ec2

EVERYWHERE = ["0.0.0.0/0"]


@dataclass(frozen=True)
class NodeSecurity:
    """The nodes' group, and the rule that lets them reach the control plane."""

    group: ec2.SecurityGroup
    cluster_ingress: ec2.SecurityGroupRule


def cluster_group(name: str, args: Mapping[str, Any], parent: pulumi.Resource) -> ec2.SecurityGroup:
    """Return the control plane's group, which lets everything out."""
    child = pulumi.ResourceOptions(parent=parent)
    group = ec2.SecurityGroup(
        f"{name}-eksClusterSecurityGroup",
        vpc_id=args.get("vpcId"),
        revoke_rules_on_delete=True,
        tags=merged(
            {"Name": f"{name}-eksClusterSecurityGroup"}, args.get("clusterSecurityGroupTags"), args.get("tags")
        ),
        opts=child,
    )
    ec2.SecurityGroupRule(
        f"{name}-eksClusterInternetEgressRule",
        description="Allow internet access.",
        type="egress",
        from_port=0,
        to_port=0,
        protocol="-1",
        cidr_blocks=EVERYWHERE,
        security_group_id=group.id,
        opts=child,
    )
    return group


def node_groups(
    name: str,
    args: Mapping[str, Any],
    cluster: ec2.SecurityGroup,
    cluster_name: pulumi.Output[str],
    parent: pulumi.Resource,
) -> NodeSecurity:
    """Return the nodes' group: everything among themselves, the needed ports from the control plane, everything out."""
    child = pulumi.ResourceOptions(parent=parent)
    owned = cluster_name.apply(lambda found: {f"kubernetes.io/cluster/{found}": "owned"})
    group = ec2.SecurityGroup(
        f"{name}-nodeSecurityGroup",
        vpc_id=args.get("vpcId"),
        revoke_rules_on_delete=True,
        tags=merged({"Name": f"{name}-nodeSecurityGroup"}, owned, args.get("nodeSecurityGroupTags"), args.get("tags")),
        opts=child,
    )

    def rule(suffix: str, ports: tuple[int, int], protocol: str, **peer: Any) -> ec2.SecurityGroupRule:
        values: dict[str, Any] = {"type": "ingress", "security_group_id": group.id, **peer}
        return ec2.SecurityGroupRule(
            f"{name}-{suffix}", from_port=ports[0], to_port=ports[1], protocol=protocol, **values, opts=child
        )

    rule("eksNodeIngressRule", (0, 0), "-1", self=True)
    rule("eksNodeClusterIngressRule", (1025, 65535), "tcp", source_security_group_id=cluster.id)
    rule("eksExtApiServerClusterIngressRule", (443, 443), "tcp", source_security_group_id=cluster.id)
    rule("eksNodeInternetEgressRule", (0, 0), "-1", type="egress", cidr_blocks=EVERYWHERE)
    ingress = rule(
        "eksClusterIngressRule",
        (443, 443),
        "tcp",
        security_group_id=cluster.id,
        source_security_group_id=group.id,
    )
    return NodeSecurity(group, ingress)


def merged(*tags: Any) -> pulumi.Output[dict[str, str]]:
    """Several sets of tags as one; later ones win."""
    given = [one for one in tags if one is not None]
    return pulumi.Output.all(*given).apply(lambda sets: {key: value for one in sets for key, value in one.items()})
