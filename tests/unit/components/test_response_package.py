"""The function's package: the same bytes for the same pins and playbooks, and a clear word where it cannot be built."""

import json
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from components.aws import wheels
from components.aws.wheels import PackageError
from components.response.package import build
from falco_firelens.responder.configuration import Configuration, Protect, from_document

PLAN = Configuration()


def test_the_same_pins_and_playbooks_make_the_same_bytes_in_any_folder(tmp_path: Path) -> None:
    one, other = build(PLAN, tmp_path / "a"), build(PLAN, tmp_path / "b")
    assert one.name == other.name and one.read_bytes() == other.read_bytes()


def test_other_playbooks_make_another_package(tmp_path: Path) -> None:
    other = replace(PLAN, protect=Protect(namespaces=("bank",)))
    changed = build(other, tmp_path)
    assert changed.name != build(PLAN, tmp_path).name
    with zipfile.ZipFile(changed) as archive:
        assert from_document(json.loads(archive.read("falco_firelens/responder/response.json"))) == other


def test_it_holds_the_code_without_what_only_a_person_runs(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(PLAN, tmp_path)) as archive:
        names = archive.namelist()
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "falco_firelens/responder/handler.py" in names and "falco_firelens/responder/actions/kubernetes.py" in names
    assert not [name for name in names if name.startswith(("falco_firelens/cli", "falco_firelens/responder/commands/"))]
    assert names == sorted(names)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(PackageError, match=r"could not be written: .*\nIt is kept in .*/file/response: make"):
        build(PLAN, tmp_path / "file" / "response")


def test_why_it_cannot_be_built_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the folder's stand-in for the download

    def refuse(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "ERROR: No matching distribution found for lightkube\n")

    monkeypatch.setattr(wheels.subprocess, "run", refuse)
    with pytest.raises(PackageError, match=r"No matching distribution(.|\n)*pip needs a package registry"):
        build(PLAN, tmp_path)
    assert not list(tmp_path.glob("*.zip"))
    assert not list(tmp_path.glob("wheels-*"))
