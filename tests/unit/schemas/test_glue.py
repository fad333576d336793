import json
import re

from falco_firelens.schemas import glue
from falco_firelens.schemas.event import COLUMNS
from tests.unit.schemas.samples import events

PLACES = (["222233334444", "111122223333"], ["us-east-1", "eu-west-1"])


def test_the_columns_are_the_events_keys() -> None:
    keys = {key for event in events() for key in event}
    assert keys == {column.name for column in COLUMNS}
    assert [column["name"] for column in glue.columns()] == sorted(keys)


def test_the_clusters_struct_has_the_clusters_keys() -> None:
    (cluster,) = [column for column in COLUMNS if column.name == "cluster"]
    assert re.findall(r"(\w+):string", cluster.hive) == list(events()[0]["cluster"])  # pyright: ignore[reportArgumentType]


def test_firehose_writes_where_the_projection_looks() -> None:
    table = glue.table("parquet", "bucket", *PLACES)
    template = table["parameters"]["storage.location.template"]
    prefix = glue.events_prefix("111122223333", "eu-west-1").replace("!{timestamp:yyyy-MM-dd}", "2026-11-24")
    values = {"account": "111122223333", "region": "eu-west-1", "day": "2026-11-24"}
    assert re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], template) == f"s3://bucket/{prefix}"
    assert [key["name"] for key in table["partitionKeys"]] == re.findall(r"\$\{(\w+)\}", template)


def test_every_partition_key_is_projected() -> None:
    parameters = glue.table("json", "bucket", *PLACES)["parameters"]
    assert parameters["projection.enabled"] == "true"
    for key in glue.PARTITION_KEYS:
        assert parameters[f"projection.{key}.type"] in ("enum", "date")
    assert parameters["projection.account.values"] == "111122223333,222233334444"
    assert parameters["projection.region.values"] == "eu-west-1,us-east-1"
    assert parameters["projection.day.format"] == "yyyy-MM-dd"


def test_failures_are_not_among_the_events() -> None:
    location = glue.table("parquet", "bucket", *PLACES)["storageDescriptor"]["location"]
    assert location == "s3://bucket/events/"
    errors = glue.errors_prefix("111122223333", "eu-west-1")
    assert errors.startswith("errors/account=111122223333/region=eu-west-1/!{firehose:error-output-type}/")


def test_the_table_reads_the_format_that_firehose_writes() -> None:
    formats = {form: json.dumps(glue.table(form, "b", *PLACES)["storageDescriptor"]) for form in ("parquet", "json")}
    assert "ParquetHiveSerDe" in formats["parquet"] and "JsonSerDe" not in formats["parquet"]
    assert "org.openx.data.jsonserde.JsonSerDe" in formats["json"]
