"""What a hub tells its spokes, in its stack's output `hub`, and how a spoke reads it before anything is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, cast

import pulumi

from falco_firelens.errors import MisfitError
from falco_firelens.settings import S3Destination, Settings, Spoke

from ..aws.location import Place

PATH = "spoke.hub"

READ_STACK_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function behind stack references. A `StackReference` gives outputs, which come too late for what is
rendered and checked before the first resource:
https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/builtins.go"""


class HubOutput(TypedDict):
    """The stack output `hub`. What is by region or by account has an entry only where the hub has made something, and a
    text is empty where it has not."""

    bucketArn: pulumi.Input[str]
    kmsKeyArn: pulumi.Input[str]
    format: str
    spokes: Mapping[str, list[str]]
    sinkArns: Mapping[str, pulumi.Input[str]]
    logDestinationArns: Mapping[str, Mapping[str, pulumi.Input[str]]]
    dashboard: str
    topic: pulumi.Input[str]


@dataclass(frozen=True)
class HubReference:
    """A hub as one spoke sees it; a text is empty where the hub has no such thing for it."""

    bucket_arn: str = ""
    kms_key_arn: str = ""
    format: Literal["parquet", "json"] = "parquet"
    sink_arn: str = ""
    log_destination_arn: str = ""


def hub_of(spoke: Spoke, place: Place) -> HubReference:
    """The hub of a spoke in this place, by its ARNs or by its stack's output.

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
    account, region = place["account"], place["region"]
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


def _output(stack: str) -> HubOutput:
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
    """The settings with the archive that they imply: a hub's own by its defaults, or the hub's of a spoke.

    From there on a spoke is a stack whose archive is somebody else's.
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
