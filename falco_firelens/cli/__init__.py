"""The command `falco-firelens`.

A command's module is imported only when it runs, and imports what it needs only then, so that `falco-firelens check`
does not wait for the AWS SDK, and completion for nothing.
"""

from collections.abc import Sequence

import click

from falco_firelens.cli.command import PROGRAM, Lazy, LazyGroup, run

COMMANDS = {
    "check": Lazy("falco_firelens.cli.stack_files:check", "Check stack files, and list every mistake."),
    "completion": Lazy(
        "falco_firelens.cli.completion:completion", "Print the script that completes the command in a shell."
    ),
    "cost": Lazy("falco_firelens.cli.cost:cost", "Estimate what a stack's events cost a month."),
    "destinations": Lazy(
        "falco_firelens.cli.destinations:destinations", "Print what is set up inside OpenSearch and Redshift."
    ),
    "explain": Lazy("falco_firelens.cli.response:explain", "Show which playbook answers an event, and why."),
    "fleet": Lazy("falco_firelens.cli.fleet:fleet", "Preview, deploy, verify and destroy many stacks."),
    "init": Lazy("falco_firelens.cli.init:init", "Write a stack file that adopts clusters of your account."),
    "policy": Lazy("falco_firelens.cli.policy:policy", "Preview a stack under its policies."),
    "reference": Lazy("falco_firelens.cli.stack_files:reference", "Print the configuration reference."),
    "replay": Lazy("falco_firelens.cli.response:replay", "Show dead letters, or run them or events again."),
    "schema": Lazy("falco_firelens.cli.stack_files:schema", "Print the JSON schema of stack files."),
    "show": Lazy("falco_firelens.cli.stack_files:show", "Print a stack file with all its defaults."),
    "undo": Lazy("falco_firelens.cli.response:undo", "Undo an action of the response."),
}


def _version(context: click.Context, option: click.Parameter, asked: bool) -> None:
    """Print the version of the installed package, and end the command."""
    from importlib.metadata import version

    if asked:
        click.echo(f"{PROGRAM} {version(PROGRAM)}")
        context.exit()


command_line = LazyGroup(
    PROGRAM,
    lazy=COMMANDS,
    help="Put Falco on every node of your clusters on AWS, and every event in one place.",
    no_args_is_help=True,
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
        )
    ],
    examples=["falco-firelens check Pulumi.prod.yaml", "falco-firelens fleet preview 'prod-*'"],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code; 2 where the command line is wrong."""
    return run(command_line, arguments)
