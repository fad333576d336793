"""Which lines are events: the script's eye for them, tried by what Fluent Bit ships."""

import json

import pytest

from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from tests.pipeline.conftest import NodeFactory

pytestmark = pytest.mark.pipeline

EVENTS = (
    '{"rule":"first"}',
    '{"rule" : "spaced"}',
    '{"output_fields":{"proc.name":"rule","fd.name":"x}"},"rule":"after the word"}',
    '{"output":"say \\"rule\\": no","rule":"after an escaped one"}',
    '{"myrule":"x","rule":"after a longer key"}',
)
OTHERS = (
    "",
    "rule",
    "Events detected: 1",
    '["rule":1]',
    '{"output":"rule"}',
    '{"myrule":"x"}',
    '{"output":"a \\"rule\\": b"}',
    '{"rule":"cut off"',
    '"rule":"no beginning"}',
)


def test_events_are_told_from_other_lines(new_node: NodeFactory, destination: Destination) -> None:
    node = new_node("ecs")
    node.fluent_bit.start()
    for line in (*OTHERS, *EVENTS):
        node.write(line)
    node.write(EVENTS[0], stream="stderr")
    assert wait_until(lambda: len(destination.messages()) >= len(EVENTS), 30)
    shipped = [json.loads(message)["rule"] for message in destination.messages()]
    assert shipped == [json.loads(line)["rule"] for line in EVENTS]
