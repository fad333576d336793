"""Which process is meant by a number, and whether it is gone, which can be known only beside it.

Containers of one machine can share its name and `/tmp`, and not its processes; and a number is given to another process
once the first has ended.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process. `machine` is empty where nothing tells it from another, as on systems without `/proc`."""

    pid: int
    machine: str
    """The boot, and the namespace that gives the process its number:
    https://man7.org/linux/man-pages/man7/pid_namespaces.7.html"""
    started: str
    """When, in ticks since the boot: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Return the process that has this number now."""
        return cls(pid, _machine(), _started(pid))

    @classmethod
    def read(cls, file: Path) -> "Process | None":
        """Return the process that was written down; None if none was, or if the text is malformed."""
        try:
            return cls(**json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Write it down."""
        file.write_text(json.dumps(asdict(self)))

    @property
    def gone(self) -> bool:
        """Whether it is known to have ended."""
        known = bool(self.machine and self.started) and self.machine == _machine()
        return known and _started(self.pid) != self.started


def _machine() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Empty where there is no such process, and where it has ended and only waits for its parent to see it."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    state, *fields = re.split(r"\s+", text.rpartition(")")[2].strip())
    return "" if state in ("Z", "X") else fields[18]
