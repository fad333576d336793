"""Prints what is to be set up inside a destination, where no AWS API reaches.

falco-firelens destinations opensearch-template > template.json    the body of PUT _index_template/falco-events
falco-firelens destinations opensearch-dashboard > falco.ndjson    for Dashboards: Management, Saved objects, Import
falco-firelens destinations redshift-table [NAME]                  the statement that makes the table
"""

import argparse
import json
import sys
from collections.abc import Sequence

from falco_firelens.schemas import opensearch, redshift


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="falco-firelens destinations", description="What is set up inside destinations."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("opensearch-template", help="print the index template")
    commands.add_parser("opensearch-dashboard", help="print the saved objects")
    commands.add_parser("redshift-table", help="print the table's SQL").add_argument(
        "name", nargs="?", default="events"
    )
    chosen = parser.parse_args(arguments)
    if chosen.command == "redshift-table":
        print(redshift.create_table(chosen.name) + ";")
    elif chosen.command == "opensearch-template":
        print(json.dumps(opensearch.index_template(), indent=2))
    else:
        sys.stdout.write(opensearch.saved_objects())
    return 0
