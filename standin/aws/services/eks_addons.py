"""EKS: add-ons, which the local cloud adds to moto."""

from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.resource import Properties, Rename, Resource, changed

_SENT = ("addonVersion", "configurationValues", "serviceAccountRoleArn")


class Addon(Resource):
    """An add-on; its id is `<cluster>:<add-on>`."""

    token = "aws:eks/addon:Addon"
    service = "eks"
    create_only = frozenset({"addonName", "clusterName"})
    write_only = frozenset({"preserve", "resolveConflictsOnCreate", "resolveConflictsOnUpdate"})
    changing = frozenset({"modifiedAt"})
    rename: ClassVar[Rename] = {"arn": "addonArn", "resolveConflictsOnCreate": "resolveConflicts"}
    tagging = tags.BY_ARN

    def create(self, region: Region, inputs: Properties) -> str:
        """Create it, in EKS's default version where none is given."""
        self.call(region, "create_addon", {name: value for name, value in inputs.items() if name != "tags"})
        return f"{inputs['clusterName']}:{inputs['addonName']}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Send what differs, and no more; what the program does not give stays as it is."""
        if old is None:
            return
        sent = {name: inputs[name] for name in _SENT if name in inputs and changed(inputs, old, name)}
        if sent:
            cluster, name = identity.split(":")
            conflicts = {"resolveConflicts": inputs.get("resolveConflictsOnUpdate", "NONE")}
            self.client(region).update_addon(clusterName=cluster, addonName=name, **sent, **conflicts)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        cluster, name = identity.split(":")
        found = self.client(region).describe_addon(clusterName=cluster, addonName=name)["addon"]
        return self.outputs(found, configurationValues=found.get("configurationValues", ""))

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        cluster, name = identity.split(":")
        preserve = state.get("preserve", False)
        self.client(region).delete_addon(clusterName=cluster, addonName=name, preserve=preserve)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        """Return the add-on's ARN, which only EKS knows."""
        if "arn" in state:
            return state["arn"]
        found = self.read(region, identity, state)
        assert found is not None
        return found["arn"]


def get_addon(region: Region, arguments: Properties) -> Properties:
    """Return an add-on of a cluster.

    Raises what boto3 raises where there is none.
    """
    who = {name: arguments[name] for name in ("clusterName", "addonName")}
    found = region.client("eks").describe_addon(**who)["addon"]
    return {
        **who,
        "addonVersion": found["addonVersion"],
        "arn": found["addonArn"],
        "configurationValues": found.get("configurationValues", ""),
        "createdAt": found["createdAt"].isoformat(),
        "id": ":".join(who.values()),
        "modifiedAt": found["modifiedAt"].isoformat(),
        "podIdentityAssociations": [],
        "serviceAccountRoleArn": found.get("serviceAccountRoleArn", ""),
        "tags": found.get("tags", {}),
    }


def get_addon_version(region: Region, arguments: Properties) -> Properties:
    """Return the newest version of an add-on, or EKS's default one.

    Raises LookupError when there is none.
    """
    name, kubernetes = arguments["addonName"], arguments["kubernetesVersion"]
    answer = region.client("eks").describe_addon_versions(addonName=name, kubernetesVersion=kubernetes)["addons"]
    versions: list[Any] = [version for addon in answer for version in addon["addonVersions"]]
    if not arguments.get("mostRecent"):
        versions = [version for version in versions if version["compatibilities"][0]["defaultVersion"]]
    if not versions:
        raise LookupError(f"the local cloud knows no version of the add-on {name}")
    return {
        "addonName": name,
        "id": name,
        "kubernetesVersion": kubernetes,
        "mostRecent": arguments.get("mostRecent", False),
        "version": versions[0]["addonVersion"],
    }


RESOURCES = (Addon,)
FUNCTIONS = {
    "aws:eks/getAddon:getAddon": get_addon,
    "aws:eks/getAddonVersion:getAddonVersion": get_addon_version,
}
