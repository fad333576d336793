"""EncryptedBucket: a private S3 bucket that is encrypted with a key of the account's own and reached by TLS only."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import s3

from .location import AwsLocation
from .policy_document import Statement, policy_document

KEPT_AFTER_DELETION_DAYS = 30
"""How long a version lives on that was overwritten or deleted."""

ABANDONED_UPLOAD_DAYS = 7
"""When the parts of an upload that was never completed go."""


class EncryptedBucketArgs(TypedDict):
    """`statements` are further ones of the bucket's policy; 0 days, or none, mean never.

    `object_lock_days` can be given to a new bucket only, and makes it versioned.
    """

    location: AwsLocation
    bucket_name: str
    key_arn: pulumi.Input[str]
    versioning: bool
    object_lock_days: NotRequired[int]
    infrequent_access_days: NotRequired[int]
    expire_days: NotRequired[int]
    statements: NotRequired[Sequence[Statement]]
    protect: bool
    tags: Mapping[str, str]


def bucket_arn(location: AwsLocation, bucket: str) -> str:
    """Return a bucket's ARN."""
    return f"arn:{location['partition']}:s3:::{bucket}"


class EncryptedBucket(pulumi.ComponentResource):
    """A bucket that nobody can make public and that is never emptied by Pulumi: to delete it, empty it by hand."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptedBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EncryptedBucket", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self, protect=args["protect"])
        lock_days = args.get("object_lock_days", 0)
        bucket = s3.Bucket(
            name, bucket=args["bucket_name"], object_lock_enabled=bool(lock_days), tags=args["tags"], opts=child
        )
        blocked = self._private(name, bucket)
        after = pulumi.ResourceOptions(parent=self, depends_on=[blocked])
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args["key_arn"],
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=after,
        )
        versioning = s3.BucketVersioning(
            name,
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled" if args["versioning"] or lock_days else "Suspended"},
            opts=after,
        )
        versioned = pulumi.ResourceOptions(parent=self, depends_on=[versioning])
        if lock_days:
            s3.BucketObjectLockConfiguration(
                name,
                bucket=bucket.id,
                rule={"default_retention": {"mode": "COMPLIANCE", "days": lock_days}},
                opts=versioned,
            )
        s3.BucketLifecycleConfiguration(name, bucket=bucket.id, rules=lifecycle(args), opts=versioned)
        policy = s3.BucketPolicy(name, bucket=bucket.id, policy=_policy(bucket.arn, args), opts=after)
        # Writers wait for the policy and the encryption, not for the bucket alone.
        self.bucket_name = pulumi.Output.all(bucket.id, policy.id).apply(lambda ids: str(ids[0]))
        self.bucket_arn = pulumi.Output.all(bucket.arn, policy.id).apply(lambda ids: str(ids[0]))
        self.register_outputs({"bucketName": self.bucket_name, "bucketArn": self.bucket_arn})

    # The quotes keep the SDK's part for S3 from being loaded by programs that make no bucket.
    def _private(self, name: str, bucket: "s3.Bucket") -> pulumi.Resource:
        child = pulumi.ResourceOptions(parent=self)
        owner = s3.BucketOwnershipControls(
            name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        return s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[owner]),
        )


def lifecycle(args: EncryptedBucketArgs) -> list[Any]:
    """Return the bucket's one lifecycle rule, for every object."""
    rule: dict[str, Any] = {
        "id": "age",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": ABANDONED_UPLOAD_DAYS},
        "noncurrent_version_expiration": {"noncurrent_days": KEPT_AFTER_DELETION_DAYS},
    }
    if args.get("infrequent_access_days"):
        rule["transitions"] = [{"days": args.get("infrequent_access_days"), "storage_class": "STANDARD_IA"}]
    if args.get("expire_days"):
        rule["expiration"] = {"days": args.get("expire_days")}
    return [rule]


def _policy(arn: pulumi.Input[str], args: EncryptedBucketArgs) -> pulumi.Output[str]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"""
    tls_only: Statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, pulumi.Output.concat(arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy_document(tls_only, *args.get("statements", ()))
