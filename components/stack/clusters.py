"""Deploys a stack's clusters, created or adopted, with a sensor on every node of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_kubernetes import Provider

from falco_firelens.contract import METRICS_NAMESPACE, SENSOR_SERVICE
from falco_firelens.insight import audit
from falco_firelens.sensor.model import EcsTask
from falco_firelens.settings import Cluster, EcsCreate, EksCreate, KubernetesCluster, NodeGroup, Settings
from falco_firelens.settings import EcsCluster as EcsSettings
from falco_firelens.settings import EksCluster as EksSettings
from falco_firelens.settings.network import SUBNET_BITS

from ..aws.location import ecs_link, eks_link
from ..clusters.ecs_cluster import EcsCluster
from ..clusters.eks_cluster import AMI_TYPES, EksCluster, EksClusterArgs, NodeGroupArgs, cluster_arn
from ..clusters.instances import ClusterNetwork
from ..clusters.live_node_groups import LiveNodeGroup
from ..clusters.network import Network
from ..sensors.ecs_sensor import EcsSensor
from ..sensors.kubernetes_sensor import KubernetesSensor, KubernetesSensorArgs
from ..sensors.shared_node_role import SharedNodeRole
from ..sensors.shipping_role import RoleHolder, ShippingRole, ShippingRoleArgs, ShippingTargets, ecs_tasks_trust
from .discovery import Found, creates
from .insights import watched
from .kubeconfig import cluster_identifier, parsed
from .permission import Identities, permission_of
from .rendering import RenderedKubernetes, Sensors
from .response import Reached

NETWORK = "network"
"""A logical name."""


@dataclass(frozen=True)
class DeployedCluster:
    """What the stack's output says about a cluster, and of a Kubernetes cluster how it is reached."""

    output: Mapping[str, Any]
    kubeconfig: pulumi.Output[str] | None = None
    reached: Reached | None = None


@dataclass(frozen=True)
class _Kubernetes:
    """What a sensor needs from a Kubernetes cluster, created or adopted."""

    name: str
    kubeconfig: pulumi.Output[str]
    identities: Identities
    context: str | None = None
    security_group_id: pulumi.Input[str] | None = None
    ready: list[pulumi.Resource] = field(default_factory=list[pulumi.Resource])


@dataclass(frozen=True)
class _Ecs:
    """What a sensor needs from an ECS cluster, created or adopted."""

    name: str
    arn: pulumi.Input[str]
    instances: int
    ready: list[pulumi.Resource] = field(default_factory=list[pulumi.Resource])


class Clusters:
    """Deploys the clusters of one stack below its component, with what they share: the network and node roles."""

    def __init__(self, settings: Settings, found: Found, targets: ShippingTargets, parent: pulumi.Resource) -> None:
        self._settings, self._found, self._targets, self._parent = settings, found, targets, parent
        self._child = pulumi.ResourceOptions(parent=parent)
        self.network = self._network()
        self._node_roles = {
            role: self._shared_node_role(role, names) for role, names in _clusters_by_node_role(settings).items()
        }

    def deploy(self, cluster: Cluster, sensors: Sensors) -> DeployedCluster:
        """Deploy one cluster and its sensor."""
        if isinstance(cluster, EcsSettings):
            return self._ecs(cluster, sensors.ecs[cluster.name])
        return self._kubernetes(cluster, sensors.kubernetes[cluster.name])

    def _network(self) -> ClusterNetwork:
        """Return the network of created clusters; empty where there are none."""
        settings = self._settings.network
        if settings.existing:
            existing = settings.existing
            return {"vpc_id": existing.vpc_id, "private_subnet_ids": list(existing.private_subnet_ids)}
        if not creates(self._settings):
            return {"vpc_id": "", "private_subnet_ids": []}
        network = Network(
            NETWORK,
            {
                "location": self._found.location,
                "cidr": settings.cidr,
                "subnet_bits": SUBNET_BITS,
                "zones": self._found.zones,
                "nat_per_zone": settings.nat_gateways == "perZone",
                "tags": self._settings.tags,
            },
            self._child,
        )
        return {"vpc_id": network.vpc_id, "private_subnet_ids": list(network.private_subnet_ids)}

    def _kubernetes(self, cluster: EksSettings | KubernetesCluster, rendered: RenderedKubernetes) -> DeployedCluster:
        its = self._found_or_created(cluster)
        provider = self._provider(cluster.name, its)
        sensor = self._kubernetes_sensor(cluster, its, provider, rendered)
        output = {
            "platform": cluster.platform,
            "name": its.name,
            "sensor": {"namespace": sensor.namespace, "daemonSets": sensor.workloads},
        }
        if isinstance(cluster, EksSettings):
            output["console"] = eks_link(self._found.location, its.name)
        reached = Reached(provider, [*its.ready, sensor], its.identities.eks_name, its.security_group_id)
        return DeployedCluster(output, its.kubeconfig, reached)

    def _found_or_created(self, cluster: EksSettings | KubernetesCluster) -> _Kubernetes:
        if isinstance(cluster, EksSettings):
            return self._created_eks(cluster, cluster.create) if cluster.create else self._adopted_eks(cluster)
        given = cluster.existing.kubeconfig
        assert given is not None
        return _Kubernetes(
            name=cluster.name,
            kubeconfig=pulumi.Output.secret(given.get_secret_value()),
            identities=Identities(cluster.node_role),
            context=cluster.existing.context,
        )

    def _created_eks(self, cluster: EksSettings, create: EksCreate) -> _Kubernetes:
        location, permission = self._found.location, permission_of(cluster)
        live = self._found.node_groups.get(cluster.name, {})
        args: EksClusterArgs = {
            "location": location,
            "cluster_name": cluster.name,
            "version": create.version,
            "endpoint": {"access": create.endpoint_access, "public_cidrs": create.public_access_cidrs},
            "node_groups": [_node_group_args(group, live.get(group.name)) for group in create.node_groups],
            "network": self.network,
            "addons": {**create.addons},
            "pod_identity": permission.pod_identity,
            "oidc_provider": permission.oidc_provider,
            "tags": self._settings.tags,
        }
        if self._settings.events.cloudwatch and watched(self._settings, cluster).audited:
            args["audited"] = {
                "pattern": audit.PATTERN,
                "namespace": METRICS_NAMESPACE,
                "name": audit.changes_metric(cluster.name),
            }
        made = EksCluster(cluster.name, args, self._child)
        return _Kubernetes(
            name=cluster.name,
            kubeconfig=made.kubeconfig,
            identities=Identities(
                node_role=made.node_role_name,
                arn=cluster_arn(location, cluster.name),
                eks_name=made.cluster_name,
                oidc_provider_arn=made.oidc_provider_arn,
                oidc_issuer=made.oidc_issuer,
            ),
            security_group_id=made.security_group_id,
            ready=[made],
        )

    def _adopted_eks(self, cluster: EksSettings) -> _Kubernetes:
        found = self._found.eks[cluster.name]
        return _Kubernetes(
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

    def _provider(self, name: str, its: _Kubernetes) -> Provider:
        """ConfigMaps change in place, since the pods that read them roll by a checksum of their own."""
        identifier = pulumi.Output.unsecret(its.kubeconfig).apply(lambda text: cluster_identifier(text, its.context))
        return Provider(
            name,
            kubeconfig=its.kubeconfig,
            context=its.context,
            cluster_identifier=identifier,
            enable_config_map_mutable=True,
            opts=self._child,
        )

    def _kubernetes_sensor(
        self,
        cluster: EksSettings | KubernetesCluster,
        its: _Kubernetes,
        provider: Provider,
        rendered: RenderedKubernetes,
    ) -> KubernetesSensor:
        """Create the sensor after its permission: EKS gives a pod its credentials only at admission."""
        permission = permission_of(cluster)
        # The cluster's own role, unless its nodes have one that another cluster's have too.
        role = self._node_roles.get(cluster.node_role or "") or self._shipping_role(
            cluster.name, permission.holder(its.identities, rendered.service_account)
        )
        args: KubernetesSensorArgs = {
            "manifests": rendered.manifests,
            "credentials": permission.name,
            "kubeconfig": its.kubeconfig.apply(parsed),
        }
        if its.context:
            args["context"] = its.context
        if rendered.chart:
            args["chart"] = rendered.chart
        if permission.annotated and isinstance(role, ShippingRole):
            args["role_arn"] = role.role_arn
        opts = pulumi.ResourceOptions(parent=self._parent, providers=[provider], depends_on=[role, *its.ready])
        return KubernetesSensor(f"{cluster.name}-sensor", args, opts)

    def _ecs(self, cluster: EcsSettings, task: EcsTask) -> DeployedCluster:
        its = self._created_ecs(cluster, cluster.create) if cluster.create else self._adopted_ecs(cluster)
        role = self._shipping_role(cluster.name, {"trust_policy": ecs_tasks_trust(self._found.location)})
        sensor = EcsSensor(
            f"{cluster.name}-sensor",
            {
                "task": task,
                "family": f"{cluster.name}-{SENSOR_SERVICE}",
                "cluster_arn": its.arn,
                "task_role_arn": role.role_arn,
                "instances": its.instances,
                "tags": self._settings.tags,
            },
            pulumi.ResourceOptions(parent=self._parent, depends_on=[role, *its.ready]),
        )
        return DeployedCluster(
            {
                "platform": cluster.platform,
                "name": its.name,
                "sensor": {"service": sensor.service_name, "taskDefinition": sensor.task_definition_arn},
                "console": ecs_link(self._found.location, its.name, SENSOR_SERVICE),
            }
        )

    def _created_ecs(self, cluster: EcsSettings, create: EcsCreate) -> _Ecs:
        made = EcsCluster(
            cluster.name,
            {
                "location": self._found.location,
                "cluster_name": cluster.name,
                "capacity": {
                    "instance_types": create.instance_types,
                    "architecture": create.architecture,
                    "min_size": create.min_size,
                    "max_size": create.max_size,
                    "disk_gib": create.disk_gib,
                },
                "network": self.network,
                "tags": self._settings.tags,
            },
            self._child,
        )
        return _Ecs(cluster.name, made.cluster_arn, create.min_size, [made])

    def _adopted_ecs(self, cluster: EcsSettings) -> _Ecs:
        found = self._found.ecs[cluster.name]
        return _Ecs(found.name, found.arn, found.instances)

    def _shipping_role(self, cluster: str, holder: RoleHolder) -> ShippingRole:
        tags = self._settings.tags
        args: ShippingRoleArgs = {
            "stream_prefix": cluster,
            "targets": self._targets,
            "holder": holder,
            "tags": tags,
        }
        return ShippingRole(f"{cluster}-shipping", args, self._child)

    def _shared_node_role(self, role: str, clusters: list[str]) -> SharedNodeRole:
        return SharedNodeRole(
            f"{role}-shipping",
            {
                "location": self._found.location,
                "role": role,
                "clusters": clusters,
                "log_group": self._settings.events.log_group,
                "targets": self._targets,
                "tags": self._settings.tags,
            },
            self._child,
        )


def _clusters_by_node_role(settings: Settings) -> Mapping[str, list[str]]:
    """Return the clusters of each role that the stack file names more than once."""
    found: dict[str, list[str]] = {}
    for cluster in settings.clusters:
        if not isinstance(cluster, EcsSettings) and cluster.node_role:
            found.setdefault(cluster.node_role, []).append(cluster.name)
    return {role: names for role, names in found.items() if len(names) > 1}


def _node_group_args(group: NodeGroup, live: LiveNodeGroup | None) -> NodeGroupArgs:
    """Return what a stack file says about a node group, which exists already where `live` is given.

    Without `desiredSize` the number of nodes is an autoscaler's. Whatever sends EKS new sizes sends that number too, so
    an update that changes the sizes, or replaces the group, keeps as many nodes as there are, within the new sizes.
    """
    desired, autoscaled = group.desired_size, False
    if desired is None:
        now = live.desired_size if live else group.min_size
        desired = min(max(now, group.min_size), group.max_size)
        autoscaled = live is None or _stays(group, live)
    return {
        "name": group.name,
        "instance_types": group.instance_types,
        "architecture": group.architecture,
        "min_size": group.min_size,
        "max_size": group.max_size,
        "desired_size": desired,
        "autoscaled": autoscaled,
        "disk_gib": group.disk_gib,
    }


def _stays(group: NodeGroup, live: LiveNodeGroup) -> bool:
    """Whether no change of a group would send EKS, or a group in its place, a number of nodes."""
    desired = (group.min_size, group.max_size, tuple(group.instance_types), AMI_TYPES[group.architecture])
    return desired == (live.min_size, live.max_size, tuple(live.instance_types), live.ami_type)
