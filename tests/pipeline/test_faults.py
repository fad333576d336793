"""20,000 events through each platform's configuration while everything goes wrong."""

from itertools import pairwise
from pathlib import Path

import pytest

from testbed import faults
from testbed.destination import Destination
from tests.pipeline.conftest import NodeFactory

pytestmark = pytest.mark.pipeline

EVENTS = 20_000

SOCKET_BUFFER = int(Path("/proc/sys/net/core/wmem_default").read_text())
SMALLEST_MESSAGE = 1280
"""Bytes of socket buffer that the kernel charges for the smallest sample: its allocation and the sk_buff."""

KILL_LOSS = 2 * SOCKET_BUFFER // SMALLEST_MESSAGE
"""Events that one `kill -9` can take on ECS: one buffer full in the socket, one full just read from it."""


def test_kubernetes_loses_nothing(new_node: NodeFactory, destination: Destination) -> None:
    outcome = faults.run(new_node("eks"), destination, EVENTS)
    assert not outcome.lost
    assert not outcome.strange
    assert len(outcome.twice) <= EVENTS // 4  # only what was under way at a kill


def test_ecs_loses_at_most_what_was_in_the_socket_at_a_kill(new_node: NodeFactory, destination: Destination) -> None:
    outcome = faults.run(new_node("ecs"), destination, EVENTS)
    assert not outcome.strange
    assert len(outcome.twice) <= EVENTS // 4
    assert len(outcome.lost) <= faults.KILLS * KILL_LOSS
    assert _runs(outcome.lost) <= faults.KILLS * 2  # no scattered losses: a socket's content at each kill


def _runs(numbers: frozenset[int]) -> int:
    """How many stretches of consecutive numbers there are."""
    return sum(1 for before, after in pairwise([-9, *sorted(numbers)]) if after != before + 1)
