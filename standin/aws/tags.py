"""Reading and writing tags, for every way in which AWS's services want them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Style = Literal["map", "Key/Value", "key/value", "TagKey/TagValue"]
RESERVED = "aws:"


def to_api(tags: Mapping[str, str], style: Style = "Key/Value") -> Any:
    """Tags in a service's own form."""
    if style == "map":
        return dict(tags)
    key, value = style.split("/")
    return [{key: name, value: text} for name, text in tags.items()]


def from_api(
    tags: Mapping[str, str] | Iterable[Mapping[str, Any]] | None, style: Style = "Key/Value"
) -> dict[str, str]:
    """Tags from a service's own form, without those that AWS itself sets."""
    return {name: text for name, text in _pairs(tags or (), style) if not name.startswith(RESERVED)}


def _pairs(tags: Any, style: Style) -> Iterable[tuple[str, str]]:
    if style == "map":
        return dict(tags).items()
    key, _, value = style.partition("/")
    return [(entry[key], entry.get(value, "")) for entry in tags]


@dataclass(frozen=True)
class Tagging:
    """How one service is asked for a resource's tags and told to change them.

    `list` names the operation and the path in its answer; `tag` and `untag` name operations, `subject` their parameter
    that says which resource, `keys` and `tags` those that say which keys go and which tags come.
    """

    list: tuple[str, ...] = ("list_tags_for_resource", "tags")
    tag: str = "tag_resource"
    untag: str = "untag_resource"
    subject: str = "resourceArn"
    style: Style = "map"
    keys: str = "tagKeys"
    tags: str = "tags"
    many: bool = False

    def read(self, client: Any, subject: str) -> dict[str, str]:
        """Return the tags of a resource, given by what the service wants: an ARN, an id or a name."""
        operation, *path = self.list
        filters = [{"Name": "resource-id", "Values": [subject]}]
        who = {"Filters": filters} if self.many else {self.subject: subject}
        answer: Any = getattr(client, operation)(**who)
        for key in path:
            answer = answer.get(key) or {}
        return from_api(answer or (), self.style)

    def write(self, client: Any, subject: str, desired: Mapping[str, str]) -> None:
        """Make a resource have exactly these tags, except AWS's own."""
        actual = self.read(client, subject)
        who = {self.subject: [subject] if self.many else subject}
        surplus = sorted(actual.keys() - desired.keys())
        if surplus:
            keys = [{"Key": key} for key in surplus] if self.many else surplus
            getattr(client, self.untag)(**who, **{self.keys: keys})
        missing = {key: value for key, value in desired.items() if actual.get(key) != value}
        if missing:
            getattr(client, self.tag)(**who, **{self.tags: to_api(missing, self.style)})


EC2 = Tagging(
    ("describe_tags", "Tags"), "create_tags", "delete_tags", "Resources", "Key/Value", "Tags", "Tags", many=True
)
BY_ARN = Tagging()
"""EKS, CloudWatch Logs: `resourceArn` and a map."""
ECS = Tagging(style="key/value")
KMS = Tagging(("list_resource_tags", "Tags"), subject="KeyId", style="TagKey/TagValue", keys="TagKeys", tags="Tags")
BY_CAPITAL_ARN = Tagging(
    ("list_tags_for_resource", "Tags"), subject="ResourceArn", style="Key/Value", keys="TagKeys", tags="Tags"
)
"""SNS and others: `ResourceArn` and a list."""
EVENTS = Tagging(
    ("list_tags_for_resource", "Tags"), subject="ResourceARN", style="Key/Value", keys="TagKeys", tags="Tags"
)
"""EventBridge, CloudWatch, Athena: `ResourceARN` and a list."""


def iam(kind: str, subject: str, *listed: str) -> Tagging:
    """IAM has operations of its own for each kind of thing; moto lists some tags only with the thing itself."""
    how = listed or (f"list_{kind}_tags", "Tags")
    return Tagging(how, f"tag_{kind}", f"untag_{kind}", subject, "Key/Value", "TagKeys", "Tags")
