"""DynamoDB: tables, and who may use them."""

from collections.abc import Iterator
from typing import Any, ClassVar

from standin.aws import api, tags, wire
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource, changed

REFUSED = (
    "globalSecondaryIndexes",
    "globalTableWitness",
    "importTable",
    "localSecondaryIndexes",
    "replicas",
    "restoreBackupArn",
    "restoreSourceName",
    "restoreSourceTableArn",
)


class Table(Resource):
    """A table without further indexes or replicas; its id is its name."""

    token = "aws:dynamodb/table:Table"
    service = "dynamodb"
    autoname = AutoName()
    create_only = frozenset({"name", "hashKey", "rangeKey"})
    defaults: ClassVar[Defaults] = {"billingMode": "PROVISIONED"}
    tagging = tags.Tagging(
        ("list_tags_of_resource", "Tags"), subject="ResourceArn", style="Key/Value", keys="TagKeys", tags="Tags"
    )

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """Yield what the stand-in does not build, and keys that are no attributes."""
        for name in REFUSED:
            if inputs.get(name):
                yield Failure(name, "is nothing that the stand-in builds")
        if wire.has_unknown(inputs.get("attributes", wire.UNKNOWN)):
            return
        known = {one["name"] for one in inputs["attributes"]}
        for name in ("hashKey", "rangeKey"):
            if inputs.get(name, wire.UNKNOWN) not in {*known, wire.UNKNOWN}:
                yield Failure(name, f"{inputs[name]!r} is not among the attributes")

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the table with its keys and how it is encrypted."""
        kinds = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
        answer = self.client(region).create_table(
            TableName=inputs["name"],
            AttributeDefinitions=[
                {"AttributeName": one["name"], "AttributeType": one["type"]} for one in inputs["attributes"]
            ],
            KeySchema=[{"AttributeName": inputs[name], "KeyType": kind} for name, kind in kinds if name in inputs],
            TableClass=inputs.get("tableClass", "STANDARD"),
            DeletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            **_throughput(inputs),
            **_encryption(inputs),
            **_stream(inputs),
        )
        return answer["TableDescription"]["TableName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Throughput, protection, key, streams; expiry and recovery have calls of their own."""
        client = self.client(region)
        if changed(inputs, old, "ttl"):
            ttl: Properties = {**((old or {}).get("ttl") or {}), "enabled": False, **(inputs.get("ttl") or {})}
            if ttl.get("attributeName"):
                api.call(client, "update_time_to_live", {"timeToLiveSpecification": ttl}, TableName=identity)
        if changed(inputs, old, "pointInTimeRecovery"):
            recovery = {"pointInTimeRecoverySpecification": inputs.get("pointInTimeRecovery") or {"enabled": False}}
            names = {"enabled": "pointInTimeRecoveryEnabled"}
            api.call(client, "update_continuous_backups", recovery, names, TableName=identity)
        updates = {} if old is None else _updates(inputs, old)
        if updates:
            client.update_table(TableName=identity, **updates)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the table, when its items expire, and whether it can be restored; moto never changes its key."""
        client = self.client(region)
        table = client.describe_table(TableName=identity)["Table"]
        keys = {one["KeyType"]: one["AttributeName"] for one in table["KeySchema"]}
        ttl = client.describe_time_to_live(TableName=identity)["TimeToLiveDescription"]
        expires = ttl["TimeToLiveStatus"] == "ENABLED"
        backups = client.describe_continuous_backups(TableName=identity)["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]
        throughput = table.get("ProvisionedThroughput", {})
        found: Properties = {
            "arn": table["TableArn"],
            "attributes": [
                {"name": one["AttributeName"], "type": one["AttributeType"]} for one in table["AttributeDefinitions"]
            ],
            "billingMode": (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED"),
            "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
            "globalSecondaryIndexes": [],
            "hashKey": keys["HASH"],
            "rangeKey": keys.get("RANGE"),
            "name": identity,
            "pointInTimeRecovery": {
                "enabled": recovery["PointInTimeRecoveryStatus"] == "ENABLED",
                **({"recoveryPeriodInDays": days} if (days := recovery.get("RecoveryPeriodInDays")) else {}),
            },
            "readCapacity": throughput.get("ReadCapacityUnits", 0),
            "writeCapacity": throughput.get("WriteCapacityUnits", 0),
            "serverSideEncryption": state.get("serverSideEncryption") or _encrypted(table.get("SSEDescription") or {}),
            "streamArn": table.get("LatestStreamArn", ""),
            "streamLabel": table.get("LatestStreamLabel", ""),
            "streamViewType": table.get("StreamSpecification", {}).get("StreamViewType", ""),
            "tableClass": state.get("tableClass"),
            "ttl": {"enabled": expires, "attributeName": ttl.get("AttributeName", "") if expires else ""},
        }
        return {name: value for name, value in found.items() if value is not None}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete the table and what is in it."""
        self.client(region).delete_table(TableName=identity)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("dynamodb", f"table/{identity}")


def _updates(inputs: Properties, old: Properties) -> dict[str, Any]:
    """Return the parameters of UpdateTable."""
    updates: dict[str, Any] = {}
    if changed(inputs, old, "billingMode", "readCapacity", "writeCapacity"):
        updates |= _throughput(inputs)
    if changed(inputs, old, "deletionProtectionEnabled"):
        updates["DeletionProtectionEnabled"] = bool(inputs.get("deletionProtectionEnabled"))
    if changed(inputs, old, "serverSideEncryption"):
        updates |= _encryption(inputs)
    if changed(inputs, old, "streamEnabled", "streamViewType"):
        updates |= _stream(inputs)
    return updates


def _throughput(inputs: Properties) -> dict[str, Any]:
    billing = inputs["billingMode"]
    if billing == "PAY_PER_REQUEST":
        return {"BillingMode": billing}
    units = {"ReadCapacityUnits": inputs.get("readCapacity", 1), "WriteCapacityUnits": inputs.get("writeCapacity", 1)}
    return {"BillingMode": billing, "ProvisionedThroughput": units}


def _encryption(inputs: Properties) -> dict[str, Any]:
    desired = inputs.get("serverSideEncryption") or {"enabled": False}
    key = {"KMSMasterKeyId": desired["kmsKeyArn"]} if desired.get("kmsKeyArn") else {}
    return {
        "SSESpecification": {"Enabled": desired["enabled"], **({"SSEType": "KMS", **key} if desired["enabled"] else {})}
    }


def _encrypted(found: dict[str, Any]) -> Properties:
    enabled = found.get("Status") in ("ENABLED", "ENABLING")
    return {"enabled": enabled, **({"kmsKeyArn": found["KMSMasterKeyArn"]} if found.get("KMSMasterKeyArn") else {})}


def _stream(inputs: Properties) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamSpecification": {"StreamEnabled": False}} if "streamEnabled" in inputs else {}
    return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": inputs["streamViewType"]}}


class ResourcePolicy(Resource):
    """Who may use a table; its id is the table's ARN. Nothing here holds a request against it."""

    token = "aws:dynamodb/resourcePolicy:ResourcePolicy"
    service = "dynamodb"
    create_only = frozenset({"resourceArn"})
    write_only = frozenset({"confirmRemoveSelfResourceAccess"})

    def create(self, region: Region, inputs: Properties) -> str:
        """Return the table's ARN; the policy comes with `configure`."""
        return inputs["resourceArn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        self.client(region).put_resource_policy(ResourceArn=identity, Policy=inputs["policy"])

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        found = self.client(region).get_resource_policy(ResourceArn=identity)
        return {"resourceArn": identity, "policy": found["Policy"], "revisionId": found["RevisionId"]}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_resource_policy(ResourceArn=identity)


RESOURCES = (Table, ResourcePolicy)
