"""What runs Fluent Bit: the `fluent-bit` on PATH or, where there is none, Docker with the image that nodes run."""

import os
import platform
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from falco_firelens.sensor.images import FLUENT_BIT
from falco_firelens.sensor.shipper import PROGRAM
from testbed.errors import PipelineError

INSTALL_HINT = "https://docs.fluentbit.io/manual/installation/downloads"
"""Where a person gets `fluent-bit`; no package registry has it."""

IMAGE: Final = FLUENT_BIT.image().reference
"""As falco_firelens/sensor/images.yaml pins it."""

ASK_SECONDS = 10.0
"""How long Docker may take for an answer; one that hangs must not keep a person waiting."""

PULL_SECONDS = 600.0

_pulling = Lock()


class Launcher(Protocol):
    """One way to run Fluent Bit, again and again, one at a time."""

    def command(self, configuration: Path, root: Path, environment: Mapping[str, str]) -> Sequence[str]:
        """Return what starts it, with the configuration, everything below `root`, and these variables."""
        ...

    def signal(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Signal what the command has started."""
        ...

    def pid(self, process: subprocess.Popen[bytes]) -> int:
        """Return Fluent Bit's own process; 0 where it has none."""
        ...


class OnPath:
    """The program itself."""

    def __init__(self, program: str) -> None:
        self._program = program

    def command(self, configuration: Path, root: Path, environment: Mapping[str, str]) -> Sequence[str]:
        """Return the program with its configuration."""
        return [self._program, "-c", str(configuration)]

    def signal(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Signal the process."""
        process.send_signal(number)

    def pid(self, process: subprocess.Popen[bytes]) -> int:
        """Return the process."""
        return process.pid


class InContainer:
    """A container of the pinned image: in the network of this machine, as this user, with one folder of it.

    The command is Docker's client, which ends when the container ends.
    """

    def __init__(self) -> None:
        self._name = ""

    def command(self, configuration: Path, root: Path, environment: Mapping[str, str]) -> Sequence[str]:
        """Return a `docker run`. Raises PipelineError where the image cannot be pulled."""
        pull()
        self._name = f"falco-firelens-{secrets.token_hex(6)}"
        options = (
            f"--name={self._name}",
            "--rm",
            "--pull=never",
            "--network=host",
            f"--user={os.getuid()}:{os.getgid()}",
            f"--volume={root}:{root}",
            f"--workdir={root}",
            # By name: the client has the values in its own environment, and its command line shows none of them.
            *(f"--env={name}" for name in sorted(environment)),
            f"--entrypoint={PROGRAM}",
        )
        return ["docker", "run", *options, IMAGE, "-c", str(configuration)]

    def signal(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Signal the container: killing the client would leave it running."""
        _docker("kill", f"--signal={number.name}", self._name)

    def pid(self, process: subprocess.Popen[bytes]) -> int:
        """Return the container's process as this machine sees it."""
        said = _docker("inspect", "--format={{.State.Pid}}", self._name).stdout.strip()
        return int(said) if said.isdecimal() else 0


def executable() -> str | None:
    """Return the `fluent-bit` on PATH, or None."""
    return shutil.which("fluent-bit")


def missing() -> str:
    """Why Fluent Bit cannot run here; empty where it can."""
    if executable():
        return ""
    problem = docker_problem()
    return problem and f"fluent-bit is not on PATH, and {problem}; how to install it: {INSTALL_HINT}"


def docker_problem() -> str:
    """Why no container can stand for a node's Fluent Bit here; empty where one can.

    It has to reach servers on 127.0.0.1, and to share files and a unix socket. Docker Desktop's containers run in a
    virtual machine, those of a rootless Docker in a network of their own:
    https://docs.docker.com/engine/network/drivers/host/
    """
    if platform.system() != "Linux":
        return f"Docker's containers do not share the network of {platform.system()}"
    if shutil.which("docker") is None:
        return "there is no docker either"
    asked = _docker("info", "--format={{.OSType}};{{.OperatingSystem}};{{.SecurityOptions}}")
    if asked.returncode or asked.stdout.count(";") < 2:
        lines = (asked.stderr.strip() or asked.stdout.strip() or "nothing was said").splitlines()
        return f"Docker does not work: {lines[-1]}"
    kind, system, security = asked.stdout.split(";", 2)
    if kind != "linux" or "Docker Desktop" in system:
        return "Docker's containers run in a virtual machine"
    return "a rootless Docker has a network of its own" if "rootless" in security else ""


def launcher() -> Launcher:
    """Return the way that works here. Raises PipelineError where none does."""
    if problem := missing():
        raise PipelineError(problem)
    program = executable()
    return OnPath(program) if program else InContainer()


def pull() -> None:
    """Get the image unless it is here. Raises PipelineError where that fails."""
    with _pulling:
        if _docker("image", "inspect", IMAGE).returncode == 0:
            return
        pulled = _docker("pull", "--quiet", IMAGE, seconds=PULL_SECONDS)
        if pulled.returncode:
            raise PipelineError(f"docker pull {IMAGE} failed: {pulled.stderr.strip()}")


def _docker(*arguments: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run Docker's client to its end. One that hangs has failed."""
    command = ["docker", *arguments]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds or ASK_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
