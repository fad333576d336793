"""Measures each cluster's rendered sensor against what ECS and Kubernetes take, without an account."""

from collections.abc import Iterator
from dataclasses import dataclass

from falco_firelens.sensor import ecs, kubernetes
from falco_firelens.settings import Settings

from ..aws.location import AwsLocation
from .rendering import Sensors, render
from .spoke import HubReference, with_archive

_ANYWHERE: AwsLocation = {
    "account": "0" * 12,
    "region": "ap-southeast-1",  # No region has a longer name but those of AWS's isolated partitions.
    "partition": "aws",
    "dns_suffix": "amazonaws.com",
}

_SOME_HUB = HubReference(
    "arn:aws:s3:::hub", "arn:aws:kms:eu-west-1:000000000000:key/00000000-0000-0000-0000-000000000000"
)
"""In place of a spoke's own hub, which only the hub's stack knows: Fluent Bit gets one more output by it."""


@dataclass(frozen=True)
class Size:
    """How many bytes one document of a cluster's sensor has, and the most that it may have."""

    cluster: str
    document: str
    bytes: int
    most: int

    def __str__(self) -> str:
        return f"{self.cluster}: {self.document} has {self.bytes:,} of at most {self.most:,} bytes"


def sizes(settings: Settings) -> list[Size]:
    """Render every cluster's sensor, for the location with the longest name, and measure it.

    Raises:
        SensorError: a document is too large, or a sensor cannot be rendered; says what to do.
    """
    sensors = render(with_archive(settings, _SOME_HUB if settings.spoke else None), _ANYWHERE)
    return [*_of_kubernetes(sensors), *_of_ecs(sensors)]


def _of_kubernetes(sensors: Sensors) -> Iterator[Size]:
    for cluster, rendered in sensors.kubernetes.items():
        for workload in (rendered.manifests.falco, rendered.manifests.fluent_bit):
            found = workload.config_map
            name = f"ConfigMap {found['metadata']['name']}"
            yield Size(cluster, name, kubernetes.size(found["data"]), kubernetes.CONFIG_MAP_LIMIT)


def _of_ecs(sensors: Sensors) -> Iterator[Size]:
    for cluster, task in sensors.ecs.items():
        yield Size(cluster, "task definition", ecs.size(task), ecs.LARGEST)
