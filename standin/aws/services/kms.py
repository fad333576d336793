"""KMS: keys and their aliases."""

from collections.abc import Iterator
from typing import ClassVar

from standin.aws import tags
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName, from_prefix
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed

KEY_GONE = ("PendingDeletion", "PendingReplicaDeletion")


class Key(Resource):
    """A key with its policy and rotation; deleting one only schedules it, as in AWS."""

    token = "aws:kms/key:Key"
    service = "kms"
    create_only = frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"})
    defaults: ClassVar[Defaults] = {
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    }
    write_only = frozenset({"bypassPolicyLockoutSafetyCheck", "deletionWindowInDays"})
    rename: ClassVar[Rename] = {"customerMasterKeySpec": "KeySpec", "isEnabled": "Enabled"}
    tagging = tags.KMS

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the key with its policy, without which nobody could change it afterwards."""
        answer = self.call(region, "create_key", {name: value for name, value in inputs.items() if name != "tags"})
        return answer["KeyMetadata"]["KeyId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Rotation, whether it is enabled, and after a change description and policy."""
        kms = self.client(region)
        if changed(inputs, old, "enableKeyRotation", "rotationPeriodInDays"):
            if inputs.get("enableKeyRotation"):
                period = inputs.get("rotationPeriodInDays")
                kms.enable_key_rotation(KeyId=identity, **({"RotationPeriodInDays": period} if period else {}))
            elif old is not None:
                kms.disable_key_rotation(KeyId=identity)
        if inputs.get("isEnabled") is False:
            kms.disable_key(KeyId=identity)
        elif old is not None and changed(inputs, old, "isEnabled"):
            kms.enable_key(KeyId=identity)
        if old is not None and changed(inputs, old, "description"):
            kms.update_key_description(KeyId=identity, Description=inputs.get("description", ""))
        if old is not None and changed(inputs, old, "policy") and inputs.get("policy"):
            kms.put_key_policy(KeyId=identity, PolicyName="default", Policy=inputs["policy"])

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the key's metadata, policy and rotation."""
        kms = self.client(region)
        metadata = kms.describe_key(KeyId=identity)["KeyMetadata"]
        if metadata["KeyState"] in KEY_GONE:
            return None
        rotation = kms.get_key_rotation_status(KeyId=identity)
        return self.outputs(
            metadata,
            policy=kms.get_key_policy(KeyId=identity, PolicyName="default")["Policy"],
            enableKeyRotation=rotation["KeyRotationEnabled"],
            rotationPeriodInDays=rotation.get("RotationPeriodInDays"),
        )

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        days = state.get("deletionWindowInDays") or 30
        self.client(region).schedule_key_deletion(KeyId=identity, PendingWindowInDays=days)


class Alias(Resource):
    """A name for a key."""

    token = "aws:kms/alias:Alias"
    service = "kms"
    autoname = AutoName(prefix="alias/")
    create_only = frozenset({"name", "namePrefix"})
    write_only = frozenset({"namePrefix"})

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """AWS wants the prefix, and the real provider says so before it asks."""
        if not str(inputs.get("name", "alias/")).startswith("alias/"):
            yield Failure("name", "must begin with 'alias/'")

    def create(self, region: Region, inputs: Properties) -> str:
        name = inputs.get("name") or from_prefix(inputs["namePrefix"])
        self.client(region).create_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])
        return name

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None and changed(inputs, old, "targetKeyId"):
            self.client(region).update_alias(AliasName=identity, TargetKeyId=inputs["targetKeyId"])

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the alias among all, since there is no call for one."""
        pages = self.client(region).get_paginator("list_aliases").paginate()
        alias = next((one for page in pages for one in page["Aliases"] if one["AliasName"] == identity), None)
        if alias is None or "TargetKeyId" not in alias:
            return None
        key_id = alias["TargetKeyId"]
        target = state.get("targetKeyId", key_id)
        key_arn = region.arn("kms", f"key/{key_id}")
        return {
            "name": identity,
            "arn": alias["AliasArn"],
            "targetKeyId": target if target in (key_id, key_arn) else key_id,
            "targetKeyArn": key_arn,
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Remove the name, not the key."""
        self.client(region).delete_alias(AliasName=identity)


RESOURCES = (Key, Alias)
