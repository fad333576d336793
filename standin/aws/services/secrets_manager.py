"""Secrets Manager: secrets and their versions."""

import base64
from collections.abc import Iterator
from typing import ClassVar

from standin.aws import tags
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource, changed

CURRENT = "AWSCURRENT"


class Secret(Resource):
    """A secret without a value; its id is its ARN."""

    token = "aws:secretsmanager/secret:Secret"
    service = "secretsmanager"
    autoname = AutoName(longest=512)
    create_only = frozenset({"name", "namePrefix", "type"})
    defaults: ClassVar[Defaults] = {"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30}
    write_only = frozenset({"forceOverwriteReplicaSecret", "namePrefix", "recoveryWindowInDays"})
    tagging = tags.Tagging(
        ("describe_secret", "Tags"), subject="SecretId", style="Key/Value", keys="TagKeys", tags="Tags"
    )

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """How long a deleted secret can be brought back, and what the stand-in does not build."""
        days = inputs.get("recoveryWindowInDays", 0)
        if isinstance(days, int) and days != 0 and not 7 <= days <= 30:
            yield Failure("recoveryWindowInDays", f"is {days}, must be 0 or from 7 to 30")
        if inputs.get("replicas"):
            yield Failure("replicas", "are nothing that the stand-in builds")

    def create(self, region: Region, inputs: Properties) -> str:
        optional = {"Description": inputs.get("description"), "KmsKeyId": inputs.get("kmsKeyId")}
        desired = {name: value for name, value in optional.items() if value}
        return self.client(region).create_secret(Name=self.given_name(inputs), **desired)["ARN"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Set description, key and policy."""
        client = self.client(region)
        if old is not None and changed(inputs, old, "description", "kmsKeyId"):
            key = {"KmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
            client.update_secret(SecretId=identity, Description=inputs.get("description", ""), **key)
        if inputs.get("policy") and changed(inputs, old, "policy"):
            client.put_resource_policy(SecretId=identity, ResourcePolicy=inputs["policy"])
        elif old is not None and old.get("policy") and not inputs.get("policy"):
            client.delete_resource_policy(SecretId=identity)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Its description; one that is about to be deleted is gone."""
        client = self.client(region)
        found = client.describe_secret(SecretId=identity)
        if found.get("DeletedDate"):
            return None
        policy = client.get_resource_policy(SecretId=identity).get("ResourcePolicy", "")
        return self.outputs(found, namePrefix=state.get("namePrefix", ""), policy=policy)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """At once, or so that it can be brought back for some days."""
        days = state.get("recoveryWindowInDays", 30)
        how = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        self.client(region).delete_secret(SecretId=identity, **how)


class SecretVersion(Resource):
    """A secret's value; its id is `<secret>|<version>`. A new value is a new version."""

    token = "aws:secretsmanager/secretVersion:SecretVersion"
    service = "secretsmanager"
    create_only = frozenset({"secretId", "secretBinary", "secretString", "secretStringWoVersion"})
    write_only = frozenset({"secretStringWo", "secretStringWoVersion"})

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """Yield a failure unless exactly one value is given."""
        given = [name for name in ("secretBinary", "secretString", "secretStringWo") if name in inputs]
        if len(given) != 1:
            yield Failure("secretString", "exactly one of secretBinary, secretString and secretStringWo must be given")

    def create(self, region: Region, inputs: Properties) -> str:
        text = inputs.get("secretString", inputs.get("secretStringWo"))
        value = {"SecretBinary": base64.b64decode(inputs["secretBinary"])} if text is None else {"SecretString": text}
        stages = {"VersionStages": inputs["versionStages"]} if inputs.get("versionStages") else {}
        answer = self.client(region).put_secret_value(SecretId=inputs["secretId"], **value, **stages)
        return f"{inputs['secretId']}|{answer['VersionId']}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Move staging labels here, and take off those that are no longer desired."""
        if old is None or not changed(inputs, old, "versionStages"):
            return
        secret, version = _split(identity)
        client = self.client(region)
        had, desired = set(old.get("versionStages", ())), set(inputs.get("versionStages") or (CURRENT,))
        for stage in sorted(desired - had):
            holders = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
            holder = next((one for one, stages in holders.items() if stage in stages), None)
            where = {"RemoveFromVersionId": holder} if holder else {}
            client.update_secret_version_stage(SecretId=secret, VersionStage=stage, MoveToVersionId=version, **where)
        for stage in sorted(had - desired - {CURRENT}):
            client.update_secret_version_stage(SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        secret, version = _split(identity)
        found = self.client(region).get_secret_value(SecretId=secret, VersionId=version)
        binary = found.get("SecretBinary")
        shown = "secretStringWo" not in state
        return {
            "arn": found["ARN"],
            "hasSecretStringWo": not shown,
            "secretArn": found["ARN"],
            "secretId": secret,
            "versionId": version,
            "versionStages": found["VersionStages"],
            **({"secretString": found["SecretString"]} if shown and "SecretString" in found else {}),
            **({"secretBinary": base64.b64encode(binary).decode()} if binary else {}),
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Take the staging labels off, except for the current one: a version cannot be deleted."""
        secret, version = _split(identity)
        client = self.client(region)
        stages = client.get_secret_value(SecretId=secret, VersionId=version)["VersionStages"]
        for stage in stages:
            if stage != CURRENT:
                client.update_secret_version_stage(SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)


def _split(identity: str) -> tuple[str, str]:
    secret, _, version = identity.rpartition("|")
    return secret, version


RESOURCES = (Secret, SecretVersion)
