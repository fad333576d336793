"""What the events of a stack cost a month, line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from falco_firelens.cost import prices
from falco_firelens.insight.alarms import DESTINATIONS, Delivery, Stream, Thresholds, alarms, composites
from falco_firelens.insight.metrics import DROPS, EVENTS, HEARTBEATS
from falco_firelens.insight.watch_alarms import Watched, ingested, watch_alarms
from falco_firelens.sensor.falco import HEARTBEAT_MINUTES
from falco_firelens.settings import OpenSearchDestination, RedshiftDestination, S3Destination, Settings

GIB: Final = 2**30
DAYS: Final = 30
HOURS: Final = 730

EVENT_BYTES: Final = 1200
"""An event with its `cluster`: Falco's default rules give 0.8 to 2 kB."""
LOG_EVENT_BYTES: Final = 26
"""What CloudWatch Logs adds to every event that it is sent:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""
HEARTBEAT_BYTES: Final = 4096
COMPRESSED: Final = 0.15
"""What is left of JSON once CloudWatch Logs or Parquet has compressed it; AWS's own examples reckon with this."""
LEAST_RPUS: Final = 8
"""Base capacity of a small Redshift Serverless workgroup; what the existing one has, a stack file does not say."""
RESPONSE_ALARMS: Final = 8
RESPONSE_SECONDS: Final = 0.1
"""A warm call of the response's function for an event that no playbook answers; those that one answers are few."""
RESPONSE_GIB: Final = 0.5
RETRY_POLLS: Final = 5 * DAYS * 86_400 / 20
"""Lambda's five pollers ask an empty queue every 20 seconds:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
WATCH_RUNS: Final = DAYS * 24 * 60 / HEARTBEAT_MINUTES
WATCH_SECONDS: Final = 1.0
"""Of the function for a cluster, and to start: it waits for AWS's answers."""
WATCH_NODE_SECONDS: Final = 0.01
WATCH_GIB: Final = 0.25
PRIORITIES_SEEN: Final = 4
"""Priorities that a cluster's events have, each of which is a metric of its own."""


@dataclass(frozen=True)
class Line:
    """One item of the bill, in dollars a month."""

    destination: str
    item: str
    dollars: float


@dataclass(frozen=True)
class Load:
    """How much comes, from all nodes."""

    nodes: int
    events_per_node_day: float

    @property
    def events(self) -> float:
        """Events a month."""
        return self.nodes * self.events_per_node_day * DAYS

    @property
    def heartbeats(self) -> float:
        """Heartbeats a month."""
        return self.nodes * 24 * 60 / HEARTBEAT_MINUTES * DAYS

    @property
    def gib(self) -> float:
        """What is sent a month."""
        return (self.events * EVENT_BYTES + self.heartbeats * HEARTBEAT_BYTES) / GIB

    @property
    def firehose_gib(self) -> float:
        """What Firehose charges for a month: each record counts as a multiple of 5 KiB."""
        return sum(
            count * -(-size // prices.FIREHOSE_STEP) * prices.FIREHOSE_STEP / GIB
            for count, size in ((self.events, EVENT_BYTES), (self.heartbeats, HEARTBEAT_BYTES))
        )


def estimate(settings: Settings, load: Load) -> tuple[Line, ...]:
    """Return the bill of a stack's events, once as much is kept as the settings say. Nodes and networks are not in it.

    What a hub keeps of its spokes' events is not either: of that its own stack file says nothing.
    """
    settings = _with_archive_of_hub(settings)
    given = settings.events.destinations
    return (
        *(_cloudwatch(settings, load) if settings.events.cloudwatch and settings.clusters else ()),
        *(_s3(given.s3, load) if given.s3 else ()),
        *(_opensearch(given.opensearch, load) if given.opensearch else ()),
        *(_redshift(given.redshift, load) if given.redshift else ()),
        *(_response(settings, load) if settings.response else ()),
        *([Line("streams", "key", prices.KEY_MONTH)] if any((given.s3, given.opensearch, given.redshift)) else ()),
    )


def _with_archive_of_hub(settings: Settings) -> Settings:
    """Return the settings of a spoke with its hub's archive: the spoke pays for its stream, the hub for storage."""
    spoke = settings.spoke
    if spoke is None or spoke.delivery != "firehose":
        return settings
    s3 = S3Destination.model_validate({"bucketArn": "arn:aws:s3:::hub", "format": spoke.format})
    destinations = settings.events.destinations.model_copy(update={"s3": s3})
    return settings.model_copy(update={"events": settings.events.model_copy(update={"destinations": destinations})})


def _cloudwatch(settings: Settings, load: Load) -> Iterator[Line]:
    sent = load.gib + (load.events + load.heartbeats) * LOG_EVENT_BYTES / GIB
    kept = sent * COMPRESSED * settings.events.retention_days / DAYS
    yield Line("log group", "ingestion", sent * prices.LOGS_INGESTED_GIB)
    yield Line("log group", f"storage, {settings.events.retention_days} days", kept * prices.LOGS_KEPT_GIB_MONTH)
    if settings.events.kms_key_arn is None:
        yield Line("log group", "key", prices.KEY_MONTH)
    given: Mapping[str, object] = {name: getattr(settings.events.destinations, name) for name in DESTINATIONS}
    streams = tuple(Stream(name, name) for name in DESTINATIONS if given[name])
    clusters = [Thresholds(cluster.name, "Critical", 60, 5) for cluster in settings.clusters]
    made = [*alarms("falco", clusters, Delivery("", 30, streams), ""), ingested("falco", "", 1)]
    above = composites("falco", made)
    metrics = len(clusters) * (PRIORITIES_SEEN + len((EVENTS, HEARTBEATS, DROPS, "from the least priority on")))
    yield Line("insight", f"{metrics} metrics", metrics * prices.METRIC_MONTH)
    yield Line("insight", f"{len(made)} alarms", len(made) * prices.ALARM_MONTH)
    yield Line("insight", f"{len(above)} alarms of alarms", len(above) * prices.COMPOSITE_ALARM_MONTH)
    if settings.alarms.watch:
        yield from _watch(settings, load)
    yield Line("insight", "dashboard", prices.DASHBOARD_MONTH)
    yield Line("insight", "key of the notifications", prices.KEY_MONTH)


def _watch(settings: Settings, load: Load) -> Iterator[Line]:
    """Yield the cost of the watch: some milliseconds per heartbeat; the run itself costs nothing."""
    watched = [Watched(one.name, 1, one.platform, audited=one.platform == "eks") for one in settings.clusters]
    count = len([*watch_alarms("falco", watched, response=settings.response is not None)])
    seconds = WATCH_RUNS * (WATCH_SECONDS * (1 + len(watched)) + WATCH_NODE_SECONDS * load.nodes)
    yield Line("insight", f"{count} metrics of the watch", count * prices.METRIC_MONTH)
    yield Line("insight", f"{count} alarms on the watch", count * prices.ALARM_MONTH)
    yield Line("insight", "function of the watch", seconds * WATCH_GIB * prices.LAMBDA_GIB_SECOND)
    yield Line("insight", "key of the watch's log", prices.KEY_MONTH)


def _s3(settings: S3Destination, load: Load) -> Iterator[Line]:
    converted = prices.CONVERTED_GIB if settings.format == "parquet" else 0
    yield Line("s3", "Firehose", load.firehose_gib * (prices.FIREHOSE_GIB + converted))
    objects = _objects(load, settings.buffer_seconds, settings.buffer_mib)
    yield Line("s3", "requests", objects * prices.S3_PUT)
    if settings.bucket_arn is not None:
        return
    month = load.gib * COMPRESSED
    whole = (settings.expire_days or 3650) / DAYS
    early = min(whole, settings.infrequent_access_days / DAYS) if settings.infrequent_access_days else whole
    rare = max(month, objects * prices.S3_INFREQUENT_LEAST / GIB)
    kept = month * early * prices.S3_GIB_MONTH + rare * (whole - early) * prices.S3_INFREQUENT_GIB_MONTH
    yield Line("s3", f"storage, {round(whole / 12.17, 1):g} years", kept)
    if early < whole:
        yield Line("s3", "moves to infrequent access", objects * prices.S3_TRANSITION)


def _opensearch(settings: OpenSearchDestination, load: Load) -> Iterator[Line]:
    yield Line("opensearch", "Firehose", load.firehose_gib * prices.FIREHOSE_GIB)
    create = settings.create
    if create is None:
        return
    hour = prices.OPENSEARCH_HOUR.get(create.instance_type)
    name = f"{create.instances} x {create.instance_type}"
    if hour is None:
        yield Line("opensearch", f"{name}: price not known here, add it", 0)
    else:
        yield Line("opensearch", name, create.instances * hour * HOURS)
    yield Line("opensearch", "volumes", create.instances * create.volume_gib * prices.OPENSEARCH_GIB_MONTH)


def _redshift(settings: RedshiftDestination, load: Load) -> Iterator[Line]:
    yield Line("redshift", "Firehose", load.firehose_gib * prices.FIREHOSE_GIB)
    copies = _objects(load, 300, 5)
    yield Line("redshift", "requests", copies * prices.S3_PUT)
    if rpus := _rpus(settings):
        hours = min(HOURS, copies * prices.RPU_LEAST_SECONDS / 3600)
        yield Line("redshift", f"waking for each COPY, {rpus} RPUs", hours * rpus * prices.RPU_HOUR)
    yield Line("redshift", "storage, a year", load.gib * COMPRESSED * 12 * prices.REDSHIFT_GIB_MONTH)
    yield Line("redshift", "secret", prices.SECRET_MONTH)


def _response(settings: Settings, load: Load) -> Iterator[Line]:
    """Yield the cost of the response if events arrive one by one, the most expensive case."""
    assert settings.response is not None
    duration = prices.LAMBDA_GIB_SECOND * RESPONSE_GIB * RESPONSE_SECONDS
    yield Line("response", "function", load.events * (prices.LAMBDA_REQUEST + duration))
    yield Line("response", "polling of the retry queue", RETRY_POLLS * prices.SQS_REQUEST)
    yield Line("response", f"{RESPONSE_ALARMS} alarms", RESPONSE_ALARMS * prices.ALARM_MONTH)
    yield Line("response", "key", prices.KEY_MONTH)
    clusters = [one for one in settings.clusters if one.platform == "kubernetes"]
    if secrets := len(clusters) + bool(settings.response.webhooks):
        yield Line("response", f"{secrets} secrets", secrets * prices.SECRET_MONTH)


def _rpus(settings: RedshiftDestination) -> int:
    """Return a workgroup's base capacity; 0 for a cluster, which is paid for anyway."""
    if settings.create:
        return settings.create.base_capacity_rpus
    return LEAST_RPUS if settings.existing and settings.existing.workgroup else 0


def _objects(load: Load, seconds: int, mib: int) -> float:
    """Objects that Firehose writes a month: one whenever its time is over or its buffer full, and something came."""
    by_time = DAYS * 86_400 / seconds
    return min(max(by_time, load.gib * 1024 / mib), load.events + load.heartbeats)
