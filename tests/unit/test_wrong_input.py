"""Every command that takes a file: a wrong one is one clear line that names it, and never a traceback or a success."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from components.stack.response_configuration import response_configuration
from falco_firelens.cli import main
from falco_firelens.settings import read_stack_file
from tests.unit.responder.events import document

PLAYBOOK = "{name: find, actions: {finding: {}}}"
STACK_FILE = f"""
config:
  falco-firelens:clusters: [{{name: apps, platform: eks, existing: {{name: apps}}}}]
  falco-firelens:response: {{playbooks: [{PLAYBOOK}]}}
"""
NAME = "given-file"
"""Of the wrong file, so that it is in no other path."""
WRONG: dict[str, bytes | None] = {
    "missing": None,
    "not a text": b"\xff\xfe\x00",
    "not closed": b"config: [\n{",
    "a list": b"- a\n",
    "a list of lists": b"[[1], [2]]",
    "a text": b'"x"',
    "a number": b"7",
    "another object": b'{"a": 1}',
    "config of a list": b"config: [a]",
    "empty": b"",
}

COMMANDS = {
    "check": "check {wrong}",
    "cost": "cost {wrong}",
    "policy preview": "policy preview {wrong}",
    "policy config": "policy config {wrong}",
    "check-preview": "policy check-preview {wrong}",
    "check-preview by a stack file": "policy check-preview {preview} --stack-file {wrong}",
    "explain an event": "explain {wrong} --stack {stack}",
    "explain by a stack file": "explain {event} --stack {wrong}",
    "explain by a configuration": "explain {event} --config {wrong}",
    "replay events": "replay --function f --events {wrong}",
}

NO_CLI = "pulumi is not on PATH; install the Pulumi CLI: https://www.pulumi.com/docs/install/"

Run = Callable[[str], tuple[int, str]]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Right files, and the place of the wrong one."""
    texts = {"stack": STACK_FILE, "event": json.dumps(document()), "preview": json.dumps({"steps": []})}
    paths = {name: tmp_path / name for name in texts} | {"wrong": tmp_path / NAME}
    for name, text in texts.items():
        paths[name].write_text(text)
    return paths


@pytest.fixture
def run(files: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on a machine without programs; returns its exit code and what it complains of."""
    monkeypatch.setenv("PATH", "")

    def run(words: str) -> tuple[int, str]:
        code = main([word.format(**files) for word in words.split()])
        return code, capsys.readouterr().err

    return run


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_wrong_file_is_one_line_that_names_it(
    run: Run, files: dict[str, Path], words: str, content: bytes | None
) -> None:
    if content is not None:
        files["wrong"].write_bytes(content)

    code, complaint = run(words)

    assert code == 1
    assert complaint.count("\n") == 1, "one line"
    assert NAME in complaint
    assert "Errno" not in complaint


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_so_is_a_folder(run: Run, files: dict[str, Path], words: str) -> None:
    files["wrong"].mkdir()

    code, complaint = run(words)

    assert (code, complaint.count("\n")) == (1, 1)
    assert NAME in complaint and "Is a directory" in complaint


OFFLINE = {name: command for name, command in COMMANDS.items() if name != "replay events"}
"""Commands that ask AWS for nothing, whatever credentials this machine has."""


@pytest.mark.parametrize("words", OFFLINE.values(), ids=OFFLINE)
def test_a_right_file_in_its_place_would_do(
    run: Run, files: dict[str, Path], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = {"explain {wrong}": "event", "check-preview {wrong}": "preview"}
    files["wrong"] = next((files[name] for part, name in kind.items() if part in words), files["stack"])
    if "--config" in words:
        files["wrong"] = files["event"].with_name("response.json")
        settings = read_stack_file(files["stack"])
        assert settings.response
        files["wrong"].write_text(response_configuration(settings, settings.response).to_json())

    complaint = run(words)[1]

    assert complaint in ("", f"{NO_CLI}\n")


@pytest.mark.parametrize(("words", "program"), [("policy preview {stack}", NO_CLI)])
def test_a_missing_program_is_named(run: Run, words: str, program: str) -> None:
    code, complaint = run(words)

    assert code == 1
    assert complaint.startswith(program) and complaint.count("\n") == 1
