"""Redshift: the table of events, and how COPY reads Falco's JSON into it."""

from typing import Final

from falco_firelens.schemas.event import COLUMNS

COPY_OPTIONS: Final = "FORMAT AS JSON 'auto' TIMEFORMAT 'auto' GZIP MAXERROR 100000 ACCEPTINVCHARS TRUNCATECOLUMNS"
"""Each key goes to the column of its name; objects and lists become SUPER values, whose keys keep their dots.

No event holds up the others of its batch, since what an event says is in the hands of whom it is about: a text that is
too long is cut, characters that Redshift has not become `?`, and an event that COPY cannot read at all, such as one
with a NUL in it, is left out. 100000 is the most that COPY leaves out of one batch.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-maxerror
"""


def create_table(table: str) -> str:
    """Return the statement that creates a missing table. Fields are read as `output_fields."k8s.ns.name"`."""
    name = table.replace('"', '""')
    columns = ",\n".join(f'    "{column.name}" {column.redshift}' for column in COLUMNS)
    return f'CREATE TABLE IF NOT EXISTS "{name}" (\n{columns}\n)\nDISTSTYLE AUTO\nSORTKEY ("time")'


def column_list() -> str:
    """Return the columns that COPY fills, in their order."""
    return ",".join(column.name for column in COLUMNS)
