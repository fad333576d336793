"""The table of what vendors publish."""

import re

import pytest
from pydantic import ValidationError

from localcloud.layout import CHECKOUT
from localcloud.toolchain import modules, releases
from localcloud.toolchain.releases import RELEASES, parse

PLATFORMS = [(system, machine) for system in ("linux", "darwin") for machine in ("amd64", "arm64")]
BUILT = {name for module in modules.MODULES for name in module.packages}
SERVERS = {"kube-apiserver", "kube-controller-manager", "kube-scheduler"}


@pytest.mark.parametrize(("system", "machine"), PLATFORMS)
def test_every_program_is_published_for_every_platform_but_macos_servers(system, machine):
    found = [release.on(system, machine) for release in RELEASES.values()]
    programs = {name for release in found for name in release.programs}

    assert BUILT - programs == (SERVERS if system == "darwin" else set())
    for release in found:
        for file in release.files:
            assert not re.search(r"[{}]", file.url + file.checksums + "".join(file.programs.values()))
            assert file.checksums or re.fullmatch(r"[0-9a-f]{64}", file.sha256["any"])


def test_what_is_taken_has_the_version_that_would_be_built():
    requirements = (CHECKOUT / "requirements.txt").read_text()

    assert RELEASES["pulumi"].version == modules.PULUMI
    assert RELEASES["kubernetes"].version == RELEASES["kubectl"].version == modules.KUBERNETES
    assert f"pulumi-kubernetes=={RELEASES['pulumi-kubernetes'].version} " in requirements


def test_no_two_platforms_share_a_pin():
    pins = [pin for release in RELEASES.values() for file in release.files for pin in file.sha256.values()]

    assert len(set(pins)) == len(pins) >= 12


def test_a_change_of_version_pin_or_platform_is_taken_beside_the_old():
    etcd = RELEASES["etcd"]
    newer = etcd.model_copy(update={"version": "3.6.6"})

    digests = [release.on("linux", machine).digest for release in (etcd, newer) for machine in ("amd64", "arm64")]
    assert len(set(digests)) == 4


def test_a_machine_that_nobody_builds_for_has_no_pinned_release(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    assert "etcd" not in releases.here()


def test_pythons_names_of_machines_are_the_vendors(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")

    assert releases.here()["etcd"].files[0].url.endswith("/etcd-v3.6.5-linux-arm64.tar.gz")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert releases.here()["pulumi"].files[0].url.endswith("-linux-x64.tar.gz")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("{url: https://a.example/x, programs: {x: ''}}", "found no checksum"),
        ("{url: http://a.example/x, programs: {x: ''}, checksums: https://a.example/s}", "string_pattern_mismatch"),
        ("{url: https://a.example/x, programs: {x: ''}, checksums: http://a.example/s}", "string_pattern_mismatch"),
        ("{url: https://a.example/x, programs: {x: ''}, sha256: {any: abc}}", "string_pattern_mismatch"),
        ("{url: https://a.example/x, programs: {x: ''}, sha256: {linux: abc}}", "literal_error"),
        ("{url: https://a.example/x, programs: {x: ''}, sha512: {}}", "extra_forbidden"),
    ],
)
def test_a_table_of_another_form_is_refused(file, message):
    with pytest.raises(ValidationError, match=message):
        parse(f"tool: {{version: '1', files: [{file}]}}")
