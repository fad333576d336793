"""Sends numbered events through a node while all that can go wrong there does, and counts what arrives."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from testbed.node import EcsNode, KubernetesNode, Node
from testbed.samples import number_of, numbered_event, reports_a_loss

KILLS = 2
"""How often Fluent Bit is killed in one run."""

OVERSIZED = 2_000_000
"""Characters of an event that CloudWatch Logs would not take (1 MiB): it arrives shortened, with an event about it."""

LARGE = 100_000
"""Characters of an event that is cut into parts on its way."""

_BURST = 100
_PAUSE_SECONDS = 0.08
_STILL_SECONDS = 5
"""Nothing more is coming when for so long nothing has come and Fluent Bit has had nothing to send."""

_PATIENCE_SECONDS = 90


class Outcome(NamedTuple):
    """The fate of the events: `lost` and `twice` are their numbers, `strange` is what arrived beside them.

    Beside them may be what is said about the one that is too long.
    """

    sent: int
    lost: frozenset[int]
    twice: frozenset[int]
    strange: tuple[str, ...]


Step = tuple[int, Callable[[], None]]
"""Something that happens when so many percent of the events have been written."""


def run(node: Node, destination: Destination, events: int, *, number_of: Callable[[str], int] = number_of) -> Outcome:
    """Write that many events through all faults, wait for what arrives, and count.

    The node's Fluent Bit must not have been started. Events are written while it is dead, too. `number_of` finds an
    event's number in what arrives, and raises ValueError, KeyError or TypeError where there is none.
    """
    write(node, events, everything(node, destination))
    return count(node, destination, events, number_of=number_of)


def write(node: Node, events: int, steps: Iterable[Step]) -> None:
    """Start Fluent Bit, and write that many numbered events with the steps among them."""
    schedule = {events * percent // 100: step for percent, step in steps}
    node.fluent_bit.start()
    for number in range(events):
        if number in schedule:
            schedule[number]()
        node.write(numbered_event(number, padding=LARGE if number % 4001 == 4000 else 0))
        if number % _BURST == 0:
            time.sleep(_PAUSE_SECONDS)


def count(
    node: Node,
    destination: Destination,
    events: int,
    *,
    place: str | None = None,
    number_of: Callable[[str], int] = number_of,
) -> Outcome:
    """Wait until all events are at one place, or anywhere, or nothing more is coming."""
    arrived: Counter[int] = Counter()
    strange: list[str] = []
    read = 0
    started = newest = time.monotonic()
    while len(arrived) < events and newest - started < _PATIENCE_SECONDS:
        messages = destination.messages(place)[read:]
        read += len(messages)
        for message in messages:
            newest = time.monotonic()
            try:
                number = number_of(message)
            except (ValueError, KeyError, TypeError):
                if not reports_a_loss(message):
                    strange.append(message)
            else:
                if number >= 0:
                    arrived[number] += 1
        if node.fluent_bit.unsent() != 0:
            newest = time.monotonic()
        elif time.monotonic() - newest > _STILL_SECONDS:
            break
        time.sleep(0.2)
    twice = frozenset(number for number, times in arrived.items() if times > 1)
    return Outcome(events, frozenset(range(events)) - arrived.keys(), twice, tuple(strange))


def everything(node: Node, destination: Destination) -> tuple[Step, ...]:
    """All that can go wrong, in turn, some of it while something else is wrong."""
    return (
        (5, lambda: _write_what_is_no_event(node)),
        (10, lambda: destination.set_fault("refused")),
        (20, lambda: destination.set_fault("none")),
        (25, node.fluent_bit.kill),
        (28, lambda: _rotate(node)),
        (32, node.fluent_bit.start),
        (36, lambda: destination.set_fault("throttled")),
        (45, node.fluent_bit.kill),
        (50, node.fluent_bit.start),
        (52, lambda: destination.set_fault("none")),
        (55, lambda: destination.set_fault("error")),
        (60, lambda: _rotate(node)),
        (65, lambda: destination.set_fault("none")),
        (72, lambda: _stop(node)),
        (76, lambda: _rotate(node)),
        (80, node.fluent_bit.start),
        (90, lambda: _write_what_is_no_event(node)),
    )


def _write_what_is_no_event(node: Node) -> None:
    """Falco's own words on both streams, damaged events, and one that no destination takes."""
    node.write("Wed Nov 24 11:22:33 2027: Falco version: 0.45.0 (x86_64)", stream="stderr")
    node.write(numbered_event(-1), stream="stderr")
    for text in (
        "Events detected: 42",
        "",
        "{",
        '{"rule":',
        '{"no": "event"}',
        '["rule"]',
        "\x00\x1b[31m\\",
        '{"rule":"x"',
    ):
        node.write(text)
    node.write(numbered_event(-2, padding=OVERSIZED))
    if isinstance(node, KubernetesNode):
        node.log.write_raw(b"no line of any runtime\n\xff\xfe\n")


def _rotate(node: Node) -> None:
    if isinstance(node, KubernetesNode):
        node.log.rotate()


def _stop(node: Node) -> None:
    """As in a rolling update: on ECS, Falco has stopped before the log router is asked to."""
    if isinstance(node, EcsNode):
        wait_until(lambda: node.driver.waiting() == 0, 30)
        time.sleep(0.5)
    node.fluent_bit.stop()
