"""What our components cost a preview, and how it grows with the clusters of a stack.

`make bench-preview` runs it. In one run, on one machine:
an empty program; the dev stack's resources as a user would write them by hand; the dev stack; and stacks of 1, 10, 20
and 30 clusters, 30 being the most that a stack may have. `make bench-preview DEV=1` leaves out those that grow.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import yaml

from bench import by_hand
from bench.process_tree import Usage, measure

PROJECT = Path(__file__).resolve().parents[1]
RUNS = 3
"""Of the small programs, of which the median is taken; the stacks that grow run once."""
CLUSTERS = (1, 10, 20, 30)
NO_CHECKPOINTS = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""With state in files, the engine writes all of it again after each resource, in a preview too, which saves none.

That would be measured instead of us: docs/performance.md has the figures with it.
"""
STACK = "measured"
LANGUAGE_HOST = "pulumi-language-python-exec"
"""A part of the command line of the process that runs the program."""


@dataclass(frozen=True)
class Row:
    """The median of a program's previews."""

    name: str
    resources: int
    wall: float
    cpu: float
    program_mib: float
    whole_mib: float

    def __str__(self) -> str:
        return (
            f"| {self.name} | {self.resources} | {self.wall:.1f} | {self.cpu:.1f} "
            f"| {self.program_mib:.0f} | {self.whole_mib:.0f} |"
        )


def main() -> int:
    """Measure and print a table in Markdown."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        print('This needs the local cloud: make up && eval "$(make -s env)"', file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        dev = PROJECT / "Pulumi.dev.yaml"
        plan = plan_of(scratch / "plan", dev)
        print("| program | resources | wall s | CPU s | program MiB | all processes MiB |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
        rows: list[Row] = []
        for program in (
            lambda: empty(scratch / "empty"),
            lambda: handwritten(scratch / "by-hand", plan),
            lambda: ours("dev stack", scratch / "dev", dev, RUNS),
            *(
                partial(ours, f"{count} clusters", scratch / f"{count}", stack_file(scratch, count), 1)
                for count in (() if "--dev" in sys.argv else CLUSTERS)
            ),
        ):
            rows.append(program())
            print(rows[-1], flush=True)
    empty_row, hand_row, dev_row = rows[:3]
    print(f"\nThe dev stack takes {dev_row.cpu / hand_row.cpu:.2f} times the CPU of its resources by hand, ", end="")
    print(f"and {dev_row.cpu / empty_row.cpu:.2f} times that of an empty program.")
    return 0


def stack_file(scratch: Path, count: int) -> Path:
    """Return a stack file with as many created clusters, EKS and ECS in turn."""
    clusters = [{"name": f"c{index}", "platform": ("eks", "ecs")[index % 2]} for index in range(count)]
    file = scratch / f"Pulumi.clusters{count}.yaml"
    file.write_text(yaml.safe_dump({"config": {"aws:region": "eu-west-1", "falco-firelens:clusters": clusters}}))
    return file


def plan_of(folder: Path, config: Path) -> list[by_hand.Planned]:
    """Preview every resource that the stack would create."""
    with project_stack(folder, config) as options:
        shown = json.loads(_pulumi(PROJECT, "preview", *options, "--json"))
    states = (step["newState"] for step in shown["steps"] if "newState" in step)
    return [by_hand.Planned(state["type"], state["urn"], state.get("inputs", {})) for state in states]


def empty(folder: Path) -> Row:
    """Return a program that does nothing."""
    return _in_folder("empty program", folder, "import pulumi\n")


def handwritten(folder: Path, plan: list[by_hand.Planned]) -> Row:
    """Measure the same resources by the SDKs' classes, without our components, settings and rendering."""
    return _in_folder("the same resources by hand", folder, by_hand.program(plan))


def ours(title: str, folder: Path, config: Path, runs: int) -> Row:
    """Return this project's program with a stack file."""
    with project_stack(folder, config) as options:
        return _row(title, lambda: _preview(PROJECT, *options), runs)


def _in_folder(title: str, folder: Path, program: str) -> Row:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
    (folder / "__main__.py").write_text(program)
    (folder / f"Pulumi.{STACK}.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    with stack(folder) as options:
        return _row(title, lambda: _preview(folder, *options))


def _row(title: str, run: Callable[[], Usage], count: int = RUNS) -> Row:
    runs = [run() for _ in range(count)]
    summary = json.loads(runs[0].output[runs[0].output.index("{") :])["changeSummary"]

    def median(figure: Callable[[Usage], float]) -> float:
        return statistics.median(map(figure, runs))

    return Row(
        title,
        summary.get("create", 0),
        median(lambda usage: usage.wall),
        median(lambda usage: usage.cpu),
        median(lambda usage: usage.picked_peak),
        median(lambda usage: usage.peak),
    )


def _preview(folder: Path, *options: str) -> Usage:
    command = ["pulumi", "preview", "--json", "--non-interactive", *options]
    return measure(command, cwd=folder, env=NO_CHECKPOINTS | os.environ, pick=LANGUAGE_HOST)


@contextmanager
def project_stack(folder: Path, config: Path) -> Generator[list[str]]:
    """Yield a stack of this project, whose stack file is a copy in `folder`: the engine writes into it."""
    folder.mkdir()
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    shutil.copy(config, folder / f"Pulumi.{STACK}.yaml")
    with stack(folder) as options:
        yield options


@contextmanager
def stack(folder: Path) -> Generator[list[str]]:
    """Yield a stack of the project in `folder`, removed afterwards, with the engine's options for it."""
    _pulumi(folder, "stack", "init", STACK, "--no-select")
    try:
        yield ["--stack", STACK, "--config-file", str(folder / f"Pulumi.{STACK}.yaml")]
    finally:
        _pulumi(folder, "stack", "rm", STACK, "--yes")


def _pulumi(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"], cwd=folder, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"pulumi {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
