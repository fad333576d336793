"""What people read names things that exist: commands and their options, make's targets, and files."""

import ast
import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from falco_firelens.cli import command_line

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
ROOMS = "falco_firelens|components|plugin|standin|localcloud|testbed|tools|bench"
HISTORY = ("CHANGELOG.md", "UPGRADING.md")
"""They name what there was."""


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / line for line in listed.stdout.splitlines() if line not in HISTORY]
    return [file for file in files if file.exists()]


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


READ = tracked("*.md", "*.yml", "*.yaml", "*.py", "Makefile", "*.txt", "*.lua", ":!tests", ":!standin/tests")
PAGES = [file for file in READ if file.suffix in (".md", ".yml", ".yaml")]


def test_every_module_that_the_makefile_runs_is_there() -> None:
    modules = set(re.findall(rf"-m ((?:{ROOMS})[\w.]*)", MAKEFILE))

    assert "tools.response_demo" in modules
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_every_target_says_what_it_does() -> None:
    phony = re.search(r"\.PHONY: (.*?)\n\n", MAKEFILE, re.DOTALL)
    assert phony

    helped = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))

    assert helped == set(phony[1].replace("\\", " ").split())


def commands_in(text: str) -> Iterator[str]:
    """Find command lines: each ends with the line, the code span, a comment, a pipe or the next command."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    for found in re.findall(
        r"(?:`|bin/|&& |^|; |^ +|- run: |: |\")falco-firelens ((?:[^`\n]|\n(?=[^\n`]*`))*)", joined, re.M
    ):
        yield re.split(r"\s#|[|>;]|&&|\)$", re.sub(r"\$?\{\{?.*?\}?\}", "X", found.replace("\n", " ")))[0].strip(" .,")


def mistake_in(line: str) -> str:
    """Parse a command line as the program does, as far as options and the number of arguments go."""
    line = line if re.search(r"--[\w-]+ …$", line) else line.removesuffix(" …")
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.replace('"', "").replace("'", "").split()
    words = [word for word in words if word != "[OPTIONS]"]
    command: click.Command = command_line
    if words and not re.match(r"[a-z-]", words[0]):
        return ""  # stands for any command
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return f"there is no command {words[0]}"
        command, words = found, words[1:]
    try:
        parser = command.make_parser(click.Context(command, **command.context_settings))
        _, left, _ = parser.parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    return f"it takes no {' '.join(left)}" if left and not isinstance(command, click.Group) else ""


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("check Pulumi.prod.yaml", ""),
        ("fleet up --label team=payments", ""),
        ("fleet", ""),
        ("--help", ""),
        ("chekc", "there is no command chekc"),
        ("fleet upp", "there is no command upp"),
        ("fleet up --lable team=payments", "No such option"),
        ("fleet up --label", "requires an argument"),
        ("policy reference more", "it takes no more"),
    ],
)
def test_a_command_that_is_not_there_would_be_found(line: str, mistake: str) -> None:
    assert mistake in mistake_in(line) if mistake else mistake_in(line) == ""


def test_commands_are_found_in_text() -> None:
    text = "Run `falco-firelens check A`, then\n\n    falco-firelens fleet up \\\n      --yes  # now\n"
    text += "falco-firelens cost | less\n"
    assert list(commands_in(text)) == ["check A", "fleet up --yes", "cost"]


@pytest.mark.parametrize("file", PAGES, ids=named)
def test_a_page_names_commands_and_targets_that_are_there_and_no_module(file: Path) -> None:
    text = file.read_text()
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))

    made = re.findall(r"(?:`|\(|&& |^|\$ )make (?:-s )?([a-z][a-z-]*)(?=`|\)|$|  +#| [A-Z]+=)", text, re.MULTILINE)
    mistakes = {line: mistake for line in commands_in(text) if (mistake := mistake_in(line))}

    assert sorted(set(made) - targets) == []
    assert mistakes == {}
    assert re.findall(rf"-m (?:{ROOMS})\b", text) == []


def strings_in(node: ast.AST) -> Iterator[str]:
    """Find every string; a formatted one as a whole."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in SENTENCES:
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from strings_in(child)


@pytest.mark.parametrize("file", [file for file in READ if file.suffix == ".py"], ids=named)
def test_a_message_names_commands_that_are_there_and_no_module(file: Path) -> None:
    text = file.read_text()
    assert not re.search(rf"python3? -m (?:{ROOMS})\b", text)

    mistakes = {line: mistake_in(line) for string in strings_in(ast.parse(text)) for line in commands_in(string)}

    assert {line: mistake for line, mistake in mistakes.items() if mistake} == {}


SENTENCES = ("Something was given up: falco-firelens replay shows it, and runs it again",)
"""The description of an alarm, which stays as it is: a change would show in everybody's preview."""

TOP = "docs|components|plugin|falco_firelens|tests|tools|bench|examples|localcloud|standin|testbed|\\.github|\\.ci"
ELSEWHERE = {
    "falco_firelens/components",  # in the wheel
    "plugin/venv",  # made by who uses the plugin
    ".github/workflows/release.yaml",  # Falco's
    ".github/workflows/sign.yml",  # Pulumi's
    ".github/workflows/publish.yml",
}

PATHS = re.compile(rf"(?<![\w/.<-])((?:{TOP})/[\w./*-]*\w)")


@pytest.mark.parametrize("file", READ, ids=named)
def test_a_path_in_the_repository_is_there(file: Path) -> None:
    """Paths whose last part has a suffix, and in Markdown all that are in code spans."""
    text = file.read_text()
    spans = re.findall(r"`([^`\n]+)`", text) if file.suffix == ".md" else []
    paths = {path for path in PATHS.findall(text) if re.search(r"\.(md|py|yaml|yml|json|lua|txt|png|lock)$", path)}
    paths |= {
        span.partition(":")[0].rstrip("/") for span in spans if PATHS.fullmatch(span.partition(":")[0].rstrip("/"))
    }

    known = {path for path in paths if list(ROOT.glob(path)) or list(ROOT.glob(f"{path}.py"))}
    assert sorted(paths - known - ELSEWHERE) == []


def test_the_page_on_embedding_shows_the_example_as_it_is() -> None:
    example = (ROOT / "examples" / "embedding" / "service.py").read_text()
    assert f"```python\n{example}```" in (ROOT / "docs" / "embedding.md").read_text()
