"""What AWS still has after a stack was destroyed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jmespath

from localcloud.accounts import client
from standin.aws.cloud import Cloud
from standin.aws.lifecycle import Lifecycle
from standin.aws.registry import resources
from tests.local.stack import named

REMEMBERED = frozenset({"aws:redshiftdata/statement:Statement"})
"""Nothing deletes what was said to a warehouse; AWS forgets it after a day."""

BY_ITSELF = (
    ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces[].NetworkInterfaceId"),
    ("ec2", "describe_addresses", "Addresses[].PublicIp"),
    ("ec2", "describe_instances", "Reservations[].Instances[?State.Name != 'terminated'].InstanceId[]"),
    ("ec2", "describe_volumes", "Volumes[].VolumeId"),
    ("ec2", "describe_vpcs", "Vpcs[?!IsDefault].VpcId"),
    ("cloudwatch", "describe_alarms", "*[].AlarmName"),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("sns", "list_subscriptions", "Subscriptions[].SubscriptionArn"),
    ("athena", "list_query_executions", "QueryExecutionIds"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings[].UUID"),
    ("iam", "list_roles", "Roles[].RoleName"),
)
"""What services make without being asked by the program, or beside what they were asked for."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Marks a secret in a state."""


class Account:
    """One account and region, as its environment has them."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.number: str = self.client("sts").get_caller_identity()["Account"]

    def client(self, service: str) -> Any:
        return client(service, self.env)

    def things(self) -> set[str]:
        """What the account has that no program need have asked for."""
        found = ((service, jmespath.search(path, getattr(self.client(service), operation)()))
                 for service, operation, path in BY_ITSELF)  # fmt: skip
        return {f"{service} {one}" for service, listed in found for one in listed or ()}

    def keys_in_use(self) -> list[str]:
        """Keys that are not waiting for their deletion; for a week at least, AWS deletes none."""
        kms = self.client("kms")
        keys = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]
        return [key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion"]

    def still_there(self, exported: list[dict[str, Any]]) -> list[str]:
        """Which of a state's resources AWS has; those of an API that the local cloud lacks are nowhere."""
        return sorted(self._there(exported))

    def _there(self, exported: list[dict[str, Any]]) -> Iterator[str]:
        names = {"AWS_ACCESS_KEY_ID": "accessKey", "AWS_SECRET_ACCESS_KEY": "secretKey", "AWS_SESSION_TOKEN": "token"}
        given = {name: self.env[variable] for variable, name in names.items() if variable in self.env}
        cloud = Cloud({"region": self.env["AWS_REGION"], **given})
        for resource in exported:
            kind = resources().get(resource["type"])
            if kind is None or kind.recorded or kind.token in REMEMBERED:
                continue
            inputs, outputs = _plain(resource.get("inputs", {})), _plain(resource.get("outputs", {}))
            if Lifecycle(cloud, kind).read(resource["id"], inputs, outputs) is not None:
                yield named(resource["urn"])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if SIGNATURE in value and "plaintext" in value:
            return json.loads(value["plaintext"])
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
