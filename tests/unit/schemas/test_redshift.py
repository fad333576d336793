"""The table in Redshift, parsed in Redshift's dialect."""

import sqlglot
from sqlglot import expressions

from falco_firelens.schemas import redshift
from falco_firelens.schemas.event import COLUMNS
from tests.unit.schemas.samples import events


def test_the_table_has_the_events_columns_with_super_for_what_is_no_text() -> None:
    tree = sqlglot.parse_one(redshift.create_table("events"), read="redshift")
    assert isinstance(tree, expressions.Create) and tree.args["exists"]
    types = {column.name: column.args["kind"].sql("redshift") for column in tree.find_all(expressions.ColumnDef)}
    assert list(types) == [column.name for column in COLUMNS]
    (event,) = [one for one in events() if one["rule"] == "Terminal shell in container"]
    assert {name for name, kind in types.items() if kind == "SUPER"} == {
        key for key, value in event.items() if isinstance(value, dict | list)
    }


def test_copy_names_the_columns_of_the_table_and_reads_what_firehose_stages() -> None:
    assert redshift.column_list().split(",") == [column.name for column in COLUMNS]
    assert "JSON 'auto'" in redshift.COPY_OPTIONS and "GZIP" in redshift.COPY_OPTIONS


def test_no_event_holds_up_the_others_of_its_batch() -> None:
    options = redshift.COPY_OPTIONS.split()
    assert {"ACCEPTINVCHARS", "TRUNCATECOLUMNS"} <= set(options)
    assert options[options.index("MAXERROR") + 1] == "100000"
