"""Runs the real `fluent-bit` as a child process, and says what it has done and what it has cost."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from testbed.errors import PipelineError
from testbed.launchers import launcher

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


_LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp: proc_net_tcp.txt of the kernel's documentation."""


class Usage(NamedTuple):
    """What one run of the process cost: seconds of CPU, and bytes of memory at its peak.

    The CPU is that of the process on PATH: of a container it is Docker's client's.
    """

    cpu: float
    peak_memory: int


def wait_until(condition: Callable[[], bool], seconds: float, *, interval: float = 0.05) -> bool:
    """Whether the condition became true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(interval)
    return condition()


class FluentBit:
    """One Fluent Bit that is started, stopped and killed over and over on the same configuration and state."""

    def __init__(
        self, configuration: Path, root: Path, http_port: int, *, environment: Mapping[str, str] | None = None
    ) -> None:
        """`root` has all files that it needs, `http_port` is where its HTTP server listens on 127.0.0.1.

        Raises PipelineError where neither `fluent-bit` is on PATH nor Docker works.
        """
        self._launcher = launcher()
        self._configuration, self._root = configuration, root
        self._environment = {**_CREDENTIALS, **(environment or {})}
        self._http_port = http_port
        self._log = configuration.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None
        self.usage = Usage(0.0, 0)

    def start(self, *, seconds: float = 30) -> None:
        """Start, and return when it answers. Raises PipelineError when it ends or does not answer in time."""
        command = self._launcher.command(self._configuration, self._root, self._environment)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                cwd=self._log.parent,
            )
        if not wait_until(lambda: self._answers() or not self.running(), seconds) or not self.running():
            raise PipelineError(f"fluent-bit did not start: {self.log_tail()}")

    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and not self._reap(os.WNOHANG)

    def cpu(self) -> float:
        """Seconds of CPU that the running process has used so far; 0 when there is none."""
        if self._process is None:
            return 0.0
        # Fields 14 and 15 of proc_pid_stat(5); the name before them may hold spaces.
        fields = (self._proc(self._process) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self) -> set[str]:
        """Return what its file descriptors are: paths, with ` (deleted)` where one is gone, and sockets."""
        if self._process is None:
            return set()
        targets: set[str] = set()
        for descriptor in (self._proc(self._process) / "fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                targets.add(str(descriptor.readlink()))
        return targets

    def listening(self) -> set[str]:
        """`address:port` of every IPv4 socket on which the process listens."""
        if self._process is None:
            return set()
        own = self.open_files()
        table = (self._proc(self._process) / "net/tcp").read_text()
        rows = [line.split() for line in table.splitlines()[1:]]
        return {_address(row[1]) for row in rows if row[3] == _LISTEN and f"socket:[{row[9]}]" in own}

    def kill(self) -> None:
        """`kill -9`: no chance to save anything."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._reap(0)

    def stop(self, *, seconds: float = 60) -> None:
        """SIGTERM, as the kubelet and the ECS agent stop a container; killed if it takes longer than `seconds`."""
        if self._process is not None:
            self._signal(signal.SIGTERM)
            if not wait_until(lambda: not self.running(), seconds):
                self.kill()

    def metrics(self) -> dict[str, Any]:
        """Counters by plugin, from `/api/v1/metrics`; empty when it does not answer."""
        return self._get("/api/v1/metrics") or {}

    def delivered(self) -> dict[str, int]:
        """Return how many records each output has delivered since the process started, by its alias or name."""
        outputs = self.metrics().get("output", {})
        return {name: counters["proc_records"] for name, counters in outputs.items()}

    def unsent(self) -> int | None:
        """Chunks that wait for some output, from `/api/v1/storage`; None when it does not answer."""
        storage = self._get("/api/v1/storage")
        return storage and storage["storage_layer"]["chunks"]["total_chunks"]

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def log(self) -> str:
        """All of its log, over all runs."""
        return self._log.read_text(errors="replace")

    def _get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._http_port}{path}", timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def _answers(self) -> bool:
        return self._get("/api/v1/uptime") is not None

    def _signal(self, number: signal.Signals) -> None:
        """Signal the process, noting its peak before: `wait4` would return the peak of this Python, too."""
        if self._process is not None:
            self.usage = self.usage._replace(peak_memory=max(self.usage.peak_memory, self._peak(self._process)))
            self._launcher.signal(self._process, number)

    def _peak(self, process: subprocess.Popen[bytes]) -> int:
        """Return the most memory that it has had; 0 without `/proc`."""
        with suppress(OSError):
            status = (self._proc(process) / "status").read_text()
            if peak := re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE):
                return int(peak[1]) * 1024
        return 0

    def _proc(self, process: subprocess.Popen[bytes]) -> Path:
        return Path(f"/proc/{self._launcher.pid(process)}")

    def _reap(self, options: int) -> bool:
        """Whether the process has ended; adds what it cost, which `wait4` returns for this child alone."""
        if self._process is None:
            return True
        pid, status, cost = os.wait4(self._process.pid, options)
        if pid == 0:
            return False
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._process = None
        self.usage = self.usage._replace(cpu=self.usage.cpu + cost.ru_utime + cost.ru_stime)
        return True


def _address(hexadecimal: str) -> str:
    """`0100007F:1F90` of /proc/net/tcp as `127.0.0.1:8080`."""
    address, _, port = hexadecimal.partition(":")
    return f"{socket.inet_ntoa(bytes.fromhex(address)[::-1])}:{int(port, 16)}"
