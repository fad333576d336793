"""What previews of many stacks at once take, beside one preview: wall time, memory, time to the first line.

Run inside the local cloud's shell: `eval "$(make -s env)" && python -m bench.fleet [STACKS]`, 40 by default, over
20 accounts and 5 regions. Each stack adopts an ECS cluster.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import yaml

from fleet import AssumedRole, Event, Fleet, Stack
from localcloud.accounts import CLUSTER, ROLE, Accounts

PROJECT = Path(__file__).resolve().parents[1]
ACCOUNTS = [f"{number:02}" * 6 for number in range(10, 30)]
REGIONS = ("eu-west-1", "us-east-2", "ap-southeast-2", "eu-central-1", "us-west-2")
SAMPLE_SECONDS = 0.5


def main(count: int) -> int:
    """Measure and print."""
    accounts = Accounts(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(count):
            _write(folder, accounts, f"s{index:03}", ACCOUNTS[index % 20], REGIONS[index // 20 % 5])
        first = _first_line(folder)
        fleet = Fleet(folders=[folder], credentials=_role)
        stacks = fleet.stacks()
        single = statistics.median(
            _previews(Fleet(folders=[folder], credentials=_role, concurrency=1), [stack])[0] for stack in stacks[:3]
        )
        _, one_memory = _previews(fleet, stacks[:1])
        wall, memory = _previews(fleet, stacks)
    cores = os.cpu_count() or 1
    print(f"one preview {single:.1f} s; {count} previews {wall:.1f} s on {cores} cores")
    print(f"ratio to {count} x one / cores: {wall / (count * single / cores):.2f}")
    print(f"this process at most {one_memory:.0f} MiB with one stack, {memory:.0f} MiB with {count}")
    print(f"first line after {first:.2f} s")
    return 0


def _role(stack: Stack) -> AssumedRole:
    return AssumedRole(ROLE.format(account=stack.account))


def _write(folder: Path, accounts: Accounts, name: str, account: str, region: str) -> None:
    accounts.with_cluster(account, region)
    clusters = [{"name": "jobs", "platform": "ecs", "existing": {"cluster": CLUSTER}}]
    config = {"aws:region": region, "falco-firelens:account": account, "falco-firelens:clusters": clusters}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))


def _previews(fleet: Fleet, stacks: list[Stack]) -> tuple[float, float]:
    """Seconds, and the most MiB that this process had."""
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(SAMPLE_SECONDS):
            peak = max(peak, psutil.Process().memory_info().rss / 2**20)

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.monotonic()
    results = fleet.preview(stacks, on_progress=_ignore)
    seconds = time.monotonic() - began
    done.set()
    watching.join()
    failed = [result for result in results if not result.ok]
    if failed:
        raise SystemExit(f"{failed[0].stack}: {failed[0].error}")
    return seconds, peak


def _ignore(_: Event) -> None:
    pass


def _first_line(folder: Path) -> float:
    """Seconds from the command's start to its first line of progress."""
    began = time.monotonic()
    command = [sys.executable, "-m", "fleet", "preview", "s000", "--folder", str(folder), "--role", ROLE]
    with subprocess.Popen(
        command, cwd=PROJECT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr
        process.stderr.readline()
        seconds = time.monotonic() - began
        process.stderr.read()
    return seconds


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
