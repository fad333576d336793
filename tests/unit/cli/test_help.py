"""Every command says what it does, with examples that would run, and starts without what it does not need."""

import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from falco_firelens.cli import COMMANDS, command_line, main
from falco_firelens.cli.command import PROGRAM, Command, Group, LazyGroup


def commands(command: click.Command = command_line, path: str = PROGRAM) -> Iterator[tuple[str, click.Command]]:
    """Every command and group, by what a person types."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner, name
            yield from commands(inner, f"{path} {name}")


ALL = dict(commands())


def parse(words: list[str]) -> click.Command:
    """Parse a whole command line without running it. Raises click's UsageError."""
    context = command_line.make_context(PROGRAM, list(words), resilient_parsing=False)
    while isinstance(context.command, click.Group):
        _, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert command
        context = command.make_context(command.name, rest, parent=context)
    return context.command


@pytest.mark.parametrize("path", ALL)
def test_a_command_is_described_and_has_examples_that_can_be_parsed(path: str) -> None:
    command = ALL[path]

    assert isinstance(command, Command | Group)
    assert command.help and command.help.splitlines()[0].endswith(".")
    assert command.examples
    for example in command.examples:
        line = example.rpartition(" | ")[2].partition(" > ")[0]
        found = parse(shlex.split(line)[1:])
        assert line.startswith(PROGRAM)
        assert found in dict(commands(command, path)).values(), "an example is of the command itself, or of the group's"


@pytest.mark.parametrize("path", ALL)
def test_every_option_is_described(path: str) -> None:
    assert [one.opts for one in ALL[path].params if isinstance(one, click.Option) and not one.help] == []


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("path", ALL)
def test_help_is_asked_for_both_ways(path: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    ALL[path].get_params(click.Context(ALL[path], **ALL[path].context_settings))  # as who makes the docs has asked
    assert main([*path.split()[1:], option]) == 0

    out, err = capsys.readouterr()
    assert out.startswith(f"Usage: {path} ") and "\nExamples:\n  " in out
    assert err == ""


def test_the_list_of_commands_has_the_first_line_of_each_help() -> None:
    assert isinstance(command_line, LazyGroup)
    for name, one in COMMANDS.items():
        assert one.about == (one.load().help or "").splitlines()[0], name


@pytest.mark.parametrize("words", [[], ["fleet"], ["policy"], ["destinations"]])
def test_a_group_alone_shows_its_help_and_is_a_wrong_command_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    out, err = capsys.readouterr()
    assert out == "" and "Commands:\n" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("chekc", "No such command 'chekc'"),
        ("--nonsense", "No such option '--nonsense'"),
        ("check", "Missing argument 'STACK_FILE...'"),
        ("fleet pervue", "No such command 'pervue'"),
        ("cost a --nodes x", "'x' is not a valid integer"),
        ("explain event.json", "Missing option --stack or --config"),
        ("explain event.json --stack a --config b", "found --stack and --config, expected one of them"),
        ("replay --queue url", "Missing option '--function'"),
        ("replay --function f", "Missing option --queue or --events"),
        ("undo nothing x", "'nothing' is not one of isolate, cordon,"),
        ("fleet list --role a --profile b", "found --role and --profile, expected one of them"),
    ],
)
def test_a_wrong_command_line_is_one_line_that_names_the_help(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2

    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("error: ") and said in err and "; see falco-firelens" in err and err.endswith(" --help\n")


HEAVY = {
    "boto3",
    "botocore",
    "lightkube",
    "pulumi",
    "pulumi_aws",
    "pulumi_eks",
    "pulumi_kubernetes",
    "rich",
    "kubernetes",
}


def imported(*words: str) -> set[str]:
    """What a command imports, of what takes time."""
    program = (
        "import sys\nfrom falco_firelens.cli import main\n"
        f"try: main({list(words)!r})\nfinally: print('imported', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("imported ")[2].split()) & {*HEAVY, "pydantic"}


@pytest.mark.parametrize("words", [["--help"], ["fleet", "--help"], ["undo", "--help"], ["policy", "preview", "-h"]])
def test_help_imports_nothing_that_takes_time(words: list[str]) -> None:
    assert imported(*words) == set()


def test_check_imports_neither_the_aws_sdk_nor_pulumi_s_providers() -> None:
    assert imported("check", "Pulumi.dev.yaml") & {"boto3", "botocore", "pulumi_aws", "pulumi_eks"} == set()


def test_a_missing_package_is_named_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    assert main(["undo", "quarantine", "apps/i-0123"]) == 1

    assert capsys.readouterr().err == (
        "error: boto3 is not installed; install it with: pip install 'falco-firelens[fleet]'\n"
    )


@pytest.mark.parametrize(("no_color", "good"), [("", "\x1b[32mgood\x1b[0m"), ("1", ": good:")])
def test_a_terminal_gets_colors_unless_no_color_is_set(no_color: str, good: str) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "falco_firelens", "check", "Pulumi.dev.yaml"]
    subprocess.run(command, stdout=theirs, check=True, env={**os.environ, "NO_COLOR": no_color})
    os.close(theirs)

    assert good in os.read(ours, 10_000).decode()
    os.close(ours)
