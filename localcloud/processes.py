"""Detached processes, known by pid and start time, so that a reused pid is never mistaken for ours."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from localcloud.errors import LocalCloudError, last_lines

STOP_TIMEOUT = 5.0
"""Seconds between asking a process to stop and killing it."""


@dataclass(frozen=True)
class Process:
    """A running process that this folder's cloud has started."""

    name: str
    pid: int
    memory: int
    """Resident bytes."""


class Processes:
    """Starts, finds and stops the processes of one local cloud."""

    def __init__(self, records: Path, logs: Path) -> None:
        self._records = records
        self._logs = logs

    def log(self, name: str) -> Path:
        """Where a process's output goes."""
        return self._logs / f"{name}.log"

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Start a process that outlives this one, and record it."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._records.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("wb") as log:
            started = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd=self._records.parent,
                start_new_session=True,
            )
        record = {"pid": started.pid, "started": psutil.Process(started.pid).create_time()}
        temporary = self._record(name).with_suffix(".tmp")
        temporary.write_text(json.dumps(record))
        temporary.replace(self._record(name))

    def find(self, name: str) -> Process | None:
        """Return the process if it runs."""
        found = self._find(name)
        return Process(name, found.pid, found.memory_info().rss) if found else None

    def running(self) -> list[Process]:
        """All that run, by name."""
        names = sorted(file.stem for file in self._records.glob("*.json"))
        return [process for process in map(self.find, names) if process]

    def wait(self, name: str, ready: Callable[[], bool], timeout: float) -> None:
        """Wait until a started process is ready.

        Raises:
            LocalCloudError: it ended, or was not ready within `timeout` seconds; with the end of its log.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            if not self._find(name):
                raise LocalCloudError(f"{name} ended while it was starting; {self._last_words(name)}")
            if time.monotonic() > deadline:
                raise LocalCloudError(f"{name} was not ready after {timeout:.0f} s; {self._last_words(name)}")
            time.sleep(0.1)

    def stop(self, names: Iterable[str]) -> None:
        """Stop processes together: asked first, killed after `STOP_TIMEOUT` seconds."""
        names = list(names)
        for send in (psutil.Process.terminate, psutil.Process.kill):
            for process in filter(None, map(self._find, names)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    send(process)
            self._wait_for_end(names)
        for name in names:
            self._record(name).unlink(missing_ok=True)

    def _wait_for_end(self, names: Sequence[str]) -> None:
        deadline = time.monotonic() + STOP_TIMEOUT
        while any(map(self._find, names)) and time.monotonic() < deadline:
            time.sleep(0.05)

    def stop_programs(self, folder: Path) -> None:
        """Stop whatever runs by a path in the folder, such as the plugins that a killed engine has left."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                # A script's own path is the second word, after its interpreter's.
                if any(Path(word).parent == folder for word in process.cmdline()[:2]):
                    process.terminate()

    def _record(self, name: str) -> Path:
        return self._records / f"{name}.json"

    def _find(self, name: str) -> psutil.Process | None:
        try:
            record = json.loads(self._record(name).read_text())
            process = psutil.Process(record["pid"])
            same = process.create_time() == record["started"]
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, psutil.NoSuchProcess):
            return None

    def _last_words(self, name: str) -> str:
        return f"the end of {self.log(name)}:\n{last_lines(self.log(name))}"
