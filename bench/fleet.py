"""What previews of many stacks at once take, beside one preview: wall time, memory, time to the first line.

And what the policy pack adds to one preview. Run inside the local cloud's shell:
`make bench-fleet STACKS=N`, 40 by default, over 20 accounts and 5 regions. Each stack
adopts an ECS cluster.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from bench.process_tree import children_cpu, tree_mib
from falco_firelens.fleet import AssumedRole, Event, Fleet, Stack
from localcloud.accounts import CLUSTER, ROLE, Accounts

PROJECT = Path(__file__).resolve().parents[1]
ACCOUNTS = [f"{number:02}" * 6 for number in range(10, 30)]
REGIONS = ("eu-west-1", "us-east-2", "ap-southeast-2", "eu-central-1", "us-west-2")
SAMPLE_SECONDS = 0.25
RUNS = 3
"""Of what is measured alone, of which the median is taken."""


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and CPU time, and MiB: the most of this process, and the most of each operation's processes.

    An operation's processes are its engine with the program, the plugins and the policy pack; what they share counts
    for each of them.
    """

    wall: float
    cpu: float
    own_mib: float
    operations_mib: tuple[float, ...]

    @property
    def operation_mib(self) -> float:
        """The median of the operations' peaks."""
        return statistics.median(self.operations_mib)


def main(count: int) -> int:
    """Measure and print."""
    accounts = Accounts(os.environ)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(count):
            _write(folder, accounts, f"s{index:03}", ACCOUNTS[index % 20], REGIONS[index // 20 % 5])
        first = statistics.median(_first_line(folder) for _ in range(RUNS))
        stacks = Fleet(folders=[folder]).stacks()
        bare = _one_at_a_time(Fleet(folders=[folder], credentials=_role, concurrency=1, policy=False), stacks)
        single = _one_at_a_time(Fleet(folders=[folder], credentials=_role, concurrency=1), stacks)
        many = _previews(Fleet(folders=[folder], credentials=_role), stacks)
    cores = os.cpu_count() or 1
    print("| | wall s | CPU s | an operation's processes MiB | this process MiB |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for title, cost in (
        ("one preview, `--no-policy`", bare),
        ("one preview", single),
        (f"{count} previews, {cores} at a time", many),
    ):
        print(f"| {title} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.operation_mib:.0f} | {cost.own_mib:.0f} |")
    print(f"ratio to {count} x one / {cores} cores: {many.wall / (count * single.wall / cores):.2f}")
    print(f"most of any one operation: {max(many.operations_mib):.0f} MiB")
    print(f"first line after {first:.2f} s")
    return 0


def _one_at_a_time(fleet: Fleet, stacks: list[Stack]) -> Cost:
    """Return the medians of single previews."""
    costs = [_previews(fleet, [stack]) for stack in stacks[:RUNS]]
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.own_mib for cost in costs),
        tuple(cost.operation_mib for cost in costs),
    )


def _role(stack: Stack) -> AssumedRole:
    return AssumedRole(ROLE.format(account=stack.account))


def _write(folder: Path, accounts: Accounts, name: str, account: str, region: str) -> None:
    accounts.with_cluster(account, region)
    clusters = [{"name": "jobs", "platform": "ecs", "existing": {"cluster": CLUSTER}}]
    config = {"aws:region": region, "falco-firelens:account": account, "falco-firelens:clusters": clusters}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))


def _previews(fleet: Fleet, stacks: list[Stack]) -> Cost:
    peaks: defaultdict[int, float] = defaultdict(float)
    own, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal own
        while not done.wait(SAMPLE_SECONDS):
            own = max(own, psutil.Process().memory_info().rss / 2**20)
            for engine in _engines():
                peaks[engine] = max(peaks[engine], tree_mib(engine))

    watching = threading.Thread(target=watch)
    watching.start()
    began, cpu_before = time.monotonic(), children_cpu()
    results = fleet.preview(stacks, on_progress=_ignore)
    seconds = time.monotonic() - began
    done.set()
    watching.join()
    failed = [result for result in results if not result.ok]
    if failed:
        raise SystemExit(f"{failed[0].stack}: {failed[0].error}")
    # A stack that is not there yet has a small engine before its own, which finds that out.
    operations = sorted(peaks.values())[-len(stacks) :]
    return Cost(seconds, children_cpu() - cpu_before, own, tuple(operations))


def _engines() -> list[int]:
    """Return the engines of operations; other commands, such as `stack init`, are short and small."""
    found: list[int] = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "--event-log" in child.cmdline():
                found.append(child.pid)
    return found


def _ignore(_: Event) -> None:
    pass


def _first_line(folder: Path) -> float:
    """Seconds from the command's start to its first line of progress."""
    began = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "falco_firelens",
        "fleet",
        "preview",
        "s000",
        "--folder",
        str(folder),
        "--role",
        ROLE,
    ]
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
