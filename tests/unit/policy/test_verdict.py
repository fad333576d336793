"""A preview's violations, the pack's and those of its changes, as one list with levels."""

from typing import Any

from pulumi.automation.events import EngineEvent

from policy.verdict import Violated, violated
from settings.policy import Policy

GROUP = "urn:pulumi:prod::falco-firelens::aws:cloudwatch/logGroup:LogGroup::events"


def event(**keys: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 0, **keys})


def of_pack(policy: str, level: str, text: str = "it: path: found a; write b") -> EngineEvent:
    message = f"What the policy asks for.\n{text}\n"
    found = {"policyName": policy, "enforcementLevel": level, "message": message, "resourceUrn": GROUP}
    return event(policyEvent=found)


DELETES = event(
    resourcePreEvent={"metadata": {"op": "delete", "urn": GROUP, "type": "aws:cloudwatch/logGroup:LogGroup"}}
)


def test_the_mandatory_come_first_and_changes_before_the_rest() -> None:
    events = [of_pack("imdsv2", "advisory"), event(stdoutEvent={"message": "", "color": ""}), DELETES,
              of_pack("encryption", "mandatory")]  # fmt: skip
    found = violated(events, Policy())
    assert [(one.policy, one.mandatory) for one in found] == [
        ("events-kept", True),
        ("encryption", True),
        ("imdsv2", False),
    ]
    assert str(found[1]) == "[mandatory] encryption: it: path: found a; write b"
    assert found[1] == Violated("encryption", "mandatory", GROUP, "it: path: found a; write b")


def test_a_change_may_be_told_only_or_be_allowed() -> None:
    (told,) = violated([DELETES], Policy(advisory=("events-kept",)))
    assert not told.mandatory and told.urn == GROUP
    assert violated([DELETES], Policy(mayLose=("events",))) == ()  # pyright: ignore[reportCallIssue]


def test_what_has_no_details_is_told_by_its_description() -> None:
    (found,) = violated([event(policyEvent={"policyName": "p", "message": "Only this.\n"})], Policy())
    assert (found.message, found.urn, found.level) == ("Only this.", "", "advisory")


def test_nothing_broken() -> None:
    assert violated([], Policy()) == ()
