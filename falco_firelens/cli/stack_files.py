"""Checks stack files, and prints the reference and the JSON schema that are made from the models."""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from falco_firelens.cli.answers import CheckedFile, DocumentSize, FoundCluster, StackFileDocument
from falco_firelens.cli.command import FAILED, Command, print_json
from falco_firelens.cli.values import STACK_FILE

if TYPE_CHECKING:
    from falco_firelens.settings import Cluster
    from falco_firelens.settings.stack import Settings


@click.command(
    cls=Command,
    answer=list[CheckedFile],
    examples=["falco-firelens check Pulumi.prod.yaml", "falco-firelens check Pulumi.*.yaml --json"],
)
@click.argument("files", metavar="STACK_FILE...", nargs=-1, required=True, type=STACK_FILE)
def check(files: tuple[Path, ...], as_json: bool) -> int:
    """Check stack files, and list every mistake.

    Needs no account and no credentials. The exit code is 1 when a file cannot be used, and 0 also when there are
    warnings.
    """
    checked = [_checked(file) for file in files]
    if as_json:
        print_json([one.answer for one in checked])
    else:
        for one in checked:
            _print(one)
    return max(0 if one.answer["good"] else FAILED for one in checked)


@click.command(
    cls=Command,
    answer=StackFileDocument,
    examples=["falco-firelens show Pulumi.prod.yaml", "falco-firelens show Pulumi.prod.yaml --json"],
)
@click.argument("file", metavar="STACK_FILE", type=STACK_FILE)
@click.option("--secrets", is_flag=True, help="Print secrets that the file has in plain text, too.")
def show(file: Path, secrets: bool, as_json: bool) -> int:
    """Print a stack file with all its defaults.

    `check` accepts what is printed, and it means the same. Encrypted values stay encrypted; a secret in plain text
    reads `[secret]`.
    """
    from falco_firelens.settings.validation.errors import SettingsError
    from falco_firelens.settings.whole import as_yaml, has_hidden, whole

    try:
        found = whole(file, secrets=secrets)
    except SettingsError as error:
        click.echo(error, err=True)
        return FAILED
    if as_json:
        print_json(found)
    else:
        click.echo(as_yaml(found), nl=False)
    if has_hidden(found):
        warning = click.style("warning", fg="yellow")
        click.echo(f"{file.name}: {warning}: secrets in plain text read [secret]; --secrets prints them", err=True)
    return 0


@click.command(
    cls=Command,
    examples=[
        "falco-firelens reference > docs/configuration.md",
        "falco-firelens reference --commands > docs/commands.md",
    ],
)
@click.option("--commands", is_flag=True, help="Print the reference of the commands instead.")
def reference(commands: bool) -> int:
    """Print the configuration reference."""
    from falco_firelens.cli import reference as of_commands
    from falco_firelens.settings import reference as of_settings

    whole = click.get_current_context().find_root().command
    sys.stdout.write(of_commands.reference(whole) if commands else of_settings.reference())
    return 0


@click.command(cls=Command, examples=["falco-firelens schema > falco_firelens/settings/schema.json"])
def schema() -> int:
    """Print the JSON schema of stack files.

    Editors check and complete stack files with it.
    """
    sys.stdout.write(schema_text())
    return 0


def schema_text() -> str:
    """Write the JSON schema as it stands in falco_firelens/settings/schema.json."""
    import json

    from falco_firelens.settings.schema import stack_file_schema

    return json.dumps(stack_file_schema(), indent=2) + "\n"


@dataclass(frozen=True)
class _Checked:
    """What is known of one file: for a program, and the lines for a person."""

    answer: CheckedFile
    summary: str
    sizes: Sequence[str] = ()
    complaint: str = ""


def _checked(file: Path) -> _Checked:
    from falco_firelens.errors import StackError
    from falco_firelens.program import component
    from falco_firelens.settings.loader import config_of, read_stack_file
    from falco_firelens.settings.stack_files import guard_warning
    from falco_firelens.settings.validation.errors import SettingsError

    try:
        settings = read_stack_file(file)
        sizes = component("stack.sizes").sizes(settings)
    except SettingsError as error:
        return _bad(file, [asdict(one) for one in error.mistakes], str(error))
    except StackError as error:
        return _bad(file, [{"path": "", "found": str(error), "expected": ""}], f"{file.name}: {error}")
    warning = guard_warning(config_of(file))
    answer: CheckedFile = {
        "file": str(file),
        "good": True,
        "clusters": [found_cluster(one) for one in settings.clusters],
        "sizes": [DocumentSize(**asdict(size)) for size in sizes],
        "mistakes": [],
        "warnings": [warning] if warning else [],
    }
    return _Checked(answer, _summary(settings), [str(size) for size in sizes])


def _bad(file: Path, mistakes: list[Any], complaint: str) -> _Checked:
    answer: CheckedFile = {
        "file": str(file),
        "good": False,
        "clusters": [],
        "sizes": [],
        "mistakes": mistakes,
        "warnings": [],
    }
    return _Checked(answer, "", complaint=complaint)


def _print(checked: _Checked) -> None:
    file = checked.answer["file"]
    if not checked.answer["good"]:
        click.echo(checked.complaint, err=True)
        return
    click.echo(f"{file}: {click.style('good', fg='green')}: {checked.summary}")
    for size in checked.sizes:
        click.echo(f"  {size}")
    for warning in checked.answer["warnings"]:
        click.echo(f"{Path(file).name}: {click.style('warning', fg='yellow')}: {warning}", err=True)


def found_cluster(cluster: "Cluster") -> FoundCluster:
    """Describe a cluster for a program."""
    return {
        "name": cluster.name,
        "platform": cluster.platform,
        "created": getattr(cluster, "create", None) is not None,
    }


def _summary(settings: "Settings") -> str:
    found = map(found_cluster, settings.clusters)
    clusters = [f"{one['name']} ({one['platform']}, {'created' if one['created'] else 'existing'})" for one in found]
    said = [", ".join(clusters)] if clusters else []
    said += [f"events to {settings.events.log_group}"] if clusters else []
    said += [f"a hub of {len(settings.hub.spokes)} accounts"] if settings.hub else []
    said += [f"sends to {settings.spoke.hub or 'a hub'}"] if settings.spoke else []
    return "; ".join(said)
