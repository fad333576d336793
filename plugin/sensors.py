"""The log group and single sensors, for programs that make clusters and roles themselves."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi

from components.aws.location import AwsLocation
from components.aws.lookup import looked_up
from components.delivery import event_log
from components.sensors import ecs_sensor, kubernetes_sensor
from components.stack.delivery import event_log_args
from components.stack.discovery import location_of
from components.stack.kubeconfig import parsed
from components.stack.permission import permission_of
from components.stack.rendering import RenderedKubernetes, render
from falco_firelens.contract import SENSOR_SERVICE
from falco_firelens.errors import MisfitError
from falco_firelens.settings import ENCRYPTED, EcsCluster, Settings

from .inputs import provider_of, settings_of_arguments
from .settings import ClusterPermission, EventsMinimumPriority, Falco, FluentBit

PLACEHOLDER = "placeholder"
"""Stands where the loader asks for a name that a component does not need."""

PATHS = {
    "clusters[0].create.minSize": "instances",
    "clusters[0].name": "cluster",
    "clusters[0].": "",
    "events.": "",
}
"""The arguments by their places in the tree that the loader checks."""

MOST_INSTANCES = 1000
"""What the loader takes."""


class EventLogArgs(TypedDict):
    """The log group, and for how long it keeps events."""

    logGroup: NotRequired[str]
    """Name of the CloudWatch log group. Default: `/falco/events`."""
    retentionDays: NotRequired[int]
    """Days that CloudWatch keeps an event, one of those that it takes. Default: 90."""
    kmsKeyArn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts the log group; its policy must let CloudWatch Logs use it. Default: a key that
    is made.
    """
    protect: NotRequired[bool]
    """Refuse to delete the log group until this is false again. Default: false."""
    tags: NotRequired[dict[str, str]]
    """Tags of the log group and its key."""


class EventLog(event_log.EventLog):
    """The log group of all security events, encrypted. Make it before the sensors: they may not."""

    log_group_name: pulumi.Output[str]
    """The log group's name."""
    log_group_arn: pulumi.Output[str]
    """The log group's ARN."""
    kms_key_arn: pulumi.Output[str]
    """ARN of the key that encrypts it."""

    def __init__(self, name: str, args: EventLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        made = event_log_args(_settings(args, EventLogArgs, {"name": PLACEHOLDER, "platform": "ecs"}), _location(opts))
        if "kmsKeyArn" in args:
            made["kms_key_arn"] = args["kmsKeyArn"]
        super().__init__(name, made, opts)


class SensorArgs(TypedDict):
    """What every sensor takes."""

    cluster: str
    """What the cluster is called in events and log streams."""
    logGroup: NotRequired[str]
    """Name of the log group that the sensor ships to, in this account and region. Default: `/falco/events`."""
    minimumPriority: NotRequired[EventsMinimumPriority]
    """Falco reports rules of this priority and graver ones. Default: `Notice`."""
    budget: NotRequired[int]
    """Events of one rule and one workload that a node ships in a minute. Default: all are shipped."""
    falco: NotRequired[Falco]
    """Falco's version and rules."""
    fluentBit: NotRequired[FluentBit]
    """Fluent Bit's version."""
    imageRegistry: NotRequired[str]
    """Where every image is pulled from. Default: `public.ecr.aws`."""


class KubernetesPlatform(Enum):
    """Amazon EKS, or any other Kubernetes on EC2 instances."""

    Eks = "eks"
    Kubernetes = "kubernetes"


class KubernetesSensorArgs(SensorArgs):
    """A Kubernetes cluster, and what its sensor does."""

    kubeconfig: pulumi.Input[str]
    """The cluster's kubeconfig, by which the component looks whether a namespace `falco` of others is there."""
    context: NotRequired[str]
    """Which of the kubeconfig's contexts to use. Default: its current one."""
    platform: NotRequired[KubernetesPlatform]
    """`eks`, or `kubernetes` for any other. Default: `eks`."""
    permission: NotRequired[ClusterPermission]
    """How Fluent Bit gets its AWS credentials. Default: `podIdentity`, and `nodeRole` with platform `kubernetes`."""
    roleArn: NotRequired[pulumi.Input[str]]
    """ARN of the role of service account `fluent-bit` in namespace `falco`. With permission `irsa`, and only then."""


class KubernetesSensor(kubernetes_sensor.KubernetesSensor):
    """Falco and Fluent Bit on every node of a Kubernetes cluster.

    Pass the cluster's Kubernetes provider as `providers`. The role that may write the log streams `<cluster>/*` is not
    made here.
    """

    namespace: pulumi.Output[str]
    """The namespace of the sensor."""
    workloads: list[str]
    """Names of the DaemonSets."""

    def __init__(self, name: str, args: KubernetesSensorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        if not provider_of("kubernetes", opts):
            raise MisfitError("options.providers", "no Kubernetes provider", "the one of the cluster")
        settings = _settings(args, KubernetesSensorArgs, _kubernetes_cluster(args))
        (cluster,) = settings.clusters
        assert not isinstance(cluster, EcsCluster)
        permission = permission_of(cluster)
        if permission.annotated != ("roleArn" in args):
            found = "nothing" if permission.annotated else f"a role with permission {permission.name}"
            raise MisfitError("roleArn", found, "the role's ARN with permission irsa, and only then")
        rendered = render(settings, _location(opts)).kubernetes[cluster.name]
        super().__init__(name, _kubernetes_args(args, rendered, permission.name), opts)


class EcsSensorArgs(SensorArgs):
    """An ECS cluster, and what its sensor does."""

    clusterArn: pulumi.Input[str]
    """ARN of the ECS cluster."""
    taskRoleArn: pulumi.Input[str]
    """ARN of the role of the sensor's tasks."""
    instances: int
    """How many container instances the cluster keeps at least. With two or more, half of the sensors stay during an
    update.
    """
    tags: NotRequired[dict[str, str]]
    """Tags of the service and its tasks."""


class EcsSensor(ecs_sensor.EcsSensor):
    """Falco with a FireLens Fluent Bit on every container instance of an ECS cluster.

    The role that may write the log streams `<cluster>/*` is not made here.
    """

    service_name: pulumi.Output[str]
    """The ECS service's name."""
    task_definition_arn: pulumi.Output[str]
    """ARN of the task definition."""

    def __init__(self, name: str, args: EcsSensorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        capacity = {"minSize": args.get("instances"), "maxSize": MOST_INSTANCES}
        settings = _settings(args, EcsSensorArgs, {"name": args.get("cluster"), "platform": "ecs", "create": capacity})
        (cluster,) = settings.clusters
        assert isinstance(cluster, EcsCluster)
        assert cluster.create
        made: ecs_sensor.EcsSensorArgs = {
            "task": render(settings, _location(opts)).ecs[cluster.name],
            "family": f"{cluster.name}-{SENSOR_SERVICE}",
            "cluster_arn": args["clusterArn"],
            "task_role_arn": args["taskRoleArn"],
            "instances": cluster.create.min_size,
            "tags": settings.tags,
        }
        super().__init__(name, made, opts)


def _settings(args: Mapping[str, Any], shape: type, cluster: Mapping[str, Any]) -> Settings:
    """Check a component's arguments as the settings of a stack with one cluster."""
    events = {
        key: args[key] for key in ("logGroup", "retentionDays", "protect", "minimumPriority", "budget") if key in args
    }
    others = {key: args[key] for key in ("falco", "fluentBit", "imageRegistry", "tags") if key in args}
    return settings_of_arguments(args, shape, {"clusters": [cluster], "events": events, **others}, PATHS)


def _kubernetes_cluster(args: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the cluster as a stack file has it. What its kubeconfig says may be known only later."""
    platform, permission = args.get("platform", "eks"), args.get("permission")
    cluster: dict[str, Any] = {"name": args.get("cluster"), "platform": platform, "existing": {"kubeconfig": ENCRYPTED}}
    if platform == "eks":
        cluster["existing"]["name"] = PLACEHOLDER
    if permission is not None:
        cluster["permission"] = permission
    if platform == "kubernetes" or permission == "nodeRole":
        cluster["nodeRole"] = PLACEHOLDER
    return cluster


def _kubernetes_args(
    args: KubernetesSensorArgs, rendered: RenderedKubernetes, credentials: str
) -> kubernetes_sensor.KubernetesSensorArgs:
    made: kubernetes_sensor.KubernetesSensorArgs = {
        "manifests": rendered.manifests,
        "credentials": credentials,
        "kubeconfig": pulumi.Output.secret(args["kubeconfig"]).apply(parsed),
    }
    if "context" in args:
        made["context"] = args["context"]
    if rendered.chart:
        made["chart"] = rendered.chart
    if "roleArn" in args:
        made["role_arn"] = args["roleArn"]
    return made


def _location(opts: pulumi.ResourceOptions | None) -> AwsLocation:
    """Where the component's AWS provider leads to.

    Raises:
        MisfitError: AWS does not answer.
    """
    invoke = pulumi.InvokeOptions(provider=provider_of("aws", opts))
    return looked_up("options.providers", "AWS credentials, and a region", lambda: location_of(invoke))
