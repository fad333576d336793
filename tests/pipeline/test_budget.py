"""A budget of events in the real Fluent Bit: what is beyond it is left out and counted, and nothing else is."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from falco_firelens.contract import Platform
from falco_firelens.sensor.model import LEFT_OUT_RULE
from testbed import Node
from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from testbed.samples import numbered_event
from tests.pipeline.conftest import LOG_GROUP, STREAMS, NodeFactory

pytestmark = pytest.mark.pipeline

BUDGET, STORM, SECONDS = 5, 400, 40
SHORT = {"MINUTE = 60": "MINUTE = 3", "SILENCE = 600": "SILENCE = 6"}


def sooner(text: str) -> str:
    for long, short in SHORT.items():
        text = text.replace(long, short)
    return text


def write(node: Node, number: int, **keys: Any) -> None:
    noise = {"rule": "Noise", "priority": "Notice", "source": "syscall", "output_fields": {"container.id": "4f1c"}}
    event = {**json.loads(numbered_event(number)), **noise, **keys}
    node.write(json.dumps(dict(sorted(event.items())), separators=(",", ":")))


@pytest.mark.parametrize("platform", ["eks", "ecs"])
@pytest.mark.parametrize("firehose", [False, True])
def test_a_storm_is_cut_and_what_is_grave_arrives(
    platform: Platform, firehose: bool, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node(platform, streams=STREAMS[:1] if firehose else (), budget=BUDGET, change=sooner)
    node.fluent_bit.start()
    for number in range(STORM):
        write(node, number)
        if number % 10 == 0:
            write(node, STORM + number, rule="Attack", priority="Critical")

    def arrived(rule: str) -> list[dict[str, Any]]:
        found = map(json.loads, destination.messages(f"{LOG_GROUP}:shop/{node.name}"))
        return [event for event in found if event["rule"] == rule]

    def counted() -> int:
        return sum(event["output_fields"].get("event.left_out", 0) for event in arrived("Noise"))

    assert wait_until(lambda: len(arrived("Attack")) == STORM // 10, SECONDS)
    time.sleep(4)  # longer than the window and than Flush
    write(node, 2 * STORM)
    assert wait_until(lambda: counted() + len(arrived("Noise")) == STORM + 1, SECONDS)
    assert len(arrived("Noise")) <= 4 * BUDGET, "a slow machine has more than one window"
    if firehose:
        assert wait_until(lambda: _left_out(destination.messages(STREAMS[0].name)) == counted(), SECONDS)


@pytest.mark.parametrize("platform", ["eks", "ecs"])
def test_a_storm_that_ends_is_told(platform: Platform, new_node: NodeFactory, destination: Destination) -> None:
    node = new_node(platform, budget=BUDGET, change=sooner)
    node.fluent_bit.start()
    for number in range(STORM):
        write(node, number)

    def told() -> int:
        """On ECS nothing but a record makes the script look: here, as later, a heartbeat."""
        write(node, STORM, rule="Falco internal: metrics snapshot", source="internal")
        found = [json.loads(message) for message in destination.messages()]
        return sum(event["output_fields"].get("event.left_out", 0) for event in found if event["rule"] == LEFT_OUT_RULE)

    assert wait_until(lambda: told() > STORM // 2, SECONDS, interval=1)


def _left_out(messages: Iterable[str]) -> int:
    return sum(json.loads(message)["output_fields"].get("event.left_out", 0) for message in messages)
