"""How Fluent Bit gets its AWS credentials in a Kubernetes cluster: what follows from a stack file's `permission`.

This module alone knows the permissions by name. What rendering, discovery, the clusters, the roles and the sensor need
to know is in the record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.settings import EksCluster, KubernetesCluster

if TYPE_CHECKING:
    # Also below imported only to make a role: a check of a stack file does not wait for the AWS resources' SDK.
    from ..sensors.shipping_role import RoleHolder


@dataclass(frozen=True)
class Identities:
    """What of a cluster a role's policies name, where the cluster has it.

    `eks_name` is a name that is known only when the control plane is there.
    """

    node_role: pulumi.Input[str] = ""
    arn: str = ""
    eks_name: pulumi.Input[str] | None = None
    oidc_provider_arn: pulumi.Input[str] = ""
    oidc_issuer: pulumi.Input[str] = ""


@dataclass(frozen=True)
class Permission:
    """One way to the credentials. `holder` says who gets the role, for a cluster and the name of a service account."""

    name: str
    holder: "Callable[[Identities, str], RoleHolder]"
    host_network: bool = False
    """Whether Fluent Bit has to run on the host's network, where the node's credentials can be reached."""
    pod_identity: bool = False
    """Whether the cluster needs the agent of EKS Pod Identity."""
    oidc_provider: bool = False
    """Whether the cluster needs an OIDC provider in IAM."""
    annotated: bool = False
    """Whether the service account asks for the role by an annotation."""


def permission_of(cluster: EksCluster | KubernetesCluster) -> Permission:
    """Return the permission that the stack file gives a cluster's sensor."""
    return PERMISSIONS[cluster.permission]


def _pod_identity(of: Identities, service_account: str) -> "RoleHolder":
    from ..sensors.shipping_role import pod_identity_trust

    assert of.eks_name is not None
    return {
        "trust_policy": pod_identity_trust(of.arn, SENSOR_NAMESPACE, service_account),
        "pod_identity": {"cluster_name": of.eks_name, "namespace": SENSOR_NAMESPACE, "name": service_account},
    }


def _irsa(of: Identities, service_account: str) -> "RoleHolder":
    from ..sensors.shipping_role import irsa_trust

    return {"trust_policy": irsa_trust(of.oidc_provider_arn, of.oidc_issuer, SENSOR_NAMESPACE, service_account)}


def _node_role(of: Identities, service_account: str) -> "RoleHolder":
    return {"node_role": of.node_role}


PERMISSIONS: Mapping[str, Permission] = {
    permission.name: permission
    for permission in (
        Permission("podIdentity", _pod_identity, pod_identity=True),
        Permission("irsa", _irsa, oidc_provider=True, annotated=True),
        Permission("nodeRole", _node_role, host_network=True),
    )
}
