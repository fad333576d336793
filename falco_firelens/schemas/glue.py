"""The Glue table that Firehose converts by and Athena reads: columns, formats, and partitions without a crawler."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from falco_firelens.schemas.event import COLUMNS

Format = Literal["parquet", "json"]
Table = dict[str, Any]

EVENTS: Final = "events/"
"""Where events are in a bucket."""

ERRORS: Final = "errors/"
"""Where Firehose puts what it could not convert or deliver, apart from the events."""

PARTITION_KEYS: Final = ("account", "region", "day")
"""`day` is the UTC day on which Firehose took the event: after an outage, not the day of the event's own `time`."""

FIRST_DAY: Final = "2026-01-01"
"""No event is older than this project."""

_DAY: Final = "!{timestamp:yyyy-MM-dd}"
"""https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""

_HIVE: Final = "org.apache.hadoop.hive.ql.io"
_FORMATS: Final[dict[Format, Table]] = {
    "parquet": {
        "inputFormat": f"{_HIVE}.parquet.MapredParquetInputFormat",
        "outputFormat": f"{_HIVE}.parquet.MapredParquetOutputFormat",
        "serDeInfo": {"serializationLibrary": f"{_HIVE}.parquet.serde.ParquetHiveSerDe"},
    },
    "json": {
        "inputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "outputFormat": f"{_HIVE}.HiveIgnoreKeyTextOutputFormat",
        "serDeInfo": {
            "serializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
            "parameters": {"case.insensitive": "false", "dots.in.keys": "false"},
        },
    },
}
"""https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html"""


def events_folder(account: str, region: str) -> str:
    """Where the events of one stack are; the projection's template with the days left out."""
    return f"{EVENTS}account={account}/region={region}/"


def errors_folder(account: str, region: str) -> str:
    """Where the failures of one stack are."""
    return f"{ERRORS}account={account}/region={region}/"


def events_prefix(account: str, region: str) -> str:
    """Firehose's prefix of one stack's events, which ends where the projection's template does."""
    return f"{events_folder(account, region)}day={_DAY}/"


def errors_prefix(account: str, region: str) -> str:
    """Firehose's prefix of one stack's failures, by kind."""
    return f"{errors_folder(account, region)}!{{firehose:error-output-type}}/day={_DAY}/"


def location(bucket: str) -> str:
    """Where the table's objects are."""
    return f"s3://{bucket}/{EVENTS}"


def columns() -> list[Table]:
    """Return the event's columns."""
    return [{"name": column.name, "type": column.hive, "comment": column.doc} for column in COLUMNS]


def table(form: Format, bucket: str, accounts: Sequence[str], regions: Sequence[str]) -> Table:
    """Return what Glue's table is made of beside its name.

    Projection: Athena works out the folders from the lists below and asks for no partition, so none has to be added.
    https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """
    projected = "".join(f"{key}=${{{key}}}/" for key in PARTITION_KEYS)
    return {
        "tableType": "EXTERNAL_TABLE",
        "partitionKeys": [{"name": key, "type": "string"} for key in PARTITION_KEYS],
        "parameters": {
            "EXTERNAL": "TRUE",
            "classification": form,
            "projection.enabled": "true",
            "projection.account.type": "enum",
            "projection.account.values": ",".join(sorted(accounts)),
            "projection.region.type": "enum",
            "projection.region.values": ",".join(sorted(regions)),
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": f"{FIRST_DAY},NOW",
            "projection.day.interval": "1",
            "projection.day.interval.unit": "DAYS",
            "storage.location.template": f"{location(bucket)}{projected}",
        },
        "storageDescriptor": {"location": location(bucket), "columns": columns(), **_FORMATS[form]},
    }
