"""Sample events as they are in the archive, loaded into DuckDB the way the table's types say."""

import json
from datetime import UTC, datetime, timedelta

import duckdb

from falco_firelens.schemas.event import COLUMNS
from testbed.samples import sample_events

CLUSTER = {"name": "shop", "platform": "eks", "account": "111122223333", "region": "eu-west-1", "node": "node-1"}
TYPES = {
    "string": "VARCHAR",
    "array<string>": "VARCHAR[]",
    "struct<name:string,platform:string,account:string,region:string,node:string>": (
        "STRUCT(name VARCHAR, platform VARCHAR, account VARCHAR, region VARCHAR, node VARCHAR)"
    ),
}


def events() -> list[dict[str, object]]:
    """The samples with their cluster, as Fluent Bit ships them."""
    return [{"cluster": CLUSTER, **json.loads(line)} for line in sample_events("host-1")]


def day(ago: int = 0) -> str:
    return f"{datetime.now(UTC) - timedelta(days=ago):%Y-%m-%d}"


def archive(rows: list[tuple[str, dict[str, object]]]) -> duckdb.DuckDBPyConnection:
    """A table `events` with the archive's columns and partitions; each row is a day and an event."""
    database = duckdb.connect()
    columns = [f'"{column.name}" {TYPES[column.hive]}' for column in COLUMNS]
    database.execute(f"CREATE TABLE events ({', '.join(columns)}, account VARCHAR, region VARCHAR, day VARCHAR)")
    for partition, event in rows:
        # A column of text gets an object's own JSON, as the OpenX SerDe does it.
        values = [
            json.dumps(event[column.name]) if column.name == "output_fields" else event.get(column.name)
            for column in COLUMNS
        ]
        marks = ", ".join("?" for _ in range(len(values) + 3))
        database.execute(f"INSERT INTO events VALUES ({marks})", [*values, CLUSTER["account"], "eu-west-1", partition])
    return database
