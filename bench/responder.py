"""Measures the response function beside a bare handler: `make bench-responder`.

Import time and memory are of fresh processes of this machine's Python, not of Lambda's. The 10,000 events are read,
matched, sorted into cases and guarded for 50 pods, with actions and ledger that do nothing: what is left is ours.
The large pod has forty containers with 10 MiB of log each, behind an API server made up on this machine, and moto.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from falco_firelens.responder.actions.registry import ACTIONS
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import pack, parse_delivery
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.responder import Responder
from tests.unit.responder.events import MemoryLedger, acting, configuration, document, playbook
from tests.unit.responder.large_pod import LINE, Run, respond

RUNS = 5
EVENTS = 10_000

LOADED = {
    "bare handler": "pass",
    "bare handler with boto3": "import boto3",
    "response function": "import falco_firelens.responder.handler",
    "response function, first Kubernetes action": (
        "import falco_firelens.responder.handler, falco_firelens.responder.actions.kubernetes"
    ),
}

_MEASURE = """
import re, time
began = time.process_time()
{code}
used = time.process_time() - began
print(used, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def imported(code: str) -> tuple[float, float]:
    """Median processor seconds and MiB of a fresh process that imports this."""
    runs = [
        subprocess.run([sys.executable, "-c", _MEASURE.format(code=code)], capture_output=True, text=True, check=True)
        for _ in range(RUNS)
    ]
    seconds, memory = zip(*(map(float, run.stdout.split()) for run in runs), strict=True)
    return statistics.median(seconds), statistics.median(memory)


def storm() -> tuple[float, float]:
    """Seconds for one delivery of all events, and for one of a single event, median of several."""
    many = pack([json.dumps(document(pod=f"web-{n % 50}", output=str(n))) for n in range(EVENTS)], "eks/node-1")
    one = pack([json.dumps(document())], "eks/node-1")
    return _answered(many, RUNS), _answered(one, 200)


def _nothing(_context: object) -> Done:
    return Done("nothing")


def _answered(payload: dict[str, object], runs: int) -> float:
    times: list[float] = []
    for _ in range(runs):
        plan = configuration(playbook(actions=["evidence", "isolate", "notify"], most_targets=50))
        actions = acting(**dict.fromkeys(ACTIONS, _nothing))
        responder = Responder(plan, None, MemoryLedger(), Environment(), actions=actions)  # pyright: ignore[reportArgumentType]
        began = time.process_time()
        list(responder.answer(parse_delivery(payload).events))
        times.append(time.process_time() - began)
    return statistics.median(times)


def large_pod() -> Run:
    """Return what a pod of forty containers, with as much log as a kubelet keeps by default, takes to be answered."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        return respond(Path(folder), patch, 40, LINE * (10 * 2**20 // len(LINE)))


def main() -> None:
    """Print the tables of docs/performance.md."""
    print("| loaded | CPU s | MiB |\n| --- | ---: | ---: |")
    for name, code in LOADED.items():
        seconds, memory = imported(code)
        print(f"| {name} | {seconds:.2f} | {memory:.0f} |")
    many, one = storm()
    print(f"\none delivery of {EVENTS} events: {many:.2f} s, {many / EVENTS * 1e6:.0f} µs an event")
    print(f"one delivery of one event: {one * 1000:.2f} ms")
    large = large_pod()
    kept = sum(large.files.values()) / 2**20
    print(f"a large pod: {large.seconds:.1f} s, {kept:.0f} MiB of evidence, peak memory {large.mebibytes:.0f} MiB")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
