"""How long what holds events keeps them, and what of that a planned step would shorten."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from falco_firelens.policy.rule import items_of, keys_of, show

Inputs = Mapping[str, Any]
Kept = Mapping[str, float]
"""How long, by the path of the property that says so."""

WHOLE_BUCKET = "{}"
"""What `_scope` makes of a rule for every object."""

DAYS_A_YEAR = 365

_MODES: Mapping[str, float] = {"GOVERNANCE": 1, "COMPLIANCE": 2}
"""How hard an object lock is: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html"""


@dataclass(frozen=True)
class Shortened:
    """A property whose new value keeps less than its old one; texts are for people."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class Keeping:
    """How a type says how long something is kept. `shortened` is what the docs say about it."""

    compare: Callable[[Inputs, Inputs], Iterator[Shortened]]
    shortened: str
    gone_with_it: bool = False
    """Whether deleting the resource ends the keeping of what stays, as with an object lock."""


def shortened(kind: str, operation: str, old: Inputs, new: Inputs) -> tuple[Shortened, ...]:
    """Return what a step would keep for a shorter time, by the old and the new inputs of a resource of a type.

    A resource that is only made is not judged: what a failed update has left unmade must not need a permission.
    """
    known = KEEPS.get(kind)
    if known is None or not (operation == "update" or (operation == "delete" and known.gone_with_it)):
        return ()
    return tuple(known.compare(old, {} if operation == "delete" else new))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _period(path: str, unit: str, absent: float) -> Callable[[Inputs, Inputs], Iterator[Shortened]]:
    """Compare one number; a missing one means `absent`, and a text, such as an unknown value, is not compared."""

    def compare(old: Inputs, new: Inputs) -> Iterator[Shortened]:
        before, after = (_number(inputs.get(path) or absent) for inputs in (old, new))
        if before is not None and after is not None and after < before:
            yield Shortened(path, _said(before, unit), _said(after, unit))

    return compare


def _said(period: float, unit: str) -> str:
    return "forever" if math.isinf(period) else f"{show(period)} {unit}"


def _lifecycle(old: Inputs, new: Inputs) -> Iterator[Shortened]:
    """Each rule beside the strictest that its objects had: that of the same scope or of the whole bucket."""
    for path in ("expiration.days", "noncurrentVersionExpiration.noncurrentDays"):
        before, after = _expirations(old, path), _expirations(new, path)
        for scope, days in after.items():
            earlier = min(before.get(scope, math.inf), before.get(WHOLE_BUCKET, math.inf))
            if days < earlier:
                of = "" if scope == WHOLE_BUCKET else f" of {scope}"
                yield Shortened(f"rules.{path}{of}", _said(earlier, "days"), _said(days, "days"))


def _expirations(inputs: Inputs, path: str) -> dict[str, float]:
    """Return the shortest period of each scope that an enabled rule ends."""
    found: dict[str, float] = {}
    outer, inner = path.split(".")
    for rule in map(keys_of, items_of(inputs.get("rules"))):
        days = _number(keys_of(rule.get(outer)).get(inner))
        if days and rule.get("status") == "Enabled":
            scope = _scope(rule)
            found[scope] = min(days, found.get(scope, math.inf))
    return found


def _scope(rule: Inputs) -> str:
    """Return a rule's objects as a text; an empty prefix takes every object."""
    limits = {**keys_of(rule.get("filter")), **({"prefix": rule.get("prefix")} if rule.get("prefix") else {})}
    return json.dumps({key: value for key, value in limits.items() if value and key != "__defaults"}, sort_keys=True)


def _lock(old: Inputs, new: Inputs) -> Iterator[Shortened]:
    before, after = _default_retention(old), _default_retention(new)
    days = [_number(found.get("days")) or DAYS_A_YEAR * (_number(found.get("years")) or 0) for found in (before, after)]
    if days[1] < days[0]:
        yield Shortened("rule.defaultRetention.days", *(_said(one, "days") for one in days))
    modes = [_MODES.get(str(found.get("mode")), 0) for found in (before, after)]
    if 0 < modes[1] < modes[0]:
        yield Shortened("rule.defaultRetention.mode", str(before["mode"]), str(after["mode"]))


def _default_retention(inputs: Inputs) -> Mapping[str, Any]:
    return keys_of(keys_of(inputs.get("rule")).get("defaultRetention"))


_MESSAGES = "the time that messages are kept"

KEEPS: Mapping[str, Keeping] = {
    "aws:cloudwatch/logGroup:LogGroup": Keeping(
        _period("retentionInDays", "days", math.inf), "`retentionInDays` lowered, or given where there was none"
    ),
    "aws:sqs/queue:Queue": Keeping(_period("messageRetentionSeconds", "seconds", 345_600), _MESSAGES),
    "aws:kinesis/stream:Stream": Keeping(_period("retentionPeriod", "hours", 24), _MESSAGES),
    **{
        f"aws:s3/bucketLifecycleConfiguration{version}:BucketLifecycleConfiguration{version}": Keeping(
            _lifecycle, "objects, or their earlier versions, expire sooner, or where they never did; by filter"
        )
        for version in ("", "V2")
    },
    **{
        f"aws:s3/bucketObjectLockConfiguration{version}:BucketObjectLockConfiguration{version}": Keeping(
            _lock, "the default retention removed or shortened, or no longer `COMPLIANCE`", gone_with_it=True
        )
        for version in ("", "V2")
    },
}
"""Pulumi types that say how long something is kept. What a number that is not there means is the service's own default:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html,
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html."""
