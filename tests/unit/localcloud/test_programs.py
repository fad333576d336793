from pathlib import Path

import pytest

from localcloud.errors import LocalCloudError
from localcloud.toolchain import Programs, programs
from localcloud.toolchain.download import UnavailableError
from localcloud.toolchain.modules import KWOK_STAGES, LANGUAGES, MODULES
from localcloud.toolchain.programs import CHOICE
from localcloud.toolchain.releases import here

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
    """What was asked to be built. Nothing is fetched, unless a test asks for `vendors` too."""
    monkeypatch.setenv(CHOICE, "build")
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


def test_programs_for_other_languages_are_built_only_where_they_are_asked_for(path, built):
    languages = {name for module in LANGUAGES for name in module.packages}
    assert not languages & programs.provide().paths.keys()
    built.clear()

    assert programs.provide_languages().paths.keys() == languages == set(built)

    put(path, "v1.25.0", *languages)
    assert programs.provide_languages()["pulumi-language-yaml"].parent == path


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


RELEASED = {name for release in here().values() for name in release.programs}


@pytest.fixture
def vendors(monkeypatch, tmp_path):
    """Vendors whose answers a test chooses: an error to raise for a release, by its name."""
    monkeypatch.setenv(CHOICE, "auto")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answers = {}

    class Double:
        def take(self, name, _):
            if name in answers:
                raise answers[name]
            return tmp_path / "taken" / name

    monkeypatch.setattr(programs, "Vendors", Double)
    return answers


def test_vendors_programs_are_taken_and_the_rest_is_built(path, built, vendors, tmp_path):
    found = programs.provide()

    assert built == []
    assert {name for name, file in found.paths.items() if tmp_path / "taken" in file.parents} == RELEASED
    assert set(found.paths) == RELEASED
    assert "from https://github.com/etcd-io/etcd/releases/" in found.origins["etcd"]
    assert found.origins["kube-scheduler"].endswith("/kube-scheduler")


def test_what_a_vendor_does_not_give_is_built_and_that_is_said(path, built, vendors, capsys):
    vendors["pulumi"] = UnavailableError("github.com cannot be reached")

    found = programs.provide()

    assert set(built) == {"pulumi", "pulumi-language-python"}
    assert "pulumi-language-python-exec" in found.paths
    assert "building pulumi, pulumi-language-python instead: github.com cannot be reached" in capsys.readouterr().out
    assert found.origins["pulumi"] == "built from source"


def test_kwok_has_the_stages_of_its_own_version(path, built, vendors):
    vendors["kubectl"] = UnavailableError("broken")
    taken = programs.provide()
    vendors["kwok"] = UnavailableError("broken")
    made = programs.provide()

    assert {name for name in taken.paths if name.startswith("kwok-")} == {"kwok-stages.yaml"}
    assert {name for name in made.paths if name.startswith("kwok-")} == set(KWOK_STAGES)


def test_what_is_no_honest_release_stops(path, built, vendors):
    vendors["etcd"] = LocalCloudError("found the SHA-256 …")

    with pytest.raises(LocalCloudError, match="found the SHA-256"):
        programs.provide()

    assert built == []


def test_what_has_been_built_is_not_fetched(path, built, vendors, monkeypatch):
    vendors |= {name: AssertionError("fetched") for name in here()}
    monkeypatch.setattr(programs, "built", lambda _: True)

    assert set(programs.provide().paths) == BUILT


def test_nothing_is_fetched_that_is_on_path(path, built, vendors):
    put(path, "v3.300.1", *PULUMI)
    vendors["pulumi"] = AssertionError("fetched")

    assert programs.provide()["pulumi"].parent == path


def test_nothing_is_fetched_where_a_person_wants_to_build(path, built, vendors, monkeypatch):
    monkeypatch.setenv(CHOICE, "build")
    vendors |= {name: AssertionError("fetched") for name in here()}

    assert set(programs.provide().paths) == BUILT


def test_nothing_is_built_where_a_person_wants_to_download(path, built, vendors, monkeypatch):
    monkeypatch.setenv(CHOICE, "download")
    programs.provide()
    vendors["etcd"] = UnavailableError("github.com cannot be reached")

    with pytest.raises(LocalCloudError, match=r"download: github.com cannot be reached\. LOCALCLOUD_PROGRAMS=auto"):
        programs.provide()
    assert built == []


def test_a_program_that_nobody_publishes_is_named(path, built, vendors, monkeypatch):
    monkeypatch.setenv(CHOICE, "download")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")

    with pytest.raises(LocalCloudError, match="nobody publishes kube-apiserver, kube-controller-manager, kube-sched"):
        programs.provide()


def test_another_way_than_the_three_is_refused(path, built, vendors, monkeypatch):
    monkeypatch.setenv(CHOICE, "fetch")

    with pytest.raises(
        LocalCloudError, match="LOCALCLOUD_PROGRAMS: found fetch, expected one of auto, download, build"
    ):
        programs.provide()


def test_links_of_programs_that_are_no_longer_used_are_gone(tmp_path):
    put(tmp_path, "1.0.0", "stages")
    folder = tmp_path / "bin"
    Programs({"kwok-old.yaml": tmp_path / "stages"}).link(folder)
    (folder / "pulumi-resource-aws").write_text("a stand-in, which is no link")

    Programs({"kwok-new.yaml": tmp_path / "stages"}).link(folder)

    assert {file.name for file in folder.iterdir()} == {".local-cloud-links", "kwok-new.yaml", "pulumi-resource-aws"}
