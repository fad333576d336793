"""Real containers for the real Falco to see: Docker as on an ECS instance, containerd with its CRI as on a node of EKS.

Each runtime is started for the tests, with all that it keeps in a folder of its own and no network. It needs root.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from testbed.fluent_bit import wait_until
from tests.waiting import PATIENCE

BUSYBOX = shutil.which("busybox")
PROGRAMS = {
    "ecs": ("dockerd", "docker", "runc"),
    "eks": ("containerd", "ctr", "crictl", "runc"),
}
"""What must be on PATH for a platform's containers."""

IMAGE = "docker.io/library/web:1.27"
PAUSE = "docker.io/library/pause:1"
SLEEP = ["/bin/busybox", "sleep", "3600"]

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/shop/0123456789abcdef0123456789abcdef"
POD = {"namespace": "shop", "name": "web-0", "uid": "3e41dc6b-08a8-44db-bc2a-3724b18ab19a"}


def missing(platform: str) -> str:
    """Why there can be no containers of this platform here; empty where there can."""
    absent = [name for name in (*PROGRAMS[platform], "busybox") if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not on PATH"
    return "" if os.geteuid() == 0 else "container runtimes need root"


class Victim(Protocol):
    """A running container."""

    socket: Path
    """Where its runtime is asked about it."""

    def execute(self, *command: str) -> None:
        """Run a program in it, as an intruder does."""
        ...


class _Docker:
    """A task's container, labelled as the ECS agent labels it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def start(self, archive: bytes) -> None:
        self._docker("load", stdin=archive)
        labels = f"--label=com.amazonaws.ecs.task-arn={TASK}"
        self._docker("run", "--detach", "--name=victim", "--network=none", labels, IMAGE, *SLEEP)

    def execute(self, *command: str) -> None:
        self._docker("exec", "victim", *command)

    def stop(self) -> None:
        self._docker("rm", "--force", "victim")

    def _docker(self, *arguments: str, stdin: bytes | None = None) -> str:
        return _run(["docker", f"--host=unix://{self.socket}", *arguments], stdin=stdin)


class _Containerd:
    """A pod's container, made as a kubelet makes it: on the node's network, which needs no plugin for one."""

    def __init__(self, socket: Path, folder: Path) -> None:
        self.socket, self._folder = socket, folder
        self._pod = self._container = ""

    def start(self, archive: bytes) -> None:
        address = f"--address={self.socket}"
        _run(["ctr", address, "--namespace=k8s.io", "images", "import", "--snapshotter=native", "-"], stdin=archive)
        labels = {f"io.kubernetes.pod.{name}": value for name, value in POD.items()}
        linux = {"security_context": {"namespace_options": {"network": 2}}}
        pod = self._file("pod", {"metadata": POD, "labels": labels, "log_directory": str(self._folder), "linux": linux})
        container = {"metadata": {"name": "main"}, "image": {"image": IMAGE}, "command": SLEEP, "labels": labels}
        self._pod = self._crictl("runp", pod)
        self._container = self._crictl("create", self._pod, self._file("container", {**container, "linux": {}}), pod)
        self._crictl("start", self._container)

    def execute(self, *command: str) -> None:
        self._crictl("exec", "--sync", self._container, *command)

    def stop(self) -> None:
        self._crictl("rmp", "--force", self._pod)

    def _file(self, name: str, value: object) -> str:
        file = self._folder / f"{name}.json"
        file.write_text(json.dumps(value))
        return str(file)

    def _crictl(self, *arguments: str) -> str:
        return _run(["crictl", f"--config={os.devnull}", f"--runtime-endpoint=unix://{self.socket}", *arguments])


@contextmanager
def victim(platform: str, folder: Path) -> Generator[Victim]:
    """A container of a platform; `folder` has a short path, since unix sockets live there. Both end at the end."""
    socket = folder / "runtime.sock"
    command = _dockerd(folder, socket) if platform == "ecs" else _containerd(folder, socket)
    made = _Docker(socket) if platform == "ecs" else _Containerd(socket, folder)
    with (folder / "runtime.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        asked = (
            ["docker", f"--host=unix://{socket}", "info"]
            if platform == "ecs"
            else ["ctr", f"--address={socket}", "i", "ls"]
        )
        ready = wait_until(lambda: _answers(asked) or process.poll() is not None, PATIENCE) and process.poll() is None
        assert ready, (folder / "runtime.log").read_text()[-2000:]
        made.start(_archive({IMAGE: [], PAUSE: SLEEP}))
        try:
            yield made
        finally:
            made.stop()
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _dockerd(folder: Path, socket: Path) -> list[str]:
    own = [f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    return ["dockerd", f"--host=unix://{socket}", *own, "--iptables=false", "--bridge=none", "--storage-driver=vfs"]


def _containerd(folder: Path, socket: Path) -> list[str]:
    """https://github.com/containerd/containerd/blob/main/docs/cri/config.md"""
    config = folder / "config.toml"
    config.write_text(f"""
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
""")
    return ["containerd", f"--config={config}"]


def _archive(images: dict[str, list[str]]) -> bytes:
    """Images of busybox and a file of secrets, by tag with their entrypoints, as `docker save` writes them."""
    assert BUSYBOX
    program = Path(BUSYBOX).read_bytes()
    layer = _tar({"bin/busybox": program, "bin/cat": program, "etc/shadow": b"root:x\n"}, mode=0o755)
    parts, manifest = {"layer.tar": layer}, list[dict[str, Any]]()
    for number, (tag, entrypoint) in enumerate(images.items()):
        parts[f"{number}.json"] = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Entrypoint": entrypoint or None},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            }
        ).encode()
        manifest.append({"Config": f"{number}.json", "RepoTags": [tag], "Layers": ["layer.tar"]})
    return _tar({**parts, "manifest.json": json.dumps(manifest).encode()})


def _tar(files: dict[str, bytes], mode: int = 0o644) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(content), mode, int(time.time())
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _answers(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: list[str], stdin: bytes | None = None) -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()
