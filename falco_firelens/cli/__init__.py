"""The command `falco-firelens`.

A command's module is imported only when it runs, and imports what it needs only then, so that `falco-firelens check`
does not wait for the AWS SDK, and completion for nothing.
"""

from collections.abc import Sequence

from falco_firelens.cli.command import PROGRAM, Lazy, LazyGroup, run

COMMANDS = {
    "check": Lazy("falco_firelens.cli.stack_files:check", "Check stack files, and list every mistake."),
    "cost": Lazy("falco_firelens.cli.cost:cost", "Estimate what a stack's events cost a month."),
    "destinations": Lazy(
        "falco_firelens.cli.destinations:destinations", "Print what is set up inside OpenSearch and Redshift."
    ),
    "explain": Lazy("falco_firelens.cli.response:explain", "Show which playbook answers an event, and why."),
    "fleet": Lazy("falco_firelens.cli.fleet:fleet", "Preview, deploy, verify and destroy many stacks."),
    "policy": Lazy("falco_firelens.cli.policy:policy", "Preview a stack under its policies."),
    "reference": Lazy("falco_firelens.cli.stack_files:reference", "Print the configuration reference."),
    "replay": Lazy("falco_firelens.cli.response:replay", "Show dead letters, or run them or events again."),
    "schema": Lazy("falco_firelens.cli.stack_files:schema", "Print the JSON schema of stack files."),
    "undo": Lazy("falco_firelens.cli.response:undo", "Undo an action of the response."),
}


command_line = LazyGroup(
    PROGRAM,
    lazy=COMMANDS,
    help="Put Falco on every node of your clusters on AWS, and every event in one place.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    examples=["falco-firelens check Pulumi.prod.yaml", "falco-firelens fleet preview 'prod-*'"],
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code; 2 where the command line is wrong."""
    return run(command_line, arguments)
