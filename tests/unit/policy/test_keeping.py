"""What a planned step would keep less long."""

from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from falco_firelens.policy.changes import PlannedStep, steps_of, steps_of_preview
from falco_firelens.policy.keeping import KEEPS, shortened
from tests.unit.policy.test_changes import LOG_GROUP, urn, violations

QUEUE = "aws:sqs/queue:Queue"
STREAM = "aws:kinesis/stream:Stream"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def said(kind: str, old: dict[str, Any], new: dict[str, Any], operation: str = "update") -> list[str]:
    return [f"{one.path}: {one.before} -> {one.after}" for one in shortened(kind, operation, old, new)]


@pytest.mark.parametrize(
    ("kind", "path", "old", "new", "expected"),
    [
        (LOG_GROUP, "retentionInDays", 90, 7, "90 days -> 7 days"),
        (LOG_GROUP, "retentionInDays", 90.0, 7.0, "90 days -> 7 days"),
        (LOG_GROUP, "retentionInDays", None, 3653, "forever -> 3653 days"),
        (LOG_GROUP, "retentionInDays", 0, 3653, "forever -> 3653 days"),
        (QUEUE, "messageRetentionSeconds", 1209600, None, "1209600 seconds -> 345600 seconds"),
        (QUEUE, "messageRetentionSeconds", None, 60, "345600 seconds -> 60 seconds"),
        (STREAM, "retentionPeriod", 168, 24, "168 hours -> 24 hours"),
    ],
)
def test_a_shorter_time_is_found(kind: str, path: str, old: Any, new: Any, expected: str) -> None:
    assert said(kind, {path: old}, {path: new}) == [f"{path}: {expected}"]


@pytest.mark.parametrize(
    ("old", "new"), [(7, 7), (7, 90), (7, None), (7, 0), (None, None), (None, 0), (7, UNKNOWN), ("[secret]", 7)]
)
def test_the_same_a_longer_or_an_unknown_time_is_none(old: Any, new: Any) -> None:
    assert said(LOG_GROUP, {"retentionInDays": old}, {"retentionInDays": new}) == []


def rules(*found: dict[str, Any]) -> dict[str, Any]:
    return {"bucket": "b", "rules": [{"status": "Enabled", **rule} for rule in found]}


def expires(days: int, prefix: str = "", **more: Any) -> dict[str, Any]:
    return {"filter": {"prefix": prefix}, "expiration": {"days": days}, **more}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (rules(expires(365)), rules(expires(30)), ["rules.expiration.days: 365 days -> 30 days"]),
        (rules({"filter": {}}), rules(expires(30)), ["rules.expiration.days: forever -> 30 days"]),
        (rules(expires(30, status="Disabled")), rules(expires(30)), ["rules.expiration.days: forever -> 30 days"]),
        (
            rules(expires(365)),
            rules(expires(365), expires(1, "tmp/")),
            ['rules.expiration.days of {"prefix": "tmp/"}: 365 days -> 1 days'],
        ),
        (
            rules(expires(365), expires(1, "tmp/")),
            rules(expires(30), expires(1, "tmp/")),
            ["rules.expiration.days: 365 days -> 30 days"],
        ),
        (
            rules({"noncurrentVersionExpiration": {"noncurrentDays": 30}}),
            rules({"noncurrentVersionExpiration": {"noncurrentDays": 1}}),
            ["rules.noncurrentVersionExpiration.noncurrentDays: 30 days -> 1 days"],
        ),
    ],
)
def test_a_lifecycle_that_ends_objects_sooner_is_found(
    old: dict[str, Any], new: dict[str, Any], expected: list[str]
) -> None:
    assert said(LIFECYCLE, old, new) == expected
    assert said(LIFECYCLE, old, old) == []


@pytest.mark.parametrize(
    "new",
    [
        rules(expires(365)),
        rules(expires(400)),
        rules({"filter": {}}),
        rules(expires(30, status="Disabled")),
        rules(expires(365), expires(365, "tmp/")),
        rules({"prefix": "", "expiration": {"days": 365}}),
        {"rules": UNKNOWN},
    ],
)
def test_a_lifecycle_that_keeps_as_long_is_none(new: dict[str, Any]) -> None:
    assert said(LIFECYCLE, rules(expires(365)), new) == []


def lock(mode: str = "COMPLIANCE", **period: int) -> dict[str, Any]:
    return {"bucket": "b", "rule": {"defaultRetention": {"mode": mode, **period}}}


@pytest.mark.parametrize(
    ("new", "operation", "expected"),
    [
        (lock(days=10), "update", ["rule.defaultRetention.days: 365 days -> 10 days"]),
        ({"bucket": "b"}, "update", ["rule.defaultRetention.days: 365 days -> 0 days"]),
        ({}, "delete", ["rule.defaultRetention.days: 365 days -> 0 days"]),
        (lock("GOVERNANCE", years=1), "update", ["rule.defaultRetention.mode: COMPLIANCE -> GOVERNANCE"]),
        (lock(days=365), "update", []),
        (lock(years=2), "update", []),
    ],
)
def test_a_weaker_object_lock_is_found(new: dict[str, Any], operation: str, expected: list[str]) -> None:
    assert said(LOCK, lock(years=1), new, operation) == expected


@pytest.mark.parametrize("kind", KEEPS)
@pytest.mark.parametrize("operation", ["create", "same", "refresh", "import"])
def test_what_is_only_made_or_stays_is_not_judged(kind: str, operation: str) -> None:
    new = {
        "retentionInDays": 1,
        "messageRetentionSeconds": 60,
        "retentionPeriod": 1,
        **rules(expires(1)),
        **lock(days=1),
    }
    old = {} if operation == "create" else new
    assert said(kind, old, new, operation) == []


def test_deleting_a_lifecycle_keeps_everything() -> None:
    assert said(LIFECYCLE, rules(expires(365)), {}, "delete") == []


def shorter(days: int, **more: Any) -> PlannedStep:
    old, new = {"retentionInDays": 90}, {"retentionInDays": days}
    return PlannedStep("update", urn("events"), LOG_GROUP, old=old, new=new, **more)


def test_a_violation_says_what_would_be_and_what_to_write() -> None:
    (found,) = violations([shorter(7)])

    assert found.resource == "events"
    assert found.message == (
        "log group events: retentionInDays would be 7 days instead of 90 days, "
        "and what is kept until now could be lost. Take the change back or, if it may go, name it in the stack file: "
        "`falco-firelens:policy: {mayLose: [events]}`"
    )


def test_a_named_resource_may_keep_less_and_keeping_what_pulumi_deletes_does_not() -> None:
    assert violations([shorter(7)], ["events"]) == ()
    assert violations([shorter(7, retained=True)])
    forgotten = PlannedStep("delete", urn("b", LOCK), LOCK, retained=True, old=lock(days=1))
    assert violations([forgotten]) == ()


def test_what_is_replaced_as_well_is_reported_as_lost() -> None:
    (found,) = violations([shorter(7), PlannedStep("replace", urn("events"), LOG_GROUP, ("name",))])
    assert "would be replaced, because of name" in found.message
    assert "instead of" not in found.message


def test_inputs_are_read_from_events_and_previews_of_what_keeps_something_alone() -> None:
    old, new = {"retentionInDays": 90}, {"retentionInDays": 7}
    states = [{"urn": urn("events"), "type": LOG_GROUP, "inputs": inputs} for inputs in (old, new)]
    metadata = {"op": "update", "urn": urn("events"), "type": LOG_GROUP, "old": states[0], "new": states[1]}
    preview = {"steps": [{"op": "update", "urn": urn("events"), "oldState": states[0], "newState": states[1]}]}
    role = {**metadata, "type": "aws:iam/role:Role"}

    event, other = (EngineEvent.from_json({"resourcePreEvent": {"metadata": one}}) for one in (metadata, role))

    assert steps_of([event]) == steps_of_preview(preview) == (shorter(7),)
    assert [(step.old, step.new) for step in steps_of([other])] == [({}, {})]
