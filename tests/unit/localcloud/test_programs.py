from pathlib import Path

import pytest

from localcloud.toolchain import Programs, programs
from localcloud.toolchain.modules import MODULES

BUILT = {name for module in MODULES for name in (*module.packages, *module.extras)}
ALWAYS_BUILT = {name for name in BUILT if name.startswith("kwok")}
SERVERS = {"kube-apiserver", "kube-controller-manager", "kube-scheduler"}
PULUMI = {"pulumi", "pulumi-language-python", "pulumi-language-python-exec"}


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A folder that is the whole PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def built(tmp_path, monkeypatch):
    """What was asked to be built."""
    asked = []
    monkeypatch.setattr(programs, "build", lambda module, names: asked.extend(names) or tmp_path / "built")
    return asked


def put(folder, version, *names):
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)


def test_everything_is_built_where_nothing_is_on_path(path, built, tmp_path):
    found = programs.provide()

    assert set(found.paths) == BUILT
    assert all(file.parent == tmp_path / "built" for file in found.paths.values())
    assert set(built) == {name for module in MODULES for name in module.packages}


def test_programs_on_path_are_used_where_they_are_new_enough(path, built):
    put(path, "v3.300.1", *PULUMI)
    put(path, "Kubernetes v1.34.0", *SERVERS)
    put(path, "Client Version: v1.35.0", "kubectl")
    put(path, "etcd Version: 3.6.4", "etcd")
    put(path, "no version at all", "pulumi-resource-kubernetes")

    found = programs.provide()

    assert built == ["kwok"]
    assert {name for name, file in found.paths.items() if file.parent != path} == ALWAYS_BUILT


@pytest.mark.parametrize(
    ("version", "names"),
    [
        ("v3.271.0", PULUMI),
        ("v3.300.1", PULUMI - {"pulumi-language-python"}),
        ("Kubernetes v1.31.9", SERVERS),
        ("Kubernetes v1.34.0", SERVERS - {"kube-scheduler"}),
        ("Client Version: v1.32.4-dispatcher", {"kubectl"}),
        ("etcd Version: 3.4.30", {"etcd"}),
        ("v3.274.1-with-no-end", {"kwok"}),
        ("", PULUMI),
    ],
)
def test_programs_that_are_too_old_or_not_all_there_are_built(path, built, version, names):
    put(path, version, *names)

    found = programs.provide()

    assert not [name for name in names if found[name].parent == path]


def test_the_links_of_a_running_cloud_are_no_programs_to_find(path, built, tmp_path):
    """They may be on PATH, and would be linked to themselves."""
    put(tmp_path, "Client Version: v1.35.0", "kubectl")
    Programs({"kubectl": tmp_path / "kubectl"}).link(path)

    assert programs.provide()["kubectl"].parent == tmp_path / "built"


def test_a_link_is_made_anew_for_another_program(tmp_path):
    put(tmp_path, "1.0.0", "old", "new")
    folder = tmp_path / "bin"

    Programs({"kubectl": tmp_path / "old"}).link(folder)
    Programs({"kubectl": tmp_path / "new"}).link(folder)

    assert Path(folder, "kubectl").resolve() == tmp_path / "new"
