"""What a stack file says about events and their destinations, as the components take it."""

from falco_firelens.settings import OpenSearchDestination, RedshiftDestination, S3Destination, Settings

from ..aws.location import AwsLocation
from ..delivery.event_destinations import EventDestinationsArgs, OpenSearchArgs, RedshiftArgs, S3Args
from ..delivery.event_log import EventLogArgs
from ..delivery.event_warehouse import Warehouse
from .hub import receiving


def event_log_args(settings: Settings, location: AwsLocation) -> EventLogArgs:
    """Return the log group of the stack's own events."""
    events = settings.events
    args: EventLogArgs = {
        "location": location,
        "log_group": events.log_group,
        "retention_days": events.retention_days,
        "protect": events.protect,
        "tags": settings.tags,
    }
    if events.kms_key_arn:
        args["kms_key_arn"] = events.kms_key_arn
    return args


def destinations_args(settings: Settings, location: AwsLocation) -> EventDestinationsArgs:
    """Every destination beside the log group."""
    events, destinations = settings.events, settings.events.destinations
    args: EventDestinationsArgs = {
        "location": location,
        "log_group": events.log_group,
        "sensors": bool(settings.clusters),
        "protect": events.protect,
        "tags": settings.tags,
    }
    if destinations.s3:
        args["s3"] = _s3(destinations.s3)
    if destinations.opensearch:
        args["opensearch"] = _opensearch(destinations.opensearch)
    if destinations.redshift:
        args["redshift"] = _redshift(destinations.redshift)
    if settings.hub:
        args["receiving"] = receiving(settings, settings.hub, location)
    return args


def _s3(s3: S3Destination) -> S3Args:
    args: S3Args = {"format": s3.format, "buffer": {"mib": s3.buffer_mib, "seconds": s3.buffer_seconds}}
    if s3.bucket_arn:
        args["existing"] = {"bucket_arn": s3.bucket_arn, "key_arn": s3.kms_key_arn}
    else:
        args["create"] = {
            "versioning": s3.versioning,
            "object_lock_days": s3.object_lock_days or 0,
            "infrequent_access_days": s3.infrequent_access_days,
            "expire_days": s3.expire_days,
        }
    return args


def _opensearch(opensearch: OpenSearchDestination) -> OpenSearchArgs:
    args: OpenSearchArgs = {"index_rotation": opensearch.index_rotation}
    if opensearch.existing:
        args["existing_arn"] = opensearch.existing.domain_arn
    if create := opensearch.create:
        args["create"] = {
            "instance_type": create.instance_type,
            "instances": create.instances,
            "volume_gib": create.volume_gib,
            "version": create.version,
        }
    return args


def _redshift(redshift: RedshiftDestination) -> RedshiftArgs:
    args: RedshiftArgs = {"database": redshift.database, "table": redshift.table}
    if given := redshift.existing:
        args["existing"] = Warehouse(given.workgroup, given.cluster, given.jdbc_url, given.secret_arn)
    if create := redshift.create:
        args["create"] = {
            "vpc_id": create.vpc_id,
            "subnet_ids": create.public_subnet_ids,
            "base_capacity": create.base_capacity_rpus,
        }
    return args
