"""Runs a command and measures it with everything that it starts: wall time, CPU time and peak memory."""

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.05
"""How often the memory is read; a peak that is shorter than this may be missed."""


@dataclass(frozen=True)
class Usage:
    """Seconds of wall and CPU time, and the peak resident memory in MiB of the tree and of the processes picked."""

    wall: float
    cpu: float
    peak: float
    picked_peak: float
    output: str


class CommandError(Exception):
    """The measured command ended with an error; the message has its output."""


def measure(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], pick: str = "") -> Usage:
    """Run `command` and measure its process tree; `pick` is a part of the command line of the processes to sum apart.

    CPU time is the kernel's own account of finished children, so it leaves nothing out.

    Raises:
        CommandError: the command's exit code was not 0.
    """
    start, cpu_before = time.monotonic(), children_cpu()
    peak = picked_peak = 0.0
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(list(command), cwd=cwd, env=dict(env), stdout=printed, stderr=subprocess.STDOUT)
        while process.poll() is None:
            whole, picked = _memory(process.pid, pick)
            peak, picked_peak = max(peak, whole), max(picked_peak, picked)
            time.sleep(SAMPLE_SECONDS)
        wall = time.monotonic() - start
        printed.seek(0)
        output = printed.read()
    if process.returncode:
        raise CommandError(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    return Usage(wall, children_cpu() - cpu_before, peak, picked_peak, output)


def children_cpu() -> float:
    """Seconds of CPU time that ended children of this process have taken, with theirs."""
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


def tree_mib(pid: int) -> float:
    """Resident MiB of a process with everything that it has started; 0 when it has ended."""
    return _memory(pid, "")[0]


def _memory(pid: int, pick: str) -> tuple[float, float]:
    whole = picked = 0.0
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    for process in tree:
        try:
            size = process.memory_info().rss / 2**20
            if pick and pick in " ".join(process.cmdline()):
                picked += size
        except psutil.NoSuchProcess:
            continue
        whole += size
    return whole, picked
