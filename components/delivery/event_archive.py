"""EventArchive: the bucket that keeps events for years, the Glue table over it, and Athena to ask it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
from pulumi_aws import athena, glue

from falco_firelens.schemas import athena as sql
from falco_firelens.schemas import glue as schema

from ..aws.encrypted_bucket import EncryptedBucket, EncryptedBucketArgs, bucket_arn
from ..aws.encryption_key import USE_OF_KEY
from ..aws.location import AwsLocation, arn, global_arn
from ..aws.policy_document import Statement
from .event_stream import FOREIGN

TABLE = "events"
"""The table's name in its database."""

ARCHIVE = "archive"
"""Logical name of the stream into an archive, with which the name of its role begins in each account."""

MOST_BYTES_A_QUERY = 100 * 2**30
"""Athena stops a query that has read this much, about half a dollar's worth."""


class PartitionArgs(TypedDict):
    """Partitions of the table: queries see only the accounts and regions listed here."""

    accounts: Sequence[str]
    regions: Sequence[str]


class EventTableArgs(TypedDict):
    """The table over a bucket, and its database."""

    location: AwsLocation
    database: str
    format: Literal["parquet", "json"]
    bucket_name: str
    partitions: PartitionArgs
    tags: Mapping[str, str]


class EventTable(pulumi.ComponentResource):
    """A Glue database with the table of events: Firehose converts by it, Athena reads by it."""

    database_name: pulumi.Output[str]
    table_name: pulumi.Output[str]

    def __init__(self, name: str, args: EventTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventTable", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        database = glue.CatalogDatabase(
            name, name=args["database"], description="Security events of Falco", tags=args["tags"], opts=child
        )
        partitions = args["partitions"]
        described = schema.table(args["format"], args["bucket_name"], partitions["accounts"], partitions["regions"])
        table = glue.CatalogTable(
            name,
            name=TABLE,
            database_name=database.name,
            table_type=described["tableType"],
            partition_keys=described["partitionKeys"],
            parameters=described["parameters"],
            storage_descriptor=described["storageDescriptor"],
            opts=child,
        )
        self.database_name, self.table_name = database.name, table.name
        self.register_outputs({"databaseName": self.database_name, "tableName": self.table_name})


class RetentionArgs(TypedDict):
    """How long the archive's bucket keeps objects, and how; 0 days mean never."""

    versioning: bool
    object_lock_days: int
    infrequent_access_days: int
    expire_days: int


class EventArchiveArgs(TypedDict):
    """`names` are those that `archive_names` makes.

    `key_arn` is a key with `archive_key_statements`. `writers` are other accounts that may write their own folders.
    """

    location: AwsLocation
    names: "ArchiveNames"
    key_arn: pulumi.Input[str]
    format: Literal["parquet", "json"]
    retention: RetentionArgs
    partitions: PartitionArgs
    writers: NotRequired[Sequence[str]]
    protect: bool
    tags: Mapping[str, str]


class ArchiveNames(TypedDict):
    """What the parts of an archive are called."""

    bucket: str
    database: str
    workgroup: str


class EventArchive(pulumi.ComponentResource):
    """A bucket, its table, and an Athena workgroup with named queries."""

    bucket_name: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    database_name: pulumi.Output[str]
    table_name: pulumi.Output[str]
    workgroup_name: pulumi.Output[str]

    def __init__(self, name: str, args: EventArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventArchive", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        bucket = EncryptedBucket(name, _bucket_args(args), self._child)
        table = EventTable(
            name,
            {
                "location": args["location"],
                "database": args["names"]["database"],
                "format": args["format"],
                "bucket_name": args["names"]["bucket"],
                "partitions": args["partitions"],
                "tags": args["tags"],
            },
            self._child,
        )
        self.bucket_name, self.bucket_arn = bucket.bucket_name, bucket.bucket_arn
        self.database_name, self.table_name = table.database_name, table.table_name
        self.workgroup_name = self._workgroup(name, args)
        self.register_outputs(
            {
                "bucketName": self.bucket_name,
                "bucketArn": self.bucket_arn,
                "databaseName": self.database_name,
                "tableName": self.table_name,
                "workgroupName": self.workgroup_name,
            }
        )

    def _workgroup(self, name: str, args: EventArchiveArgs) -> pulumi.Output[str]:
        """Athena keeps the results itself, for a day, so that the archive's bucket holds nothing but events.

        It also remembers for 45 days what was asked, which only goes with the workgroup: so
        `force_destroy`.
        https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
        https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html
        """
        workgroup = athena.Workgroup(
            name,
            name=args["names"]["workgroup"],
            description="Questions to the archive of security events",
            force_destroy=True,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": MOST_BYTES_A_QUERY,
                "engine_version": {"selected_engine_version": "Athena engine version 3"},
                "managed_query_results_configuration": {
                    "enabled": True,
                    "encryption_configuration": {"kms_key": args["key_arn"]},
                },
            },
            tags=args["tags"],
            opts=self._child,
        )
        for query in sql.QUERIES:
            athena.NamedQuery(
                f"{name}-{query.name}",
                name=query.name,
                description=query.description,
                workgroup=workgroup.id,
                database=self.database_name,
                query=query.of(TABLE),
                opts=self._child,
            )
        return workgroup.name


def archive_names(location: AwsLocation, slug: str) -> ArchiveNames:
    """Names from one of letters, digits and hyphens. A bucket's name is unique in the world by account and region."""
    return {
        "bucket": f"{slug[:35].strip('-')}-{location['account']}-{location['region']}",
        "database": slug.replace("-", "_"),
        "workgroup": slug,
    }


def archive_key_statements(location: AwsLocation, workgroup: str, writers: Sequence[str] = ()) -> list[Statement]:
    """Who may use an archive's key: the account as its IAM policies say, Athena for results, and other writers.

    https://docs.aws.amazon.com/athena/latest/ug/encrypting-managed-results.html
    """
    workgroup_arn = arn(location, "athena", f"workgroup/{workgroup}")
    statements: list[Statement] = [
        account_key_statement(location),
        {
            "Sid": "QueryResults",
            "Effect": "Allow",
            "Principal": {"Service": "encryption.athena.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"aws:SourceArn": workgroup_arn},
                "StringEquals": {"aws:SourceAccount": location["account"]},
            },
        },
    ]
    if writers:
        statements.append(
            {
                "Sid": "OtherWriters",
                "Effect": "Allow",
                "Principal": {"AWS": [global_arn(location, "iam", "root", account) for account in writers]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:ViaService": f"s3.{location['region']}.{location['dns_suffix']}"}},
            }
        )
    return statements


def account_key_statement(location: AwsLocation) -> Statement:
    """Lets the account's IAM policies say who encrypts and decrypts: Firehose's role, and users of Athena."""
    return {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": global_arn(location, "iam", "root")},
        "Action": list(USE_OF_KEY),
        "Resource": "*",
    }


def _bucket_args(args: EventArchiveArgs) -> EncryptedBucketArgs:
    location, bucket = args["location"], args["names"]["bucket"]
    return {
        "location": location,
        "bucket_name": bucket,
        "key_arn": args["key_arn"],
        **args["retention"],
        "statements": writer_statements(location, bucket, args["key_arn"], args.get("writers", ())),
        "protect": args["protect"],
        "tags": args["tags"],
    }


def writer_statements(
    location: AwsLocation, bucket: str, key_arn: pulumi.Input[str], writers: Sequence[str]
) -> list[Statement]:
    """Let the streams of other accounts write, each into the folders that have its own account's id in their name.

    The variable stands for the caller's account, so that the policy, of which S3 takes 20 KB, does not grow by
    two folders with each account.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if not writers:
        return []
    principal = {"AWS": [global_arn(location, "iam", "root", account) for account in writers]}
    streams = {"ArnLike": {"aws:PrincipalArn": global_arn(location, "iam", f"role/{ARCHIVE}-*", "*")}}
    own = "account=${aws:PrincipalAccount}/*"
    return [
        {
            "Sid": "WriteOwnFolders",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", FOREIGN],
            "Resource": [f"{bucket_arn(location, bucket)}/{folder}{own}" for folder in (schema.EVENTS, schema.ERRORS)],
            "Condition": streams,
        },
        {
            "Sid": "FindBucket",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            "Resource": bucket_arn(location, bucket),
            "Condition": streams,
        },
        *_unreadable(bucket_arn(location, bucket), key_arn),
    ]


def _unreadable(bucket: str, key_arn: pulumi.Input[str]) -> list[Statement]:
    """Refuse what the bucket's account could not read: objects that a writer encrypts in another way than the bucket.

    A write that leaves it to the bucket names no key, nor does a further part of an upload.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
    """
    header = "s3:x-amz-server-side-encryption"
    key, kind, customers = f"{header}-aws-kms-key-id", header, f"{header}-customer-algorithm"
    conditions: dict[str, Any] = {
        "OtherKey": {"Null": {key: "false"}, "ArnNotEquals": {key: key_arn}},
        "OtherEncryption": {"Null": {kind: "false"}, "StringNotEquals": {kind: "aws:kms"}},
        "CustomersKey": {"Null": {customers: "false"}},
    }
    return [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/*",
            "Condition": condition,
        }
        for sid, condition in conditions.items()
    ]
