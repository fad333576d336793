"""The event as columns, once for every destination that has columns."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Column:
    """One key of an event; `hive` and `redshift` are its types there."""

    name: str
    hive: str
    redshift: str
    doc: str


COLUMNS: Final = (
    Column(
        "cluster",
        "struct<name:string,platform:string,account:string,region:string,node:string>",
        "SUPER",
        "Where the event happened",
    ),
    Column("hostname", "string", "VARCHAR(256)", "What Falco calls its host"),
    Column("output", "string", "VARCHAR(65535)", "The event in one sentence"),
    Column("output_fields", "string", "SUPER", "The fields of the rule, a JSON object with dotted keys"),
    Column("priority", "string", "VARCHAR(16)", "Emergency, Alert, Critical, Error, Warning, Notice, ... Debug"),
    Column("rule", "string", "VARCHAR(512)", "The rule that the event matched"),
    Column("source", "string", "VARCHAR(64)", "syscall, internal, or a plugin's"),
    Column("tags", "array<string>", "SUPER", "The rule's tags; none for Falco's own events"),
    Column("time", "string", "VARCHAR(40)", "Falco's time in UTC, to the nanosecond; sorts as text"),
)
"""In alphabetical order, as Falco prints the keys.

In Hive's types `output_fields` is text. A struct would need every field of every rule, and drop what it does not know;
in a map all values become texts, and whether a null stays one depends on the deserializer's version. A column of text
gets the object's own JSON, dotted keys, numbers and nulls included, and `json_extract_scalar` reads any field of it.
`time` is text because Parquet timestamps written by Firehose end at the millisecond.
"""
