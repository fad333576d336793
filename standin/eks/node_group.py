"""Managed node groups of a cluster that pulumi-eks made."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import eks

from standin.eks.addons import cluster_of

PASSED_ON = {
    "amiType": "ami_type",
    "capacityType": "capacity_type",
    "diskSize": "disk_size",
    "forceUpdateVersion": "force_update_version",
    "instanceTypes": "instance_types",
    "labels": "labels",
    "launchTemplate": "launch_template",
    "nodeGroupName": "node_group_name",
    "nodeGroupNamePrefix": "node_group_name_prefix",
    "releaseVersion": "release_version",
    "remoteAccess": "remote_access",
    "scalingConfig": "scaling_config",
    "tags": "tags",
    "taints": "taints",
    "version": "version",
}
NODE_GROUP_INPUTS = frozenset(
    {*PASSED_ON, "cluster", "clusterName", "ignoreScalingChanges", "nodeRole", "nodeRoleArn", "subnetIds"}
)
"""What the stand-in honours: all that needs no launch template and no user data of the component's own making."""
TWO_NODES = {"desiredSize": 2, "maxSize": 2, "minSize": 1}
"""The component's sizes where none are given."""


class ManagedNodeGroup(pulumi.ComponentResource):
    """A node group with the component's own name."""

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:ManagedNodeGroup", name, None, opts)
        cluster = cluster_of(args["cluster"])
        given: dict[str, Any] = {python: args[wire] for wire, python in PASSED_ON.items() if wire in args}
        given.setdefault("scaling_config", TWO_NODES)
        if "launchTemplate" not in args:
            given.setdefault("version", cluster.apply(lambda found: found.version))
        ignored = ["scalingConfig.desiredSize"] if args.get("ignoreScalingChanges") else None
        self.node_group = eks.NodeGroup(
            name,
            cluster_name=args.get("clusterName") or cluster.apply(lambda found: found.name),
            node_role_arn=_role_arn(args),
            subnet_ids=args.get("subnetIds") or cluster.apply(lambda found: found.vpc_config.subnet_ids),
            **given,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignored),
        )
        self.register_outputs({"nodeGroup": self.node_group})


def _role_arn(args: Mapping[str, Any]) -> pulumi.Input[str]:
    """Exactly one of the role and its ARN.

    Raises InputPropertyError.
    """
    role, arn = args.get("nodeRole"), args.get("nodeRoleArn")
    if (role is None) == (arn is None):
        raise pulumi.InputPropertyError("nodeRole", "give either nodeRole or nodeRoleArn")
    if arn is not None:
        return arn
    made: pulumi.Output[Any] = pulumi.Output.from_input(role)
    return made.apply(lambda found: found.arn)


def managed_node_group(
    name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions | None
) -> tuple[pulumi.Resource, dict[str, Any]]:
    """`eks.ManagedNodeGroup`."""
    component = ManagedNodeGroup(name, inputs, opts)
    return component, {"nodeGroup": component.node_group, "placementGroupName": ""}
