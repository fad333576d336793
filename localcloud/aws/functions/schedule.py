"""Rules of EventBridge that call functions by a schedule, on the local cloud's clock.

Of schedules `rate(…)` is known; a rule with another one is kept, and never due. A rule is due for the first time when
its period is over, and once only when the clock was set ahead by several periods.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.events.models import Rule, events_backends

from localcloud.aws.clock import now
from localcloud.aws.functions.asynchronous import AsynchronousCalls
from localcloud.aws.functions.subscription import may_invoke

EVENTS = "events.amazonaws.com"

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_LOOK_SECONDS = 1.0


def period(schedule: str | None) -> int | None:
    """Return the seconds of `rate(…)`; None for any other schedule."""
    found = _RATE.fullmatch(schedule or "")
    return int(found[1]) * _SECONDS[found[2]] if found else None


class Schedules:
    """One thread that looks which rules are due."""

    def __init__(self, calls: AsynchronousCalls) -> None:
        self._calls = calls
        self._due: dict[str, float] = {}

    def start(self) -> None:
        """Look every second, for as long as this process runs."""
        threading.Thread(target=self._run, daemon=True).start()

    def look(self) -> None:
        """Call what is due."""
        rules = {f"{rule.arn} {rule.scheduled_expression}": rule for rule in _rules()}
        self._due = {key: due for key, due in self._due.items() if key in rules}
        for key, rule in rules.items():
            seconds = period(rule.scheduled_expression)
            if seconds is None:
                continue
            if self._due.setdefault(key, now() + seconds) <= now():
                self._due[key] = now() + seconds
                if rule.state == "ENABLED":
                    self._call(rule)

    def _call(self, rule: Rule) -> None:
        for target in rule.targets:
            function = _function(rule, target["Arn"])
            if function:
                self._calls.accept(function, target.get("Input") or json.dumps(event(rule)))

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            self.look()


def event(rule: Rule) -> dict[str, Any]:
    """Return the event of a rule that is due.

    https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-eventbridge.html
    """
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": f"{datetime.fromtimestamp(now(), UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }


def _rules() -> Iterator[Rule]:
    for account in list(events_backends.values()):
        for backend in list(account.values()):
            for bus in list(backend.event_buses.values()):
                yield from list(bus.rules.values())


def _function(rule: Rule, arn: str) -> LambdaFunction | None:
    """Return the function of a target, if it is there and lets the rule call it; else the call fails unseen."""
    if arn.split(":")[2] != "lambda":
        return None
    function = get_backend(rule.account_id, rule.region_name).get_function_by_arn(arn)
    if function and may_invoke(function.policy.statements, EVENTS, rule.arn, rule.account_id):
        return function
    return None
