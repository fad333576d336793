"""LogReceiver: takes what the log group of another account sends by a subscription, and puts it into the archive."""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch, iam

from falco_firelens.schemas import glue as schema

from ..aws.location import AwsLocation, arn, global_arn
from ..aws.policy_document import Statement, policy_document
from ..delivery.event_stream import BufferArgs, EventStream, TableArgs, s3_configuration, s3_statements, table_statement

PROCESSORS = (
    {
        "type": "Decompression",
        "parameters": [{"parameter_name": "CompressionFormat", "parameter_value": "GZIP"}],
    },
    {
        "type": "CloudWatchLogProcessing",
        "parameters": [{"parameter_name": "DataMessageExtraction", "parameter_value": "true"}],
    },
    {"type": "AppendDelimiterToRecord"},
)
"""CloudWatch sends batches of log events, compressed, each in an envelope. What is left is the event, one a line.
https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html"""


class ArchiveArgs(TypedDict):
    """The hub's archive. The key's policy names the streams' log groups; `table` is given for Parquet."""

    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    format: Literal["parquet", "json"]
    table: NotRequired[TableArgs]
    buffer: BufferArgs


class LogReceiverArgs(TypedDict):
    """`account` and `region` are the sender's. The log destination has to be in its region, the stream has not."""

    location: AwsLocation
    account: str
    region: str
    stream_name: str
    archive: ArchiveArgs
    tags: Mapping[str, str]


class LogReceiver(pulumi.ComponentResource):
    """A log destination for one account in one region, and a stream of its own into that account's own folder.

    So a sender cannot write into the folder of another, whatever it writes into its events.
    """

    destination_arn: pulumi.Output[str]
    stream_name: pulumi.Output[str]

    def __init__(self, name: str, args: LogReceiverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:LogReceiver", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        stream = self._stream(name, args)
        role, permission = self._role(name, args, stream.stream_arn)
        destination = cloudwatch.LogDestination(
            name,
            name=args["stream_name"],
            role_arn=role.arn,
            target_arn=stream.stream_arn,
            region=args["region"],
            tags=args["tags"],
            # CloudWatch sends a test message when the destination is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        policy = cloudwatch.LogDestinationPolicy(
            name,
            destination_name=destination.name,
            access_policy=_who_may_subscribe(args),
            region=args["region"],
            opts=self._child,
        )
        # A subscription waits for the permission to be made.
        self.destination_arn = pulumi.Output.all(destination.arn, policy.id).apply(lambda ids: str(ids[0]))
        self.stream_name = stream.stream_name
        self.register_outputs({"destinationArn": self.destination_arn, "streamName": self.stream_name})

    def _stream(self, name: str, args: LogReceiverArgs) -> EventStream:
        location, archive, table = args["location"], args["archive"], args["archive"].get("table")
        sender = (args["account"], args["region"])
        folders = [schema.events_folder(*sender), schema.errors_folder(*sender)]
        bucket_arn, key_arn = archive["bucket_arn"], archive["key_arn"]
        statements = s3_statements(location, bucket_arn, key_arn, folders)
        if table:
            statements.append(table_statement(location, table))
        configuration: dict[str, Any] = {
            **s3_configuration(location, bucket_arn, key_arn, buffer=archive["buffer"], table=table),
            "prefix": schema.events_prefix(*sender),
            "error_output_prefix": schema.errors_prefix(*sender),
            "processing_configuration": {"enabled": True, "processors": list(PROCESSORS)},
        }
        return EventStream(
            name,
            {
                "location": location,
                "stream_name": args["stream_name"],
                "key_arn": key_arn,
                "destination": "extended_s3",
                "configuration": configuration,
                "statements": statements,
                "tags": args["tags"],
            },
            self._child,
        )

    def _role(self, name: str, args: LogReceiverArgs, stream_arn: pulumi.Input[str]) -> tuple[iam.Role, iam.RolePolicy]:
        role = iam.Role(
            f"{name}-subscription",
            description=f"Puts into {args['stream_name']} what CloudWatch Logs sends",
            assume_role_policy=_logs_trust(args),
            tags=args["tags"],
            opts=self._child,
        )
        put: Statement = {
            "Sid": "PutRecords",
            "Effect": "Allow",
            "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"],
            "Resource": stream_arn,
        }
        policy = iam.RolePolicy(f"{name}-subscription", role=role.name, policy=policy_document(put), opts=self._child)
        return role, policy


def _logs_trust(args: LogReceiverArgs) -> pulumi.Output[str]:
    """CloudWatch Logs, for log groups of the sender and for a destination of the receiver.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions-Firehose.html
    """
    location = args["location"]
    accounts = (args["account"], location["account"])
    sources = [f"arn:{location['partition']}:logs:{args['region']}:{account}:*" for account in accounts]
    statement: Statement = {
        "Sid": "CloudWatchLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logs.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": sources}},
    }
    return policy_document(statement)


def _who_may_subscribe(args: LogReceiverArgs) -> pulumi.Output[str]:
    location: AwsLocation = {**args["location"], "region": args["region"]}
    statement: Statement = {
        "Sid": "Subscribe",
        "Effect": "Allow",
        "Principal": {"AWS": global_arn(location, "iam", "root", args["account"])},
        "Action": "logs:PutSubscriptionFilter",
        "Resource": arn(location, "logs", f"destination:{args['stream_name']}"),
    }
    return policy_document(statement)
