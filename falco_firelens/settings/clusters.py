"""Clusters: the platforms, created or existing, and how a sensor may write to the log group."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from falco_firelens.settings.capacity import DEFAULT_NODE_GROUP, Capacity, NodeGroup
from falco_firelens.settings.kubeconfigs import Kubeconfig, check_context
from falco_firelens.settings.types import (
    ClusterName,
    EcsClusterNameOrArn,
    EksClusterName,
    PublicCidr,
    RoleName,
    network_of,
)
from falco_firelens.settings.validation.alternatives import CreatedOrExisting
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.unique import unique

AddonName = Literal["coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"]

AddonVersion = Annotated[
    str,
    Matching(
        r"v\d+\.\d+\.\d+-[0-9A-Za-z.-]+",
        "a version as `aws eks describe-addon-versions` lists it, such as v1.20.3-eksbuild.1",
    ),
]


ClusterTag = Annotated[
    str, Matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,105}", "1 to 106 letters, digits, dots, hyphens and underscores")
]
"""A tag's key has 128 characters at most: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html"""


class EksCreate(Model):
    """How to create an EKS cluster."""

    version: Annotated[str, Matching(r"1\.\d{2}", 'a Kubernetes version in quotes, such as "1.35"')] = "1.35"
    """Kubernetes version, in quotes. The versions that EKS supports:
    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"""

    endpoint_access: Literal["private", "public", "publicAndPrivate"] = "private"
    """From where the Kubernetes API can be reached. `private` means from inside the VPC only: `pulumi up` has to run
    there or through a VPN, and has to be written out where the stack makes that VPC."""

    public_access_cidrs: Annotated[tuple[PublicCidr, ...], Field(max_length=40)] = ()
    """Who may reach a public endpoint: at most 40 ranges, required with `public` and `publicAndPrivate`.
    `["0.0.0.0/0"]` is everyone."""

    node_groups: Annotated[
        tuple[NodeGroup, ...], Field(min_length=1, max_length=30), unique("name", default=DEFAULT_NODE_GROUP)
    ] = (NodeGroup(),)
    """Managed node groups, 1 to 30. Default: one group called `default`."""

    addons: dict[AddonName, AddonVersion] = Field(default_factory=dict[AddonName, str])
    """Versions of EKS add-ons: `vpc-cni`, `kube-proxy`, `eks-pod-identity-agent`, `coredns`, as
    `aws eks describe-addon-versions` lists them. An add-on that is not named keeps the version that it was created
    with, also when `version` is raised: name `kube-proxy` then, which may be three minor versions older at most.
    `coredns` is an add-on only where it is named; EKS's own, which nothing updates, is there otherwise."""

    @field_validator("public_access_cidrs")
    @classmethod
    def _for_a_public_endpoint(cls, cidrs: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        access = info.data.get("endpoint_access")
        if access == "private" and cidrs:
            raise mistake("this key only with endpointAccess public or publicAndPrivate")
        if access in ("public", "publicAndPrivate") and not cidrs:
            raise mistake('the ranges that may reach the endpoint, ["0.0.0.0/0"] for everyone', found="nothing")
        cidrs = _apart(cidrs)
        if access == "public" and not everyone(cidrs):
            raise mistake(
                'endpointAccess publicAndPrivate, or ["0.0.0.0/0"]: without a private endpoint the cluster\'s own '
                "nodes, and the response's function, come by the internet as well",
                found=f"only {', '.join(cidrs)} with endpointAccess public",
            )
        return cidrs


def everyone(cidrs: Iterable[str]) -> bool:
    """Whether ranges, none of which overlap, are the whole internet."""
    return sum(network.num_addresses for network in map(network_of, cidrs) if network) == 2**32


def _apart(cidrs: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse ranges that overlap: one of them is not what its author believes."""
    networks = [network for network in map(network_of, cidrs) if network]
    for index, network in enumerate(networks):
        for other in networks[:index]:
            if network.overlaps(other):
                raise mistake("ranges that do not overlap", found=f"{other} and {network}")
    return cidrs


class EksExisting(Kubeconfig):
    """An EKS cluster that exists already. Without a kubeconfig, one is made that asks `aws eks get-token`."""

    name: EksClusterName
    """The cluster's name in EKS."""

    @field_validator("kubeconfig")
    @classmethod
    def _with_a_current_context(cls, kubeconfig: object) -> object:
        check_context(None, kubeconfig)
        return kubeconfig


class EcsCreate(Capacity):
    """How to create an ECS cluster: the EC2 instances of its capacity provider."""


class EcsExisting(Model):
    """An ECS cluster that exists already, on EC2 instances."""

    cluster: EcsClusterNameOrArn
    """The cluster's name or ARN."""


class KubernetesExisting(Kubeconfig):
    """A Kubernetes cluster that exists already. Needs `kubeconfigFile` or `kubeconfig`."""

    context: str | None = None
    """Which of the kubeconfig's contexts to use. Default: its current one."""

    cluster_tag: ClusterTag | None = None
    """NAME in the tag `kubernetes.io/cluster/NAME` of the nodes' EC2 instances, by which a quarantine knows them. kOps
    and Cluster API set that tag with the cluster's own name. Default: the cluster's name in the stack."""

    @field_validator("kubeconfig")
    @classmethod
    def _given(cls, kubeconfig: object, info: ValidationInfo) -> object:
        if kubeconfig is None and "kubeconfig_file" in info.data:
            raise mistake("either kubeconfigFile or kubeconfig", found="neither")
        return kubeconfig

    @field_validator("context")
    @classmethod
    def _in_the_kubeconfig(cls, context: str | None, info: ValidationInfo) -> str | None:
        check_context(context, info.data.get("kubeconfig"))
        return context


class _Cluster(Model):
    name: ClusterName
    """The cluster's name in events, log streams and resource names; unique in the stack."""


class EksCluster(_Cluster, CreatedOrExisting):
    """A Kubernetes cluster of Amazon EKS."""

    platform: Literal["eks"]
    """`eks`"""

    create: EksCreate | None = None
    """Create the cluster. This is the default without `existing`."""

    existing: EksExisting | None = None
    """Use a cluster that exists already."""

    permission: Literal["podIdentity", "irsa", "nodeRole"] = "podIdentity"
    """How Fluent Bit gets its AWS credentials: EKS Pod Identity, IAM roles for service accounts, or the nodes' role."""

    node_role: RoleName | None = None
    """Name of the IAM role of the existing cluster's nodes; it gets the policy. Required for permission `nodeRole`
    on an existing cluster, and only there."""

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


class EcsCluster(_Cluster, CreatedOrExisting):
    """An Amazon ECS cluster on EC2 instances. Fargate gives Falco no access to the host, so it cannot run there."""

    platform: Literal["ecs"]
    """`ecs`"""

    create: EcsCreate | None = None
    """Create the cluster. This is the default without `existing`."""

    existing: EcsExisting | None = None
    """Use a cluster that exists already."""


class KubernetesCluster(_Cluster):
    """Any other Kubernetes cluster, its nodes being EC2 instances."""

    platform: Literal["kubernetes"]
    """`kubernetes`"""

    existing: KubernetesExisting
    """How to reach the cluster."""

    permission: Literal["nodeRole"] = "nodeRole"
    """Fluent Bit has the AWS credentials of the nodes' role."""

    node_role: RoleName
    """Name of the nodes' IAM role, which gets the policy. It is an inline one, or, where several clusters of the stack
    name the same role, a managed one, of which a role has ten by default. If several stacks name one role each adds its
    own: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


Cluster = EksCluster | EcsCluster | KubernetesCluster
