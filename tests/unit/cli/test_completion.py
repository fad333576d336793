"""What a shell completes, asked as the shell asks, and once by a real one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from falco_firelens.cli import main
from falco_firelens.cli.completion import VARIABLE

ROOT = Path(__file__).resolve().parents[3]
Complete = Callable[[str], list[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("hub", "prod-eu", "prod-us"):
        clusters = f"[{{name: apps-{name}, platform: ecs}}]"
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config: {{'falco-firelens:clusters': {clusters}}}")
    (tmp_path / "Pulumi.broken.yaml").write_text("config: [\n{")
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    (tmp_path / "event.json").write_text("{}")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "Pulumi.test.yaml").write_text("")
    (tmp_path / "kubeconfig").write_text("contexts: [{name: admin@apps}, {name: other}]")
    return tmp_path


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(folder / "kubeconfig"), **more}


@pytest.fixture
def complete(folder: Path) -> Complete:
    """Ask the command, as bash does, what could stand in place of the last word."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        asked = environment(folder, COMP_WORDS=line, COMP_CWORD=str(len(words) - 1), **{VARIABLE: "bash_complete"})
        command = [sys.executable, "-m", "falco_firelens"]
        done = subprocess.run(command, cwd=folder, env=asked, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.splitlines()

    return ask


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("falco-firelens ch", ["plain,check"]),
        ("falco-firelens fleet pr", ["plain,preview", "plain,proposal"]),
        ("falco-firelens fleet up prod", ["plain,prod-eu", "plain,prod-us"]),
        ("falco-firelens fleet up prod-eu prod-u", ["plain,prod-us"]),
        ("falco-firelens fleet list --folder more t", ["plain,test"]),
        ("falco-firelens fleet up --max", ["plain,--max-failures"]),
        ("falco-firelens check Pulumi.prod", ["plain,Pulumi.prod-eu.yaml", "plain,Pulumi.prod-us.yaml"]),
        ("falco-firelens check ./Pulumi.h", ["plain,./Pulumi.hub.yaml"]),
        ("falco-firelens show more/", ["plain,more/Pulumi.test.yaml"]),
        ("falco-firelens check elsewhere/", ["file,elsewhere/"]),
        ("falco-firelens explain ev", ["file,ev"]),
        ("falco-firelens explain event.json --stack Pulumi.hub", ["plain,Pulumi.hub.yaml"]),
        ("falco-firelens explain event.json --context a", ["plain,admin@apps"]),
        ("falco-firelens undo iso", ["plain,isolate"]),
        ("falco-firelens undo isolate apps-prod", ["plain,apps-prod-eu/", "plain,apps-prod-us/"]),
        ("falco-firelens completion z", ["plain,zsh"]),
    ],
)
def test_the_command_says_what_could_come_next(complete: Complete, line: str, expected: list[str]) -> None:
    assert complete(line) == expected


@pytest.mark.parametrize(("shell", "part"), [
    ("bash", "complete -o nosort -F"), ("zsh", "#compdef falco-firelens"), ("fish", "complete --no-files --command"),
])  # fmt: skip
def test_each_shell_has_a_script(shell: str, part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0

    script = capsys.readouterr().out
    assert part in script and VARIABLE in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_real_bash_completes(folder: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "falco-firelens"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m falco_firelens "$@"\n')
    program.chmod(0o755)
    typed = """
eval "$(falco-firelens completion bash)"
compopt() { echo "compopt $2"; }  # which bash allows only while a person completes
reply() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _falco_firelens_completion falco-firelens; \
echo "${COMPREPLY[@]}"; }
complete -p falco-firelens
reply falco-firelens fleet up prod
reply falco-firelens undo isolate apps-h
"""
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", typed], cwd=folder, env=environment(folder, PATH=path), capture_output=True, text=True
    )

    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == ["prod-eu prod-us", "compopt nospace", "apps-hub/"]
    assert "-F _falco_firelens_completion" in done.stdout.splitlines()[0]
