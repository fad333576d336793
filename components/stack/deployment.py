"""Deployment: the whole stack, and the only room where components meet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pulumi
from pulumi_kubernetes import Provider

from falco_firelens.contract import SENSOR_SERVICE
from falco_firelens.sensor.model import EcsTask
from falco_firelens.settings import Cluster, KubernetesCluster, Settings
from falco_firelens.settings import EcsCluster as EcsSettings
from falco_firelens.settings import EksCluster as EksSettings
from falco_firelens.settings import Hub as HubSettings

from ..aws.location import dashboard_link, ecs_link, eks_link, log_group_link
from ..clusters.ecs_cluster import EcsCluster
from ..clusters.eks_cluster import EksCluster, cluster_arn, node_group_args
from ..clusters.kubeconfig import cluster_identifier
from ..clusters.network import Network
from ..delivery.event_destinations import EventDestinations, EventDestinationsArgs
from ..delivery.event_log import EventLog, EventLogArgs
from ..hub.hub import Hub
from ..hub.reference import HubOutput, HubReference, with_archive
from ..hub.spoke import SpokeLink, spoke_args
from ..insights.event_insights import EventInsights, insights_args, name_prefix
from ..sensors.ecs_sensor import EcsSensor
from ..sensors.kubernetes_sensor import KubernetesSensor, KubernetesSensorArgs
from ..sensors.shared_node_role import SharedNodeRole, SharedNodeRoleArgs
from ..sensors.shipping_role import RoleHolder, ShippingRole, ShippingRoleArgs, ShippingTargets, ecs_tasks_trust
from .discovery import creates, discover
from .hub import hub_args, receiving
from .permission import Identities, permission_of
from .rendering import RenderedKubernetes, Sensors, render
from .response import Reached, Response, Surroundings, deploy, prepare

EVENTS = "events"
DESTINATIONS = "destinations"
INSIGHTS = "insights"
NETWORK = "network"
HUB = "hub"
SPOKE = "spoke"
"""Logical names are state: once landed they do not change without an alias."""


class DeploymentArgs(TypedDict):
    """`file` is the stack file's name, for messages."""

    settings: Settings
    file: str


@dataclass(frozen=True)
class _Eks:
    """What a sensor needs to know of an EKS cluster, created or adopted."""

    name: str
    kubeconfig: pulumi.Output[str]
    identities: Identities
    security_group_id: pulumi.Input[str] | None = None
    ready: list[pulumi.Resource] = field(default_factory=list[pulumi.Resource])


@dataclass(frozen=True)
class _Ecs:
    """What a sensor needs to know of an ECS cluster, created or adopted."""

    name: str
    arn: pulumi.Input[str]
    instances: int
    ready: list[pulumi.Resource] = field(default_factory=list[pulumi.Resource])


@dataclass(frozen=True)
class _Placement:
    """The network of created clusters."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: list[pulumi.Input[str]]


class Deployment(pulumi.ComponentResource):
    """Clusters made or adopted, a sensor on every node of each, and what all of them ship to: a log group, Firehose.

    `log_group` and `insights` are empty where the stack file wants no log group, and `hub` where the stack is none.

    Raises, before anything is registered:
        SettingsError: the stack file does not fit the account.
        PackageError: the response function's package cannot be built.
        SensorError: a sensor cannot be rendered, such as for rules files that are too long.
    """

    log_group: Mapping[str, pulumi.Input[str]]
    destinations: Mapping[str, Mapping[str, Any]]
    insights: Mapping[str, pulumi.Input[str]]
    response: Mapping[str, Any]
    hub: HubOutput | Mapping[str, Any]
    clusters: Mapping[str, Mapping[str, Any]]
    kubeconfigs: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: DeploymentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        found = discover(args["settings"], args["file"])
        settings = with_archive(args["settings"], found.hub)
        sensors = render(settings, found.place)
        response = prepare(settings, name_prefix(pulumi.get_stack()))
        super().__init__("falco-firelens:index:Deployment", name, {}, opts)
        self._settings = settings
        self._found = found
        self._child = pulumi.ResourceOptions(parent=self)
        self._events = self._event_log() if settings.events.cloudwatch and settings.clusters else None
        self._streams = self._event_destinations() if settings.events.destinations.given else None
        self._network = self._placement()
        self._node_roles = {
            role: self._shared_node_role(role, names) for role, names in _clusters_by_node_role(settings).items()
        }
        self._reached = dict[str, Reached]()
        self.kubeconfigs = kubeconfigs = dict[str, pulumi.Output[str]]()
        self.clusters = {cluster.name: self._deploy(cluster, sensors, kubeconfigs) for cluster in settings.clusters}
        self.log_group = self._log_group()
        self.insights = self._insights(self._events) if self._events else {}
        self.response = self._response(self._events, response) if self._events and response else {}
        self.destinations = self._streams.outputs if self._streams else {}
        self.hub = self._hub(settings.hub, self._streams) if settings.hub and self._streams else {}
        if found.hub:
            self._spoke(found.hub)
        self.register_outputs(
            {
                "logGroup": self.log_group,
                "insights": self.insights,
                "response": self.response,
                "destinations": self.destinations,
                "hub": self.hub,
                "clusters": self.clusters,
                "kubeconfigs": self.kubeconfigs,
            }
        )

    def _log_group(self) -> Mapping[str, pulumi.Input[str]]:
        if self._events is None:
            return {}
        return {
            "name": self._events.log_group_name,
            "arn": self._events.log_group_arn,
            "console": log_group_link(self._found.place, self._settings.events.log_group),
        }

    def _event_destinations(self) -> EventDestinations:
        events, hub, place = self._settings.events, self._settings.hub, self._found.place
        args: EventDestinationsArgs = {
            "place": place,
            "settings": events.destinations,
            "log_group": events.log_group,
            "sensors": bool(self._settings.clusters),
            "protect": events.protect,
            "tags": self._settings.tags,
        }
        if hub:
            args["receiving"] = receiving(self._settings, hub, place)
        return EventDestinations(DESTINATIONS, args, self._child)

    def _hub(self, hub: HubSettings, streams: EventDestinations) -> HubOutput:
        assert streams.archive
        args = hub_args(self._settings, hub, self._found.place, pulumi.get_stack(), streams.archive, streams.key_arn)
        return Hub(HUB, args, self._child).output

    def _spoke(self, hub: HubReference) -> None:
        log_group_name = self._events.log_group_name if self._events else None
        SpokeLink(SPOKE, spoke_args(self._settings, self._found.place, hub, log_group_name), self._child)

    def _insights(self, events: EventLog) -> Mapping[str, pulumi.Input[str]]:
        place = self._found.place
        args = insights_args(self._settings, place, pulumi.get_stack(), events.log_group_name)
        insights = EventInsights(INSIGHTS, args, self._child)
        return {"topic": insights.topic_arn, "dashboard": dashboard_link(place, insights.dashboard_name)}

    def _response(self, events: EventLog, response: Response) -> Mapping[str, Any]:
        around = Surroundings(
            place=self._found.place,
            log_group=events.log_group_name,
            log_group_arn=events.log_group_arn,
            topic_arn=self.insights["topic"],
            vpc_id=self._network.vpc_id,
            subnet_ids=self._network.private_subnet_ids,
            reached=self._reached,
        )
        return deploy(response, around, self)

    def _event_log(self) -> EventLog:
        events = self._settings.events
        args: EventLogArgs = {
            "place": self._found.place,
            "log_group": events.log_group,
            "retention_days": events.retention_days,
            "protect": events.protect,
            "tags": self._settings.tags,
        }
        if events.kms_key_arn:
            args["kms_key_arn"] = events.kms_key_arn
        return EventLog(EVENTS, args, self._child)

    def _placement(self) -> _Placement:
        settings = self._settings.network
        if settings.existing:
            return _Placement(settings.existing.vpc_id, list(settings.existing.private_subnet_ids))
        if not creates(self._settings):
            return _Placement("", [])
        network = Network(
            NETWORK,
            {
                "place": self._found.place,
                "cidr": settings.cidr,
                "zones": self._found.zones,
                "nat_per_zone": settings.nat_gateways == "perZone",
                "tags": self._settings.tags,
            },
            self._child,
        )
        return _Placement(network.vpc_id, list(network.private_subnet_ids))

    def _deploy(
        self, cluster: Cluster, sensors: Sensors, kubeconfigs: dict[str, pulumi.Output[str]]
    ) -> Mapping[str, Any]:
        """Deploy one cluster and its sensor; returns what the stack's output says of it."""
        if isinstance(cluster, EcsSettings):
            return self._ecs(cluster, sensors.ecs[cluster.name])
        rendered = sensors.kubernetes[cluster.name]
        if isinstance(cluster, EksSettings):
            eks = self._created_eks(cluster) if cluster.create else self._adopted_eks(cluster)
            kubeconfigs[cluster.name] = eks.kubeconfig
            return self._eks(cluster, eks, rendered)
        kubeconfigs[cluster.name] = _kubeconfig(cluster)
        return self._kubernetes(cluster, kubeconfigs[cluster.name], rendered)

    def _eks(self, cluster: EksSettings, eks: _Eks, rendered: RenderedKubernetes) -> Mapping[str, Any]:
        provider = self._kubernetes_provider(cluster.name, eks.kubeconfig, None)
        sensor = self._kubernetes_sensor(cluster, provider, rendered, eks.identities, eks.ready)
        self._reached[cluster.name] = Reached(
            provider, [*eks.ready, sensor], eks.identities.eks_name, eks.security_group_id
        )
        return {
            "platform": cluster.platform,
            "name": eks.name,
            "sensor": _daemon_sets(sensor),
            "console": eks_link(self._found.place, eks.name),
        }

    def _created_eks(self, cluster: EksSettings) -> _Eks:
        create, place, live = cluster.create, self._found.place, self._found.node_groups.get(cluster.name, {})
        permission = permission_of(cluster)
        assert create is not None
        made = EksCluster(
            cluster.name,
            {
                "place": place,
                "cluster_name": cluster.name,
                "version": create.version,
                "endpoint_access": create.endpoint_access,
                "public_access_cidrs": create.public_access_cidrs,
                "node_groups": [node_group_args(group, live.get(group.name)) for group in create.node_groups],
                "vpc_id": self._network.vpc_id,
                "private_subnet_ids": self._network.private_subnet_ids,
                "addons": {**create.addons},
                "pod_identity": permission.pod_identity,
                "oidc_provider": permission.oidc_provider,
                "tags": self._settings.tags,
            },
            self._child,
        )
        return _Eks(
            name=cluster.name,
            kubeconfig=made.kubeconfig,
            identities=Identities(
                node_role=made.node_role_name,
                arn=cluster_arn(place, cluster.name),
                eks_name=made.cluster_name,
                oidc_provider_arn=made.oidc_provider_arn,
                oidc_issuer=made.oidc_issuer,
            ),
            security_group_id=made.security_group_id,
            ready=[made],
        )

    def _adopted_eks(self, cluster: EksSettings) -> _Eks:
        found = self._found.eks[cluster.name]
        return _Eks(
            name=found.name,
            kubeconfig=pulumi.Output.secret(found.kubeconfig),
            identities=Identities(
                node_role=cluster.node_role or "",
                arn=found.arn,
                eks_name=found.name,
                oidc_provider_arn=found.oidc_provider_arn,
                oidc_issuer=found.oidc_issuer,
            ),
        )

    def _kubernetes(
        self, cluster: KubernetesCluster, kubeconfig: pulumi.Output[str], rendered: RenderedKubernetes
    ) -> Mapping[str, Any]:
        provider = self._kubernetes_provider(cluster.name, kubeconfig, cluster.existing.context)
        sensor = self._kubernetes_sensor(cluster, provider, rendered, Identities(cluster.node_role), [])
        self._reached[cluster.name] = Reached(provider, [sensor])
        return {"platform": cluster.platform, "name": cluster.name, "sensor": _daemon_sets(sensor)}

    def _kubernetes_provider(self, name: str, kubeconfig: pulumi.Output[str], context: str | None) -> Provider:
        """ConfigMaps change in place, since the pods that read them roll by a checksum of their own."""
        identifier = pulumi.Output.unsecret(kubeconfig).apply(lambda text: cluster_identifier(text, context))
        return Provider(
            name,
            kubeconfig=kubeconfig,
            context=context,
            cluster_identifier=identifier,
            enable_config_map_mutable=True,
            opts=self._child,
        )

    def _kubernetes_sensor(
        self,
        cluster: EksSettings | KubernetesCluster,
        provider: Provider,
        rendered: RenderedKubernetes,
        identities: Identities,
        ready: list[pulumi.Resource],
    ) -> KubernetesSensor:
        """The sensor comes after its permission: EKS gives a pod its credentials only when the pod is admitted."""
        permission = permission_of(cluster)
        role = self._shipping_role(cluster, permission.holder(identities, rendered.service_account))
        args: KubernetesSensorArgs = {
            "manifests": rendered.manifests,
            "credentials": permission.name,
            "kubeconfig": self.kubeconfigs[cluster.name],
        }
        if isinstance(cluster, KubernetesCluster) and cluster.existing.context:
            args["context"] = cluster.existing.context
        if rendered.chart:
            args["chart"] = rendered.chart
        if permission.annotated and isinstance(role, ShippingRole):
            args["role_arn"] = role.role_arn
        opts = pulumi.ResourceOptions(parent=self, providers=[provider], depends_on=[role, *ready])
        return KubernetesSensor(f"{cluster.name}-sensor", args, opts)

    def _ecs(self, cluster: EcsSettings, task: EcsTask) -> Mapping[str, Any]:
        place = self._found.place
        ecs = self._created_ecs(cluster) if cluster.create else self._adopted_ecs(cluster)
        role = ShippingRole(
            f"{cluster.name}-shipping",
            self._shipping_args(cluster.name, {"trust_policy": ecs_tasks_trust(place)}),
            self._child,
        )
        sensor = EcsSensor(
            f"{cluster.name}-sensor",
            {
                "task": task,
                "family": f"{cluster.name}-{SENSOR_SERVICE}",
                "cluster_arn": ecs.arn,
                "task_role_arn": role.role_arn,
                "instances": ecs.instances,
                "tags": self._settings.tags,
            },
            pulumi.ResourceOptions(parent=self, depends_on=[role, *ecs.ready]),
        )
        return {
            "platform": cluster.platform,
            "name": ecs.name,
            "sensor": {"service": sensor.service_name, "taskDefinition": sensor.task_definition_arn},
            "console": ecs_link(place, ecs.name, SENSOR_SERVICE),
        }

    def _created_ecs(self, cluster: EcsSettings) -> _Ecs:
        create = cluster.create
        assert create is not None
        made = EcsCluster(
            cluster.name,
            {
                "place": self._found.place,
                "cluster_name": cluster.name,
                "instance_types": create.instance_types,
                "architecture": create.architecture,
                "min_size": create.min_size,
                "max_size": create.max_size,
                "disk_gib": create.disk_gib,
                "vpc_id": self._network.vpc_id,
                "private_subnet_ids": self._network.private_subnet_ids,
                "tags": self._settings.tags,
            },
            self._child,
        )
        return _Ecs(cluster.name, made.cluster_arn, create.min_size, [made])

    def _adopted_ecs(self, cluster: EcsSettings) -> _Ecs:
        found = self._found.ecs[cluster.name]
        return _Ecs(found.name, found.arn, found.instances)

    def _targets(self) -> ShippingTargets:
        targets: ShippingTargets = {}
        if self._events:
            targets["log_group_arn"] = self._events.log_group_arn
        if self._streams:
            targets["delivery_stream_arns"] = list(self._streams.streams.values())
        return targets

    def _shipping_args(self, cluster: str, holder: RoleHolder) -> ShippingRoleArgs:
        return {
            "stream_prefix": cluster,
            "targets": self._targets(),
            "holder": holder,
            "tags": self._settings.tags,
        }

    def _shipping_role(
        self, cluster: EksSettings | KubernetesCluster, holder: RoleHolder
    ) -> ShippingRole | SharedNodeRole:
        """The cluster's own, unless its nodes have a role that another cluster's have too."""
        shared = self._node_roles.get(cluster.node_role or "")
        args = self._shipping_args(cluster.name, holder)
        return shared or ShippingRole(f"{cluster.name}-shipping", args, self._child)

    def _shared_node_role(self, role: str, clusters: list[str]) -> SharedNodeRole:
        args: SharedNodeRoleArgs = {
            "place": self._found.place,
            "role": role,
            "clusters": clusters,
            "log_group": self._settings.events.log_group,
            "targets": self._targets(),
            "tags": self._settings.tags,
        }
        return SharedNodeRole(f"{role}-shipping", args, self._child)


def _clusters_by_node_role(settings: Settings) -> Mapping[str, list[str]]:
    """The clusters of each role that the stack file names more than once."""
    found: dict[str, list[str]] = {}
    for cluster in settings.clusters:
        if not isinstance(cluster, EcsSettings) and cluster.node_role:
            found.setdefault(cluster.node_role, []).append(cluster.name)
    return {role: names for role, names in found.items() if len(names) > 1}


def _kubeconfig(cluster: KubernetesCluster) -> pulumi.Output[str]:
    given = cluster.existing.kubeconfig
    assert given is not None
    return pulumi.Output.secret(given.get_secret_value())


def _daemon_sets(sensor: KubernetesSensor) -> Mapping[str, Any]:
    return {"namespace": sensor.namespace, "daemonSets": sensor.workloads}
