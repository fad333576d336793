"""EKS: add-ons and Pod Identity, which moto lacks; only their cluster has to be there."""

import secrets
from typing import ClassVar

from localcloud.providers.aws.cloud import Region
from localcloud.providers.aws.recorded import Recorded
from localcloud.providers.aws.resource import Properties, Rename

ADDON_VERSIONS = {
    "aws-ebs-csi-driver": "v1.48.0-eksbuild.2",
    "coredns": "v1.12.4-eksbuild.1",
    "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
    "kube-proxy": "v1.34.0-eksbuild.4",
    "vpc-cni": "v1.20.3-eksbuild.1",
}
"""What `getAddonVersion` answers, and what an add-on without a version gets. AWS's own list changes monthly."""


class OfCluster(Recorded):
    """Something that belongs to a cluster."""

    service = "eks"

    def create(self, region: Region, inputs: Properties) -> str:
        """Asks for the cluster first, as its absence is the commonest of AWS's own errors here."""
        self.client(region).describe_cluster(name=inputs["clusterName"])
        return super().create(region, inputs)


class Addon(OfCluster):
    """An add-on; its id is `<cluster>:<add-on>`."""

    token = "aws:eks/addon:Addon"
    operation = "create_addon"
    create_only = frozenset({"addonName", "clusterName"})
    rename: ClassVar[Rename] = {"resolveConflictsOnCreate": "resolveConflicts"}

    def identity(self, region: Region, inputs: Properties) -> str:
        """Cluster and add-on."""
        return f"{inputs['clusterName']}:{inputs['addonName']}"

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """ARN and version."""
        cluster, name = identity.split(":")
        return {
            "arn": region.arn("eks", f"addon/{cluster}/{name}/{_number(identity)}"),
            "addonVersion": state.get("addonVersion") or ADDON_VERSIONS.get(name, "v1.0.0-eksbuild.1"),
            "configurationValues": state.get("configurationValues", ""),
        }


class PodIdentityAssociation(OfCluster):
    """Which role a service account gets."""

    token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    operation = "create_pod_identity_association"
    create_only = frozenset({"clusterName", "namespace", "serviceAccount"})

    def identity(self, region: Region, inputs: Properties) -> str:
        """An association id like AWS's."""
        return f"a-{secrets.token_hex(9)[:17]}"

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """Ids and ARN."""
        return {
            "associationArn": region.arn("eks", f"podidentityassociation/{state['clusterName']}/{identity}"),
            "associationId": identity,
            "disableSessionTags": state.get("disableSessionTags", False),
        }


def _number(identity: str) -> str:
    text = identity.encode().hex()[-32:].rjust(32, "0")
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def get_addon_version(region: Region, arguments: Properties) -> Properties:
    """The one version of an add-on that the local cloud knows."""
    name = arguments["addonName"]
    if name not in ADDON_VERSIONS:
        raise LookupError(f"the local cloud knows no version of the add-on {name}")
    return {"id": name, "version": ADDON_VERSIONS[name]}


RESOURCES = (Addon, PodIdentityAssociation)
FUNCTIONS = {"aws:eks/getAddonVersion:getAddonVersion": get_addon_version}
