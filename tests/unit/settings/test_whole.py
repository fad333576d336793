"""A stack file with its defaults is one that can be used, and means the same."""

from pathlib import Path

import pytest
import yaml

from falco_firelens.cli import main
from falco_firelens.settings import read_stack_file
from tests.unit.settings.test_secrets import ENCRYPTED_FILE, SECURE
from tests.unit.settings.test_shipped_files import PROJECT, STACK_FILES, kubeconfigs, name_of  # noqa: F401


def show(file: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    assert main(["show", str(file), *options]) == 0
    out, err = capsys.readouterr()
    return out, err


@pytest.mark.usefixtures("kubeconfigs")
@pytest.mark.parametrize("file", STACK_FILES, ids=name_of)
def test_a_shipped_file_means_the_same(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    copy, shown = tmp_path / file.name, tmp_path / "Pulumi.shown.yaml"
    copy.write_text(file.read_text())

    text, _ = show(copy, capsys, "--secrets")
    shown.write_text(text)

    assert main(["check", str(shown)]) == 0
    assert read_stack_file(shown) == read_stack_file(copy)
    before, after = yaml.safe_load(copy.read_text()), yaml.safe_load(text)
    assert {key: value for key, value in after.items() if key != "config"} == {
        key: value for key, value in before.items() if key != "config"
    }
    assert {key for key in before["config"] if not key.startswith("falco-firelens:")} <= after["config"].keys()
    assert after["config"]["falco-firelens:events"]["retentionDays"]


@pytest.fixture
def encrypted(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.dev.yaml"
    config = {f"falco-firelens:{key}": value for key, value in ENCRYPTED_FILE.items()}
    file.write_text(yaml.safe_dump({"encryptionsalt": "v1:x", "config": config}))
    return file


def test_what_is_encrypted_stays_so(encrypted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, complaint = show(encrypted, capsys)

    found = yaml.safe_load(text)
    config = found["config"]
    assert complaint == "" and found["encryptionsalt"] == "v1:x"
    assert config["falco-firelens:clusters"][0]["existing"]["kubeconfig"] == SECURE
    assert [one["endpoint"] for one in config["falco-firelens:notifications"]] == [SECURE] * 6
    assert text.count(SECURE["secure"]) == 12
    encrypted.write_text(text)
    assert main(["check", str(encrypted)]) == 0


def test_a_secret_in_plain_text_is_printed_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    notification = "[{protocol: email, endpoint: soc@example.com}]"
    file.write_text(f"config: {{clusters: [{{name: web, platform: ecs}}], notifications: {notification}}}")

    hidden, complaint = show(file, capsys)
    shown, silence = show(file, capsys, "--secrets")

    assert "soc@" not in hidden and 'endpoint: "[secret]"' in hidden
    assert complaint == "Pulumi.dev.yaml: warning: secrets in plain text read [secret]; --secrets prints them\n"
    assert "endpoint: soc@example.com" in shown and silence == ""


@pytest.mark.parametrize("text", ["0123456789", "1e3", "0x1f", "0o17", "12:30:45", "yes", "null", ".inf", "2026-01-01"])
def test_a_text_stays_a_text_for_every_reader(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"config: {{clusters: [{{name: web, platform: ecs}}], tags: {{x: '{text}'}}}}")
    before = read_stack_file(file)

    file.write_text(show(file, capsys)[0])

    assert read_stack_file(file) == before
    written = file.read_text().partition("tags:\n    x: ")[2].split("\n")[0]
    assert written in (f'"{text}"', f"'{text}'")


def test_a_file_that_cannot_be_used_is_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {clusters: [], x: 1}")

    assert main(["show", str(file)]) == 1

    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 2
