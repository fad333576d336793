"""EKS: Pod Identity, which moto lacks; only the cluster has to be there."""

import secrets

from standin.aws.cloud import Region
from standin.aws.recorded import Recorded
from standin.aws.resource import Properties


class PodIdentityAssociation(Recorded):
    """Which role a service account gets."""

    token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    service = "eks"
    operation = "create_pod_identity_association"
    create_only = frozenset({"clusterName", "namespace", "serviceAccount"})

    def create(self, region: Region, inputs: Properties) -> str:
        """Asks for the cluster first, as its absence is the commonest of AWS's own errors here."""
        self.client(region).describe_cluster(name=inputs["clusterName"])
        return super().create(region, inputs)

    def identity(self, region: Region, inputs: Properties) -> str:
        """Return an association id like AWS's."""
        return f"a-{secrets.token_hex(9)[:17]}"

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        return {
            "associationArn": region.arn("eks", f"podidentityassociation/{state['clusterName']}/{identity}"),
            "associationId": identity,
            "disableSessionTags": state.get("disableSessionTags", False),
        }


RESOURCES = (PodIdentityAssociation,)
