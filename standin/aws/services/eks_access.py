"""EKS: access entries and what is associated with them, which the local cloud adds to moto."""

from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed


class AccessEntry(Resource):
    """Who may reach the cluster's API; its id is `<cluster>:<principal>`."""

    token = "aws:eks/accessEntry:AccessEntry"
    service = "eks"
    create_only = frozenset({"clusterName", "principalArn", "type"})
    defaults: ClassVar[Defaults] = {"type": "STANDARD"}
    rename: ClassVar[Rename] = {"userName": "username"}
    tagging = tags.BY_ARN

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, "create_access_entry", {name: value for name, value in inputs.items() if name != "tags"})
        return f"{inputs['clusterName']}:{inputs['principalArn']}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Set groups and user; without groups in the program the existing ones go, as with the real provider."""
        if old is not None and changed(inputs, old, "kubernetesGroups", "userName"):
            groups = inputs.get("kubernetesGroups", [])
            self.call(region, "update_access_entry", {**inputs, "kubernetesGroups": groups})

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        cluster, _, principal = identity.partition(":")
        answer = self.client(region).describe_access_entry(clusterName=cluster, principalArn=principal)
        return self.outputs(answer["accessEntry"])

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Shuts the principal out."""
        cluster, _, principal = identity.partition(":")
        self.client(region).delete_access_entry(clusterName=cluster, principalArn=principal)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        """Return the entry's ARN, which only EKS knows."""
        if "accessEntryArn" in state:
            return state["accessEntryArn"]
        found = self.read(region, identity, state)
        assert found is not None
        return found["accessEntryArn"]


class AccessPolicyAssociation(Resource):
    """A policy of EKS's own for an access entry; its id is `<cluster>#<principal>#<policy>`."""

    token = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    service = "eks"
    create_only = frozenset({"clusterName", "principalArn", "policyArn", "accessScope"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, "associate_access_policy", inputs)
        return "#".join((inputs["clusterName"], inputs["principalArn"], inputs["policyArn"]))

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        who, policy = _association(identity)
        answer = self.client(region).list_associated_access_policies(**who)
        found: dict[str, Any] | None = next(
            (one for one in answer["associatedAccessPolicies"] if one["policyArn"] == policy), None
        )
        return None if found is None else self.outputs({**who, **found})

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        who, policy = _association(identity)
        self.client(region).disassociate_access_policy(**who, policyArn=policy)


def _association(identity: str) -> tuple[dict[str, str], str]:
    cluster, principal, policy = identity.split("#")
    return {"clusterName": cluster, "principalArn": principal}, policy


RESOURCES = (AccessEntry, AccessPolicyAssociation)
