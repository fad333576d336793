"""Fluent Bit in a container, with a double in place of Docker's client that writes down what it is asked.

`tests/pipeline` runs against a real Docker wherever one works and no `fluent-bit` is on PATH.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from falco_firelens.sensor.images import FLUENT_BIT
from localcloud import command_line
from localcloud.ports import reserve
from testbed import IMAGE, FluentBit, PipelineError, launchers, missing, pull

USABLE = "linux;Debian GNU/Linux 13 (trixie);[name=seccomp,profile=builtin name=cgroupns]"

DOUBLE = """\
#!{python} -I
import json, os, signal, subprocess, sys
from pathlib import Path

state = Path({state!r})
asked, answers = sys.argv[1:], json.loads((state / "answers").read_text())
with (state / "asked").open("a") as file:
    file.write(json.dumps(asked) + "\\n")
if asked[0] == "run":
    program = subprocess.Popen(json.loads((state / "program").read_text()))
    (state / "pid").write_text(str(program.pid))
    sys.exit(program.wait() % 256)
if asked[0] == "kill":
    os.kill(int((state / "pid").read_text()), getattr(signal, asked[1].removeprefix("--signal=")))
if asked[0] == "inspect":
    print((state / "pid").read_text())
answer = answers.get(" ".join(asked[:2]), answers.get(asked[0], [0, ""]))
if len(answer) > 2:
    (state / answer[2]).read_bytes()
print(answer[1], file=sys.stderr if answer[0] else sys.stdout)
sys.exit(answer[0])
"""

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{}')
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""In place of Fluent Bit: its HTTP server."""


class Docker:
    """The double: `answers` has an exit code and what is said, by the first words of a command.

    Where it is to hang, the name of a pipe that nobody writes follows.
    """

    def __init__(self, folder):
        self._folder = folder
        self.answers = {"info": [0, USABLE]}
        client = folder / "path" / "docker"
        client.parent.mkdir()
        client.write_text(DOUBLE.format(python=sys.executable, state=str(folder)))
        client.chmod(0o755)

    def write(self, program=()):
        (self._folder / "answers").write_text(json.dumps(self.answers))
        (self._folder / "program").write_text(json.dumps(list(program)))

    @property
    def asked(self):
        file = self._folder / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def docker(tmp_path, monkeypatch):
    docker = Docker(tmp_path)
    docker.write()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr("platform.system", lambda: "Linux")
    return docker


def test_the_image_is_the_one_that_nodes_run():
    assert FLUENT_BIT.image().reference == IMAGE


def test_docker_stands_in_where_it_works(docker):
    assert missing() == ""
    assert docker.asked == [["info", "--format={{.OSType}};{{.OperatingSystem}};{{.SecurityOptions}}"]]


def test_docker_is_not_asked_where_fluent_bit_is_on_path(docker, tmp_path):
    shutil.copy(tmp_path / "path" / "docker", tmp_path / "path" / "fluent-bit")

    assert missing() == ""
    assert docker.asked == []


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ([1, "Cannot connect to the Docker daemon"], "Docker does not work: Cannot connect to the Docker daemon"),
        ([0, ""], "Docker does not work"),
        ([0, "linux;Docker Desktop;[]"], "run in a virtual machine"),
        ([0, "windows;Windows Server;[]"], "run in a virtual machine"),
        ([0, "linux;Debian;[name=seccomp name=rootless]"], "a rootless Docker has a network of its own"),
        ([0, USABLE, "pipe"], "Docker does not work: .*timed out"),
    ],
    ids=["no daemon", "no answer", "Docker Desktop", "Windows", "rootless", "hangs"],
)
def test_a_docker_that_cannot_stand_in_is_named_with_the_reason(docker, tmp_path, monkeypatch, info, reason):
    if len(info) > 2:
        os.mkfifo(tmp_path / "pipe")
        monkeypatch.setattr(launchers, "ASK_SECONDS", 0.3)
    docker.answers["info"] = info
    docker.write()

    with pytest.raises(PipelineError, match=f"fluent-bit is not on PATH, and .*{reason}.*how to install it: https://"):
        FluentBit(Path("fluent-bit.conf"), Path(), 1)


def test_without_docker_and_on_another_system_the_reason_is_said(docker, tmp_path, monkeypatch):
    (tmp_path / "path" / "docker").unlink()
    assert "there is no docker either" in missing()

    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert "do not share the network of Darwin" in missing()


@pytest.fixture
def unused_port(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (port,) = reserve(1, tmp_path)
    return port


def test_a_container_gets_the_folder_the_network_and_no_secret_on_its_command_line(docker, tmp_path, unused_port):
    docker.write([sys.executable, "-c", SERVER, str(unused_port)])
    root = tmp_path / "root"
    root.mkdir()
    fluent_bit = FluentBit(root / "a.conf", root, unused_port, environment={"AWS_SECRET_ACCESS_KEY": "hush"})
    fluent_bit.start()
    try:
        (run,) = [asked for asked in docker.asked if asked[0] == "run"]
        assert {"--rm", "--network=host", "--pull=never", f"--volume={root}:{root}"} <= set(run)
        assert f"--user={os.getuid()}:{os.getgid()}" in run
        assert "--entrypoint=/fluent-bit/bin/fluent-bit" in run
        assert run[-3:] == [IMAGE, "-c", str(root / "a.conf")]
        assert "--env=AWS_SECRET_ACCESS_KEY" in run and "hush" not in " ".join(run)
        assert fluent_bit.cpu() > 0
        assert fluent_bit.running()
    finally:
        fluent_bit.kill()

    kills = [asked for asked in docker.asked if asked[0] == "kill"]
    assert kills == [["kill", "--signal=SIGKILL", run[1].removeprefix("--name=")]]
    assert not fluent_bit.running()
    assert fluent_bit.usage.peak_memory > 0


def test_a_container_is_asked_to_stop_as_a_kubelet_does(docker, tmp_path, unused_port):
    docker.write([sys.executable, "-c", SERVER, str(unused_port)])
    fluent_bit = FluentBit(tmp_path / "a.conf", tmp_path, unused_port)
    fluent_bit.start()

    fluent_bit.stop(seconds=10)

    assert [asked[1] for asked in docker.asked if asked[0] == "kill"] == ["--signal=SIGTERM"]
    assert not fluent_bit.running()


def test_an_image_that_is_here_is_not_pulled_again(docker):
    pull()

    assert docker.asked == [["image", "inspect", IMAGE]]


def test_an_image_that_cannot_be_pulled_skips_the_check_and_says_why(docker, monkeypatch, capsys):
    docker.answers |= {"image inspect": [1, "No such image"], "pull": [1, "dial tcp: connection refused"]}
    docker.write()

    with pytest.raises(PipelineError, match=rf"docker pull {IMAGE} failed: dial tcp: connection refused"):
        pull()
    command_line._ship(None, {})
    assert "The pipeline check was skipped: docker pull" in capsys.readouterr().out
