"""EventStream: a Firehose delivery stream that Fluent Bit writes to, with the least that it needs to deliver."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch, iam, kinesis

from falco_firelens.schemas import glue as schema

from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, policy_document

RETENTION_DAYS = 90
"""How long Firehose's own log of failed deliveries is kept."""

LOG_STREAM = "delivery"

FOREIGN = "s3:PutObjectAcl"
"""What a write into another account's bucket needs beside `s3:PutObject`, in the role's policy and in the bucket's:
Firehose gives each object there the ACL `bucket-owner-full-control`.
https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#cross-account-delivery-s3"""


class BufferArgs(TypedDict):
    """Firehose writes an object when so much has come, or after so long."""

    mib: int
    seconds: int


class TableArgs(TypedDict):
    """The Glue table whose columns events are converted to."""

    database_name: pulumi.Input[str]
    table_name: pulumi.Input[str]


class EventStreamArgs(TypedDict):
    """`configuration` is the destination's, without what the component knows itself: role and log.

    `key_arn` encrypts what waits in the stream, and the log of failures: its policy has `log_group_statement`s for
    `error_log_group`.
    """

    location: AwsLocation
    stream_name: str
    key_arn: pulumi.Input[str]
    destination: Literal["extended_s3", "opensearch", "redshift"]
    configuration: Mapping[str, Any]
    statements: Sequence[Statement]
    depends_on: NotRequired[Sequence[pulumi.Resource]]
    tags: Mapping[str, str]


class EventStream(pulumi.ComponentResource):
    """A stream, the role that it delivers with, and the log of what it could not deliver."""

    stream_name: pulumi.Output[str]
    stream_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EventStreamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventStream", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        log_group = cloudwatch.LogGroup(
            name,
            name=error_log_group(args["stream_name"]),
            retention_in_days=RETENTION_DAYS,
            kms_key_id=args["key_arn"],
            tags=args["tags"],
            opts=self._child,
        )
        log_stream = cloudwatch.LogStream(name, name=LOG_STREAM, log_group_name=log_group.name, opts=self._child)
        role, policy = self._role(name, args, log_group.arn)
        logging = {"enabled": True, "log_group_name": log_group.name, "log_stream_name": log_stream.name}
        configuration: Any = _completed(args["configuration"], role.arn, logging)
        stream = kinesis.FirehoseDeliveryStream(
            name,
            name=args["stream_name"],
            destination=args["destination"],
            extended_s3_configuration=configuration if args["destination"] == "extended_s3" else None,
            opensearch_configuration=configuration if args["destination"] == "opensearch" else None,
            redshift_configuration=configuration if args["destination"] == "redshift" else None,
            server_side_encryption={
                "enabled": True,
                "key_type": "CUSTOMER_MANAGED_CMK",
                "key_arn": args["key_arn"],
            },
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, *args.get("depends_on", ())]),
        )
        self.stream_name, self.stream_arn = stream.name, stream.arn
        self.register_outputs({"streamName": self.stream_name, "streamArn": self.stream_arn})

    def _role(
        self, name: str, args: EventStreamArgs, log_group_arn: pulumi.Input[str]
    ) -> tuple[iam.Role, iam.RolePolicy]:
        role = iam.Role(
            name,
            description=f"Delivers what {args['stream_name']} takes",
            assume_role_policy=firehose_trust(args["location"]),
            tags=args["tags"],
            opts=self._child,
        )
        log: Statement = {
            "Sid": "LogFailures",
            "Effect": "Allow",
            "Action": "logs:PutLogEvents",
            "Resource": pulumi.Output.concat(log_group_arn, ":log-stream:", LOG_STREAM),
        }
        document = policy_document(*args["statements"], log)
        policy = iam.RolePolicy(name, role=role.name, policy=document, opts=self._child)
        return role, policy


def error_log_group(stream: str) -> str:
    """Where Firehose logs what a stream could not deliver."""
    return f"/aws/kinesisfirehose/{stream}"


def stream_arn(location: AwsLocation, stream: str) -> str:
    """Return a stream's ARN."""
    return arn(location, "firehose", f"deliverystream/{stream}")


def firehose_trust(location: AwsLocation) -> pulumi.Output[str]:
    """Firehose, acting for this account. https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html"""
    statement: Statement = {
        "Sid": "Firehose",
        "Effect": "Allow",
        "Principal": {"Service": "firehose.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": location["account"]}},
    }
    return policy_document(statement)


def s3_configuration(
    location: AwsLocation,
    bucket_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str] | None,
    *,
    buffer: BufferArgs,
    table: TableArgs | None,
) -> dict[str, Any]:
    """Return an archive as destination; with a table events become Parquet, without one they stay JSON, compressed.

    Dots in keys stay, and so does the case of letters: `output_fields` has fields such as `proc.aname[2]`.
    https://docs.aws.amazon.com/firehose/latest/APIReference/API_OpenXJsonSerDe.html
    """
    found: dict[str, Any] = {
        "bucket_arn": bucket_arn,
        "prefix": schema.events_prefix(location["account"], location["region"]),
        "error_output_prefix": schema.errors_prefix(location["account"], location["region"]),
        "buffering_size": buffer["mib"],
        "buffering_interval": buffer["seconds"],
        "compression_format": "UNCOMPRESSED" if table else "GZIP",
        "custom_time_zone": "UTC",
    }
    if key_arn:
        found["kms_key_arn"] = key_arn
    if table:
        found["data_format_conversion_configuration"] = {
            "enabled": True,
            "input_format_configuration": {
                "deserializer": {
                    "open_x_json_ser_de": {
                        "case_insensitive": False,
                        "convert_dots_in_json_keys_to_underscores": False,
                    }
                }
            },
            "output_format_configuration": {"serializer": {"parquet_ser_de": {"compression": "SNAPPY"}}},
            "schema_configuration": {**table, "region": location["region"], "version_id": "LATEST"},
        }
    return found


def s3_statements(
    location: AwsLocation,
    bucket_arn: pulumi.Input[str],
    key_arn: pulumi.Input[str] | None,
    folders: Sequence[str],
    *,
    key_region: str | None = None,
    foreign: bool = False,
) -> list[Statement]:
    """Return what Firehose needs to write into folders of a bucket, which its own key encrypts or one in `key_region`.

    `foreign` is a bucket that may be another account's.

    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3
    """
    statements: list[Statement] = [
        {
            "Sid": "FindBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
            "Resource": bucket_arn,
        },
        {
            "Sid": "WriteObjects",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject", *([FOREIGN] if foreign else ())],
            "Resource": [pulumi.Output.concat(bucket_arn, "/", folder, "*") for folder in folders],
        },
    ]
    if key_arn:
        service = f"s3.{key_region or location['region']}.{location['dns_suffix']}"
        statements.append(
            {
                "Sid": "EncryptObjects",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": key_arn,
                "Condition": {"StringEquals": {"kms:ViaService": service}},
            }
        )
    return statements


def table_statement(location: AwsLocation, table: TableArgs) -> Statement:
    """Return what Firehose needs to read a table's columns."""
    database, name = table["database_name"], table["table_name"]
    return {
        "Sid": "ReadColumns",
        "Effect": "Allow",
        "Action": ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
        "Resource": [
            arn(location, "glue", "catalog"),
            pulumi.Output.concat(arn(location, "glue", "database/"), database),
            pulumi.Output.concat(arn(location, "glue", "table/"), database, "/", name),
        ],
    }


def _completed(configuration: Mapping[str, Any], role_arn: pulumi.Input[str], logging: object) -> dict[str, Any]:
    """Return the configuration with role and log wherever Firehose wants them."""
    completed: dict[str, Any] = {**configuration, "role_arn": role_arn, "cloudwatch_logging_options": logging}
    if "s3_configuration" in completed:
        backup = completed["s3_configuration"]
        completed["s3_configuration"] = {**backup, "role_arn": role_arn, "cloudwatch_logging_options": logging}
    if "secrets_manager_configuration" in completed:
        completed["secrets_manager_configuration"] = {
            **completed["secrets_manager_configuration"],
            "role_arn": role_arn,
        }
    conversion = completed.get("data_format_conversion_configuration")
    if conversion:
        schema_of = {**conversion["schema_configuration"], "role_arn": role_arn}
        completed["data_format_conversion_configuration"] = {**conversion, "schema_configuration": schema_of}
    return completed
