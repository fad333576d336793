"""EcsCluster: an ECS cluster on EC2 instances that scale with the tasks and drain before they end."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import autoscaling, ec2, ecs, iam, vpc

from ..aws.encryption_key import EncryptionKey, disk_statements
from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, policy_document
from .instances import ClusterNetwork, instance_trust, metadata_options, root_disk, tag_specifications

IMAGES = {
    "x86_64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id",
    "arm64": "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id",
}
"""Where AWS publishes its ECS image: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html."""

AGENT = {
    "ECS_AWSVPC_BLOCK_IMDS": "true",
    "ECS_ENABLE_SPOT_INSTANCE_DRAINING": "true",
    "ECS_ENABLE_TASK_IAM_ROLE": "true",
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": "true",
    "ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached",
}
"""Tasks get their own roles and not the instance's; the metadata hop limit of one does the same for bridge networks.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
"""


MANAGED = "AmazonECSManaged"
"""What ECS puts on a group that it scales. The provider's documentation asks for it on each instance too, AWS's on the
group alone: https://www.pulumi.com/registry/packages/aws/api-docs/ecs/capacityprovider/."""

_RESERVED = ("aws", "ecs", "fargate")
"""How no capacity provider's name may begin.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html
"""


class CapacityArgs(TypedDict):
    """`instance_types` are of the given architecture, the preferred one first."""

    instance_types: Sequence[str]
    architecture: str
    min_size: int
    max_size: int
    disk_gib: int


class EcsClusterArgs(TypedDict):
    """A cluster, and the instances that its tasks run on."""

    location: AwsLocation
    cluster_name: str
    capacity: CapacityArgs
    network: ClusterNetwork
    tags: Mapping[str, str]


class EcsCluster(pulumi.ComponentResource):
    """A cluster with one capacity provider, which is its default."""

    cluster_name: pulumi.Output[str]
    cluster_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EcsClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EcsCluster", name, {}, opts)
        self._prefix = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = ecs.Cluster(
            name,
            name=args["cluster_name"],
            settings=[{"name": "containerInsights", "value": "enabled"}],
            tags=args["tags"],
            opts=self._child,
        )
        profile = self._instance_profile()
        group = self._auto_scaling_group(self._launch_template(cluster, profile))
        self._capacity_provider(cluster, group)
        self.cluster_name = cluster.name
        self.cluster_arn = cluster.arn
        self.register_outputs({"clusterName": self.cluster_name, "clusterArn": self.cluster_arn})

    def _instance_profile(self) -> iam.InstanceProfile:
        name = f"{self._prefix}-instance"
        role = iam.Role(
            name,
            description=f"Container instances of the ECS cluster {self._args['cluster_name']}",
            assume_role_policy=instance_trust(),
            tags=self._args["tags"],
            opts=self._child,
        )
        iam.RolePolicy(
            name,
            role=role.name,
            policy=instance_policy(self._args["location"], self._args["cluster_name"]),
            opts=self._child,
        )
        return iam.InstanceProfile(name, role=role.name, tags=self._args["tags"], opts=self._child)

    def _launch_template(self, cluster: ecs.Cluster, profile: iam.InstanceProfile) -> ec2.LaunchTemplate:
        """Create the launch template. Its image is looked up when an instance starts, so no preview changes because AWS
        released one.
        """
        args, capacity = self._args, self._args["capacity"]
        key = EncryptionKey(
            f"{self._prefix}-key",
            {
                "location": args["location"],
                "alias": f"ecs/{args['cluster_name']}",
                "description": f"Encrypts instance disks of the ECS cluster {args['cluster_name']}",
                "statements": disk_statements(args["location"]),
                "tags": args["tags"],
            },
            self._child,
        )
        return ec2.LaunchTemplate(
            self._prefix,
            image_id=f"resolve:ssm:{IMAGES[capacity['architecture']]}",
            instance_type=capacity["instance_types"][0],
            iam_instance_profile={"arn": profile.arn},
            network_interfaces=[
                ec2.LaunchTemplateNetworkInterfaceArgs(
                    device_index=0,
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[self._security_group().id],
                )
            ],
            block_device_mappings=root_disk(capacity["disk_gib"], key.arn),
            metadata_options=metadata_options(),
            update_default_version=True,
            user_data=cluster.name.apply(user_data),
            tag_specifications=tag_specifications(self._prefix, args["tags"]),
            tags=args["tags"],
            opts=self._child,
        )

    def _security_group(self) -> ec2.SecurityGroup:
        """Nothing comes in; everything may go out, since what the tasks talk to is their owners' business."""
        group = ec2.SecurityGroup(
            self._prefix,
            description=f"Container instances of the ECS cluster {self._args['cluster_name']}",
            vpc_id=self._args["network"]["vpc_id"],
            tags={**self._args["tags"], "Name": self._prefix},
            opts=self._child,
        )
        vpc.SecurityGroupEgressRule(
            self._prefix,
            security_group_id=group.id,
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
            tags=self._args["tags"],
            opts=self._child,
        )
        return group

    def _auto_scaling_group(self, template: ec2.LaunchTemplate) -> autoscaling.Group:
        """Protected from scaling in, because the capacity provider decides which instance is free to go."""
        args, capacity = self._args, self._args["capacity"]
        tags = {**args["tags"], MANAGED: "true"}
        return autoscaling.Group(
            self._prefix,
            min_size=capacity["min_size"],
            max_size=capacity["max_size"],
            vpc_zone_identifiers=args["network"]["private_subnet_ids"],
            mixed_instances_policy={
                "instances_distribution": {"on_demand_percentage_above_base_capacity": 100},
                "launch_template": {
                    "launch_template_specification": {
                        "launch_template_id": template.id,
                        "version": template.latest_version.apply(str),
                    },
                    "overrides": [{"instance_type": kind} for kind in capacity["instance_types"]],
                },
            },
            instance_refresh={"strategy": "Rolling", "preferences": {"scale_in_protected_instances": "Refresh"}},
            protect_from_scale_in=True,
            force_delete=True,
            wait_for_capacity_timeout="0",
            tags=[
                {"key": key, "value": value, "propagate_at_launch": key == MANAGED}
                for key, value in sorted(tags.items())
            ],
            opts=self._child,
        )

    def _capacity_provider(self, cluster: ecs.Cluster, group: autoscaling.Group) -> None:
        name = capacity_provider_name(self._prefix)
        once = [] if name == self._prefix else [pulumi.Alias(name=self._prefix)]
        provider = ecs.CapacityProvider(
            name,
            auto_scaling_group_provider={
                "auto_scaling_group_arn": group.arn,
                "managed_scaling": {"status": "ENABLED", "target_capacity": 100},
                "managed_termination_protection": "ENABLED",
                "managed_draining": "ENABLED",
            },
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self, aliases=once),
        )
        ecs.ClusterCapacityProviders(
            self._prefix,
            cluster_name=cluster.name,
            capacity_providers=[provider.name],
            default_capacity_provider_strategies=[{"capacity_provider": provider.name, "weight": 1}],
            opts=self._child,
        )


def capacity_provider_name(cluster: str) -> str:
    """Return the logical name of a cluster's capacity provider, with which its name in AWS begins.

    No cluster's name has an underscore, so that this one cannot meet another cluster's.
    """
    return f"cluster_{cluster}" if cluster.startswith(_RESERVED) else cluster


def user_data(cluster_name: str) -> str:
    """Return the agent's configuration, in base64 as EC2 takes it."""
    lines = [f"{key}={value}" for key, value in {"ECS_CLUSTER": cluster_name, **AGENT}.items()]
    script = "\n".join(["#!/bin/sh", "cat >> /etc/ecs/ecs.config <<'END'", *lines, "END", ""])
    return base64.b64encode(script.encode()).decode()


def instance_policy(location: AwsLocation, cluster_name: str) -> pulumi.Output[str]:
    """Return what the ECS agent calls, for one cluster, and pulling images of this account, also through a cache.

    Much less than the AWS managed policy for container instances allows, which is for every cluster and log group.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
    """
    cluster = arn(location, "ecs", f"cluster/{cluster_name}")
    in_cluster = {"ArnEquals": {"ecs:cluster": cluster}}
    statements: list[Statement] = [
        {
            "Sid": "JoinCluster",
            "Effect": "Allow",
            "Action": [
                "ecs:DeregisterContainerInstance",
                "ecs:RegisterContainerInstance",
                "ecs:SubmitAttachmentStateChanges",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitTaskStateChange",
            ],
            "Resource": cluster,
        },
        {
            "Sid": "RunTasks",
            "Effect": "Allow",
            "Action": ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"],
            "Resource": arn(location, "ecs", f"container-instance/{cluster_name}/*"),
            "Condition": in_cluster,
        },
        {
            "Sid": "ActionsWithoutResource",
            "Effect": "Allow",
            "Action": ["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"],
            "Resource": "*",
        },
        {
            "Sid": "PullImages",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:BatchImportUpstreamImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Resource": arn(location, "ecr", "repository/*"),
        },
    ]
    return policy_document(*statements)
