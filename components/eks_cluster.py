"""EksCluster: an EKS cluster with managed node groups, its API private and its secrets and disks encrypted."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_eks
from pulumi_aws import cloudwatch, ec2, eks, iam

from components.encryption_key import EncryptionKey, disk_statements, log_group_statement
from components.instances import instance_trust, metadata_options, root_disk, tag_specifications
from components.place import Place, arn, global_arn
from settings import NodeGroup

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""Every log that EKS offers: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html."""

CONTROL_PLANE_LOG_DAYS = 90

AMI_TYPES = {"x86_64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}
"""Amazon Linux 2023, whose kernel is new enough for Falco's modern eBPF probe."""

_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
"""What every node needs: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html."""

_ENDPOINTS = {"private": (True, False), "public": (False, True), "publicAndPrivate": (True, True)}
"""Whether the Kubernetes API answers inside the VPC, and outside it."""


class NodeGroupArgs(TypedDict):
    """Without `desired_size` the number of nodes, once begun with `min_size`, is left to an autoscaler."""

    name: str
    instance_types: Sequence[str]
    architecture: str
    min_size: int
    max_size: int
    desired_size: NotRequired[int]
    disk_gib: int


def node_group_args(group: NodeGroup) -> NodeGroupArgs:
    """What a stack file says about a node group."""
    args: NodeGroupArgs = {
        "name": group.name,
        "instance_types": group.instance_types,
        "architecture": group.architecture,
        "min_size": group.min_size,
        "max_size": group.max_size,
        "disk_gib": group.disk_gib,
    }
    if group.desired_size is not None:
        args["desired_size"] = group.desired_size
    return args


class EksClusterArgs(TypedDict):
    """`endpoint_access` is private, public or publicAndPrivate; `public_access_cidrs` is empty where it is private."""

    place: Place
    cluster_name: str
    version: str
    endpoint_access: str
    public_access_cidrs: Sequence[str]
    node_groups: Sequence[NodeGroupArgs]
    vpc_id: pulumi.Input[str]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    pod_identity: bool
    oidc_provider: bool
    tags: Mapping[str, str]


class EksCluster(pulumi.ComponentResource):
    """A cluster that authenticates by access entries, enforces network policies, and logs its control plane.

    The identity that creates it is its administrator. `oidc_provider_arn` and `oidc_issuer` are for IRSA.
    """

    cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    node_role_name: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    oidc_provider_arn: pulumi.Output[str]
    oidc_issuer: pulumi.Output[str]

    def __init__(self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EksCluster", name, {}, opts)
        self._prefix = name
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        key, logs = self._key_and_logs(child)
        cluster = self._cluster(key.arn, pulumi.ResourceOptions(parent=self, depends_on=[logs]))
        # Known at once, and yet whoever takes it comes after the control plane, though not after the nodes.
        self.cluster_name = cluster.urn.apply(lambda _: args["cluster_name"])
        self._node_groups(key.arn, cluster, child)
        if args["pod_identity"]:
            self._pod_identity_agent(cluster)
        self.kubeconfig = pulumi.Output.secret(cluster.kubeconfig_json)
        self.security_group_id = cluster.cluster_security_group_id
        self.oidc_provider_arn = cluster.oidc_provider_arn
        self.oidc_issuer = cluster.oidc_issuer
        self.register_outputs({"kubeconfig": self.kubeconfig, "nodeRoleName": self.node_role_name})

    def _key_and_logs(self, child: pulumi.ResourceOptions) -> tuple[EncryptionKey, cloudwatch.LogGroup]:
        """The key, and the log group that EKS would otherwise make itself: unencrypted, and kept for ever."""
        place, cluster_name, tags = self._args["place"], self._args["cluster_name"], self._args["tags"]
        log_group = f"/aws/eks/{cluster_name}/cluster"
        key = EncryptionKey(
            f"{self._prefix}-key",
            {
                "place": place,
                "alias": f"eks/{cluster_name}",
                "description": f"Encrypts secrets, node disks and control plane logs of the EKS cluster {cluster_name}",
                "statements": [log_group_statement(place, log_group), *disk_statements(place)],
                "tags": tags,
            },
            child,
        )
        logs = cloudwatch.LogGroup(
            f"{self._prefix}-control-plane",
            name=log_group,
            retention_in_days=CONTROL_PLANE_LOG_DAYS,
            kms_key_id=key.arn,
            tags=tags,
            opts=child,
        )
        return key, logs

    def _cluster(self, key_arn: pulumi.Output[str], opts: pulumi.ResourceOptions) -> pulumi_eks.Cluster:
        """No security groups of its own: managed nodes are in the one that EKS makes for the cluster."""
        args = self._args
        private, public = _ENDPOINTS[args["endpoint_access"]]
        return pulumi_eks.Cluster(
            self._prefix,
            name=args["cluster_name"],
            version=args["version"],
            vpc_id=args["vpc_id"],
            private_subnet_ids=args["private_subnet_ids"],
            authentication_mode=pulumi_eks.AuthenticationMode.API,
            endpoint_private_access=private,
            endpoint_public_access=public,
            public_access_cidrs=args["public_access_cidrs"] or None,
            encryption_config_key_arn=key_arn,
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            create_oidc_provider=args["oidc_provider"],
            create_instance_role=False,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            vpc_cni_options=pulumi_eks.VpcCniOptionsArgs(enable_network_policy=True),
            tags=args["tags"],
            opts=opts,
        )

    def _node_groups(
        self, key_arn: pulumi.Output[str], cluster: pulumi_eks.Cluster, child: pulumi.ResourceOptions
    ) -> None:
        role, attachments = self._node_role(child)
        self.node_role_name = role.name
        for group in self._args["node_groups"]:
            name = f"{self._prefix}_{group['name']}"  # no cluster's name has an underscore, so no two groups meet
            template = ec2.LaunchTemplate(
                name,
                update_default_version=True,
                block_device_mappings=root_disk(group["disk_gib"], key_arn),
                metadata_options=metadata_options(),
                tag_specifications=tag_specifications(name, self._args["tags"]),
                tags=self._args["tags"],
                opts=child,
            )
            desired = group.get("desired_size")
            eks.NodeGroup(
                name,
                cluster_name=self._args["cluster_name"],
                node_group_name_prefix=f"{group['name']}-",
                version=self._args["version"],
                node_role_arn=role.arn,
                subnet_ids=self._args["private_subnet_ids"],
                ami_type=AMI_TYPES[group["architecture"]],
                instance_types=group["instance_types"],
                launch_template={"id": template.id, "version": template.latest_version.apply(str)},
                scaling_config={
                    "min_size": group["min_size"],
                    "max_size": group["max_size"],
                    "desired_size": group["min_size"] if desired is None else desired,
                },
                update_config={"max_unavailable_percentage": 33},
                tags=self._args["tags"],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[cluster, *attachments],
                    ignore_changes=["scalingConfig.desiredSize"] if desired is None else None,
                ),
            )

    def _node_role(self, child: pulumi.ResourceOptions) -> tuple[iam.Role, list[iam.RolePolicyAttachment]]:
        role = iam.Role(
            f"{self._prefix}-node",
            description=f"Nodes of the EKS cluster {self._args['cluster_name']}",
            assume_role_policy=instance_trust(),
            tags=self._args["tags"],
            opts=child,
        )
        attachments = [
            iam.RolePolicyAttachment(
                f"{self._prefix}-node-{policy}",
                role=role.name,
                policy_arn=global_arn(self._args["place"], "iam", f"policy/{policy}", account="aws"),
                opts=child,
            )
            for policy in _NODE_POLICIES
        ]
        return role, attachments

    def _pod_identity_agent(self, cluster: pulumi_eks.Cluster) -> None:
        """The add-on in EKS's default version for the cluster, so that no preview changes because AWS released one."""
        eks.Addon(
            f"{self._prefix}-pod-identity",
            cluster_name=self._args["cluster_name"],
            addon_name="eks-pod-identity-agent",
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster]),
        )


def cluster_arn(place: Place, cluster_name: str) -> str:
    """The ARN that a cluster of this name has."""
    return arn(place, "eks", f"cluster/{cluster_name}")
