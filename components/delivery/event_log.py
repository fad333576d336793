"""EventLog: the log group that every security event goes to, encrypted, kept as long as the stack file says."""

import re
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch

from ..aws.encryption_key import EncryptionKey, log_group_statement
from ..aws.location import AwsLocation
from .stream_names import shortened


class EventLogArgs(TypedDict):
    """`kms_key_arn` is a key whose policy already lets CloudWatch Logs use it; without it a key is made.

    `key_tags` are further tags of that key. With `protect`, neither Pulumi nor CloudWatch Logs deletes the group or its
    key before it is lifted.
    """

    location: AwsLocation
    log_group: str
    retention_days: int
    kms_key_arn: NotRequired[pulumi.Input[str]]
    protect: bool
    tags: Mapping[str, str]
    key_tags: NotRequired[Mapping[str, str]]


class EventLog(pulumi.ComponentResource):
    """A log group made before any sensor runs, so that no sensor needs the permission to make one."""

    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]
    kms_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EventLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventLog", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self, protect=args["protect"])
        key_arn = args.get("kms_key_arn") or self._key_arn(name, args, child)
        group = cloudwatch.LogGroup(
            name,
            name=args["log_group"],
            retention_in_days=args["retention_days"],
            kms_key_id=key_arn,
            deletion_protection_enabled=args["protect"],
            tags=args["tags"],
            opts=child,
        )
        self.log_group_name = group.name
        self.log_group_arn = group.arn
        self.kms_key_arn = pulumi.Output.from_input(key_arn)
        self.register_outputs(
            {"logGroupName": self.log_group_name, "logGroupArn": self.log_group_arn, "kmsKeyArn": self.kms_key_arn}
        )

    def _key_arn(self, name: str, args: EventLogArgs, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
        key = EncryptionKey(
            f"{name}-key",
            {
                "location": args["location"],
                "alias": f"logs/{alias_of(args['log_group'])}",
                "description": f"Encrypts the log group {args['log_group']}",
                "statements": [log_group_statement(args["location"], args["log_group"])],
                "tags": {**args["tags"], **args.get("key_tags", {})},
            },
            child,
        )
        return key.arn


LONGEST_ALIAS = 256 - len("alias/logs/")
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html"""


def alias_of(log_group: str) -> str:
    """Return a log group's name as part of a key's alias, which takes no `.`, no `#` and not the longest names."""
    alias = re.sub(r"[^a-zA-Z0-9/_-]", "-", log_group.strip("/"))
    return alias if len(alias) <= LONGEST_ALIAS else shortened(alias, log_group, LONGEST_ALIAS)
