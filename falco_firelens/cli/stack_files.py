"""Checks stack files, and prints the reference and the JSON schema that are made from the models."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from falco_firelens.cli.command import FAILED, Command
from falco_firelens.cli.values import STACK_FILE

if TYPE_CHECKING:
    from falco_firelens.settings.stack import Settings


@click.command(
    cls=Command,
    examples=["falco-firelens check Pulumi.prod.yaml", "falco-firelens check Pulumi.*.yaml"],
)
@click.argument("files", metavar="STACK_FILE...", nargs=-1, required=True, type=STACK_FILE)
def check(files: tuple[Path, ...]) -> int:
    """Check stack files, and list every mistake.

    Needs no account and no credentials. The exit code is 1 when a file cannot be used, and 0 also when there are
    warnings.
    """
    return max([_check(file) for file in files])


@click.command(cls=Command, examples=["falco-firelens reference > docs/configuration.md"])
def reference() -> int:
    """Print the configuration reference."""
    from falco_firelens.settings.reference import reference

    sys.stdout.write(reference())
    return 0


@click.command(cls=Command, examples=["falco-firelens schema > falco_firelens/settings/schema.json"])
def schema() -> int:
    """Print the JSON schema of stack files.

    Editors check and complete stack files with it.
    """
    sys.stdout.write(schema_text())
    return 0


def schema_text() -> str:
    """The JSON schema as it stands in falco_firelens/settings/schema.json."""
    import json

    from falco_firelens.settings.schema import stack_file_schema

    return json.dumps(stack_file_schema(), indent=2) + "\n"


def _check(file: Path) -> int:
    from falco_firelens.errors import StackError
    from falco_firelens.program import component
    from falco_firelens.settings.loader import config_of, read_stack_file
    from falco_firelens.settings.stack_files import guard_warning
    from falco_firelens.settings.validation.errors import SettingsError

    try:
        settings = read_stack_file(file)
        measured = component("stack.sizes").sizes(settings)
    except StackError as error:
        click.echo(error if isinstance(error, SettingsError) else f"{file.name}: {error}", err=True)
        return FAILED
    click.echo(f"{file}: {click.style('good', fg='green')}: {_summary(settings)}")
    for size in measured:
        click.echo(f"  {size}")
    if warning := guard_warning(config_of(file)):
        click.echo(f"{file.name}: {click.style('warning', fg='yellow')}: {warning}", err=True)
    return 0


def _summary(settings: "Settings") -> str:
    clusters = [
        f"{cluster.name} ({cluster.platform}, {'created' if getattr(cluster, 'create', None) else 'existing'})"
        for cluster in settings.clusters
    ]
    said = [", ".join(clusters)] if clusters else []
    said += [f"events to {settings.events.log_group}"] if clusters else []
    said += [f"a hub of {len(settings.hub.spokes)} accounts"] if settings.hub else []
    said += [f"sends to {settings.spoke.hub or 'a hub'}"] if settings.spoke else []
    return "; ".join(said)
