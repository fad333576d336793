"""EksCluster: an EKS cluster with managed node groups, its API private and its secrets and disks encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_eks
from pulumi_aws import cloudwatch, ec2, eks, iam

from ..aws.encryption_key import EncryptionKey, disk_statements, log_group_statement
from ..aws.location import AwsLocation, arn, global_arn
from .instances import ClusterNetwork, instance_trust, metadata_options, root_disk, tag_specifications
from .pod_identity_agent import POD_IDENTITY_AGENT

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""Every log that EKS offers: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html."""

CONTROL_PLANE_LOG_DAYS = 90

AMI_TYPES = {"x86_64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}
"""Amazon Linux 2023, whose kernel is new enough for Falco's modern eBPF probe."""

_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
"""What every node needs: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html."""

_FROM_THE_START = ("kube-proxy", "vpc-cni")
_BOOTSTRAPPED = (*_FROM_THE_START, "coredns")
"""What EKS installs in every new cluster by itself, and an add-on takes over. Without coredns as an add-on, its first
version stays: https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html."""

_LOGICAL_NAMES = {POD_IDENTITY_AGENT: "pod-identity"}

_CONFIGURATION = {"vpc-cni": json.dumps({"enableNetworkPolicy": "true"})}
"""https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html"""

_OIDC_AUDIENCE = "sts.amazonaws.com"
"""https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html"""

_ENDPOINTS = {"private": (True, False), "public": (False, True), "publicAndPrivate": (True, True)}
"""Whether the Kubernetes API answers inside the VPC, and outside it."""


class NodeGroupArgs(TypedDict):
    """With `autoscaled`, `desired_size` is only where the number of nodes begins: changes of it are left alone."""

    name: str
    instance_types: Sequence[str]
    architecture: str
    min_size: int
    max_size: int
    desired_size: int
    autoscaled: bool
    disk_gib: int


class EndpointArgs(TypedDict):
    """`access` is private, public or publicAndPrivate; `public_cidrs` is empty where it is private."""

    access: str
    public_cidrs: Sequence[str]


class AuditMetric(TypedDict):
    """A metric that counts what a filter pattern finds in the audit log."""

    pattern: str
    namespace: str
    name: str


class EksClusterArgs(TypedDict):
    """`pod_identity` and `oidc_provider` are what permissions of pods need. `audited` counts changes of the sensor.

    `addons` are versions by name; an add-on that is not named keeps the version that it was created with.
    """

    location: AwsLocation
    cluster_name: str
    version: str
    endpoint: EndpointArgs
    node_groups: Sequence[NodeGroupArgs]
    network: ClusterNetwork
    addons: Mapping[str, str]
    pod_identity: bool
    oidc_provider: bool
    audited: NotRequired[AuditMetric]
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
        if "audited" in args:
            self._audit(args["audited"], logs, child)
        cluster = self._cluster(key.arn, pulumi.ResourceOptions(parent=self, depends_on=[logs]))
        # Known at once, yet what takes it comes after the control plane, though not after the nodes.
        self.cluster_name = cluster.urn.apply(lambda _: args["cluster_name"])
        networking = [self._addon(name, cluster, []) for name in _FROM_THE_START]
        nodes = self._node_groups(key.arn, cluster, networking)
        if args["pod_identity"] or POD_IDENTITY_AGENT in args["addons"]:
            self._addon(POD_IDENTITY_AGENT, cluster, [])
        if "coredns" in args["addons"]:
            self._addon("coredns", cluster, nodes)  # has pods that need a node, unlike the others, which are DaemonSets
        self.kubeconfig = pulumi.Output.secret(cluster.kubeconfig_json)
        self.security_group_id = cluster.cluster_security_group_id
        self.oidc_provider_arn = self._oidc_provider(cluster) if args["oidc_provider"] else pulumi.Output.from_input("")
        self.oidc_issuer = cluster.oidc_issuer
        self.register_outputs({"kubeconfig": self.kubeconfig, "nodeRoleName": self.node_role_name})

    def _key_and_logs(self, child: pulumi.ResourceOptions) -> tuple[EncryptionKey, cloudwatch.LogGroup]:
        """Return the key, and the log group that EKS would otherwise make itself: unencrypted, and kept forever."""
        location, cluster_name, tags = self._args["location"], self._args["cluster_name"], self._args["tags"]
        log_group = f"/aws/eks/{cluster_name}/cluster"
        key = EncryptionKey(
            f"{self._prefix}-key",
            {
                "location": location,
                "alias": f"eks/{cluster_name}",
                "description": f"Encrypts secrets, node disks and control plane logs of the EKS cluster {cluster_name}",
                "statements": [log_group_statement(location, log_group), *disk_statements(location)],
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

    def _audit(self, metric: AuditMetric, logs: cloudwatch.LogGroup, child: pulumi.ResourceOptions) -> None:
        cloudwatch.LogMetricFilter(
            f"{self._prefix}-sensor-changes",
            name="sensor-changes",
            log_group_name=logs.name,
            pattern=metric["pattern"],
            metric_transformation={"namespace": metric["namespace"], "name": metric["name"], "value": "1"},
            opts=child,
        )

    def _cluster(self, key_arn: pulumi.Output[str], opts: pulumi.ResourceOptions) -> pulumi_eks.Cluster:
        """No security groups of its own: managed nodes are in the one that EKS makes for the cluster.

        Neither add-ons nor an OIDC provider: pulumi-eks asks at each preview for the newest versions of the one, and
        for the certificate of the other's issuer.
        """
        args = self._args
        private, public = _ENDPOINTS[args["endpoint"]["access"]]
        return pulumi_eks.Cluster(
            self._prefix,
            name=args["cluster_name"],
            version=args["version"],
            vpc_id=args["network"]["vpc_id"],
            private_subnet_ids=args["network"]["private_subnet_ids"],
            authentication_mode=pulumi_eks.AuthenticationMode.API,
            endpoint_private_access=private,
            endpoint_public_access=public,
            public_access_cidrs=args["endpoint"]["public_cidrs"] or None,
            encryption_config_key_arn=key_arn,
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            create_oidc_provider=False,
            create_instance_role=False,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            use_default_vpc_cni=True,
            kube_proxy_addon_options=pulumi_eks.KubeProxyAddonOptionsArgs(enabled=False),
            tags=args["tags"],
            opts=opts,
        )

    def _node_groups(
        self, key_arn: pulumi.Output[str], cluster: pulumi_eks.Cluster, networking: Sequence[eks.Addon]
    ) -> list[eks.NodeGroup]:
        child = pulumi.ResourceOptions(parent=self)
        role, attachments = self._node_role(child)
        self.node_role_name = role.name
        groups: list[eks.NodeGroup] = []
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
            made = eks.NodeGroup(
                name,
                cluster_name=self._args["cluster_name"],
                node_group_name_prefix=f"{group['name']}-",
                version=self._args["version"],
                node_role_arn=role.arn,
                subnet_ids=self._args["network"]["private_subnet_ids"],
                ami_type=AMI_TYPES[group["architecture"]],
                instance_types=group["instance_types"],
                launch_template={"id": template.id, "version": template.latest_version.apply(str)},
                scaling_config={
                    "min_size": group["min_size"],
                    "max_size": group["max_size"],
                    "desired_size": group["desired_size"],
                },
                update_config={"max_unavailable_percentage": 33},
                tags=self._args["tags"],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[cluster, *networking, *attachments],
                    ignore_changes=["scalingConfig.desiredSize"] if group["autoscaled"] else None,
                ),
            )
            groups.append(made)
        return groups

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
                policy_arn=global_arn(self._args["location"], "iam", f"policy/{policy}", account="aws"),
                opts=child,
            )
            for policy in _NODE_POLICIES
        ]
        return role, attachments

    def _addon(self, name: str, cluster: pulumi_eks.Cluster, after: Sequence[pulumi.Resource]) -> eks.Addon:
        """Return an add-on, without a version unless one is given: no preview changes because AWS has released another.

        EKS gives a new one its default version for the cluster's, and the provider then keeps what exists.
        """
        logical = f"{self._prefix}-{_LOGICAL_NAMES.get(name, name)}"
        bootstrapped = name in _BOOTSTRAPPED
        return eks.Addon(
            logical,
            cluster_name=self._args["cluster_name"],
            addon_name=name,
            addon_version=self._args["addons"].get(name),
            configuration_values=_CONFIGURATION.get(name),
            preserve=True if bootstrapped else None,
            resolve_conflicts_on_create="OVERWRITE" if bootstrapped else None,
            resolve_conflicts_on_update="OVERWRITE" if bootstrapped else None,
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[cluster, *after], aliases=self._once_of_pulumi_eks(name, logical, cluster)
            ),
        )

    def _once_of_pulumi_eks(self, addon: str, logical: str, cluster: pulumi_eks.Cluster) -> list[pulumi.Alias]:
        """Where an add-on stands in the state of a stack that was deployed while pulumi-eks made it."""
        if addon == "kube-proxy":
            return [pulumi.Alias(parent=cluster)]
        if addon == "vpc-cni":
            return [pulumi.Alias(parent=pulumi.create_urn(logical, "eks:index:VpcCniAddon", cluster))]
        return []

    def _oidc_provider(self, cluster: pulumi_eks.Cluster) -> pulumi.Output[str]:
        """Without a thumbprint: IAM trusts the issuers of EKS by a list of its own, and fetches none in a preview.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
        """
        provider = iam.OpenIdConnectProvider(
            f"{self._prefix}-oidcProvider",
            url=cluster.oidc_provider_url,
            client_id_lists=[_OIDC_AUDIENCE],
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(parent=cluster)]),
        )
        return provider.arn


def cluster_arn(location: AwsLocation, cluster_name: str) -> str:
    """Return the ARN that a cluster of this name has."""
    return arn(location, "eks", f"cluster/{cluster_name}")
