"""EKS: clusters and node groups, which moto has, and what it lacks as recorded only."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import hashlib
from typing import ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
PROVIDER_ONLY = frozenset({"tags", "enabledClusterLogTypes", "defaultAddonsToRemoves"})


class Cluster(Resource):
    """An EKS cluster. moto changes no version, which stays as the program gave it."""

    token = "aws:eks/cluster:Cluster"
    service = "eks"
    autoname = AutoName(longest=100)
    create_only = frozenset(
        {
            "name",
            "roleArn",
            "bootstrapSelfManagedAddons",
            "outpostConfig",
            "kubernetesNetworkConfig.ipFamily",
            "kubernetesNetworkConfig.serviceIpv4Cidr",
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
        }
    )
    defaults: ClassVar[Defaults] = {"bootstrapSelfManagedAddons": True}
    write_only = frozenset({"bootstrapSelfManagedAddons", "forceUpdateVersion", "defaultAddonsToRemoves"})
    nested_computed = frozenset({"vpcConfig.clusterSecurityGroupId", "vpcConfig.vpcId"})
    rename: ClassVar[Rename] = {"vpcConfig": "resourcesVpcConfig"}
    tagging = tags.BY_ARN

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the cluster, with the security group that EKS makes for it."""
        desired = {name: value for name, value in inputs.items() if name not in PROVIDER_ONLY}
        return self.call(region, "create_cluster", desired, logging=_logging(inputs))["cluster"]["name"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Endpoint access, control-plane logs, and how people get in."""
        if old is None:
            return
        eks = self.client(region)
        if changed(inputs, old, "enabledClusterLogTypes"):
            eks.update_cluster_config(name=identity, logging=_logging(inputs))
        mode = inputs.get("accessConfig", {}).get("authenticationMode")
        if mode and mode != old.get("accessConfig", {}).get("authenticationMode"):
            eks.update_cluster_config(name=identity, accessConfig={"authenticationMode": mode})
        access = {
            name: value for name, value in inputs["vpcConfig"].items() if name.startswith(("endpoint", "publicAccess"))
        }
        if any(old.get("vpcConfig", {}).get(name) != value for name, value in access.items()):
            eks.update_cluster_config(name=identity, resourcesVpcConfig=access)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the cluster, and what moto leaves out of it."""
        found = self.client(region).describe_cluster(name=identity)["cluster"]
        logs = [kind for one in found["logging"]["clusterLogging"] if one["enabled"] for kind in one["types"]]
        known = self.outputs(found)
        defaults = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
        return {
            **known,
            "accessConfig": {**defaults, **state.get("accessConfig", {}), **found.get("accessConfig", {})},
            "certificateAuthority": {"data": found["certificateAuthority"]["data"]},
            "deletionProtection": state.get("deletionProtection", False),
            "enabledClusterLogTypes": logs or None,
            "identities": [{"oidcs": [{"issuer": issuer(region, identity)}]}],
            "upgradePolicy": state.get("upgradePolicy", {"supportType": "EXTENDED"}),
            "version": state.get("version", found["version"]),
            "vpcConfig": {**known.get("vpcConfig", {}), **_vpc(region, state.get("vpcConfig", {}))},
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_cluster(name=identity)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("eks", f"cluster/{identity}")


def issuer(region: Region, cluster: str) -> str:
    """Return a cluster's own OIDC issuer; moto gives every cluster of a region the same one, which AWS never does."""
    number = (
        hashlib.md5(f"{region.account}/{region.name}/{cluster}".encode(), usedforsecurity=False).hexdigest().upper()
    )
    return f"https://oidc.eks.{region.name}.amazonaws.com/id/{number}"


def _logging(inputs: Properties) -> Properties:
    desired = inputs.get("enabledClusterLogTypes") or []
    rest = [kind for kind in LOG_TYPES if kind not in desired]
    groups = ((desired, True), (rest, False))
    return {"clusterLogging": [{"types": list(kinds), "enabled": on} for kinds, on in groups if kinds]}


def _vpc(region: Region, desired: Properties) -> Properties:
    """Where the cluster is: the VPC of its subnets, and that VPC's default group in place of EKS's own."""
    ec2 = region.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=desired["subnetIds"][:1])["Subnets"] if desired.get("subnetIds") else []
    if not subnets:
        return {}
    vpc = subnets[0]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    groups = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return {"vpcId": vpc, "clusterSecurityGroupId": groups[0]["GroupId"] if groups else ""}


class NodeGroup(Resource):
    """A managed node group; its id is `<cluster>:<node group>`.

    moto tags a node group when it is created and never afterwards, so a later change of tags is only recorded.
    """

    token = "aws:eks/nodeGroup:NodeGroup"
    service = "eks"
    autoname = AutoName("nodeGroupName", longest=63)
    create_only = frozenset(
        {
            "clusterName", "nodeGroupName", "nodeGroupNamePrefix", "nodeRoleArn", "subnetIds", "amiType",
            "capacityType", "diskSize", "instanceTypes", "remoteAccess", "launchTemplate.id", "launchTemplate.name",
        }
    )  # fmt: skip
    write_only = frozenset({"forceUpdateVersion", "nodeGroupNamePrefix"})
    rename: ClassVar[Rename] = {
        "nodeGroupName": "nodegroupName",
        "nodeRoleArn": "nodeRole",
        "subnetIds": "subnets",
    }

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs, "nodeGroupName")
        tagged = region.all_tags(inputs.get("tags", {}))
        plain = {name: value for name, value in inputs.items() if name != "tags"}
        self.call(region, "create_nodegroup", plain, nodegroupName=name, **({"tags": tagged} if tagged else {}))
        return f"{inputs['clusterName']}:{name}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Sizes, labels and taints, where they differ; versions are only kept."""
        if old is None or not changed(inputs, old, "scalingConfig", "labels", "taints"):
            return
        cluster, name = identity.split(":")
        sizes = {"scalingConfig": inputs["scalingConfig"]} if changed(inputs, old, "scalingConfig") else {}
        before, after = old.get("labels") or {}, inputs.get("labels") or {}
        parameters: Properties = sizes
        if before != after:
            removed = sorted(before.keys() - after.keys())
            parameters["labels"] = {"addOrUpdateLabels": after, "removeLabels": removed}
        self.client(region).update_nodegroup_config(clusterName=cluster, nodegroupName=name, **parameters)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the group; versions and update settings as the program gave them, since moto keeps none."""
        cluster, name = identity.split(":")
        found = self.client(region).describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
        kept = ("version", "updateConfig", "nodeRepairConfig", "launchTemplate", "taints")
        return {
            **self.outputs(found),
            "clusterName": cluster,
            "nodeGroupName": name,
            "updateConfig": {"maxUnavailable": 1},
            "nodeRepairConfig": {"enabled": False},
            **{key: state[key] for key in kept if key in state},
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        cluster, name = identity.split(":")
        self.client(region).delete_nodegroup(clusterName=cluster, nodegroupName=name)


def get_cluster(region: Region, arguments: Properties) -> Properties:
    """Return a cluster by its name, in the form of the real function's result."""
    name = arguments["name"]
    found = region.client("eks").describe_cluster(name=name)["cluster"]
    resource = Cluster()
    known = resource.read(region, name, resource.outputs(found)) or {}
    return {
        **known,
        "accessConfigs": [known["accessConfig"]],
        "certificateAuthorities": [known["certificateAuthority"]],
        "computeConfigs": [],
        "controlPlaneScalingConfigs": [],
        "enabledClusterLogTypes": known["enabledClusterLogTypes"] or [],
        "id": name,
        "kubernetesNetworkConfigs": [known["kubernetesNetworkConfig"]] if "kubernetesNetworkConfig" in known else [],
        "outpostConfigs": [],
        "remoteNetworkConfigs": [],
        "storageConfigs": [],
        "tags": found.get("tags", {}),
        "upgradePolicies": [known["upgradePolicy"]],
        "vpcConfig": known["vpcConfig"],
        "zonalShiftConfigs": [],
    }


def get_node_groups(region: Region, arguments: Properties) -> Properties:
    """Return the names of a cluster's node groups.

    Raises what boto3 raises where there is no such cluster.
    """
    cluster = arguments["clusterName"]
    names = region.client("eks").list_nodegroups(clusterName=cluster)["nodegroups"]
    return {"clusterName": cluster, "id": cluster, "names": sorted(names)}


def get_node_group(region: Region, arguments: Properties) -> Properties:
    """Return a node group, in the form of the real function's result."""
    identity = f"{arguments['clusterName']}:{arguments['nodeGroupName']}"
    found = NodeGroup().read(region, identity, {}) or {}
    same = ("amiType", "arn", "capacityType", "status", "instanceTypes")
    return {
        **arguments,
        "diskSize": found.get("diskSize", 0),
        "id": identity,
        "labels": found.get("labels", {}),
        "launchTemplates": [found["launchTemplate"]] if "launchTemplate" in found else [],
        "nodeRoleArn": found["nodeRoleArn"],
        "releaseVersion": found.get("releaseVersion", ""),
        "remoteAccesses": [],
        "resources": found.get("resources", []),
        "scalingConfigs": [found["scalingConfig"]],
        "subnetIds": found["subnetIds"],
        "tags": found.get("tags", {}),
        "taints": found.get("taints", []),
        "updateConfigs": [found["updateConfig"]],
        "version": found.get("version", ""),
        **{name: found[name] for name in same if name in found},
    }


def get_cluster_auth(region: Region, arguments: Properties) -> Properties:
    """Return a token that says it is from here; the local control plane has its own."""
    return {"id": arguments["name"], "name": arguments["name"], "token": "k8s-aws-v1.localcloud"}


RESOURCES = (Cluster, NodeGroup)
FUNCTIONS = {
    "aws:eks/getCluster:getCluster": get_cluster,
    "aws:eks/getClusterAuth:getClusterAuth": get_cluster_auth,
    "aws:eks/getNodeGroup:getNodeGroup": get_node_group,
    "aws:eks/getNodeGroups:getNodeGroups": get_node_groups,
}
