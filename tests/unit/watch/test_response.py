"""Whether events get to the response function: what the watch says when they do not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from falco_firelens.watch import metrics
from falco_firelens.watch.configuration import Response
from tests.unit.watch.world import LOG_GROUP, REGION, World, a_world

FUNCTION = "falco-unit-response"
PATTERN = '{ $.source != "internal" && ($.priority = "Critical") }'
ARN = f"arn:aws:lambda:{REGION}:123456789012:function:{FUNCTION}"
CRITICAL = {"rule": "x", "source": "syscall", "priority": "Critical"}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with a_world() as world:
        # moto looks for the function, and calls it; here only what is written of calls matters.
        monkeypatch.setattr("moto.logs.models.LogStream._send_log_events", lambda *_, **__: None)
        world.response = Response(FUNCTION, PATTERN)
        subscribe(world)
        world.passes(60)
        yield world


def subscribe(world: World, pattern: str = PATTERN, arn: str = ARN, name: str = FUNCTION) -> None:
    import moto.backends

    logs: Any = moto.backends.get_backend("logs")["123456789012"][REGION]  # pyright: ignore[reportArgumentType, reportCallIssue]
    logs.groups[LOG_GROUP].put_subscription_filter(name, pattern, arn, None)


def called(world: World) -> None:
    name = [{"Name": "FunctionName", "Value": FUNCTION}]
    datum = {"MetricName": "Invocations", "Value": 1, "Timestamp": datetime.fromtimestamp(world.now, UTC)}
    world.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[{**datum, "Dimensions": name}])


def missed(world: World) -> float:
    world.look()
    return world.metrics()[metrics.MISSED, ""]


def test_events_that_nobody_answers_are_missed(world: World) -> None:
    assert missed(world) == 0, "nothing came"
    world.write("dev/n-1", CRITICAL)
    assert missed(world) == 0, "it may still be on its way"
    world.passes(6)
    assert missed(world) == 1
    called(world)
    assert missed(world) == 0


def test_a_call_soon_after_the_event_is_enough(world: World) -> None:
    world.write("dev/n-1", CRITICAL)
    called(world)
    world.passes(20)
    assert missed(world) == 0
    world.passes(20)
    assert missed(world) == 0, "the event is older than what is looked at"


def test_other_events_need_no_answer(world: World) -> None:
    world.write("dev/n-1", {**CRITICAL, "priority": "Notice"})
    world.heartbeat("dev/n-1")
    world.passes(10)
    assert missed(world) == 0


def test_somebody_deletes_the_subscription_filter(world: World) -> None:
    world.client("logs").delete_subscription_filter(logGroupName=LOG_GROUP, filterName=FUNCTION)
    assert missed(world) == 1


def test_somebody_changes_the_subscription_filter(world: World) -> None:
    subscribe(world, pattern='{ $.rule = "never" }')
    assert missed(world) == 1
    subscribe(world, arn=f"{ARN}-of-mine")
    assert missed(world) == 1
    subscribe(world)
    assert missed(world) == 0


def test_what_came_before_the_filter_is_none_of_its_business(world: World) -> None:
    logs = world.client("logs")
    logs.delete_subscription_filter(logGroupName=LOG_GROUP, filterName=FUNCTION)
    world.write("dev/n-1", CRITICAL)
    world.passes(5)
    subscribe(world)
    world.passes(10)
    assert missed(world) == 0


def test_without_a_response_nothing_is_said_of_it(world: World) -> None:
    world.response = None
    world.look()
    assert (metrics.MISSED, "") not in world.metrics()
