"""Previews a stack under its policies, and judges a preview that was made elsewhere."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from falco_firelens.cli.answers import Finding
from falco_firelens.cli.command import FAILED, Command, Group, print_json
from falco_firelens.cli.values import FILE, STACK_FILE

if TYPE_CHECKING:
    from falco_firelens.policy.finding import PolicyFinding


class WithEngineOptions(Command):
    """A command that hands the options it does not know to the engine, wherever they stand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the stack file first."""
        file = next((index for index, word in enumerate(args) if not word.startswith("-")), 0)
        return super().parse_args(ctx, [*args[file : file + 1], *args[:file], *args[file + 1 :]])


@click.group(
    cls=Group,
    no_args_is_help=True,
    examples=["falco-firelens policy preview Pulumi.prod.yaml"],
)
def policy() -> None:
    """Preview a stack under its policies.

    docs/policy.md has the policies, and how a stack file makes one advisory.
    """


@policy.command(
    cls=WithEngineOptions,
    answer=list[Finding],
    context_settings={"ignore_unknown_options": True},
    examples=[
        "falco-firelens policy preview Pulumi.prod.yaml",
        "falco-firelens policy preview Pulumi.prod.yaml --diff",
    ],
)
@click.argument("file", metavar="STACK_FILE", type=STACK_FILE)
@click.argument("options", metavar="[OPTIONS OF `pulumi preview`]", nargs=-1, type=click.UNPROCESSED)
def preview(file: Path, options: tuple[str, ...], as_json: bool) -> int:
    """Preview a stack under its policies.

    Runs `pulumi preview` with the policy pack, and then says what the planned steps would lose. The exit code is 1 when
    a mandatory policy is broken, and that of `pulumi` when it fails itself. With --json, what `pulumi` prints goes to
    standard error.
    """
    from falco_firelens.policy import previews

    def run() -> int:
        found, code = previews.preview(file, options, sys.stderr.fileno() if as_json else None)
        return _report(found, as_json=as_json) or code

    return _run(run)


@policy.command(examples=["falco-firelens policy config Pulumi.prod.yaml > levels.json"])
@click.argument("file", metavar="STACK_FILE", type=STACK_FILE)
def config(file: Path) -> int:
    """Print the pack's configuration, for `--policy-pack-config`."""
    from falco_firelens.policy.configuration import pack_config
    from falco_firelens.settings import read_stack_file

    def run() -> int:
        print_json(pack_config(read_stack_file(file)))
        return 0

    return _run(run)


@policy.command(
    answer=list[Finding],
    examples=[
        "falco-firelens policy check-preview preview.json --stack-file Pulumi.prod.yaml",
        "pulumi preview --json | falco-firelens policy check-preview -",
    ],
)
@click.argument("file", metavar="PREVIEW", type=FILE)
@click.option(
    "--stack-file",
    metavar="STACK_FILE",
    type=STACK_FILE,
    help="Its levels and `mayLose` hold. Without it, everything is mandatory.",
)
def check_preview(file: Path, stack_file: Path | None, as_json: bool) -> int:
    """Say what the changes of a preview would lose.

    PREVIEW is what `pulumi preview --json` printed; - is standard input. The exit code is 1 when a mandatory policy is
    broken.
    """
    from falco_firelens.policy import previews

    return _run(lambda: _report(previews.check_preview(file, stack_file), as_json=as_json))


@policy.command(examples=["falco-firelens policy reference > docs/policy.md"])
def reference() -> int:
    """Print docs/policy.md."""
    from falco_firelens.policy.reference import reference

    sys.stdout.write(reference())
    return 0


def _report(found: "Sequence[PolicyFinding]", *, as_json: bool) -> int:
    """Print findings, and return 1 when a mandatory policy is broken."""
    if as_json:
        print_json([one.as_dict() for one in found])
    for one in () if as_json else found:
        level = click.style("mandatory", fg="red") if one.mandatory else click.style("advisory", fg="yellow")
        click.echo(f"[{level}] {one.policy}: {one.message}")
    return int(any(one.mandatory for one in found))


def _run(command: Callable[[], int]) -> int:
    """Run a command; a file that cannot be used is one line on standard error."""
    from falco_firelens.settings import SettingsError
    from falco_firelens.settings.validation.inputs import InputError

    try:
        return command()
    except (SettingsError, InputError) as error:
        click.echo(error, err=True)
    except FileNotFoundError:
        click.echo("pulumi is not on PATH; install the Pulumi CLI: https://www.pulumi.com/docs/install/", err=True)
    return FAILED
