"""Puts a stack's watch together: what to watch, the function's package, and the function."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

from falco_firelens.insight.metrics import HEARTBEAT_RULE
from falco_firelens.sensor import falco
from falco_firelens.settings import Cluster as ClusterSettings
from falco_firelens.settings import Settings
from falco_firelens.watch.configuration import Cluster, Configuration
from falco_firelens.watch.configuration import Response as WatchedResponse

from ..aws.location import AwsLocation
from ..response.event_response import function_name as response_function_name
from ..watch.package import build
from ..watch.sensor_watch import SensorWatch
from .insights import name_prefix
from .rendering import falco_options, identity_of
from .response import Response, filter_pattern
from .response_configuration import cluster_in_aws

WATCH = "watch"
"""The logical name."""


@dataclass(frozen=True)
class WatchPackage:
    """A watch whose package is built."""

    configuration: Configuration
    package: str


def prepare_watch(
    settings: Settings, location: AwsLocation, response: Response | None, folder: Path | None = None
) -> WatchPackage | None:
    """Build the function's package before anything is registered; None where nothing is watched.

    Raises PackageError.
    """
    if not (settings.alarms.watch and settings.events.cloudwatch and settings.clusters):
        return None
    configuration = Configuration(
        settings.events.log_group,
        HEARTBEAT_RULE,
        {cluster.name: _cluster(settings, cluster, location) for cluster in settings.clusters},
        _watched(response) if response else None,
    )
    return WatchPackage(configuration, str(build(configuration, folder)))


def _watched(response: Response) -> WatchedResponse:
    return WatchedResponse(response_function_name(response.prefix), filter_pattern(response.configuration))


def _cluster(settings: Settings, cluster: ClusterSettings, location: AwsLocation) -> Cluster:
    """Return what to watch of a cluster. The files that the chart renders from its values are not known."""
    named = cluster_in_aws(cluster)
    if settings.falco.install == "helm" and named.platform != "ecs":
        return Cluster(named.platform, named.name)
    files = falco.files(falco_options(settings, cluster.name), identity_of(cluster, location))
    return Cluster(named.platform, named.name, falco.sums(files))


def deploy_watch(
    watch: WatchPackage,
    settings: Settings,
    location: AwsLocation,
    log_group_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> Mapping[str, pulumi.Input[str]]:
    """Register the function below `parent`, and return what the stack's output says."""
    made = SensorWatch(
        WATCH,
        {
            "location": location,
            "prefix": name_prefix(pulumi.get_stack()),
            "package": watch.package,
            "log_group_arn": log_group_arn,
            "response": watch.configuration.response is not None,
            "clusters": [*watch.configuration.clusters.values()],
            "retention_days": settings.events.retention_days,
            "tags": settings.tags,
        },
        pulumi.ResourceOptions(parent=parent),
    )
    return {"function": made.function_name}
