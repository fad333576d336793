"""What a stack file names in another account or region, where AWS takes only what is in the stack's own."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from falco_firelens.settings.validation.errors import Location
from falco_firelens.settings.validation.raw import items_of, keys_of, revealed
from falco_firelens.settings.validation.wording import SECRET_TEXT


class _Kind(NamedTuple):
    what: str
    reason: str
    own_account: bool = False
    own_region: bool = False


class Elsewhere(NamedTuple):
    """One ARN of something elsewhere, and what should stand in its place."""

    location: Location
    arn: str
    expected: str

    @property
    def found(self) -> str:
        """The ARN for a message, unless it is the endpoint of a notification, which may be encrypted."""
        return SECRET_TEXT if self.location[0] == "notifications" else self.arn


KINDS: Mapping[Location, _Kind] = {
    ("events", "destinations", "opensearch", "existing", "domainArn"): _Kind(
        "a domain", "by an ARN Firehose finds only domains of its own account and region", True, True
    ),
    ("events", "kmsKeyArn"): _Kind("a key", "CloudWatch Logs uses keys of the log group's region", own_region=True),
    ("spoke", "sinkArn"): _Kind("a sink", "a link goes to a sink of its own region", own_region=True),
    ("spoke", "logDestinationArn"): _Kind(
        "a log destination", "a log group subscribes to one of its own region", own_region=True
    ),
}
"""By where it stands.

https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#cross-account-delivery-es
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
https://docs.aws.amazon.com/OAM/latest/APIReference/API_CreateLink.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html
"""

QUEUE = _Kind(
    "a queue", "a subscription of another account's queue would be made again by every update", own_account=True
)
"""https://www.pulumi.com/registry/packages/aws/api-docs/sns/topicsubscription/"""


def elsewhere(data: object, account: str | None, region: str | None = None) -> Iterator[Elsewhere]:
    """Everything that is elsewhere, seen from an account and a region; what is not known is not looked at."""
    for location, kind in KINDS.items():
        found = data
        for key in location:
            found = keys_of(found).get(str(key))
        yield from _misplaced(location, found, kind, account, region)
    for index, notification in enumerate(items_of(keys_of(data).get("notifications"))):
        keys = keys_of(notification)
        if keys.get("protocol") == "sqs":
            location = ("notifications", index, "endpoint")
            yield from _misplaced(location, revealed(keys.get("endpoint")), QUEUE, account, region)


def _misplaced(
    location: Location, arn: object, kind: _Kind, account: str | None, region: str | None
) -> Iterator[Elsewhere]:
    if not isinstance(arn, str) or arn.count(":") < 5:
        return
    its_region, its_account = arn.split(":")[3:5]
    if kind.own_account and account and its_account != account:
        yield Elsewhere(location, arn, f"{kind.what} of this stack's account, {account}: {kind.reason}")
    elif kind.own_region and region and its_region != region:
        yield Elsewhere(location, arn, f"{kind.what} in this stack's region, {region}: {kind.reason}")
