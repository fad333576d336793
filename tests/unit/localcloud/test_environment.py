import os
import subprocess
from pathlib import Path

import pytest

from localcloud.environment import REAL, environment, install_stand_ins, shell, variables
from localcloud.errors import LocalCloudError
from localcloud.layout import Layout


def test_a_shell_gets_every_variable_as_it_is():
    values = {"QUOTED": """it's "so" $HOME `date` \\""", "EMPTY": "", "SPACED": " a  b "}
    script = f"{shell(values)}\n" + "\n".join(f'printf "%s\\n" "${name}"' for name in values)

    said = subprocess.check_output(["sh", "-c", script], text=True, env={"AWS_PROFILE": "production"})

    assert said.splitlines() == list(values.values())


def test_real_credentials_and_profiles_are_left_behind(layout, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")

    found = environment(layout)

    assert "AWS_PROFILE" not in found
    assert "AWS_SESSION_TOKEN" not in found
    assert found["AWS_ACCESS_KEY_ID"] == "test"
    assert found["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{layout.ports().moto}"
    left = subprocess.check_output(
        ["sh", "-c", f'{shell(variables(layout))}\nprintf %s "${{AWS_PROFILE-none}}"'], text=True
    )
    assert left == "none"


def test_path_has_the_virtual_environment_then_the_programs_once_however_often_it_is_set(layout):
    once = variables(layout, path="/usr/bin:/bin")["PATH"]

    assert variables(layout, path=once)["PATH"] == once
    assert once.split(":")[1:] == [str(layout.bin), "/usr/bin", "/bin"]
    assert Path(once.split(":")[0], "python").exists()


def test_an_environment_is_had_only_of_a_started_cloud(tmp_path):
    with pytest.raises(LocalCloudError, match="make up"):
        variables(Layout(tmp_path))


@pytest.mark.parametrize(
    ("real", "expected"),
    [("", set()), ("eks", {"eks"}), ("aws", {"aws"}), ("aws, eks", {"aws", "eks"})],
)
def test_stand_ins_make_way_for_the_plugins_that_are_to_be_real(layout, monkeypatch, tmp_path, real, expected):
    vendors = tmp_path / "vendors"
    vendors.mkdir()
    for name in ("aws", "eks"):
        (vendors / f"pulumi-resource-{name}").write_text('#!/bin/sh\necho "real $1 by $HTTP_PROXY"\n')
        (vendors / f"pulumi-resource-{name}").chmod(0o755)
    monkeypatch.setenv("PATH", f"{layout.bin}:{vendors}:{os.environ['PATH']}")
    install_stand_ins(layout)  # the launchers of an earlier run are on PATH, and are not the vendor's
    monkeypatch.setenv(REAL, real)

    install_stand_ins(layout)

    launchers = {file.name.removeprefix("pulumi-resource-"): file for file in layout.bin.iterdir()}
    assert set(launchers) == {"aws", "eks"}
    assert all(os.access(file, os.X_OK) for file in launchers.values())
    assert {name for name, file in launchers.items() if str(vendors) in file.read_text()} == expected
    for name in expected:
        said = subprocess.check_output([launchers[name], "127.0.0.1:1"], text=True)
        assert said == f"real 127.0.0.1:1 by http://127.0.0.1:{layout.ports().moto}\n"


def test_a_real_plugin_that_is_not_there_is_told(layout, monkeypatch):
    monkeypatch.setenv(REAL, "aws")

    with pytest.raises(LocalCloudError, match=r"found no pulumi-resource-aws on PATH; the vendor's is at https://"):
        install_stand_ins(layout)

    assert list(layout.bin.iterdir()) == []


def test_a_plugin_that_has_no_stand_in_is_told(layout, monkeypatch):
    monkeypatch.setenv(REAL, "eks gcp")

    with pytest.raises(LocalCloudError, match="LOCALCLOUD_REAL: found gcp, expected some of aws, eks"):
        install_stand_ins(layout)
