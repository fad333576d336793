"""Makes docs/commands.md from the commands themselves."""

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import click

from falco_firelens.cli.answers import StackFileDocument
from falco_firelens.cli.command import PROGRAM, Command, Group

_HEAD = """# Commands

<!-- Generated from falco_firelens/cli/ by `falco-firelens reference --commands`; change the commands. -->

`falco-firelens COMMAND --help` prints the same in a terminal. `falco-firelens --version` prints the version.

**Without installing it.** `uvx falco-firelens …` or `pipx run falco-firelens …` runs a command below on a machine that
has [uv](https://docs.astral.sh/uv/) or [pipx](https://pipx.pypa.io), as an on-call person's may. The commands of
`fleet` and `policy` need an extra: `uvx --from 'falco-firelens[fleet]' falco-firelens …`. All other pages write
`falco-firelens …` alone.

**Completion.** The shell completes commands, options, stack files, stacks and clusters:

| shell | once |
| --- | --- |
| Bash 4.4 or newer | `echo 'eval "$(falco-firelens completion bash)"' >> ~/.bashrc` |
| Zsh | `echo 'eval "$(falco-firelens completion zsh)"' >> ~/.zshrc`, below the line that runs `compinit` |
| Fish | `falco-firelens completion fish > ~/.config/fish/completions/falco-firelens.fish` |

**Colour.** A terminal gets colours and progress; a pipe or a file gets plain lines. `NO_COLOR=1` turns colours off.

**JSON.** A command that reports something takes `--json`: standard output is one JSON document then, and progress and
messages are on standard error. New keys may be added to a document; those below stay.

**Exit codes.** 0 is success, 1 that something failed or cannot be used, 2 a wrong command line, 130 Ctrl-C.
[Many stacks](fleet.md#order-and-what-happens-when-something-fails) have a few more.
"""


def reference(command: click.Command) -> str:
    """Write the page."""
    found = [*_commands(command, PROGRAM)]
    first = {str(one.answer): path for path, one, _ in reversed(found) if isinstance(one, Command)}
    return _HEAD + "".join(_section(path, one, known, first) for path, one, known in found)


def _commands(group: click.Command, path: str) -> Iterator[tuple[str, click.Command, Sequence[str]]]:
    """Walk every command below one, with the rows of the options that all commands of its group have."""
    shared = _shared(group)
    for name, command in _inner(group):
        yield f"{path} {name}", command, shared
        yield from _commands(command, f"{path} {name}")


def _inner(group: click.Command) -> list[tuple[str, click.Command]]:
    if not isinstance(group, click.Group):
        return []
    context = click.Context(group)
    found = [(name, group.get_command(context, name)) for name in sorted(group.list_commands(context))]
    return [(name, command) for name, command in found if command and not command.hidden]


def _shared(group: click.Command) -> list[str]:
    rows = [_rows(command) for _, command in _inner(group)]
    return [row for row in rows[0] if all(row in others for others in rows)] if rows else []


def _section(path: str, command: click.Command, known: Sequence[str], first: Mapping[str, str]) -> str:
    """Describe a command. `first` has the command where each answer is described."""
    assert isinstance(command, Command | Group)
    level = "#" * len(path.split())
    parts = [f"{level} {path}", _paragraphs(command.help or "")]
    if shared := _shared(command):
        parts += ["Every command of the group takes:", _options(shared)]
    if not isinstance(command, click.Group):
        parts.append("\n".join(["```console", *_usage(path, command), "```"]))
        own = [row for row in _rows(command) if row not in known]
        parts += [_options(own)] if own else []
    parts.append("\n".join(["```console", *command.examples, "```"]))
    answer = command.answer if isinstance(command, Command) else None
    described = first.get(str(answer), path)
    if answer is not None and described != path:
        parts.append(f"`--json` prints the same as [{described}](#{described.replace(' ', '-')}).")
    elif answer is not None:
        parts.append(_answer(answer))
    return "\n" + "\n\n".join(parts) + "\n"


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(one.split()) for one in text.split("\n\n"))


def _usage(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield " ".join([path, *command.collect_usage_pieces(context)])


def _rows(command: click.Command) -> list[str]:
    context = click.Context(command)
    records = [one.get_help_record(context) for one in command.params if isinstance(one, click.Option)]
    return [f"| `{names}` | {' '.join(about.split())} |" for names, about in filter(None, records)]


def _options(rows: Sequence[str]) -> str:
    return "\n".join(["| option | meaning |", "| --- | --- |", *rows])


def _answer(answer: Any) -> str:
    if answer is StackFileDocument:
        return "`--json` prints the stack file as JSON; [configuration.md](configuration.md) has its keys."
    rows = [f"| `{path}` | {kind} | {about} |" for path, kind, about in _keys(answer, "")]
    return "\n".join(["`--json` prints:", "", "| key | type | meaning |", "| --- | --- | --- |", *rows])


def _keys(kind: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if get_origin(kind) is list:
        yield from _keys(get_args(kind)[0], f"{path}[]")
    elif get_origin(kind) in (UnionType, Union):
        for one in get_args(kind):
            yield from _keys(one, path)
    elif is_typeddict(kind):
        for key, hint in get_type_hints(kind, include_extras=True).items():
            if get_origin(hint) is NotRequired:
                hint = get_args(hint)[0]
            inner, about = get_args(hint) if get_origin(hint) is Annotated else (hint, "")
            here = f"{path}.{key}" if path else key
            yield here, _words(inner), about
            yield from _keys(inner, here)


_WORDS = {str: "text", bool: "true or false", int: "whole number", float: "number", NoneType: "null", Any: "any value"}


def _words(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin in (UnionType, Union):
        return " or ".join(map(_words, arguments))
    if origin is list:
        return "list" if is_typeddict(arguments[0]) else f"list of {_words(arguments[0])}s"
    if origin is dict:
        return f"object of {_words(arguments[1])}s"
    return "object" if is_typeddict(kind) else _WORDS[kind]
