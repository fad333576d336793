"""`eks.Cluster`: the resources that pulumi-eks makes for a cluster without its own node group."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import yaml
from pulumi_aws import ec2, eks, iam

from standin.eks.addons import VpcCni, cluster_addon
from standin.eks.security_groups import NodeSecurity, cluster_group, merged, node_groups

KUBECONFIG = "LOCALCLOUD_EKS_KUBECONFIG"
CLUSTER_INPUTS = frozenset(
    {
        "accessEntries", "authenticationMode", "bootstrapSelfManagedAddons", "clusterSecurityGroup",
        "clusterSecurityGroupTags", "clusterTags", "corednsAddonOptions", "createInstanceRole", "createOidcProvider",
        "deletionProtection", "enabledClusterLogTypes", "encryptionConfigKeyArn", "endpointPrivateAccess",
        "endpointPublicAccess", "instanceRole", "instanceRoles", "ipFamily", "kubeProxyAddonOptions",
        "kubernetesServiceIpAddressRange", "name", "nodeSecurityGroupTags", "privateSubnetIds", "publicAccessCidrs",
        "publicSubnetIds", "serviceRole", "skipDefaultNodeGroup", "skipDefaultSecurityGroups", "subnetIds", "tags",
        "upgradePolicy", "useDefaultVpcCni", "version", "vpcCniOptions", "vpcId",
    }
)  # fmt: skip
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")


class Cluster(pulumi.ComponentResource):
    """The cluster; `state` holds the component's outputs under the names they travel by."""

    state: dict[str, Any]

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        _refuse(args)
        super().__init__("eks:index:Cluster", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        group = self._cluster_group()
        cluster = self._cluster(group)
        self._addons(cluster)
        nodes = self._node_security(group, cluster)
        roles = self._instance_roles()
        self._access_entries(cluster)
        provider = self._oidc_provider(cluster)
        self.state = {
            **_kubeconfig(cluster),
            **_security_outputs(cluster, group, nodes),
            "autoModeNodeRoleName": "",
            "core": self._core(cluster, group, roles),
            "defaultNodeGroupAsgName": "",
            "eksCluster": cluster,
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "instanceRoles": roles,
            "oidcIssuer": _issuer(cluster).apply(lambda url: url.removeprefix("https://")),
            "oidcProviderArn": provider.arn if provider else "",
            "oidcProviderUrl": _issuer(cluster),
        }
        self.register_outputs(self.state)

    def _subnets(self) -> list[pulumi.Input[str]]:
        args = self._args
        return args.get("subnetIds") or [*args.get("publicSubnetIds", ()), *args.get("privateSubnetIds", ())]

    def _cluster_group(self) -> ec2.SecurityGroup | None:
        if self._args.get("clusterSecurityGroup") is not None:
            return self._args["clusterSecurityGroup"]
        if self._args.get("skipDefaultSecurityGroups"):
            return None
        return cluster_group(self._name, self._args, self)

    def _node_security(self, group: ec2.SecurityGroup | None, cluster: eks.Cluster) -> NodeSecurity | None:
        if group is None or self._args.get("skipDefaultSecurityGroups"):
            return None
        return node_groups(self._name, self._args, group, cluster.name, self)

    def _cluster(self, group: ec2.SecurityGroup | None) -> eks.Cluster:
        args = self._args
        role = args.get("serviceRole")
        ready: list[pulumi.Resource] = []
        if role is None:
            made = ServiceRole(f"{self._name}-eksRole", "eks", ("AmazonEKSClusterPolicy",), args.get("tags"), self)
            role = made.role
            ready.append(made)
        return eks.Cluster(
            f"{self._name}-eksCluster",
            name=args.get("name"),
            role_arn=pulumi.Output.from_input(role).apply(lambda found: found.arn),
            version=args.get("version"),
            vpc_config={
                "security_group_ids": None if group is None else [group.id],
                "subnet_ids": self._subnets(),
                "endpoint_private_access": args.get("endpointPrivateAccess"),
                "endpoint_public_access": args.get("endpointPublicAccess"),
                "public_access_cidrs": args.get("publicAccessCidrs"),
            },
            access_config=_access_config(args),
            bootstrap_self_managed_addons=args.get("bootstrapSelfManagedAddons", True),
            deletion_protection=args.get("deletionProtection"),
            enabled_cluster_log_types=args.get("enabledClusterLogTypes"),
            encryption_config=_encryption_config(args),
            kubernetes_network_config=_network_config(args),
            upgrade_policy=args.get("upgradePolicy"),
            tags=merged({"Name": f"{self._name}-eksCluster"}, args.get("clusterTags"), args.get("tags")),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=ready,
                ignore_changes=["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
            ),
        )

    def _addons(self, cluster: eks.Cluster) -> None:
        args, tags = self._args, self._args.get("tags")
        proxy, dns = args.get("kubeProxyAddonOptions", {}), args.get("corednsAddonOptions", {})
        if proxy.get("enabled", True):
            cluster_addon(f"{self._name}-kube-proxy", "kube-proxy", cluster, proxy, tags, self)
        if dns.get("enabled"):
            cluster_addon(f"{self._name}-coredns", "coredns", cluster, dns, tags, self)
        if not args.get("useDefaultVpcCni"):
            own = {"clusterName": cluster.name, "clusterVersion": cluster.version, "tags": tags}
            VpcCni(f"{self._name}-vpc-cni", {**args.get("vpcCniOptions", {}), **own}, self._child)

    def _instance_roles(self) -> list[Any]:
        args = self._args
        if args.get("instanceRole") is not None:
            return [args["instanceRole"]]
        if args.get("instanceRoles") is not None:
            return args["instanceRoles"]
        if args.get("createInstanceRole") is False:
            return []
        return [ServiceRole(f"{self._name}-instanceRole", "ec2", NODE_POLICIES, args.get("tags"), self).role]

    def _access_entries(self, cluster: eks.Cluster) -> None:
        for key, entry in self._args.get("accessEntries", {}).items():
            name = f"{self._name}-{key}"
            made = eks.AccessEntry(
                name,
                cluster_name=cluster.name,
                principal_arn=entry["principalArn"],
                kubernetes_groups=entry.get("kubernetesGroups"),
                user_name=entry.get("username"),
                type=entry.get("type"),
                tags=merged(self._args.get("tags"), entry.get("tags")),
                opts=self._child,
            )
            for policy, association in entry.get("accessPolicies", {}).items():
                eks.AccessPolicyAssociation(
                    f"{name}-{policy}",
                    cluster_name=cluster.name,
                    principal_arn=entry["principalArn"],
                    policy_arn=association["policyArn"],
                    access_scope=association["accessScope"],
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[made]),
                )

    def _oidc_provider(self, cluster: eks.Cluster) -> iam.OpenIdConnectProvider | None:
        """Return the issuer is nobody's here, so the thumbprint that the real component fetches is left to AWS."""
        if not self._args.get("createOidcProvider"):
            return None
        return iam.OpenIdConnectProvider(
            f"{self._name}-oidcProvider",
            client_id_lists=["sts.amazonaws.com"],
            url=_issuer(cluster),
            opts=self._child,
        )

    def _core(self, cluster: eks.Cluster, group: ec2.SecurityGroup | None, roles: list[Any]) -> dict[str, Any]:
        args = self._args
        return {
            "cluster": cluster,
            "clusterSecurityGroup": group,
            "endpoint": cluster.endpoint,
            "instanceRoles": roles,
            "nodeGroupOptions": {},
            "privateSubnetIds": args.get("privateSubnetIds"),
            "publicSubnetIds": args.get("publicSubnetIds"),
            "subnetIds": self._subnets(),
            "tags": args.get("tags"),
            "vpcId": cluster.vpc_config.vpc_id,
        }


class ServiceRole(pulumi.ComponentResource):
    """A role for an AWS service, with managed policies."""

    def __init__(self, name: str, service: str, policies: tuple[str, ...], tags: Any, parent: pulumi.Resource) -> None:
        super().__init__("eks:index:ServiceRole", name, None, pulumi.ResourceOptions(parent=parent))
        child = pulumi.ResourceOptions(parent=self)
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
        self.role = iam.Role(
            f"{name}-role",
            assume_role_policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]}),
            tags=tags,
            opts=child,
        )
        partition = aws.get_partition_output(opts=pulumi.InvokeOutputOptions(parent=self)).partition
        for policy in policies:
            digest = hashlib.sha1(f"arn:aws:iam::aws:policy/{policy}".encode(), usedforsecurity=False).hexdigest()
            iam.RolePolicyAttachment(
                f"{name}-{digest[:8]}",
                role=self.role.name,
                policy_arn=partition.apply(lambda found, policy=policy: f"arn:{found}:iam::aws:policy/{policy}"),
                opts=child,
            )
        self.register_outputs({"role": self.role})


def _refuse(args: Mapping[str, Any]) -> None:
    """Refuse what the component itself refuses, and the default node group, which the stand-in does not make.

    Raises InputPropertyError.
    """
    if not args.get("skipDefaultNodeGroup"):
        reason = "must be true: the local cloud's stand-in for pulumi-resource-eks makes no default node group"
        raise pulumi.InputPropertyError("skipDefaultNodeGroup", reason)
    if "subnetIds" in args and ("publicSubnetIds" in args or "privateSubnetIds" in args):
        raise pulumi.InputPropertyError("subnetIds", "excludes publicSubnetIds and privateSubnetIds")
    if "instanceRole" in args and "instanceRoles" in args:
        raise pulumi.InputPropertyError("instanceRole", "excludes instanceRoles")
    if "publicAccessCidrs" in args and args.get("endpointPublicAccess") is False:
        raise pulumi.InputPropertyError("publicAccessCidrs", "needs endpointPublicAccess")


def _access_config(args: Mapping[str, Any]) -> Any:
    mode = args.get("authenticationMode")
    if mode is None:
        return None
    return {"authentication_mode": mode, "bootstrap_cluster_creator_admin_permissions": True}


def _encryption_config(args: Mapping[str, Any]) -> Any:
    key = args.get("encryptionConfigKeyArn")
    return None if key is None else {"provider": {"key_arn": key}, "resources": ["secrets"]}


def _network_config(args: Mapping[str, Any]) -> Any:
    cidr, family = args.get("kubernetesServiceIpAddressRange"), args.get("ipFamily")
    return None if cidr is None and family is None else {"service_ipv4_cidr": cidr, "ip_family": family or "ipv4"}


def _kubeconfig(cluster: eks.Cluster) -> dict[str, Any]:
    """Return the local control plane's kubeconfig, as a secret, known when the cluster is."""
    path = os.environ.get(KUBECONFIG)
    if not path:
        raise pulumi.RunError(f"{KUBECONFIG} does not say where the local cluster's kubeconfig is")
    values: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    config = pulumi.Output.secret(cluster.endpoint.apply(lambda _: values))
    return {"kubeconfig": config, "kubeconfigJson": pulumi.Output.json_dumps(config)}


def _security_outputs(
    cluster: eks.Cluster, group: ec2.SecurityGroup | None, nodes: NodeSecurity | None
) -> dict[str, Any]:
    """Where no groups are made, the one that EKS makes stands for both."""
    own = cluster.vpc_config.cluster_security_group_id
    outputs: dict[str, Any] = {
        "clusterIngressRuleId": nodes.cluster_ingress.security_group_rule_id if nodes else "",
        "clusterSecurityGroupId": own if group is None else group.id,
        "nodeSecurityGroupId": nodes.group.id if nodes else own,
    }
    if group is not None:
        outputs["clusterSecurityGroup"] = group
    if nodes:
        outputs |= {"nodeSecurityGroup": nodes.group, "eksClusterIngressRule": nodes.cluster_ingress}
    return outputs


def _issuer(cluster: eks.Cluster) -> pulumi.Output[str]:
    identities: pulumi.Output[Any] = cluster.identities
    return identities.apply(lambda found: str(found[0].oidcs[0].issuer))
