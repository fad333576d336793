"""EKS add-ons: any, and the VPC CNI with its options as the environment of its containers."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import eks

ENVIRONMENT = {
    "cniConfigureRpfilter": "AWS_VPC_CNI_CONFIGURE_RPFILTER",
    "cniCustomNetworkCfg": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "cniExternalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "customNetworkConfig": "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    "disableTcpEarlyDemux": "DISABLE_TCP_EARLY_DEMUX",
    "enablePodEni": "ENABLE_POD_ENI",
    "enablePrefixDelegation": "ENABLE_PREFIX_DELEGATION",
    "eniConfigLabelDef": "ENI_CONFIG_LABEL_DEF",
    "eniMtu": "AWS_VPC_ENI_MTU",
    "externalSnat": "AWS_VPC_K8S_CNI_EXTERNALSNAT",
    "logFile": "AWS_VPC_K8S_CNI_LOG_FILE",
    "logLevel": "AWS_VPC_K8S_CNI_LOGLEVEL",
    "nodePortSupport": "AWS_VPC_CNI_NODE_PORT_SUPPORT",
    "vethPrefix": "AWS_VPC_K8S_CNI_VETHPREFIX",
    "warmEniTarget": "WARM_ENI_TARGET",
    "warmIpTarget": "WARM_IP_TARGET",
    "warmPrefixTarget": "WARM_PREFIX_TARGET",
}
"""The add-on's own names: https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables."""


def newest_version(name: str, cluster_version: pulumi.Input[str], opts: pulumi.InvokeOptions) -> pulumi.Output[str]:
    """Return the newest version of an add-on for a Kubernetes version."""
    found = eks.get_addon_version_output(
        addon_name=name, kubernetes_version=cluster_version, most_recent=True, opts=opts
    )
    return found.version


def cluster_addon(
    name: str,
    addon_name: str,
    cluster: eks.Cluster,
    options: Mapping[str, Any],
    tags: Any,
    parent: pulumi.Resource,
) -> eks.Addon:
    """Return an add-on that comes with a cluster, in its newest version where none is asked for."""
    version = options.get("version") or newest_version(addon_name, cluster.version, pulumi.InvokeOptions(parent=parent))
    return eks.Addon(
        name,
        cluster_name=cluster.name,
        addon_name=addon_name,
        addon_version=version,
        preserve=True,
        resolve_conflicts_on_create=options.get("resolveConflictsOnCreate", "OVERWRITE"),
        resolve_conflicts_on_update=options.get("resolveConflictsOnUpdate", "OVERWRITE"),
        configuration_values=_json(options.get("configurationValues")),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _json(values: Any) -> pulumi.Output[str] | None:
    return None if values is None else pulumi.Output.json_dumps(values)


class VpcCni(pulumi.ComponentResource):
    """The VPC CNI add-on; its child has the component's own name."""

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:VpcCniAddon", name, None, opts)
        version = args.get("addonVersion") or newest_version(
            "vpc-cni", args["clusterVersion"], pulumi.InvokeOptions(parent=self)
        )
        eks.Addon(
            name,
            cluster_name=args["clusterName"],
            addon_name="vpc-cni",
            addon_version=version,
            configuration_values=_configuration(args),
            resolve_conflicts_on_create=args.get("resolveConflictsOnCreate", "OVERWRITE"),
            resolve_conflicts_on_update=args.get("resolveConflictsOnUpdate", "OVERWRITE"),
            preserve=True,
            service_account_role_arn=args.get("serviceAccountRoleArn"),
            tags=args.get("tags"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _configuration(args: Mapping[str, Any]) -> pulumi.Output[str]:
    environment = {ENVIRONMENT[name]: args[name] for name in ENVIRONMENT if name in args}
    values = (environment, args.get("enableNetworkPolicy"), args.get("configurationValues") or {})
    return pulumi.Output.all(*values).apply(_configuration_text)


def _configuration_text(values: list[Any]) -> str:
    environment, network_policy, given = values
    configuration: dict[str, Any] = {}
    if environment:
        configuration["env"] = {name: _text(value) for name, value in environment.items()}
    if network_policy is not None:
        configuration["enableNetworkPolicy"] = _text(network_policy)
    return json.dumps({**configuration, **given}, sort_keys=True)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) else str(value)


def vpc_cni_addon(
    name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions | None
) -> tuple[pulumi.Resource, dict[str, Any]]:
    """`eks.VpcCniAddon`."""
    return VpcCni(name, {"clusterVersion": "", **inputs}, opts), {}


class AnyAddon(pulumi.ComponentResource):
    """Any add-on of a cluster that pulumi-eks made."""

    def __init__(self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("eks:index:Addon", name, None, opts)
        eks.Addon(
            name,
            cluster_name=cluster_of(args["cluster"]).apply(lambda cluster: cluster.name),
            addon_name=args["addonName"],
            addon_version=args.get("addonVersion"),
            configuration_values=_json(args.get("configurationValues")),
            preserve=args.get("preserve", True),
            resolve_conflicts_on_create=args.get("resolveConflictsOnCreate", "OVERWRITE"),
            resolve_conflicts_on_update=args.get("resolveConflictsOnUpdate", "OVERWRITE"),
            service_account_role_arn=args.get("serviceAccountRoleArn"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def cluster_of(given: Any) -> pulumi.Output[eks.Cluster]:
    """Return the EKS cluster inside what pulumi-eks's other components take: its Cluster, or that one's `core`."""
    return pulumi.Output.from_input(given).apply(_inner_cluster)


def _inner_cluster(given: Any) -> Any:
    return given["cluster"] if isinstance(given, dict) else given.eks_cluster


def addon(
    name: str, inputs: dict[str, Any], opts: pulumi.ResourceOptions | None
) -> tuple[pulumi.Resource, dict[str, Any]]:
    """`eks.Addon`."""
    return AnyAddon(name, inputs, opts), {}
