"""ECS: clusters, capacity providers, task definitions, services."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
from typing import Any, ClassVar

from standin.aws import api, tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed

NO_TAGS = frozenset({"tags"})


def _untagged(inputs: Properties) -> Properties:
    return {name: value for name, value in inputs.items() if name not in NO_TAGS}


class Cluster(Resource):
    """An ECS cluster; its id is its ARN."""

    token = "aws:ecs/cluster:Cluster"
    service = "ecs"
    autoname = AutoName()
    create_only = frozenset({"name"})
    rename: ClassVar[Rename] = {"name": "clusterName"}
    tagging = tags.ECS

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "create_cluster", _untagged(inputs))["cluster"]["clusterArn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None and changed(inputs, old, "settings", "configuration", "serviceConnectDefaults"):
            self.call(region, "update_cluster", _untagged(inputs), cluster=identity)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the cluster unless it is inactive."""
        include = ["SETTINGS", "CONFIGURATIONS"]
        found = self.client(region).describe_clusters(clusters=[identity], include=include)["clusters"]
        if not found or found[0]["status"] == "INACTIVE":
            return None
        return self.outputs(found[0], arn=found[0]["clusterArn"])

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_cluster(cluster=identity)


class CapacityProvider(Resource):
    """An Auto Scaling group as a cluster's capacity; its id is its ARN."""

    token = "aws:ecs/capacityProvider:CapacityProvider"
    service = "ecs"
    autoname = AutoName()
    create_only = frozenset({"name", "autoScalingGroupProvider.autoScalingGroupArn"})
    tagging = tags.ECS

    def create(self, region: Region, inputs: Properties) -> str:
        desired = self._desired(inputs)
        tagged = tags.to_api(region.all_tags(inputs.get("tags", {})), "key/value")
        answer = self.call(region, "create_capacity_provider", desired, tags=tagged)
        return answer["capacityProvider"]["capacityProviderArn"]

    def _desired(self, inputs: Properties) -> Properties:
        return {name: value for name, value in _untagged(inputs).items() if name != "cluster"}

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None and changed(inputs, old, "autoScalingGroupProvider"):
            self.call(region, "update_capacity_provider", self._desired(inputs))

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the provider unless it is inactive."""
        found = self.client(region).describe_capacity_providers(capacityProviders=[identity])["capacityProviders"]
        if not found or found[0].get("status") == "INACTIVE":
            return None
        return self.outputs(found[0], arn=identity)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete it, which ECS refuses in the answer."""
        answer = self.client(region).delete_capacity_provider(capacityProvider=identity)["capacityProvider"]
        if answer.get("updateStatus") == "DELETE_FAILED":
            raise ValueError(f"capacity provider {answer['name']} was not deleted: a cluster has it")


class ClusterCapacityProviders(Resource):
    """Which capacity providers a cluster has; its id is the cluster's name."""

    token = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
    service = "ecs"
    create_only = frozenset({"clusterName"})
    rename: ClassVar[Rename] = {
        "defaultCapacityProviderStrategies": "defaultCapacityProviderStrategy",
        "clusterName": "cluster",
    }

    def create(self, region: Region, inputs: Properties) -> str:
        self._put(region, inputs)
        return inputs["clusterName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self._put(region, inputs)

    def _put(self, region: Region, inputs: Properties) -> None:
        desired: Properties = {"capacityProviders": [], "defaultCapacityProviderStrategies": [], **inputs}
        self.call(region, "put_cluster_capacity_providers", desired)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        found = self.client(region).describe_clusters(clusters=[identity])["clusters"]
        if not found or found[0]["status"] == "INACTIVE":
            return None
        return {**self.outputs(found[0]), "clusterName": identity}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Leaves the cluster none."""
        self._put(region, {"clusterName": identity})


class TaskDefinition(Resource):
    """A task definition; every change registers a new revision, and its id is its family."""

    token = "aws:ecs/taskDefinition:TaskDefinition"
    service = "ecs"
    create_only = frozenset(
        {
            "containerDefinitions", "cpu", "enableFaultInjection", "ephemeralStorage", "executionRoleArn", "family",
            "ipcMode", "memory", "networkMode", "pidMode", "placementConstraints", "proxyConfiguration",
            "requiresCompatibilities", "runtimePlatform", "taskRoleArn", "volumes",
        }
    )  # fmt: skip
    defaults: ClassVar[Defaults] = {"skipDestroy": False, "trackLatest": False}
    write_only = frozenset({"skipDestroy", "trackLatest"})
    rename: ClassVar[Rename] = {"proxyConfiguration": "proxyConfiguration", "hostPath": "sourcePath"}
    tagging = tags.ECS

    def create(self, region: Region, inputs: Properties) -> str:
        """Register a revision; the containers' JSON is what the API itself takes."""
        desired = self._request(inputs)
        containers = json.loads(inputs["containerDefinitions"])
        self.call(region, "register_task_definition", desired, containerDefinitions=containers)
        return inputs["family"]

    def _request(self, inputs: Properties) -> Properties:
        """All but the containers; a volume's host path stands in an object of its own there."""
        hidden = NO_TAGS | {"containerDefinitions"}
        desired = {name: value for name, value in inputs.items() if name not in hidden}
        desired["volumes"] = [
            {**volume, **({"host": {"sourcePath": volume["hostPath"]}} if "hostPath" in volume else {})}
            for volume in inputs.get("volumes", ())
        ]
        return desired

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return this revision, or the family's newest in an import."""
        name = state.get("arn") or identity
        found = self.client(region).describe_task_definition(taskDefinition=name)["taskDefinition"]
        if found.get("status") == "INACTIVE":
            return None
        volumes = [_volume(one) for one in found.get("volumes", ())]
        arn = found["taskDefinitionArn"]
        return {
            **{name: value for name, value in self.outputs(found).items() if name != "volumes"},
            "arn": arn,
            "arnWithoutRevision": arn.rpartition(":")[0],
            "containerDefinitions": self._containers(found, state),
            "enableFaultInjection": found.get("enableFaultInjection", False),
            "networkMode": found.get("networkMode") or state.get("networkMode", "bridge"),
            "revision": found["revision"],
            **({"volumes": volumes} if volumes else {}),
        }

    def _containers(self, found: Properties, state: Properties) -> str:
        """Return the program's own text where AWS only filled in what it leaves open."""
        actual: list[Properties] = found["containerDefinitions"]
        desired: list[Properties] = json.loads(state.get("containerDefinitions", "[]"))
        if len(desired) == len(actual) and all(_covers(*pair) for pair in zip(desired, actual, strict=True)):
            return state["containerDefinitions"]
        return json.dumps(actual, separators=(",", ":"))

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            self.client(region).deregister_task_definition(taskDefinition=state.get("arn") or identity)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        if "arn" in state:
            return state["arn"]
        answer = self.client(region).describe_task_definition(taskDefinition=identity)
        return answer["taskDefinition"]["taskDefinitionArn"]


def _covers(desired: Any, actual: Any) -> bool:
    """Whether everything desired is there; empty and absent are the same to ECS."""
    if isinstance(desired, dict) and isinstance(actual, dict):
        pairs = ((value, actual.get(key)) for key, value in desired.items())  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return all(value in (None, "", [], {}, False) or _covers(value, other) for value, other in pairs)
    return desired == actual


def _volume(found: Properties) -> Properties:
    """Return a volume as the provider has it."""
    volume = {name: value for name, value in found.items() if name == "name" and value}
    path = (found.get("host") or {}).get("sourcePath")
    return {**volume, **({"hostPath": path} if path else {})}


class Service(Resource):
    """A service; its id is its ARN."""

    token = "aws:ecs/service:Service"
    service = "ecs"
    autoname = AutoName()
    create_only = frozenset(
        {"name", "cluster", "launchType", "schedulingStrategy", "deploymentController.type", "iamRole"}
    )
    defaults: ClassVar[Defaults] = {"waitForSteadyState": False}
    write_only = frozenset({"waitForSteadyState", "forceNewDeployment", "forceDelete", "triggers", "sigintRollback"})
    rename: ClassVar[Rename] = {
        "name": "serviceName",
        "capacityProviderStrategies": "capacityProviderStrategy",
        "orderedPlacementStrategies": "placementStrategy",
        "iamRole": "role",
    }
    tagging = tags.ECS

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "create_service", self._desired(inputs))["service"]["serviceArn"]

    def _desired(self, inputs: Properties) -> Properties:
        desired = _untagged(inputs)
        deployment = {
            "maximumPercent": desired.pop("deploymentMaximumPercent", None),
            "minimumHealthyPercent": desired.pop("deploymentMinimumHealthyPercent", None),
            "deploymentCircuitBreaker": desired.pop("deploymentCircuitBreaker", None),
            "alarms": desired.pop("alarms", None),
        }
        desired["deploymentConfiguration"] = {
            **{name: value for name, value in deployment.items() if value is not None},
            **desired.get("deploymentConfiguration", {}),
        }
        return desired

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Everything that can change in place, in one call."""
        if old is not None:
            cluster, name = _service_place(identity)
            self.call(region, "update_service", self._desired(inputs), cluster=cluster, service=name)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the service unless it is inactive; moto forgets what it has no use for, which stays as given."""
        cluster, name = _service_place(identity)
        found = self.client(region).describe_services(cluster=cluster, services=[name])["services"]
        if not found or found[0]["status"] == "INACTIVE":
            return None
        one = found[0]
        known = self.outputs(one, arn=one["serviceArn"], cluster=one["clusterArn"])
        if state.get("cluster") == cluster:
            known["cluster"] = cluster
        deployment = one.get("deploymentConfiguration", {})
        kept = ("propagateTags", "enableEcsManagedTags", "enableExecuteCommand", "placementConstraints", "iamRole")
        optional = {
            "deploymentMaximumPercent": deployment.get("maximumPercent"),
            "deploymentMinimumHealthyPercent": deployment.get("minimumHealthyPercent"),
            "launchType": one.get("launchType") or state.get("launchType"),
        }
        known.update({name: value for name, value in optional.items() if value is not None and name in state})
        if state.get("schedulingStrategy") == "DAEMON":
            known.pop("desiredCount", None)
        return {**known, **{name: state[name] for name in kept if name in state}}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        cluster, name = _service_place(identity)
        ecs = self.client(region)
        if state.get("schedulingStrategy") != "DAEMON":
            ecs.update_service(cluster=cluster, service=name, desiredCount=0)
        ecs.delete_service(cluster=cluster, service=name, force=True)


def _service_place(arn: str) -> tuple[str, str]:
    """Cluster and service of `arn:…:service/<cluster>/<service>`."""
    _, cluster, name = arn.rsplit("/", 2) if arn.count("/") > 1 else ("", "default", arn.rpartition("/")[2])
    return cluster, name


def get_cluster(region: Region, arguments: Properties) -> Properties:
    """Return a cluster by its name.

    Raises LookupError when there is none.
    """
    name = arguments["clusterName"]
    include = ["SETTINGS", "TAGS", "STATISTICS"]
    found = region.client("ecs").describe_clusters(clusters=[name], include=include)["clusters"]
    if not found or found[0]["status"] == "INACTIVE":
        raise LookupError(f"no ECS cluster {name}")
    one = found[0]
    return {
        "arn": one["clusterArn"],
        "clusterName": one["clusterName"],
        "id": one["clusterArn"],
        "pendingTasksCount": one["pendingTasksCount"],
        "registeredContainerInstancesCount": one["registeredContainerInstancesCount"],
        "runningTasksCount": one["runningTasksCount"],
        "serviceConnectDefaults": [],
        "settings": api.properties(one, Cluster().type.outputs).get("settings", []),
        "status": one["status"],
        "tags": tags.from_api(one.get("tags"), "key/value"),
    }


RESOURCES = (Cluster, CapacityProvider, ClusterCapacityProviders, TaskDefinition, Service)
FUNCTIONS = {"aws:ecs/getCluster:getCluster": get_cluster}
