"""Renders every cluster's sensor from the settings before anything is made."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from falco_firelens.sensor import ecs, helm, images, kubernetes
from falco_firelens.sensor.model import (
    ClusterIdentity,
    EcsTask,
    FalcoChart,
    FalcoOptions,
    FirehoseStream,
    KubernetesManifests,
    LogGroup,
    Pipeline,
    RuleException,
    SensorError,
)
from falco_firelens.settings import Cluster, EcsCluster, Falco, FluentBit, Settings
from falco_firelens.settings.images import BY_TAG

from ..aws.location import AwsLocation
from ..delivery.stream_names import stream_names
from .permission import permission_of


@dataclass(frozen=True)
class RenderedKubernetes:
    """The manifests, and the chart that takes the place of Falco's where the stack file asks for it."""

    manifests: KubernetesManifests
    chart: FalcoChart | None

    @property
    def service_account(self) -> str:
        """The name of the service account that ships the events."""
        return str(self.manifests.fluent_bit.service_account["metadata"]["name"])


@dataclass(frozen=True)
class Sensors:
    """Each cluster's sensor by the cluster's name."""

    kubernetes: dict[str, RenderedKubernetes] = field(default_factory=dict[str, RenderedKubernetes])
    ecs: dict[str, EcsTask] = field(default_factory=dict[str, EcsTask])


def render(settings: Settings, location: AwsLocation) -> Sensors:
    """Render the sensors of all clusters.

    Raises:
        SensorError: a sensor does not fit where it has to go, such as a task definition that is too large.
    """
    sensors = Sensors()
    for cluster in settings.clusters:
        try:
            _render(cluster, settings, location, sensors)
        except SensorError as error:
            raise SensorError(f"cluster {cluster.name}: {error}") from None
    return sensors


def _render(cluster: Cluster, settings: Settings, location: AwsLocation, sensors: Sensors) -> None:
    options = falco_options(settings, cluster.name)
    pipeline = _pipeline(cluster, settings, location)
    if isinstance(cluster, EcsCluster):
        sensors.ecs[cluster.name] = ecs.task(options, pipeline)
        return
    manifests = kubernetes.manifests(options, pipeline, host_network=permission_of(cluster).host_network)
    chart = (
        _chart(options, pipeline.identity, settings.falco.chart_repository)
        if settings.falco.install == "helm"
        else None
    )
    sensors.kubernetes[cluster.name] = RenderedKubernetes(manifests, chart)


def falco_options(settings: Settings, cluster: str) -> FalcoOptions:
    """Return a cluster's Falco options as the sensor takes them."""
    falco = settings.falco
    return FalcoOptions(
        image=image_of(images.FALCO, falco, settings.image_registry),
        minimum_priority=settings.events.minimum_priority,
        rules=falco.rules,
        disabled_rules=falco.disabled_rules,
        exceptions=tuple(
            RuleException(item.rule, item.name, item.fields, item.comps, item.values) for item in falco.exceptions
        ),
        dropped_percent=settings.alarms.of(cluster).dropped_percent,
    )


def image_of(known: images.Known, chosen: Falco | FluentBit, registry: str) -> images.Image:
    """Return an image as the stack file asks for it; `registry` is where all images come from."""
    return known.image(
        registry=chosen.registry or f"{registry}/{known.folder}",
        version=chosen.version,
        digest="" if chosen.digest == BY_TAG else chosen.digest,
    )


def by_tag(settings: Settings) -> Iterator[str]:
    """Yield a warning for each image that runs by its tag though the stack file does not ask for it."""
    for key, known, chosen in (
        ("falco", images.FALCO, settings.falco),
        ("fluentBit", images.FLUENT_BIT, settings.fluent_bit),
    ):
        image = image_of(known, chosen, settings.image_registry)
        if not image.digest and chosen.digest is None:
            yield (
                f"{key}.digest: {image.reference} runs by its tag, which may name another image tomorrow, because two "
                f"sources that agree on its digest are not known; write the digest that you have checked, or {BY_TAG}"
            )


def identity_of(cluster: Cluster, location: AwsLocation) -> ClusterIdentity:
    """Return what a sensor's events say about its cluster."""
    return ClusterIdentity(cluster.name, cluster.platform, location["account"], location["region"])


def _pipeline(cluster: Cluster, settings: Settings, location: AwsLocation) -> Pipeline:
    identity = identity_of(cluster, location)
    events, region = settings.events, location["region"]
    streams = stream_names(events.destinations.names, events.log_group).values()
    return Pipeline(
        identity,
        LogGroup(events.log_group, region) if events.cloudwatch else None,
        tuple(FirehoseStream(name, region) for name in streams),
        image_of(images.FLUENT_BIT, settings.fluent_bit, settings.image_registry),
        events.budget,
    )


def _chart(options: FalcoOptions, identity: ClusterIdentity, repository: str) -> FalcoChart:
    return {
        "chart": helm.CHART,
        "repository": repository,
        "version": helm.CHART_VERSION,
        "values": helm.values(options, identity),
    }
