"""An event arrives whole, or shortened and told of, but never as a piece that is no JSON; and the log stays quiet."""

import json
import time
from typing import Any

import pytest

from falco_firelens.contract import Platform
from falco_firelens.sensor.model import NOT_WHOLE_RULE
from testbed import KubernetesNode, Node
from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from tests.pipeline.conftest import LOG_GROUP, STREAMS, NodeFactory
from tests.unit.sensor.fluent_bit_script import parts

pytestmark = pytest.mark.pipeline

SECONDS = 30
PLATFORMS: tuple[Platform, ...] = ("eks", "ecs")


def event(rule: str, output: str = "o") -> str:
    now = time.time_ns()
    moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now // 10**9))}.{now % 10**9:09d}"
    fields = {"evt.time.iso8601": now, "proc.name": "x"}
    line = {"hostname": "n", "output": f"{moment}+0000: Critical {output}", "output_fields": fields}
    last: dict[str, Any] = {"priority": "Critical", "rule": rule, "source": "syscall", "tags": [], "time": f"{moment}Z"}
    return json.dumps({**line, **last}, separators=(",", ":"), ensure_ascii=False)


def arrived(node: Node, destination: Destination, *rules: str) -> dict[str, Any]:
    """The events by rule, once these are there."""
    place = f"{LOG_GROUP}:shop/{node.name}"

    def by_rule() -> dict[str, Any]:
        return {each["rule"]: each for each in map(json.loads, destination.messages(place))}

    assert wait_until(lambda: set(rules) <= by_rule().keys(), SECONDS), node.fluent_bit.log_tail()
    time.sleep(1.5)  # longer than Flush: what should not come would have come
    return by_rule()


@pytest.mark.parametrize("cut", [90, 17_000, 40_000])
def test_an_event_that_is_split_over_a_rotation_arrives(
    cut: int, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node("eks")
    assert isinstance(node, KubernetesNode)
    node.fluent_bit.start()
    line = event("split", "ä" * cut).encode()
    node.write(event("before"))
    _write(node, line[:cut], last=False)
    node.log.rotate()
    node.log.reopen()
    _write(node, line[cut:], last=True)
    node.write(event("after"))
    found = arrived(node, destination, "before", "split", "after")
    assert found["split"].pop("cluster")
    assert found["split"] == json.loads(line)
    assert NOT_WHOLE_RULE not in found


def test_the_half_that_a_kill_leaves_is_told_of(new_node: NodeFactory, destination: Destination) -> None:
    node = new_node("eks")
    assert isinstance(node, KubernetesNode)
    node.fluent_bit.start()
    line = event("split", "x" * 500).encode()
    node.write(event("before"))
    _write(node, line[:300], last=False)
    arrived(node, destination, "before")
    node.fluent_bit.kill()
    node.fluent_bit.start()
    _write(node, line[300:], last=True)
    told = arrived(node, destination, NOT_WHOLE_RULE)[NOT_WHOLE_RULE]["output_fields"]
    assert (told["event.rule"], told["event.what"]) == ("split", "lost")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("firehose", [False, True])
@pytest.mark.parametrize("text", ['"' * 260_000, "x" * 1_030_000, "ä🦅" * 60_000])
def test_an_event_at_the_limit_is_never_cut(
    platform: Platform, firehose: bool, text: str, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node(platform, streams=STREAMS[:1] if firehose else ())
    node.fluent_bit.start()
    lines = {
        "long": event("long", text),
        "almost": event("almost", text[: len(text) * 7 // 10]),
        "after": event("after"),
    }
    for line in lines.values():
        node.write(line)
    found = arrived(node, destination, *lines, NOT_WHOLE_RULE)
    assert found["long"]["output_fields"]["event.shortened_from"] == len(lines["long"].encode())
    assert found[NOT_WHOLE_RULE]["output_fields"]["event.rule"] == "long"
    almost = found["almost"]
    assert almost.pop("cluster") and almost == json.loads(lines["almost"])
    if firehose:
        assert wait_until(lambda: len(destination.messages(STREAMS[0].name)) >= 4, SECONDS)
        assert {json.loads(each)["rule"] for each in destination.messages(STREAMS[0].name)} == found.keys()
    assert "Truncating" not in node.fluent_bit.log() and "Discarding" not in node.fluent_bit.log()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_dropped_on_purpose_is_no_error(
    platform: Platform, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node(platform)
    node.fluent_bit.start()
    for number in range(40):
        node.write(f"Falco's word number {number}")
        node.write(event("x"), stream="stderr")
    node.write(event("after"))
    arrived(node, destination, "after")
    assert "[error]" not in node.fluent_bit.log()


def _write(node: KubernetesNode, text: bytes, *, last: bool) -> None:
    pieces = parts(text)
    for number, piece in enumerate(pieces, 1):
        flag = "F" if last and number == len(pieces) else "P"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        node.log.write_raw(f"{stamp}.000000000Z stdout {flag} ".encode() + piece + b"\n")
