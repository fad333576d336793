import multiprocessing
import shutil
import subprocess

import pytest

from localcloud.errors import LocalCloudError
from localcloud.toolchain import build as module
from localcloud.toolchain.build import build
from localcloud.toolchain.modules import LANGUAGES, MODULES, GoModule

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not on PATH")
MAIN = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(greeting) }\n\nvar greeting = "hello"\n'


@pytest.fixture
def greeter(tmp_path, monkeypatch):
    """A small module of one program, in place of ours."""
    folder = tmp_path / "greeter"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.org/greeter/v2\n\ngo 1.21\n")
    (folder / "go.sum").write_text("")
    (folder / "main.go").write_text(MAIN)
    monkeypatch.setattr(GoModule, "path", property(lambda _: folder))
    if shutil.which("go"):
        # Go's own cache stays the machine's: with an empty one each test would compile the standard library.
        monkeypatch.setenv("GOCACHE", subprocess.check_output(["go", "env", "GOCACHE"], text=True).strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    greeter = GoModule("greeter", "a greeter", {"greet": "."}, ldflags="-s -w -X main.greeting=hi")
    monkeypatch.setattr(module, "MODULES", (greeter,))
    return greeter


def output(folder):
    return subprocess.check_output([folder / "greet"], text=True).strip()


@needs_go
def test_a_program_is_built_once_with_its_flags_under_its_own_name(greeter, capsys):
    folder = build(greeter, ["greet"])
    assert output(folder) == "hi"
    assert "building a greeter (1 of 1: greet): done" in capsys.readouterr().out

    assert build(greeter, ["greet"]) == folder
    assert capsys.readouterr().out == ""


@needs_go
def test_a_change_of_the_source_is_built_beside_the_old(greeter):
    before = build(greeter, ["greet"])
    (greeter.path / "main.go").write_text(MAIN.replace("Println(", 'Println("now",'))

    after = build(greeter, ["greet"])

    assert (output(before), output(after)) == ("hi", "now hi")


@needs_go
def test_a_build_that_fails_is_told_in_gos_words_and_leaves_nothing(greeter, tmp_path):
    (greeter.path / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")

    with pytest.raises(LocalCloudError, match=r"`go build -v …` failed in .*(\n.*)*undefined: nonsense"):
        build(greeter, ["greet"])

    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and file.suffix != ".lock"] == []


@needs_go
def test_a_go_that_is_too_old_is_told_with_what_to_install(greeter, monkeypatch):
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    (greeter.path / "go.mod").write_text("module example.org/greeter/v2\n\ngo 1.999\n")

    with pytest.raises(LocalCloudError, match=r"Install Go 1\.26 or newer"):
        build(greeter, ["greet"])


def test_a_machine_without_go_is_told_what_to_install(greeter, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(LocalCloudError, match=r"go is not on PATH\. Install Go 1\.26 or newer"):
        build(greeter, ["greet"])


@needs_go
def test_two_processes_that_need_the_same_build_it_once(greeter, tmp_path):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        folders = pool.starmap(build, [(greeter, ["greet"])] * 2)

    assert folders[0] == folders[1]
    assert output(folders[0]) == "hi"
    assert not list((tmp_path / "cache").rglob("building-*"))


@pytest.mark.parametrize("ours", [*MODULES, *LANGUAGES], ids=lambda ours: ours.folder)
def test_the_modules_pin_what_they_build(ours):
    """Each program's package is of a module that go.mod names, so that no build takes whatever is newest."""
    pinned = (ours.path / "go.mod").read_text().split()

    for package in ours.packages.values():
        parents = [package.rsplit("/", count)[0] for count in range(package.count("/") + 1)]
        assert package == "." or any(parent in pinned for parent in parents)
    assert (ours.path / "go.sum").stat().st_size > 0
