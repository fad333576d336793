"""`make bench-pipeline` prints a Markdown table; Fluent Bit has to be on PATH."""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from bench.pipeline.contenders import CONTENDERS, Contender, running
from testbed import INSTALL_HINT, PipelineError, executable, faults
from testbed.fluent_bit import wait_until
from testbed.samples import numbered_event

_HEADER = (
    "platform",
    "configuration",
    "events/s",
    "CPU µs/event",
    "peak MiB",
    "lost under faults",
    "arrived twice",
)


class Speed(NamedTuple):
    """What shipping one event costs: events a second, microseconds of CPU, and the process's peak in MiB."""

    rate: float
    cpu: float
    memory: float


def speed(contender: Contender, events: int) -> Speed:
    """Ship that many events as fast as Fluent Bit takes them, with nothing going wrong.

    Raises PipelineError when they do not arrive.
    """
    lines = [numbered_event(number) for number in range(events)]
    with running(contender) as (node, destination):
        node.fluent_bit.start()
        # The seed's looks for new files every ten seconds only.
        node.write(numbered_event(events))
        copies = len(contender.places(node))
        if not wait_until(lambda: len(destination.received) == copies, 30):
            raise PipelineError(f"{contender}: nothing arrives: {node.fluent_bit.log_tail()}")
        before, started = node.fluent_bit.cpu(), time.monotonic()
        for line in lines:
            node.write(line)
        if not wait_until(lambda: len(destination.received) >= (events + 1) * copies, 120):
            arrived = len(destination.received) - copies
            raise PipelineError(f"{contender}: {arrived} of {events * copies} arrive: {node.fluent_bit.log_tail()}")
        seconds, cpu = time.monotonic() - started, node.fluent_bit.cpu() - before
        node.fluent_bit.stop()
        return Speed(events / seconds, cpu / events * 1e6, node.fluent_bit.usage.peak_memory / 2**20)


def median_speeds(contenders: Sequence[Contender], events: int, rounds: int) -> list[Speed]:
    """Return the median of each figure for each contender, who take turns so that all see the same machine."""
    turns = [[speed(contender, events) for contender in contenders] for _ in range(rounds)]
    return [Speed(*map(statistics.median, zip(*speeds, strict=True))) for speeds in zip(*turns, strict=True)]


def loss(contender: Contender, events: int) -> tuple[int, int]:
    """How many events do not arrive everywhere, and how many somewhere more than once, when everything goes wrong."""
    with running(contender) as (node, destination):
        faults.write(node, events, faults.everything(node, destination))
        outcomes = [
            faults.count(node, destination, events, place=place, number_of=contender.number_of)
            for place in contender.places(node)
        ]
        lost = frozenset[int]().union(*(outcome.lost for outcome in outcomes))
        return len(lost), len(frozenset[int]().union(*(outcome.twice for outcome in outcomes)))


def main() -> int:
    """Run all and print."""
    parser = argparse.ArgumentParser(prog="make bench-pipeline", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="events of one round of the speed test")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the speed test; prints the median")
    parser.add_argument("--faulty", type=int, default=20_000, help="events through all faults")
    platforms = sorted({contender.platform for contender in CONTENDERS})
    parser.add_argument("--platform", choices=platforms, help="of one platform only")
    arguments = parser.parse_args()
    if executable() is None:
        print(f"skipped: fluent-bit is not on PATH, see {INSTALL_HINT}", file=sys.stderr)
        return 0
    contenders = [each for each in CONTENDERS if arguments.platform in (None, each.platform)]
    speeds = median_speeds(contenders, arguments.events, arguments.rounds)
    print(f"| {' | '.join(_HEADER)} |")
    print(f"| --- | --- |{' ---: |' * (len(_HEADER) - 2)}")
    for contender, fast in zip(contenders, speeds, strict=True):
        lost, twice = loss(contender, arguments.faulty)
        cells = (
            contender.platform,
            contender.name,
            f"{fast.rate:,.0f}",
            f"{fast.cpu:.1f}",
            f"{fast.memory:.0f}",
            f"{lost:,} of {arguments.faulty:,}",
            f"{twice:,}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
