"""One view over many accounts and regions: a hub that receives, and spokes that send to it."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails

from falco_firelens.settings.strangers import of_stranger
from falco_firelens.settings.types import (
    AccountId,
    BucketArn,
    KmsKeyArn,
    LogDestinationArn,
    OrganizationId,
    RegionName,
    SinkArn,
    StackName,
)
from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import NOTHING, keys_of
from falco_firelens.settings.validation.unique import unique

MOST_SPOKES = 200
"""A bucket policy, which names each account twice, has at most 20 KB."""

SpokeDelivery = Literal["firehose", "subscription"]
"""How a spoke's events come to the hub's bucket: by a Firehose stream of the spoke's, or out of its log group."""


def _each_once(regions: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((region for region in regions if regions.count(region) > 1), None)
    if twice:
        raise mistake("each region once", found=f"{twice} twice")
    return regions


class HubSpoke(Model):
    """One account whose events the hub receives."""

    account: AccountId
    """Id of the account, in quotes."""

    regions: Annotated[tuple[RegionName, ...], Field(min_length=1), AfterValidator(_each_once)]
    """The regions in which the account has a spoke; a stack is one account in one region."""

    delivery: SpokeDelivery = "firehose"
    """As the spokes' own `spoke.delivery`: for `subscription` the hub makes a log destination in each region."""


class Hub(Model):
    """This stack is a hub: the archive of `events.destinations.s3` is everybody's, and may be written by spokes."""

    spokes: Annotated[tuple[HubSpoke, ...], Field(min_length=1, max_length=MOST_SPOKES), unique("account")]
    """The only accounts that may send; at most 200."""

    observability: bool = True
    """Make a CloudWatch observability sink in each region, through which the hub sees the spokes' log groups and
    metrics. An account can have one sink a region: with false, no sink is made and the spokes link to none."""

    organization_id: OrganizationId | None = None
    """Id of the AWS Organization, if CloudWatch is to copy the spokes' log groups into one of the hub's. The stack's
    account has to be the organization's management account or its delegated administrator for CloudWatch."""

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of all spokes."""
        return tuple(sorted({region for spoke in self.spokes for region in spoke.regions}))


OF_A_BUCKET = ("bucketArn", "kmsKeyArn", "format")
GIVEN = (*OF_A_BUCKET, "logDestinationArn")
"""What a hub's outputs say, and a stack file where the hub is given without them."""


class Spoke(Model):
    """This stack sends its events to a hub. Needs `hub`, or the hub's parts by their ARNs."""

    hub: StackName | None = None
    """Full name of the hub's stack, ORGANIZATION/PROJECT/STACK, whose outputs `pulumi up` reads."""

    delivery: SpokeDelivery = "firehose"
    """How events come to the hub's bucket: by a Firehose stream that the sensors write to, or by a subscription of the
    log group, which needs no stream in this account. The hub says the same for this account."""

    bucket_arn: BucketArn | None = None
    """ARN of the hub's bucket; without `hub`, with delivery `firehose`."""

    kms_key_arn: KmsKeyArn | None = None
    """ARN of the key that encrypts the hub's bucket; without `hub`, with delivery `firehose`."""

    format: Literal["parquet", "json"] = "parquet"
    """The hub's `events.destinations.s3.format`; without `hub`, with delivery `firehose`."""

    sink_arn: SinkArn | None = None
    """ARN of an observability sink in this region to link to. Default: the one that `hub` has made here, if any."""

    log_destination_arn: LogDestinationArn | None = None
    """ARN of the hub's log destination for this account and region; without `hub`, with delivery `subscription`."""

    @field_validator("hub")
    @classmethod
    def _not_for_strangers(cls, hub: str | None, info: ValidationInfo) -> str | None:
        if hub is not None and of_stranger(info):
            raise mistake(
                "the hub's parts by their ARNs: these settings come from outside the program, which would read another "
                "stack's outputs for them",
                found="the name of a stack",
            )
        return hub

    @model_validator(mode="wrap")
    @classmethod
    def _known_hub(cls, data: Any, handler: ModelWrapValidatorHandler["Spoke"]) -> "Spoke":
        return with_mistakes(handler, data, _mistakes(data))


def _mistakes(data: object) -> Iterator[InitErrorDetails]:
    keys = keys_of(data)
    if not keys and data is not NOTHING:
        return
    if "hub" in keys:
        for key in GIVEN:
            if key in keys:
                yield at((key,), keys[key], mistake("this key only without hub, whose outputs say it"))
        return
    subscribes = keys.get("delivery") == "subscription"
    needed = ("logDestinationArn",) if subscribes else OF_A_BUCKET[:2]
    superfluous = OF_A_BUCKET if subscribes else ("logDestinationArn",)
    if not any(key in keys for key in needed):
        yield at((), data, mistake(f"hub, or {' and '.join(needed)}", found="neither"))
        return
    for key in needed:
        if key not in keys:
            yield at((key,), NOTHING, mistake("this key beside the other, or hub in place of both"))
    for key in superfluous:
        if key in keys:
            other = "firehose" if subscribes else "subscription"
            yield at((key,), keys[key], mistake(f"this key only with delivery {other}"))
