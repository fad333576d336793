"""What arrives is the event of the contract, whatever stands beside it, and each destination is on its own."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from falco_firelens.contract import Platform
from falco_firelens.responder.event import pack, parse_delivery
from testbed import KubernetesNode, Node, sample_events
from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from testbed.samples import number_of, numbered_event
from tests.pipeline.conftest import LOG_GROUP, STREAMS, NodeFactory

pytestmark = pytest.mark.pipeline

PLATFORMS: tuple[Platform, ...] = ("eks", "ecs")
SECONDS = 40
ENDS = ((1, 1), (1, 31), (2, 28), (3, 1), (4, 30), (8, 31), (12, 31))


def arrived(destination: Destination, count: int, place: str | None = None) -> list[str]:
    """The messages, once that many are there; fewer when they do not come."""
    wait_until(lambda: len(destination.messages(place)) >= count, SECONDS)
    time.sleep(1.5)  # longer than Flush: what should not come would have come
    return destination.messages(place)


def group(node: Node) -> str:
    return f"{LOG_GROUP}:shop/{node.name}"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("firehose", [False, True])
def test_an_event_is_falcos_json_and_the_cluster(
    platform: Platform, firehose: bool, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node(platform, streams=STREAMS[:1] if firehose else ())
    node.fluent_bit.start()
    lines = sample_events("node-of-falco")
    for line in lines:
        node.write(line)
    cluster = {
        "name": "shop",
        "platform": platform,
        "account": "123456789012",
        "region": "eu-west-1",
        "node": node.name,
    }
    expected = [{"cluster": cluster, **json.loads(line)} for line in lines]
    assert _by_rule(map(json.loads, arrived(destination, len(lines), group(node)))) == _by_rule(expected)
    if firehose:
        shipped = arrived(destination, len(lines), STREAMS[0].name)
        assert all(message.endswith("\n") for message in shipped)
        assert _by_rule(map(json.loads, shipped)) == _by_rule(expected)
    else:
        assert all(line[1:] in "".join(destination.messages()) for line in lines)  # to the byte
    # What the response's function is called with is what it knows as an event.
    delivery = parse_delivery(pack(destination.messages(group(node)), f"shop/{node.name}"))
    assert not delivery.set_aside
    assert {(one.cluster, one.platform, one.node) for one in delivery.events} == {("shop", platform, node.name)}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_time_is_falcos(platform: Platform, new_node: NodeFactory, destination: Destination) -> None:
    """Also where it is not the last key, where JSON is spaced otherwise, and to the day over two weeks."""
    node = new_node(platform)
    node.fluent_bit.start()
    now = time.time_ns() // 10**9
    expected: set[int] = set()
    for hours in range(0, 13 * 24, 7):
        seconds = now - hours * 3600
        moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.123456789Z"
        event = {**json.loads(sample_events("x")[0]), "time": moment}
        node.write(json.dumps(event if hours % 2 else {**event, "zone": "last"}))
        expected.add(seconds * 1000 + 123)
    arrived(destination, len(expected))
    assert {event.timestamp for event in destination.received} == expected


def test_days_are_counted_as_the_calendar_does(new_node: NodeFactory, destination: Destination) -> None:
    """Leap years and ends of months, at an endpoint that takes any time."""
    destination.any_time = True
    node = new_node("eks")
    node.fluent_bit.start()
    days = [datetime(year, month, day, tzinfo=UTC) for year in (2024, 2026, 2028, 2100) for month, day in ENDS]
    for day in days:
        node.write(json.dumps({"rule": "x", "time": f"{day:%Y-%m-%dT%H:%M:%S}Z"}))
    arrived(destination, len(days))
    assert {event.timestamp for event in destination.received} == {int(day.timestamp()) * 1000 for day in days}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("size", [16_000, 17_000, 60_000, 800_000])
def test_a_long_event_is_whole(platform: Platform, size: int, new_node: NodeFactory, destination: Destination) -> None:
    node = new_node(platform)
    node.fluent_bit.start()
    lines = [numbered_event(number, padding=size + number) for number in range(3)]
    for line in lines:
        node.write(line)
    messages = [json.loads(message) for message in arrived(destination, 3)]
    for message in messages:
        del message["cluster"]
    assert _by_rule(messages) == _by_rule(map(json.loads, lines))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_destination_down_neither_stops_nor_loses_another(
    platform: Platform, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node(platform, streams=STREAMS)
    destination.set_fault("error", "Logs")
    node.fluent_bit.start()
    for number in range(200):
        node.write(numbered_event(number))
    for stream in STREAMS:
        assert _numbers(arrived(destination, 200, stream.name)) == set(range(200))
    assert not destination.messages(group(node))
    node.fluent_bit.kill()
    destination.set_fault("none", "Logs")
    node.fluent_bit.start()
    assert _numbers(arrived(destination, 200, group(node))) == set(range(200))


def test_half_a_firehose_batch_is_sent_again(new_node: NodeFactory, destination: Destination) -> None:
    node = new_node("eks", streams=STREAMS[:1])
    destination.set_fault("partial", "Firehose")
    node.fluent_bit.start()
    for number in range(300):
        node.write(numbered_event(number))
    assert wait_until(lambda: destination.answers["PutRecordBatch 200"] >= 1, SECONDS)
    destination.set_fault("none", "Firehose")
    wait_until(lambda: _numbers(destination.messages(STREAMS[0].name)) == set(range(300)), SECONDS)
    assert _numbers(destination.messages(STREAMS[0].name)) == set(range(300))


def test_a_group_that_does_not_exist_yet_is_waited_for(new_node: NodeFactory, destination: Destination) -> None:
    destination.groups.clear()
    node = new_node("eks")
    node.fluent_bit.start()
    node.write(numbered_event(1))
    assert wait_until(lambda: destination.answers["CreateLogStream ResourceNotFoundException"] >= 1, SECONDS)
    destination.groups.add(LOG_GROUP)
    assert _numbers(arrived(destination, 1)) == {1}


def test_rotated_files_are_read_wholly(new_node: NodeFactory, destination: Destination) -> None:
    """Also what was rotated while Fluent Bit was away; and a file is let go of when it is deleted.

    That it is not let go of earlier, which would be to read it again, takes too long to be seen here: the unit tests
    hold `Rotate_Wait` to it.
    """
    node = new_node("eks")
    assert isinstance(node, KubernetesNode)
    node.write(numbered_event(0))
    node.log.rotate()
    node.write(numbered_event(1))
    node.write(numbered_event(2))
    node.fluent_bit.start()
    assert _numbers(arrived(destination, 3)) == {0, 1, 2}
    node.log.rotate()
    node.write(numbered_event(3))
    node.write(numbered_event(4))
    time.sleep(6)  # longer than Refresh_Interval
    assert sorted(map(number_of, arrived(destination, 5))) == [0, 1, 2, 3, 4]
    node.log.rotate()
    node.write(numbered_event(5))
    node.log.restart()
    node.write(numbered_event(6))
    assert sorted(map(number_of, arrived(destination, 7))) == [0, 1, 2, 3, 4, 5, 6]
    assert wait_until(lambda: not any("(deleted)" in path for path in node.fluent_bit.open_files()), SECONDS)


def test_a_restart_reads_at_most_the_last_rotated_file_again(new_node: NodeFactory, destination: Destination) -> None:
    """A stopping Fluent Bit forgets the positions of files that were rotated under it: rather twice than never."""
    node = new_node("eks")
    assert isinstance(node, KubernetesNode)
    node.fluent_bit.start()
    node.write(numbered_event(0))
    node.log.rotate()
    node.write(numbered_event(1))
    node.write(numbered_event(2))
    assert _numbers(arrived(destination, 3)) == {0, 1, 2}
    node.fluent_bit.stop()
    node.write(numbered_event(3))
    node.fluent_bit.start()
    assert _numbers(arrived(destination, 4)) == {0, 1, 2, 3}
    assert sorted(map(number_of, destination.messages())) in ([0, 0, 1, 1, 2, 3], [0, 1, 2, 3])


def test_only_falcos_own_container_is_read(new_node: NodeFactory, destination: Destination) -> None:
    node = new_node("kubernetes")
    assert isinstance(node, KubernetesNode)
    pods = node.log.directory.parent.parent
    for pod, container in (
        ("falco_fluent-bit-x_1", "fluent-bit"),
        ("falco_falco-y_1", "falcoctl"),
        ("shop_falco-z_1", "falco"),
    ):
        (pods / pod / container).mkdir(parents=True)
        (pods / pod / container / "0.log").write_text(f"2026-01-01T00:00:00Z stdout F {numbered_event(1)}\n")
    node.fluent_bit.start()
    node.write(numbered_event(2))
    assert _numbers(arrived(destination, 1)) == {2}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_listens_to_the_network(platform: Platform, new_node: NodeFactory) -> None:
    node = new_node(platform)
    node.fluent_bit.start()
    assert node.fluent_bit.listening()
    assert all(address.startswith("127.0.0.1:") for address in node.fluent_bit.listening())


def _by_rule(events: Any) -> dict[str, Any]:
    return {event["rule"]: event for event in events}


def _numbers(messages: list[str]) -> set[int]:
    return set(map(number_of, messages))
