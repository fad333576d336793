"""Takes one destination after another away from a node that ships to several, and looks after the others."""

from collections.abc import Iterator, Mapping
from functools import partial

from testbed.destination import Destination, Fault
from testbed.faults import Outcome, Step, count, write
from testbed.fluent_bit import wait_until
from testbed.node import Node
from testbed.samples import number_of, reports_a_loss

FAULTS: Mapping[str, tuple[Fault, ...]] = {
    "Logs": ("silent", "throttled", "error"),
    "Firehose": ("silent", "throttled", "error", "partial"),
}
"""How each service fails, one way after another."""

OPERATIONS: Mapping[str, str] = {"Logs": "PutLogEvents", "Firehose": "PutRecordBatch"}
"""What Fluent Bit asks of each."""

_FIRST, _LAST = 5, 95
"""Percent of the events between which somebody fails."""

_SECONDS = 60
"""How long a failure may last until somebody has met it, and the others may take for what has been written until then.

Twice what Fluent Bit waits at most before it tries again (`scheduler.cap`), as it may after the failure before.
"""


class Outages:
    """One run. `places` says by service where its events arrive.

    `held_up` says after the run who did not get everything while another one failed.
    """

    def __init__(self, node: Node, destination: Destination, places: Mapping[str, str]) -> None:
        self._node, self._destination, self._places = node, destination, places
        self.held_up: list[str] = []
        self._answered = 0

    def run(self, events: int) -> dict[str, Outcome]:
        """Write that many events while each service fails for a while, and count what arrives at each place.

        The node's Fluent Bit must not have been started.
        """
        write(self._node, events, self._steps(events))
        return {
            service: count(self._node, self._destination, events, place=place)
            for service, place in self._places.items()
        }

    def _steps(self, events: int) -> Iterator[Step]:
        turns: list[tuple[str, Fault]] = [(service, fault) for service in self._places for fault in FAULTS[service]]
        length = (_LAST - _FIRST) // len(turns)
        for turn, (service, fault) in enumerate(turns):
            begin = _FIRST + turn * length
            yield begin, partial(self._begin, service, fault)
            yield begin + length - 1, partial(self._end, service, events * (begin + length - 1) // 100)

    def _begin(self, failing: str, fault: Fault) -> None:
        self._destination.set_fault(fault, failing)
        self._answered = self._answers(failing)

    def _answers(self, service: str) -> int:
        said = list(self._destination.answers.items())
        return sum(number for answer, number in said if answer.startswith(OPERATIONS[service]))

    def _end(self, failing: str, written: int) -> None:
        """Not before it has failed somebody, and the others have everything that has been written."""
        if not wait_until(lambda: self._answers(failing) > self._answered, _SECONDS, interval=0.2):
            self.held_up.append(f"{failing} was asked nothing while it failed")
        for service in self._places.keys() - {failing}:
            if not wait_until(partial(self._has, service, written), _SECONDS, interval=0.2):
                self.held_up.append(f"{service} has not all of {written} events while {failing} fails")
        self._destination.set_fault("none", failing)

    def _has(self, service: str, written: int) -> bool:
        """Whether it has as many events as were written, beside what Fluent Bit reports of those that are not whole."""
        messages = self._destination.messages(self._places[service])
        return len({number_of(message) for message in messages if not reports_a_loss(message)}) >= written
