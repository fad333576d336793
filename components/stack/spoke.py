"""A spoke's hub: how a stack finds it before anything is made, and what follows from it for the spoke."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import pulumi

from falco_firelens.errors import MisfitError
from falco_firelens.settings import S3Destination, Settings, Spoke

from ..aws.location import AwsLocation

if TYPE_CHECKING:
    from ..hub.hub import HubOutput
    from ..hub.spoke import SpokeLinkArgs

PATH = "spoke.hub"

READ_STACK_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function behind stack references. A `StackReference` gives outputs, which come too late for what is
rendered and checked before the first resource:
https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/builtins.go"""


@dataclass(frozen=True)
class HubReference:
    """A hub as one spoke sees it; a text is empty where the hub has no such thing for it."""

    bucket_arn: str = ""
    kms_key_arn: str = ""
    format: Literal["parquet", "json"] = "parquet"
    sink_arn: str = ""
    log_destination_arn: str = ""


def hub_of(spoke: Spoke, location: AwsLocation) -> HubReference:
    """Return the hub of a spoke in this location, by its ARNs or by its stack's output.

    Raises:
        MisfitError: there is no such stack, it is no hub, or none of this spoke.
    """
    if spoke.hub is None:
        return HubReference(
            spoke.bucket_arn or "",
            spoke.kms_key_arn or "",
            spoke.format,
            spoke.sink_arn or "",
            spoke.log_destination_arn or "",
        )
    hub = _output(spoke.hub)
    account, region = location["account"], location["region"]
    if region not in hub["spokes"].get(account, ()):
        expected = f"one with account {account} and region {region} in its hub.spokes, deployed before its spokes"
        raise MisfitError(PATH, f"a hub without this spoke at {spoke.hub}", expected)
    destination = hub["logDestinationArns"].get(account, {}).get(region)
    if spoke.delivery == "subscription" and not destination:
        expected = f"one that says `delivery: subscription` of account {account} in its hub.spokes"
        raise MisfitError(PATH, f"a hub without a log destination for this spoke at {spoke.hub}", expected)
    return HubReference(
        bucket_arn=str(hub["bucketArn"]),
        kms_key_arn=str(hub["kmsKeyArn"]),
        format="json" if hub["format"] == "json" else "parquet",
        sink_arn=spoke.sink_arn or str(hub["sinkArns"].get(region, "")),
        log_destination_arn=str(destination or ""),
    )


def _output(stack: str) -> "HubOutput":
    expected = "the stack of a hub, deployed, in the backend that this engine is logged in to"
    try:
        found: Any = pulumi.runtime.invoke(READ_STACK_OUTPUTS, {"name": stack}).value
    except Exception as error:  # the SDK raises no narrower type for a failed invoke
        reason = " ".join(str(error).split()).rpartition("failed: ")[2]
        raise MisfitError(PATH, f"no stack {stack} ({reason})", expected) from None
    output = found["outputs"].get("hub")
    if not output:
        raise MisfitError(PATH, f"a stack that is no hub at {stack}", expected)
    return cast("HubOutput", output)


def with_archive(settings: Settings, hub: HubReference | None) -> Settings:
    """Return the settings with the archive that they imply: a hub's own by its defaults, or the hub's of a spoke.

    From there on a spoke is a stack whose archive is in another account.
    """
    if settings.hub and not settings.events.destinations.s3:
        return _with_s3(settings, S3Destination())
    if hub and settings.spoke and settings.spoke.delivery == "firehose":
        given = {"bucketArn": hub.bucket_arn, "kmsKeyArn": hub.kms_key_arn, "format": hub.format}
        return _with_s3(settings, S3Destination.model_validate(given))
    return settings


def _with_s3(settings: Settings, s3: S3Destination) -> Settings:
    destinations = settings.events.destinations.model_copy(update={"s3": s3})
    events = settings.events.model_copy(update={"destinations": destinations})
    return settings.model_copy(update={"events": events})


def spoke_args(
    settings: Settings, location: AwsLocation, hub: HubReference, log_group_name: pulumi.Input[str] | None
) -> "SpokeLinkArgs":
    """Return what a stack file says about a spoke. A hub sees its own account's other regions without a link."""
    args: SpokeLinkArgs = {"log_group": settings.events.log_group, "tags": settings.tags}
    if hub.sink_arn and f":{location['account']}:" not in hub.sink_arn:
        args["sink_arn"] = hub.sink_arn
    if log_group_name is not None and settings.spoke and settings.spoke.delivery == "subscription":
        args["subscription"] = {"log_group_name": log_group_name, "destination_arn": hub.log_destination_arn}
    return args
