"""Commands that people read: in the Makefile, the docs, the workflows and messages."""

import importlib.util
import re
import subprocess
from pathlib import Path

import click
import pytest

from falco_firelens.cli import command_line

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
ROOMS = "falco_firelens|components|plugin|standin|localcloud|testbed|tools|bench"
HISTORY = "CHANGELOG.md"


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / line for line in listed.stdout.splitlines() if line != HISTORY]
    return [file for file in files if file.exists()]


def test_every_module_that_the_makefile_runs_is_there() -> None:
    modules = set(re.findall(rf"-m ((?:{ROOMS})[\w.]*)", MAKEFILE))

    assert "tools.response_demo" in modules
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_every_target_says_what_it_does() -> None:
    phony = re.search(r"\.PHONY: (.*?)\n\n", MAKEFILE, re.DOTALL)
    assert phony

    helped = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))

    assert helped == set(phony[1].replace("\\", " ").split())


def is_there(words: list[str]) -> bool:
    """Whether words name a command: the first one, and the second one too where the first is a group."""
    found: click.Command | None = command_line
    for word in words:
        if isinstance(found, click.Group):
            found = found.get_command(click.Context(found), word)
    return found is not None


def test_a_command_that_is_not_there_would_be_found() -> None:
    assert is_there(["check", "anything"]) and is_there(["fleet", "up"]) and is_there(["fleet"])
    assert not is_there(["chekc"]) and not is_there(["fleet", "upp"])


@pytest.mark.parametrize("file", tracked("*.md", "*.yml", "*.yaml"), ids=lambda file: str(file.relative_to(ROOT)))
def test_a_page_names_targets_and_subcommands_that_are_there_and_no_module(file: Path) -> None:
    text = file.read_text()
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))

    named = re.findall(r"(?:`|\(|&& )make (?:-s )?([a-z][a-z-]*)", text)
    commands = re.findall(r"(?:`|bin/|&& |^|; )falco-firelens ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", text, re.MULTILINE)

    assert sorted(set(named) - targets) == []
    assert [command for command in commands if not is_there(command.split())] == []
    assert re.findall(rf"-m (?:{ROOMS})\b", text) == []


def test_no_message_names_a_module_to_run() -> None:
    for file in tracked("*.py"):
        if file != Path(__file__):
            assert not re.search(rf"python3? -m (?:{ROOMS})\b", file.read_text()), file
