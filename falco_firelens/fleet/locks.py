"""Who holds a stack's lock, as the state backend says it, and whether that engine is known to be dead.

A self-managed backend (`file://`, `s3://`, …) names the processes in its refusal:
https://www.pulumi.com/docs/iac/concepts/state-and-backends/. Pulumi Cloud does not, and ends a dead one's lock itself.
A refusal has a host's name and a number, by which nobody knows a process: containers share names, and numbers return.
So a fleet writes down each engine that it starts, and a lock is a dead one's only where it was one of these.
"""

import contextlib
import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from falco_firelens.fleet.processes import Process

_HOLDER = re.compile(
    r"/(?P<stack>[^/\s]+)/[^/\s]+: created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)"
)

LOCKED_WITHIN = 600
"""Seconds after its start within which an engine has taken its lock. A later lock is another engine's."""


@dataclass(frozen=True)
class Engine:
    """An engine that a fleet has started; `at` is when, in seconds since 1970."""

    process: Process
    stack: str
    at: float


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock, or that held it when it was killed."""

    stack: str
    user: str
    host: str
    pid: int
    since: str

    @property
    def dead(self) -> bool:
        """Whether it was one of our engines, and has certainly ended."""
        return self.host == socket.gethostname() and any(map(self._was, _engines()))

    def _was(self, engine: Engine) -> bool:
        try:
            locked = datetime.fromisoformat(self.since).timestamp() - engine.at
        except ValueError:
            return False
        same = (engine.process.pid, engine.stack) == (self.pid, self.stack)
        return same and -2 <= locked <= LOCKED_WITHIN and engine.process.gone  # The lock's time is in whole seconds.

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host} since {self.since}"


def holders(refusal: str) -> tuple[Holder, ...]:
    """Return the processes that a backend names."""
    found = _HOLDER.finditer(refusal)
    return tuple(Holder(one["stack"], one["user"], one["host"], int(one["pid"]), one["since"]) for one in found)


@contextlib.contextmanager
def written_down(pid: int, stack: str) -> Generator[None]:
    """Write an engine down while it runs, and leave that there unless it ends by itself."""
    process = Process.of(pid)
    file = _folder() / f"{pid}-{process.started}.json"
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text(json.dumps(asdict(Engine(process, stack.rpartition("/")[2], time.time()))))
    except OSError:
        pass  # Then its lock never counts as a dead one's.
    yield
    with contextlib.suppress(OSError):
        file.unlink()


def _engines() -> Iterator[Engine]:
    for file in _folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            found = json.loads(file.read_text())
            yield Engine(Process(**found["process"]), str(found["stack"]), float(found["at"]))


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"falco-firelens-engines-{os.getuid()}"
