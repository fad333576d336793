"""What a stack file says about a hub, as the components take it."""

from collections.abc import Iterator, Sequence

import pulumi

from falco_firelens.insight import alarms, hub_dashboard
from falco_firelens.settings import Hub, S3Destination, Settings

from ..aws.location import AwsLocation, arn
from ..delivery.event_archive import EventArchive
from ..delivery.event_destinations import ReceivingArgs
from ..delivery.stream_names import received_stream, stream_names
from ..hub.hub import HubArgs
from ..hub.log_receiver import ArchiveArgs
from .insights import name_prefix, subscription_args


def receiving(settings: Settings, hub: Hub, location: AwsLocation) -> ReceivingArgs:
    """Return what a hub's archive receives besides the events of the stack's own clusters."""
    own = [location] if settings.clusters else []
    subscribe = any(spoke.delivery == "subscription" for spoke in hub.spokes)
    return {
        "partitions": {
            "accounts": sorted({spoke.account for spoke in hub.spokes} | {location["account"] for location in own}),
            "regions": sorted({*hub.regions} | {location["region"] for location in own}),
        },
        "writers": [spoke.account for spoke in hub.spokes if spoke.account != location["account"]],
        "streams": [received_stream(settings.events.log_group, "*", "*")] if subscribe else [],
    }


def hub_args(
    settings: Settings, hub: Hub, location: AwsLocation, stack: str, archive: EventArchive, key_arn: pulumi.Input[str]
) -> HubArgs:
    """Return the hub of the stack of this name."""
    events = settings.events
    s3 = events.destinations.s3 or S3Destination()
    watching = alarms_of(settings, hub, stack)
    archive_args: ArchiveArgs = {
        "bucket_arn": archive.bucket_arn,
        "key_arn": key_arn,
        "format": s3.format,
        "buffer": {"mib": s3.buffer_mib, "seconds": s3.buffer_seconds},
    }
    if s3.format == "parquet":
        archive_args["table"] = {"database_name": archive.database_name, "table_name": archive.table_name}
    args: HubArgs = {
        "location": location,
        "log_group": events.log_group,
        "spokes": [
            {"account": one.account, "regions": one.regions, "subscription": one.delivery == "subscription"}
            for one in hub.spokes
        ],
        "observability": hub.observability,
        "archive": archive_args,
        "watch": {
            "prefix": _prefix(stack),
            "view": view(settings, hub, location, watching),
            "alarms": watching,
            "subscriptions": subscription_args(settings),
        },
        "tags": settings.tags,
    }
    if hub.organization_id:
        args["central"] = {
            "organization_id": hub.organization_id,
            "log_group": _central_log_group(events.log_group),
            "retention_days": events.retention_days,
            "protect": events.protect,
        }
    return args


def _prefix(stack: str) -> str:
    return f"{name_prefix(stack)}-hub"


def _received(settings: Settings, hub: Hub) -> Iterator[alarms.Stream]:
    """Yield the hub's own streams, for the log groups that send to it."""
    for spoke in hub.spokes:
        if spoke.delivery == "subscription":
            for region in spoke.regions:
                name = received_stream(settings.events.log_group, spoke.account, region)
                yield alarms.Stream(name, "s3", f"{spoke.account}-{region}")


def alarms_of(settings: Settings, hub: Hub, stack: str) -> Sequence[alarms.Alarm]:
    """Say which alarms watch what the hub of the stack of this name delivers itself."""
    prefix = _prefix(stack)
    streams = tuple(_received(settings, hub))
    if not streams:
        return ()
    delivery = alarms.of_streams(prefix, streams, settings.alarms.delivery_late_minutes)
    return (*delivery, alarms.notifications_failing(prefix, topic=prefix))


def view(settings: Settings, hub: Hub, location: AwsLocation, watching: Sequence[alarms.Alarm]) -> hub_dashboard.View:
    """Say what a hub's dashboard looks at: its spokes, and its own clusters if it has any."""
    log_group, partition = settings.events.log_group, location["partition"]
    seen = {(region, spoke.account) for spoke in hub.spokes for region in spoke.regions}
    own = [(location["region"], location["account"])] if settings.clusters and settings.events.cloudwatch else []
    groups: dict[str, list[str]] = {}
    for region, account in sorted({*seen, *own}):
        groups.setdefault(region, []).append(f"arn:{partition}:logs:{region}:{account}:log-group:{log_group}")
    return hub_dashboard.View(
        region=location["region"],
        log_group=log_group,
        minimum_priority=settings.alarms.minimum_priority,
        log_groups=groups,
        stream=stream_names(settings.events.destinations.names, log_group)["s3"],
        received=tuple(stream.name for stream in _received(settings, hub)),
        alarm_arns=[arn(location, "cloudwatch", f"alarm:{alarm.name}") for alarm in watching],
        central=(_central_log_group(log_group), *(log_group for _ in own)) if hub.organization_id else (),
    )


def _central_log_group(log_group: str) -> str:
    """Return the log group that has the copies of the spokes' log groups; a name has at most 512 characters."""
    return f"{log_group.rstrip('/')[: 512 - len('/central')]}/central"
