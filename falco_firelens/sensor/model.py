"""What the sensor is rendered from, and what to: plain values that know neither Pulumi nor AWS's SDK."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from falco_firelens.contract import Platform
from falco_firelens.errors import StackError
from falco_firelens.sensor import images
from falco_firelens.sensor.images import Image

Document = dict[str, Any]
"""One JSON object with camelCase keys, as the Kubernetes or the ECS API takes it."""

SENSOR_DIR = "/sensor"
"""Where every container of the sensor finds its configuration files, on every platform."""

FLUENT_BIT_STATE_DIR = "/var/lib/falco-firelens/fluent-bit"
"""Read positions and unsent chunks; the same path on the node and in the container."""

FLUENT_BIT_HTTP_PORT = 8766
"""Fluent Bit's health server, on 127.0.0.1 only. Not 2020, which other Fluent Bits on the host network take."""

FALCO_HTTP_PORT = 8765
"""Falco's own default for `/healthz`."""

FALCO_CONTAINER = "falco"
"""Falco's container on every platform; on ECS the records' tag is `falco-firelens-<task id>`."""

ROUTER_CONTAINER = "log-router"
"""Fluent Bit's container in the ECS task."""

NODE_VARIABLE = "NODE_NAME"
"""Environment variable with the Kubernetes node's name in Fluent Bit's container."""


NOT_WHOLE_RULE = "Falco FireLens: event not whole"
"""The rule of Fluent Bit's own events: one of Falco's is lost or shortened on its way. Metric filters look for it."""


LEFT_OUT_RULE = "Falco FireLens: events left out"
"""The rule of Fluent Bit's own events about others that were more than the budget, where no later one can say so."""


class SensorError(StackError):
    """A sensor that cannot be rendered; the message says what was found and what to do."""


@dataclass(frozen=True)
class ClusterIdentity:
    """Which cluster a sensor is in. The node is known only at run time."""

    name: str
    platform: Platform
    account: str
    region: str


@dataclass(frozen=True)
class RuleException:
    """One exception of a Falco rule: https://falco.org/docs/concepts/rules/exceptions/.

    A value of `values` has one entry a field; an entry is a tuple where the comparison takes a list (`in`, `pmatch`).
    """

    rule: str
    name: str
    fields: tuple[str, ...]
    comps: tuple[str, ...]
    values: tuple[tuple[str | tuple[str, ...], ...], ...]


@dataclass(frozen=True)
class FalcoOptions:
    """What a stack file may change about Falco. `rules` is file name to text, loaded in its order.

    `dropped_percent` is the share of a second's system calls that Falco may miss before it sends an event about it.
    """

    image: Image = field(default_factory=images.FALCO.image)
    minimum_priority: str = "Notice"
    rules: Mapping[str, str] = field(default_factory=dict[str, str])
    disabled_rules: tuple[str, ...] = ()
    exceptions: tuple[RuleException, ...] = ()
    dropped_percent: int = 5


@dataclass(frozen=True)
class LogGroup:
    """A CloudWatch Logs group that events go to."""

    name: str
    region: str


@dataclass(frozen=True)
class FirehoseStream:
    """A Firehose delivery stream that events go to."""

    name: str
    region: str


@dataclass(frozen=True)
class Pipeline:
    """From which cluster to which destinations, by which Fluent Bit.

    `budget` is how many events of one rule and workload a node ships in a minute; None for all.
    """

    identity: ClusterIdentity
    log_group: LogGroup | None
    streams: tuple[FirehoseStream, ...] = ()
    image: Image = field(default_factory=images.FLUENT_BIT.image)
    budget: int | None = None


@dataclass(frozen=True)
class Workload:
    """One DaemonSet with what it needs; the DaemonSet's pods roll when the ConfigMap's data changes."""

    service_account: Document
    config_map: Document
    daemon_set: Document


@dataclass(frozen=True)
class KubernetesManifests:
    """The sensor of a Kubernetes cluster. Leave `falco` out where the official chart installs Falco."""

    namespace: Document
    deny_ingress: Document
    deny_egress: Document
    falco: Workload
    fluent_bit: Workload


class FalcoChart(TypedDict):
    """The official Falco chart, with values made from the same description as the manifests."""

    chart: str
    repository: str
    version: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class EcsTask:
    """The sensor's task definition, as far as it does not depend on what Pulumi makes (roles)."""

    container_definitions: tuple[Document, ...]
    volumes: tuple[Document, ...]
    network_mode: str
