"""Gives moto's Firehose what this project needs of the real one.

The objects' names, with the prefixes' expressions filled in, as Athena expects of them. The processors that make events
out of what a log group's subscription sends. And a bucket that refuses what its policy or the role's does not allow.
"""

import datetime
import gzip
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moto.firehose.models import FirehoseBackend
from moto.logs.models import LogsBackend, logs_backends
from moto.s3.models import s3_backends

from localcloud.aws.s3 import may_deliver

_EXPRESSION = re.compile(r"!\{timestamp:([^}]+)\}")
_PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
"""Of Java's patterns those that a prefix has."""

Record = dict[str, bytes]


def object_name(stream: str, version: str, prefix: str) -> str:
    """Return the name of an object that Firehose writes now.

    A prefix without expressions gets a folder for each hour; one with them says all of it.
    https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
    """
    now = datetime.datetime.now(datetime.UTC)
    filled = _EXPRESSION.sub(lambda match: _moment(now, match[1]), prefix)
    if filled == prefix:
        filled = f"{prefix}{now:%Y/%m/%d/%H}/"
    return f"{filled}{stream}-{version}-{now:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}"


def processed(records: Sequence[Record], processors: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return the records after the stream's known processors, which unpack a subscription's envelopes.

    https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html
    """
    kinds = {processor["Type"] for processor in processors}
    contents = [record["Data"] for record in records]
    if "Decompression" in kinds:
        contents = [gzip.decompress(content) for content in contents]
    if "CloudWatchLogProcessing" in kinds:
        contents = [message for content in contents for message in _messages(content)]
    if "AppendDelimiterToRecord" in kinds:
        contents = [content + b"\n" for content in contents]
    return [{"Data": content} for content in contents]


def install() -> None:
    """Make moto do so, in this process."""
    FirehoseBackend._format_s3_object_path = staticmethod(object_name)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    write = FirehoseBackend.put_s3_records

    def put(
        self: Any, delivery_stream_name: str, version_id: str, s3_destination: dict[str, Any], records: list[Record]
    ) -> list[dict[str, str]]:
        destination = s3_destination
        prefix = _EXPRESSION.sub("x", destination.get("Prefix", ""))
        bucket, s3 = destination["BucketARN"].rpartition(":")[2], s3_backends[self.account_id][self.partition]
        encryption = destination.get("EncryptionConfiguration", {}).get("KMSEncryptionConfig", {})
        key_arn = encryption.get("AWSKMSKeyARN")
        if may_deliver(self.account_id, destination["RoleARN"], s3, bucket, f"{prefix}x", key_arn):
            processors = destination.get("ProcessingConfiguration", {}).get("Processors", ())
            return write(self, delivery_stream_name, version_id, destination, processed(records, processors))
        _log_refusal(logs_backends[self.account_id][self.region_name], destination)
        return [{"RecordId": str(uuid.uuid4())} for _ in records]

    FirehoseBackend.put_s3_records = put


def _log_refusal(logs: LogsBackend, destination: Mapping[str, Any]) -> None:
    """Firehose takes a record before it delivers it, so the sender does not hear of it: the stream's own log does.

    https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
    """
    options = destination.get("CloudWatchLoggingOptions", {})
    if not options.get("Enabled"):
        return
    now = datetime.datetime.now(datetime.UTC)
    message = {
        "errorCode": "S3.AccessDenied",
        "errorMessage": f"Access was denied to {destination['BucketARN']}.",
    }
    event = {"timestamp": int(now.timestamp() * 1000), "message": json.dumps(message)}
    logs.put_log_events(options["LogGroupName"], options["LogStreamName"], [event])


def _messages(envelope: bytes) -> Iterator[bytes]:
    batch = json.loads(envelope)
    if batch["messageType"] == "DATA_MESSAGE":
        yield from (event["message"].encode() for event in batch["logEvents"])


def _moment(now: datetime.datetime, pattern: str) -> str:
    for java, python in _PATTERNS.items():
        pattern = pattern.replace(java, now.strftime(python))
    return pattern
