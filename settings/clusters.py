"""Clusters: the platforms, created or existing, and how a sensor may write to the log group."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationInfo,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from settings.aws import Cidr, ClusterName, EcsClusterNameOrArn, EksClusterName, RoleName, network_of, text
from settings.base import ENCRYPTED, Model, files_of
from settings.capacity import Capacity, NodeGroup
from settings.errors import at, mistake, with_mistakes
from settings.kubeconfigs import check_kubeconfig, current_context
from settings.unique import unique

NO_FARGATE = (
    "an EC2 platform: Falco watches the kernel of its host, and Fargate gives no access to the host "
    "(https://falco.org/docs/setup/)"
)

Permission = Literal["podIdentity", "irsa", "nodeRole"]


class EksCreate(Model):
    """How to create an EKS cluster."""

    version: Annotated[str, *text(r"1\.\d{2}", 'a Kubernetes minor version in quotes, such as "1.35"')] = "1.35"
    """Kubernetes version. What EKS offers, and until when: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"""

    endpoint_access: Literal["private", "public", "publicAndPrivate"] = "private"
    """From where the Kubernetes API can be reached: private is from inside the VPC only, so `pulumi up` must then run there or through a VPN."""

    public_access_cidrs: Annotated[tuple[Cidr, ...], Field(max_length=40)] = ()
    """Who may reach a public endpoint. Must be given with public and publicAndPrivate; ["0.0.0.0/0"] is everyone."""

    node_groups: Annotated[tuple[NodeGroup, ...], WrapValidator(unique("name")), Field(min_length=1, max_length=30)] = (
        NodeGroup(),
    )
    """Managed node groups, at least one. Default: one group with every default of its own."""

    @field_validator("public_access_cidrs")
    @classmethod
    def _public_only(cls, cidrs: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        access = info.data.get("endpoint_access")
        if access == "private" and cidrs:
            raise mistake("this key only with endpointAccess public or publicAndPrivate")
        if access in ("public", "publicAndPrivate") and not cidrs:
            raise mistake('the ranges that may reach the endpoint, ["0.0.0.0/0"] for everyone', found="nothing")
        _refuse_private(cidrs)
        _refuse_overlap(cidrs)
        return cidrs


def _refuse_private(cidrs: tuple[str, ...]) -> None:
    """EKS sees a caller's public address, and takes no others."""
    private = [cidr for cidr in cidrs if (network := network_of(cidr)) and network.prefixlen and network.is_private]
    if private:
        raise mistake("public ranges: the VPC's own addresses reach the private endpoint", found=private[0])


def _refuse_overlap(cidrs: tuple[str, ...]) -> None:
    networks = [IPv4Network(cidr) for cidr in cidrs]
    for index, network in enumerate(networks):
        for other in networks[:index]:
            if network.overlaps(other):
                raise mistake("ranges that do not overlap", found=f"{other} and {network}")


class EksExisting(Model):
    """An EKS cluster that is there already."""

    name: EksClusterName
    """The cluster's name in EKS."""

    kubeconfig_file: str | None = None
    """Path of a kubeconfig for it. Without this and kubeconfig, one is made that asks `aws eks get-token`."""

    kubeconfig: SecretStr | None = None
    """The kubeconfig itself, as a secret: `pulumi config set --secret --path 'clusters[0].existing.kubeconfig'`."""

    @field_validator("kubeconfig_file")
    @classmethod
    def _readable(cls, name: str | None, info: ValidationInfo) -> str | None:
        return name if name is None else _checked_file(name, info)

    @field_validator("kubeconfig")
    @classmethod
    def _one_kubeconfig(cls, kubeconfig: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return _only(kubeconfig, info)


class EcsCreate(Capacity):
    """How to create an ECS cluster: the EC2 instances of its capacity provider."""


class EcsExisting(Model):
    """An ECS cluster that is there already, on EC2 instances."""

    cluster: EcsClusterNameOrArn
    """The cluster's name or ARN."""


class KubernetesExisting(Model):
    """A Kubernetes cluster, whoever runs it."""

    kubeconfig_file: str | None = None
    """Path of the kubeconfig, relative to the stack file. Either this or kubeconfig."""

    kubeconfig: SecretStr | None = None
    """The kubeconfig itself, as a secret: `pulumi config set --secret --path 'clusters[0].existing.kubeconfig'`."""

    context: str | None = None
    """Which of the kubeconfig's contexts to use. Default: its current one."""

    @field_validator("kubeconfig_file")
    @classmethod
    def _readable(cls, name: str | None, info: ValidationInfo) -> str | None:
        return name if name is None else _checked_file(name, info)

    @field_validator("kubeconfig")
    @classmethod
    def _one_kubeconfig(cls, kubeconfig: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        given = _only(kubeconfig, info)
        if given is None and info.data.get("kubeconfig_file", "") is None:
            raise mistake("either kubeconfigFile or kubeconfig", found="neither")
        return given

    @field_validator("context")
    @classmethod
    def _in_the_kubeconfig(cls, context: str | None, info: ValidationInfo) -> str | None:
        kubeconfig = _text_of(info)
        if kubeconfig is None:
            return context
        contexts = check_kubeconfig(kubeconfig, "a text")
        if (context or current_context(kubeconfig)) not in contexts:
            found = f'"{context}"' if context else "nothing, and the kubeconfig has no current context"
            raise mistake(f"a context of the kubeconfig: {', '.join(contexts) or 'it has none'}", found=found)
        return context


def _checked_file(name: str, info: ValidationInfo) -> str:
    check_kubeconfig(files_of(info).text(name), f'"{name}"')
    return name


def _only(kubeconfig: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    """Refuse a kubeconfig beside a kubeconfig file; take the file's text where there is no other."""
    file = info.data.get("kubeconfig_file")
    if kubeconfig is None:
        return kubeconfig if file is None else SecretStr(files_of(info).text(file))
    if file is not None:
        raise mistake("either kubeconfigFile or kubeconfig", found="both")
    if kubeconfig.get_secret_value() != ENCRYPTED:
        check_kubeconfig(kubeconfig.get_secret_value(), "a text (not shown, it may be a secret)")
    return kubeconfig


def _text_of(info: ValidationInfo) -> str | None:
    """The kubeconfig that was validated before this field, None where there is none that can be read."""
    kubeconfig = info.data.get("kubeconfig")
    if not isinstance(kubeconfig, SecretStr) or kubeconfig.get_secret_value() == ENCRYPTED:
        return None
    return kubeconfig.get_secret_value()


class EksCluster(Model):
    """A cluster whose control plane EKS runs."""

    name: ClusterName
    """What the cluster is called in events, log streams and resource names."""

    platform: Literal["eks"]
    """eks"""

    create: EksCreate | None = None
    """Create the cluster. This is the default where existing is not given."""

    existing: EksExisting | None = None
    """Use a cluster that is there already."""

    permission: Permission = "podIdentity"
    """How Fluent Bit gets its AWS credentials: EKS Pod Identity, IAM roles for service accounts, or the nodes' own role."""

    node_role: RoleName | None = None
    """Name of the existing nodes' IAM role, which gets the policy. Needed with permission nodeRole on an existing cluster, and only then."""

    @field_validator("node_role")
    @classmethod
    def _where_it_is_needed(cls, role: str | None, info: ValidationInfo) -> str | None:
        if not {"permission", "existing"} <= info.data.keys():
            return role
        needed = info.data["permission"] == "nodeRole" and info.data["existing"] is not None
        if needed and role is None:
            raise mistake("the name of the nodes' IAM role, because permission is nodeRole", found="nothing")
        if role is not None and not needed:
            raise mistake("this key only with permission nodeRole on an existing cluster")
        return role

    @model_validator(mode="wrap")
    @classmethod
    def _created_or_existing(cls, data: Any, handler: ModelWrapValidatorHandler["EksCluster"]) -> "EksCluster":
        return with_mistakes(handler, _created_by_default(data), _origin_mistakes(data))


class EcsCluster(Model):
    """An ECS cluster on EC2 instances."""

    name: ClusterName
    """What the cluster is called in events, log streams and resource names."""

    platform: Literal["ecs"]
    """ecs"""

    create: EcsCreate | None = None
    """Create the cluster. This is the default where existing is not given."""

    existing: EcsExisting | None = None
    """Use a cluster that is there already."""

    @model_validator(mode="wrap")
    @classmethod
    def _created_or_existing(cls, data: Any, handler: ModelWrapValidatorHandler["EcsCluster"]) -> "EcsCluster":
        return with_mistakes(handler, _created_by_default(data), _origin_mistakes(data))


class KubernetesCluster(Model):
    """Any other Kubernetes cluster with nodes on EC2."""

    name: ClusterName
    """What the cluster is called in events, log streams and resource names."""

    platform: Literal["kubernetes"]
    """kubernetes"""

    existing: KubernetesExisting
    """How to reach the cluster."""

    permission: Literal["nodeRole"] = "nodeRole"
    """Fluent Bit has the AWS credentials of the nodes' own role."""

    node_role: RoleName
    """Name of the nodes' IAM role, which gets the policy."""


Cluster = EksCluster | EcsCluster | KubernetesCluster


def _created_by_default(data: object) -> object:
    """Where a cluster says neither create nor existing, it is created with every default."""
    if isinstance(data, dict) and "create" not in data and "existing" not in data:
        return {**data, "create": {}}
    return data


def _origin_mistakes(data: object) -> Iterator[InitErrorDetails]:
    if isinstance(data, Mapping) and "create" in data and "existing" in data:
        yield at((), data, mistake("either create or existing", found="both"))
