"""Commands and groups as this program has them: each with examples, and perhaps an answer in JSON."""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

PROGRAM = "falco-firelens"

FAILED = 1
WRONG_COMMAND = 2
INTERRUPTED = 130
"""Exit codes; docs/fleet.md has all of them."""

EXTRA = "fleet"
"""The extra of the package that has what the program alone does not need, such as boto3."""


def _with_help(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Add both names of the help option: click keeps the option of the first context that a command is asked in."""
    return {"help_option_names": ["-h", "--help"], **(settings or {})}


class Command(click.Command):
    """A command with examples. `answer` is the type that `--json` prints, where the command has that option."""

    def __init__(self, *arguments: Any, examples: Sequence[str], answer: object = None, **named: Any) -> None:
        super().__init__(*arguments, **{**named, "context_settings": _with_help(named.get("context_settings"))})
        self.examples, self.answer = tuple(examples), answer
        if answer is not None:
            self.params.append(_json_option())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the options."""
        _write_examples(self.examples, formatter)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *arguments: Any, examples: Sequence[str], **named: Any) -> None:
        super().__init__(*arguments, **{**named, "context_settings": _with_help(named.get("context_settings"))})
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples below the commands."""
        _write_examples(self.examples, formatter)


@dataclass(frozen=True)
class Lazy:
    """A command that is imported when it runs: `module:name`, and the first line of its help for the list."""

    reference: str
    about: str

    def load(self) -> click.Command:
        """Import it."""
        module, _, name = self.reference.partition(":")
        return getattr(importlib.import_module(module), name)


class LazyGroup(Group):
    """A group whose commands are imported one by one, so that `check` does not wait for the AWS SDK.

    Neither do the help and the completion of the group itself: both have the first lines from the table.
    """

    def __init__(self, *arguments: Any, lazy: Mapping[str, Lazy], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        found = self.lazy.get(cmd_name)
        return found.load() if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.about) for name, one in self.lazy.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, without importing any."""
        names = [CompletionItem(name, help=one.about) for name, one in self.lazy.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def run(command: click.Command, arguments: Sequence[str] | None = None, name: str = PROGRAM) -> int:
    """Run a command line, and return its exit code; whatever is wrong with the line is one line on standard error."""
    color = False if os.environ.get("NO_COLOR") else None  # https://no-color.org
    try:
        code = command.main(arguments, prog_name=name, standalone_mode=False, color=color)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.message, err=True)
        return WRONG_COMMAND
    except click.UsageError as error:
        return complain(f"{error.format_message().rstrip('.')}; see {_path(error, name)} --help", error.exit_code)
    except click.ClickException as error:
        return complain(error.format_message(), error.exit_code)
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        # As Python's own documentation has it, so that the interpreter's last flush does not fail too:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("falco_firelens", "components"):
            raise
        return complain(f"{error.name} is not installed; install it with: pip install '{PROGRAM}[{EXTRA}]'")
    return code or 0


def print_json(answer: object) -> None:
    """Print an answer for a program."""
    click.echo(json.dumps(answer, indent=2))


def complain(message: str, code: int = FAILED) -> int:
    """Write an error on standard error, and return the exit code."""
    click.echo(f"{click.style('error:', fg='red')} {message}", err=True)
    return code


def wrong(message: str) -> NoReturn:
    """End the command because the command line is wrong."""
    raise click.UsageError(message, click.get_current_context(silent=True))


def either(options: Mapping[str, Any], *, needed: bool = True) -> None:
    """Check that one of some options is given, and not several; none will do where none is `needed`."""
    given, names = [name for name, value in options.items() if value], " or ".join(options)
    if len(given) > 1:
        wrong(f"found {' and '.join(given)}, expected one of them")
    if needed and not given:
        wrong(f"Missing option {names}")


def options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make one decorator of several, for options that commands have in common."""

    def decorated(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorated


def _json_option() -> click.Option:
    return click.Option(["--json", "as_json"], is_flag=True, help="Print the answer as JSON.")


def _write_examples(examples: Iterable[str], formatter: click.HelpFormatter) -> None:
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def _path(error: click.UsageError, name: str) -> str:
    return error.ctx.command_path if error.ctx else name
