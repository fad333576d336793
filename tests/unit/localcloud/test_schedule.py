"""The stand-in for EventBridge's schedules: which rules are due, and whom they call."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.events.models import events_backends

from localcloud.aws.functions import schedule
from localcloud.aws.functions.schedule import Schedules, period

ACCOUNT, REGION = "123456789012", "eu-west-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:watch"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/often"


class Calls:
    """What was called, with which payload."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []

    def accept(self, known: Any, payload: str) -> None:
        self.made.append(json.loads(payload))


class Policy:
    """A function's policy, as moto has it."""

    def __init__(self, source: str) -> None:
        condition = {"ArnLike": {"AWS:SourceArn": source}}
        principal = {"Service": "events.amazonaws.com"}
        allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction"}
        self.statements = [{**allow, "Principal": principal, "Condition": condition}]


class World:
    """One rule, and a time of the test's own."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now, self.calls = 1000.0, Calls()
        self.function: Any = type("Function", (), {"policy": Policy(RULE)})()
        patch.setattr(schedule, "now", lambda: self.now)
        lambdas = type(
            "Lambdas", (), {"get_function_by_arn": lambda _, arn: self.function if arn == FUNCTION else None}
        )
        patch.setattr(schedule, "get_backend", lambda *_: lambdas())
        self.events: Any = events_backends[ACCOUNT][REGION]
        self.schedules = Schedules(self.calls)  # pyright: ignore[reportArgumentType]
        self.rule("rate(15 minutes)")

    def rule(self, expression: str, **keys: str) -> None:
        self.events.put_rule(name="often", scheduled_expression=expression, **keys)
        self.events.put_targets("often", "default", [{"Id": "watch", "Arn": FUNCTION}])

    def look(self, seconds: float = 0) -> int:
        """How many calls there have been some time later."""
        self.now += seconds
        self.schedules.look()
        return len(self.calls.made)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with mock_aws():
        yield World(monkeypatch)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(2 hours)", 7200),
        ("rate(1 day)", 86_400),
        ("cron(0 12 * * ? *)", None),
        (None, None),
    ],
)
def test_rates_have_a_period_and_other_schedules_none(expression: str | None, seconds: int | None) -> None:
    assert period(expression) == seconds


def test_a_rule_calls_when_its_period_is_over_and_then_again(world: World) -> None:
    assert world.look() == 0
    assert world.look(899) == 0
    assert world.look(1) == 1
    assert world.look(899) == 1
    assert world.look(1) == 2
    assert world.calls.made[0]["detail-type"] == "Scheduled Event"
    assert world.calls.made[0]["time"] == "1970-01-01T00:31:40Z"
    assert world.calls.made[0]["resources"] == [RULE]


def test_a_clock_that_is_set_ahead_by_days_makes_one_call(world: World) -> None:
    world.look()
    assert world.look(7 * 86_400) == 1


def test_a_rule_that_is_off_or_gone_calls_nothing(world: World) -> None:
    world.look()
    world.rule("rate(15 minutes)", state="DISABLED")
    assert world.look(900) == 0
    world.events.remove_targets("often", "default", ["watch"])
    world.events.delete_rule("often", "default")
    assert world.look(900) == 0


def test_a_function_that_does_not_let_the_rule_is_not_called(world: World) -> None:
    world.function.policy = Policy(f"{RULE}-of-another")
    world.look()
    assert world.look(900) == 0
