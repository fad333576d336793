"""Prints what to set up inside a destination, where no AWS API reaches."""

import sys

import click

from falco_firelens.cli.command import Group, print_json


@click.group(
    cls=Group,
    no_args_is_help=True,
    examples=["falco-firelens destinations opensearch-template > template.json"],
)
def destinations() -> None:
    """Print what is set up inside OpenSearch and Redshift."""


@destinations.command(examples=["falco-firelens destinations opensearch-template > template.json"])
def opensearch_template() -> int:
    """Print the index template.

    It is the body of `PUT _index_template/falco-events`.
    """
    from falco_firelens.schemas import opensearch

    print_json(opensearch.index_template())
    return 0


@destinations.command(examples=["falco-firelens destinations opensearch-dashboard > falco.ndjson"])
def opensearch_dashboard() -> int:
    """Print the saved objects.

    Import them in OpenSearch Dashboards: Management, Saved objects, Import.
    """
    from falco_firelens.schemas import opensearch

    sys.stdout.write(opensearch.saved_objects())
    return 0


@destinations.command(examples=["falco-firelens destinations redshift-table security_events"])
@click.argument("name", default="events")
def redshift_table(name: str) -> int:
    """Print the SQL that makes the table."""
    from falco_firelens.schemas import redshift

    click.echo(redshift.create_table(name) + ";")
    return 0
