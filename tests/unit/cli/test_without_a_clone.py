"""What is named to a person who has no clone works without one."""

import re
import subprocess
from pathlib import Path

import click
import pytest

from falco_firelens.cli import command_line
from falco_firelens.responder.actions.registry import ACTIONS
from falco_firelens.responder.outcome import UNDO, Done, Outcome
from falco_firelens.responder.targets import Target

ROOT = Path(__file__).resolve().parents[3]
PAGES = subprocess.check_output(["git", "ls-files", "README.md", "docs/*.md"], cwd=ROOT, text=True).split()
RUNNERS = r"uvx .*falco-firelens|pipx run"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_the_command_alone_and_one_page_how_to_run_it_without_installing(page: str) -> None:
    text = (ROOT / page).read_text()

    assert "bin/falco-firelens" not in text
    assert bool(re.search(RUNNERS, text)) == (page in ("docs/commands.md", "docs/response.md"))


@pytest.mark.parametrize("action", [name for name, one in ACTIONS.items() if one.undo])
def test_the_undo_command_of_a_notice_is_there(action: str) -> None:
    (command,) = Outcome.from_done(action, Target("pod", "apps", "web-0", "shop"), Done("x", "apps/shop/web-0")).undo
    assert command.startswith(f"{UNDO} ")
    runner, program, name, *words = command.split()

    assert (runner, program) == ("uvx", "falco-firelens")
    undo = command_line.get_command(click.Context(command_line), name)
    assert undo and undo.make_context(name, words).params["target"] == "apps/shop/web-0"


def test_what_undoes_needs_no_extra() -> None:
    """`uvx falco-firelens` installs the package alone."""
    text = (ROOT / "pyproject.toml").read_text()
    required = text.partition("dependencies = [")[2].partition("]")[0]
    assert {"boto3", "lightkube", "click", "rich"} <= set(re.findall(r'"([A-Za-z0-9-]+)', required))
