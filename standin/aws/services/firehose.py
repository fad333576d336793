"""Firehose: delivery streams. moto delivers to S3 alone; what other destinations get, it takes and forgets."""

from collections.abc import Iterator
from typing import Any, ClassVar

from standin.aws import api, tags
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource, changed

PARAMETERS = {
    "extended_s3": "ExtendedS3DestinationConfiguration",
    "opensearch": "ElasticsearchDestinationConfiguration",
    "redshift": "RedshiftDestinationConfiguration",
}
"""Operation's parameter by destination. moto knows OpenSearch by its former name only; the parameters are the same."""

PROPERTIES = {
    "extended_s3": "extendedS3Configuration",
    "opensearch": "opensearchConfiguration",
    "redshift": "redshiftConfiguration",
}

SMALLEST_CONVERSION_BUFFER = 64


class FirehoseDeliveryStream(Resource):
    """A stream that is written to directly. What is set on its destination is not read back: moto forgets parts."""

    token = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
    service = "firehose"
    autoname = AutoName(longest=64)
    create_only = frozenset({"name", "destination"})
    defaults: ClassVar[Defaults] = {}
    changing = frozenset({"versionId"})
    rename: ClassVar[api.Rename] = {
        "clusterJdbcurl": "ClusterJDBCURL",
        "kmsKeyArn": "AWSKMSKeyARN",
        "secretArn": "SecretARN",
    }
    tagging = tags.Tagging(
        ("list_tags_for_delivery_stream", "Tags"),
        "tag_delivery_stream",
        "untag_delivery_stream",
        "DeliveryStreamName",
        "Key/Value",
        "TagKeys",
        "Tags",
    )

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """Yield what Firehose refuses and moto does not."""
        s3: Any = inputs.get("extendedS3Configuration")
        if not isinstance(s3, dict):
            return
        found: dict[str, Any] = dict(s3)  # pyright: ignore[reportUnknownArgumentType]
        size = found.get("bufferingSize", 5)
        if found.get("dataFormatConversionConfiguration"):
            if isinstance(size, (int, float)) and size < SMALLEST_CONVERSION_BUFFER:
                yield Failure("extendedS3Configuration.bufferingSize", "must be at least 64 with format conversion")
            if found.get("compressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED":
                yield Failure("extendedS3Configuration.compressionFormat", "must be UNCOMPRESSED with a conversion")
        if "!{" in str(found.get("prefix", "")) and not found.get("errorOutputPrefix"):
            yield Failure("extendedS3Configuration.errorOutputPrefix", "is required beside a prefix with expressions")

    def create(self, region: Region, inputs: Properties) -> str:
        firehose = self.client(region)
        answer = firehose.create_delivery_stream(
            DeliveryStreamName=inputs["name"],
            DeliveryStreamType="DirectPut",
            **{PARAMETERS[inputs["destination"]]: self._destination(firehose, inputs)},
            **_encryption(inputs.get("serverSideEncryption") or {}),
        )
        return answer["DeliveryStreamARN"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is None or not changed(inputs, old, PROPERTIES[inputs["destination"]]):
            return
        firehose = self.client(region)
        stream = firehose.describe_delivery_stream(DeliveryStreamName=_name(identity))["DeliveryStreamDescription"]
        parameter = PARAMETERS[inputs["destination"]].replace("Configuration", "Update")
        firehose.update_destination(
            DeliveryStreamName=_name(identity),
            CurrentDeliveryStreamVersionId=stream["VersionId"],
            DestinationId=stream["Destinations"][0]["DestinationId"],
            **{parameter: self._destination(firehose, inputs, update=True)},
        )

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Whether it is there, and its version."""
        firehose = self.client(region)
        stream = firehose.describe_delivery_stream(DeliveryStreamName=_name(identity))["DeliveryStreamDescription"]
        return {
            "name": _name(identity),
            "arn": stream["DeliveryStreamARN"],
            "versionId": stream["VersionId"],
            "destinationId": stream["Destinations"][0]["DestinationId"],
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Remove it; what it has delivered stays."""
        self.client(region).delete_delivery_stream(DeliveryStreamName=_name(identity))

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return _name(identity)

    def _destination(self, firehose: Any, inputs: Properties, *, update: bool = False) -> Properties:
        kind = inputs["destination"]
        parameter = PARAMETERS[kind].replace("Configuration", "Update") if update else PARAMETERS[kind]
        operation = "update_destination" if update else "create_delivery_stream"
        grouped = {parameter: _grouped(inputs[PROPERTIES[kind]])}
        return api.request(firehose, operation, grouped, self.rename)[parameter]


def _encryption(desired: Properties) -> Properties:
    """Return the operation's parameter; none for a stream that is not encrypted."""
    if not desired.get("enabled"):
        return {}
    given = {"KeyType": desired.get("keyType"), "KeyARN": desired.get("keyArn")}
    return {"DeliveryStreamEncryptionConfigurationInput": {name: value for name, value in given.items() if value}}


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _grouped(properties: Properties) -> Properties:
    """Put what the provider has flat into the groups that Firehose wants."""
    found = {
        name: _grouped(value) if name in ("s3Configuration", "s3BackupConfiguration") else value
        for name, value in properties.items()
    }
    hints = {"sizeInMBs": found.pop("bufferingSize", None), "intervalInSeconds": found.pop("bufferingInterval", None)}
    if any(value is not None for value in hints.values()):
        found["bufferingHints"] = hints
    key = found.pop("kmsKeyArn", None)
    if key:
        found["encryptionConfiguration"] = {"kmsEncryptionConfig": {"kmsKeyArn": key}}
    retry = found.pop("retryDuration", None)
    if retry is not None:
        found["retryOptions"] = {"durationInSeconds": retry}
    if "dataTableName" in found:
        columns = {
            name: found.pop(name) for name in ("dataTableName", "dataTableColumns", "copyOptions") if name in found
        }
        found["copyCommand"] = columns
    return found


RESOURCES = (FirehoseDeliveryStream,)
