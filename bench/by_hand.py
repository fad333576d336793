"""Writes the program that a user would write by hand for a stack, of the SDKs' own classes with literal inputs."""

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pulumi._types import input_type_py_to_pulumi_names

PROVIDER = "pulumi:providers:kubernetes"
EKS = "eks:index:Cluster"

HEADER = """
import pulumi
import pulumi_aws
import pulumi_eks
import pulumi_kubernetes

"""

CLUSTER = """
cluster = pulumi_eks.Cluster(
    "{name}",
    name="apps",
    version="1.35",
    vpc_id=vpc.id,
    private_subnet_ids=[subnet.id for subnet in subnets],
    authentication_mode=pulumi_eks.AuthenticationMode.API,
    endpoint_private_access=True,
    endpoint_public_access=True,
    public_access_cidrs=["0.0.0.0/0"],
    encryption_config_key_arn=key.arn,
    enabled_cluster_log_types=["api", "audit", "authenticator", "controllerManager", "scheduler"],
    create_oidc_provider=False,
    create_instance_role=False,
    skip_default_node_group=True,
    skip_default_security_groups=True,
    use_default_vpc_cni=True,
    kube_proxy_addon_options=pulumi_eks.KubeProxyAddonOptionsArgs(enabled=False),
)
"""
"""The cluster of Pulumi.dev.yaml: a preview shows no inputs of a component such as this."""

NAMED = {"aws:ec2/vpc:Vpc": "vpc = {}", "aws:ec2/subnet:Subnet": "subnets.append({})", "aws:kms/key:Key": "key = {}"}
"""What the cluster is made of."""


@dataclass(frozen=True)
class Planned:
    """A resource of a preview, with its inputs as the engine has them."""

    type: str
    urn: str
    inputs: Mapping[str, Any]

    @property
    def written(self) -> bool:
        """Whether a person writes it: no component of this project, and nothing that pulumi-eks makes by itself."""
        if self.type in (PROVIDER, EKS):
            return True
        return not self.type.startswith(("pulumi:", "falco-firelens:", "eks:")) and f"{EKS}$" not in self.urn


def program(plan: Iterable[Planned]) -> str:
    """Write the program. Every object of Kubernetes is in the stack's one cluster."""
    written = sorted((one for one in plan if one.written), key=_order)
    return HEADER + "subnets = []\n" + "\n".join(_statement(f"r{index}", one) for index, one in enumerate(written))


def _order(one: Planned) -> int:
    """Sort what the cluster is made of first, then the cluster, its provider, and what is inside it."""
    return [EKS, PROVIDER].index(one.type) + 1 if one.type in (EKS, PROVIDER) else 0 if one.type in NAMED else 3


def _statement(name: str, one: Planned) -> str:
    if one.type == PROVIDER:
        return f'provider = pulumi_kubernetes.Provider("{name}", kubeconfig=cluster.kubeconfig_json)'
    if one.type == EKS:
        return CLUSTER.format(name=name)
    module, kind = _class(one.type)
    arguments = [f"{key}={value!r}" for key, value in _arguments(module, kind, one.inputs).items()]
    if one.type.startswith("kubernetes:"):
        arguments.append("opts=pulumi.ResourceOptions(provider=provider)")
    return NAMED.get(one.type, "{}").replace("{}", f'{module}.{kind}("{name}", {", ".join(arguments)})')


def _class(token: str) -> tuple[str, str]:
    """Find the SDK's module and class: `aws:cloudwatch/logGroup:LogGroup` is `pulumi_aws.cloudwatch` and `LogGroup`."""
    package, path, kind = token.split(":")
    if package == "kubernetes":
        group, version = path.split("/")
        return f"pulumi_kubernetes.{group.partition('.')[0]}.{version}", kind
    service = path.partition("/")[0]
    if service == "index":
        return f"pulumi_{package}", kind
    return f"pulumi_{package}.{'lambda_' if service == 'lambda' else service}", kind


def _arguments(module: str, kind: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the inputs as keyword arguments, without what the engine has added."""
    classes = importlib.import_module(module)
    given = getattr(classes, f"{kind}InitArgs", None) or getattr(classes, f"{kind}Args")
    names = {theirs: python for python, theirs in input_type_py_to_pulumi_names(given).items()}
    return {names[key]: _plain(value) for key, value in inputs.items() if key in names}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast("dict[str, Any]", value).items() if key != "__defaults"}
    return [_plain(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value
