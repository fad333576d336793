"""CloudWatch Logs: log groups and log streams."""

from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource, changed


class LogGroup(Resource):
    """A log group with its retention and key."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    service = "logs"
    autoname = AutoName(longest=512)
    create_only = frozenset({"name", "namePrefix", "logGroupClass"})
    defaults: ClassVar[Defaults] = {"skipDestroy": False}
    write_only = frozenset({"skipDestroy", "namePrefix"})
    tagging = tags.BY_ARN

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the group with its key; retention is a call of its own."""
        name = self.given_name(inputs)
        optional = {"kmsKeyId": inputs.get("kmsKeyId"), "logGroupClass": inputs.get("logGroupClass")}
        desired = {key: value for key, value in optional.items() if value}
        self.client(region).create_log_group(logGroupName=name, **desired)
        return name

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Retention, and a key that changed."""
        logs = self.client(region)
        if changed(inputs, old, "retentionInDays"):
            if inputs.get("retentionInDays"):
                logs.put_retention_policy(logGroupName=identity, retentionInDays=inputs["retentionInDays"])
            else:
                logs.delete_retention_policy(logGroupName=identity)
        if old is not None and changed(inputs, old, "kmsKeyId"):
            if inputs.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=identity, kmsKeyId=inputs["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=identity)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the group whose name is exactly this one."""
        group = find_group(self.client(region), identity)
        if group is None:
            return None
        return self.outputs(
            group,
            name=identity,
            arn=group["arn"].removesuffix(":*"),
            retentionInDays=group.get("retentionInDays", 0),
            logGroupClass=group.get("logGroupClass", "STANDARD"),
        )

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete the group unless the program wants it kept."""
        if not state.get("skipDestroy"):
            self.client(region).delete_log_group(logGroupName=identity)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("logs", f"log-group:{identity}")


class LogStream(Resource):
    """A log stream; its id is its name."""

    token = "aws:cloudwatch/logStream:LogStream"
    service = "logs"
    autoname = AutoName(longest=512)
    create_only = frozenset({"name", "logGroupName"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.client(region).create_log_stream(logGroupName=inputs["logGroupName"], logStreamName=inputs["name"])
        return inputs["name"]

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the stream whose name is exactly this one; an import names its group as `<group>:<stream>`."""
        group, _, name = identity.rpartition(":")
        group = state.get("logGroupName", group)
        answer = self.client(region).describe_log_streams(logGroupName=group, logStreamNamePrefix=name)
        found = next((one for one in answer["logStreams"] if one["logStreamName"] == name), None)
        arn = region.arn("logs", f"log-group:{group}:log-stream:{name}")
        return None if found is None else {"name": name, "logGroupName": group, "arn": arn}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete the stream with what is in it."""
        self.client(region).delete_log_stream(logGroupName=state["logGroupName"], logStreamName=state["name"])


def find_group(logs: Any, name: str) -> dict[str, Any] | None:
    """Return a log group by its full name."""
    groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group for group in groups if group["logGroupName"] == name), None)


RESOURCES = (LogGroup, LogStream)
