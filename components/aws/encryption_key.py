"""EncryptionKey: a KMS key of the account's own, and the statements that let AWS services use it."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import kms

from .location import AwsLocation, arn, global_arn
from .policy_document import Statement, policy_document

DELETION_WINDOW_DAYS = 30
"""The longest that KMS waits before it deletes a key; what was encrypted with it cannot be read afterwards."""

_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""Left to the account's IAM policies, as in the policy that KMS gives a key by default, but without `kms:*`."""

USE_OF_KEY = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What a service does that encrypts with a key of the account's own."""


def log_group_statement(location: AwsLocation, log_group: str) -> Statement:
    """Lets CloudWatch Logs use the key for exactly one log group.

    Neither writers nor readers of the group need the key: the service itself encrypts and decrypts.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return {
        "Sid": "LogGroup",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{location['region']}.{location['dns_suffix']}"},
        "Action": list(USE_OF_KEY),
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn(location, "logs", f"log-group:{log_group}")},
        },
    }


def disk_statements(location: AwsLocation) -> list[Statement]:
    """Let EC2 Auto Scaling start instances whose disks are encrypted with the key.

    Its service-linked role is named by a condition, since as a principal it would have to exist: in an account that
    never had an Auto Scaling group it does not.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    role = global_arn(location, "iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")
    caller = {"aws:PrincipalArn": role, "kms:CallerAccount": location["account"]}
    return [
        {
            "Sid": "InstanceDisks",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [*USE_OF_KEY, "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {"StringEquals": caller},
        },
        {
            "Sid": "InstanceDiskGrants",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:CreateGrant",
            "Resource": "*",
            "Condition": {"StringEquals": caller, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def key_policy(location: AwsLocation, statements: Sequence[Statement]) -> pulumi.Output[str]:
    """Return a key policy: the account's IAM policies administer the key, the statements say who else may use it.

    In a key policy the resource `*` means the key itself.
    """
    administration: Statement = {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": global_arn(location, "iam", "root")},
        "Action": list(_ADMINISTRATION),
        "Resource": "*",
    }
    return policy_document(administration, *statements)


class EncryptionKeyArgs(TypedDict):
    """`alias` is without its `alias/` prefix; `statements` say which services may use the key."""

    location: AwsLocation
    alias: str
    description: str
    statements: Sequence[Statement]
    tags: Mapping[str, str]


class EncryptionKey(pulumi.ComponentResource):
    """A symmetric key, rotated every year, with an alias."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EncryptionKey", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = kms.Key(
            name,
            description=args["description"],
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=key_policy(args["location"], args["statements"]),
            tags=args["tags"],
            opts=child,
        )
        kms.Alias(name, name=f"alias/{args['alias']}", target_key_id=key.key_id, opts=child)
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
