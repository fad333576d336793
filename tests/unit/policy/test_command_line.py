"""`falco-firelens policy`, with an engine of the test's own on PATH."""

import json
import os
import stat
from pathlib import Path

import pytest

from falco_firelens.cli import main
from falco_firelens.policy.configuration import PACK
from falco_firelens.policy.reference import reference

GROUP = "urn:pulumi:prod::falco-firelens::aws:cloudwatch/logGroup:LogGroup::events"
KIND = "aws:cloudwatch/logGroup:LogGroup"
PREVIEW = {"steps": [{"op": "delete", "urn": GROUP, "oldState": {"type": KIND}}]}
EVENT = {"resourcePreEvent": {"metadata": {"op": "delete", "urn": GROUP, "type": KIND}}}


@pytest.fixture
def stack_file(tmp_path: Path) -> Path:
    return write_stack_file(tmp_path, {})


def write_stack_file(folder: Path, policy: dict[str, object]) -> Path:
    file = folder / "Pulumi.prod.yaml"
    clusters = [{"name": "apps", "platform": "ecs"}]
    file.write_text(json.dumps({"config": {"falco-firelens:clusters": clusters, "falco-firelens:policy": policy}}))
    return file


@pytest.fixture
def preview_file(tmp_path: Path) -> Path:
    file = tmp_path / "preview.json"
    file.write_text(json.dumps(PREVIEW))
    return file


def test_the_page_is_current() -> None:
    page = (PACK.parents[2] / "docs" / "policy.md").read_text()
    assert page == reference(), "run: make generate"


def test_printing_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "reference"]) == 0
    assert capsys.readouterr().out == reference()


def test_what_the_pack_is_told(stack_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "config", str(stack_file)]) == 0
    assert json.loads(capsys.readouterr().out)["encryption"] == "mandatory"


def test_a_preview_that_loses_events(preview_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check-preview", str(preview_file)]) == 1
    assert capsys.readouterr().out.startswith("[mandatory] events-kept: log group events would be deleted")


@pytest.mark.parametrize(("policy", "code", "printed"), [
    ({"mayLose": ["events"]}, 0, ""),
    ({"mayLose": ["other"]}, 1, "[mandatory] events-kept: "),
    ({"advisory": ["events-kept"]}, 0, "[advisory] events-kept: "),
])  # fmt: skip
def test_the_stack_file_has_the_word(
    policy: dict[str, object],
    code: int,
    printed: str,
    preview_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write_stack_file(tmp_path, policy)
    assert main(["policy", "check-preview", str(preview_file), "--stack-file", str(file)]) == code
    out = capsys.readouterr().out
    assert out.startswith(printed) and bool(out) == bool(printed)


@pytest.mark.parametrize("text", ["", "not JSON"])
def test_a_preview_that_cannot_be_read(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "preview.json"
    file.write_text(text)
    assert main(["policy", "check-preview", str(file)]) == 1
    assert main(["policy", "check-preview", str(tmp_path / "absent.json")]) == 1
    assert "Expecting value" in capsys.readouterr().err


def test_a_stack_file_with_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_stack_file(tmp_path, {"advisory": ["encrypted"]})
    assert main(["policy", "config", str(file)]) == 1
    assert capsys.readouterr().err.startswith(
        'Pulumi.prod.yaml: policy.advisory[0]: found "encrypted", expected one of'
    )


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` that writes down how it was called and puts one deletion into its log of events."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$PULUMI_DEBUG_COMMANDS $@" > {tmp_path}/called\n'
        f'while [ "$1" != --policy-pack-config ]; do shift; done; cp "$2" {tmp_path}/levels\n'
        f"printf '%s\\n' '{json.dumps(EVENT)}' > \"$4\"\n"
        'exit "${ENGINE_EXITS:-0}"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_a_preview_under_the_policies(engine: Path, stack_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "preview", str(stack_file), "--diff"]) == 1
    assert "log group events would be deleted" in capsys.readouterr().out
    called = (engine / "called").read_text()
    assert called.startswith(f"true preview --stack prod --config-file {stack_file} --diff --policy-pack {PACK} ")
    assert json.loads((engine / "levels").read_text())["imdsv2"] == "mandatory"


@pytest.mark.parametrize("code", [0, 3])
def test_the_engine_may_fail_too(engine: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_EXITS", str(code))
    assert main(["policy", "preview", str(write_stack_file(engine, {"mayLose": ["events"]}))]) == code
    assert main(["policy", "preview", str(write_stack_file(engine, {}))]) == 1


def test_without_an_engine(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["policy", "preview", str(stack_file)]) == 1
    assert "pulumi" in capsys.readouterr().err


def test_options_are_for_the_engine_only(stack_file: Path) -> None:
    assert main(["policy", "config", str(stack_file), "--diff"]) == 2


def test_they_may_stand_before_the_file(engine: Path, stack_file: Path) -> None:
    main(["policy", "preview", "--diff", str(stack_file), "--target=x"])
    assert f"--config-file {stack_file} --diff --target=x --policy-pack" in (engine / "called").read_text()
