"""The command `falco-firelens`: finds the subcommand and hands it the rest of the line.

A subcommand's module is imported only when it runs, so that `falco-firelens check` does not wait for the AWS SDK.
"""

import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "check": ("falco_firelens.cli.stack_files", ("check",), "check stack files, and list every mistake"),
    "cost": ("falco_firelens.cli.cost", (), "estimate what a stack's events cost a month"),
    "destinations": ("falco_firelens.cli.destinations", (), "print what is set up inside OpenSearch and Redshift"),
    "explain": ("falco_firelens.cli.response", ("explain",), "show which playbook answers an event, and why"),
    "fleet": ("falco_firelens.fleet.command_line", (), "preview, deploy, verify and destroy many stacks"),
    "policy": ("falco_firelens.policy.command_line", (), "preview a stack under its policies"),
    "reference": ("falco_firelens.cli.stack_files", ("reference",), "print the configuration reference"),
    "replay": ("falco_firelens.cli.response", ("replay",), "show dead letters, or run them or events again"),
    "schema": ("falco_firelens.cli.stack_files", ("schema",), "print the JSON schema of stack files"),
    "undo": ("falco_firelens.cli.response", ("undo",), "undo an action of the response"),
}
"""By name: the module whose `main` runs it, the words that come before the rest of the line, and its help."""

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand, and return its exit code; 2 where the command line is wrong."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in COMMANDS:
        module, before, _ = COMMANDS[words[0]]
        return importlib.import_module(module).main([*before, *words[1:]])
    if words[:1] in (["-h"], ["--help"]):
        print(usage())
        return 0
    found = f"found {words[0]}" if words else "found no command"
    print(f"falco-firelens: {found}, expected one of {', '.join(COMMANDS)}", file=sys.stderr)
    return USAGE_ERROR


def usage() -> str:
    """The help of the whole command."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, _, about) in COMMANDS.items()]
    return "\n".join(["usage: falco-firelens COMMAND ...", "", *lines, "", "falco-firelens COMMAND --help says more."])
