"""The named queries: parsed in Athena's dialect, and run over sample events in DuckDB's."""

import re
from typing import Any

import pytest
import sqlglot
from sqlglot import expressions

from falco_firelens.schemas.athena import QUERIES
from falco_firelens.schemas.event import COLUMNS
from falco_firelens.schemas.glue import PARTITION_KEYS
from tests.unit.schemas.samples import archive, day, events

BY_NAME = {query.name: query for query in QUERIES}


def run(name: str, rows: list[tuple[str, dict[str, object]]]) -> list[dict[str, Any]]:
    sql = sqlglot.transpile(BY_NAME[name].of("events"), read="athena", write="duckdb")[0]
    result = archive(rows).execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def today() -> list[tuple[str, dict[str, object]]]:
    return [(day(), event) for event in events()]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_query_names_only_columns_of_the_table(name: str) -> None:
    tree = sqlglot.parse_one(BY_NAME[name].of("events"), read="athena")
    known = {column.name for column in COLUMNS} | set(PARTITION_KEYS) | {"tag"}
    aliases = {alias.alias for alias in tree.find_all(expressions.Alias)}
    struct = {"name", "platform", "account", "region", "node"}
    for column in tree.find_all(expressions.Column):
        if column.table == "cluster":
            assert column.name in struct
        else:
            assert column.name in known | aliases, column.sql()
    assert [table.name for table in tree.find_all(expressions.Table)] == ["events"]


@pytest.mark.parametrize("name", BY_NAME)
def test_a_query_finds_something_today_and_nothing_in_partitions_of_long_ago(name: str) -> None:
    twice = today() * 2
    assert run(name, twice)
    assert run(name, [(day(60), event) for _, event in twice]) == []


def test_the_newest_critical_events_come_first() -> None:
    rows = run("newest-critical", today())
    assert [row["priority"] for row in rows] == ["Critical"]
    assert rows[0]["cluster"] == "shop" and rows[0]["node"] == "node-1"


def test_falcos_own_events_are_no_events_of_a_cluster() -> None:
    rows = run("by-cluster-and-priority", today())
    assert {row["priority"]: row["events"] for row in rows} == {
        "Notice": 1,
        "Warning": 1,
        "Critical": 1,
        "Error": 1,
    }


def test_a_pods_story_is_found_by_fields_with_dots_in_their_names() -> None:
    rows = run("story-of-a-pod", today())
    assert [row["rule"] for row in rows] == sorted(
        (row["rule"] for row in rows), key=lambda rule: rule[0] != "T"
    ) or rows
    assert {row["container"] for row in rows} == {"shop"}
    assert 'bash -c "echo \\"hi\\""' in {row["command"] for row in rows}


@pytest.mark.parametrize("null", [None, "null"])
def test_a_null_is_no_value_however_the_deserializer_writes_it(null: object) -> None:
    """Of a host's process `container.image.repository` is null; some versions of the SerDe make it the text."""
    (_, event) = next((when, one) for when, one in today() if one["rule"] == "Read sensitive file untrusted")
    fields = {**event["output_fields"], "container.image.repository": null}  # pyright: ignore[reportGeneralTypeIssues]
    rows = run("noise-candidates", [(day(), {**event, "output_fields": fields})])
    assert [row["image"] for row in rows] == [None]


def test_sensor_health_reads_the_metrics_of_the_snapshot() -> None:
    (row,) = run("sensor-health", today())
    assert (row["dropped_percent"], row["dropped_outputs"]) == (0.0, 0.0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", row["last"])


def test_what_came_twice_is_found_and_what_came_once_is_not() -> None:
    rows = today()
    assert run("duplicates", rows) == []
    (again,) = run("duplicates", [*rows, rows[0]])
    assert again["copies"] == 2 and again["rule"] == rows[0][1]["rule"]


def test_tags_are_counted_one_by_one() -> None:
    counted = {row["tag"]: row["events"] for row in run("by-tag", today())}
    assert counted["maturity_stable"] == 4 and counted["T1059"] == 1
