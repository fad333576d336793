"""A preview's violations, the pack's and those of its changes, with levels."""

from pulumi.automation.events import PolicyEvent

from falco_firelens.policy.changes import Step
from falco_firelens.policy.verdict import Violated, of_changes, of_pack
from falco_firelens.settings.policy import Policy

GROUP = "urn:pulumi:prod::falco-firelens::aws:cloudwatch/logGroup:LogGroup::events"
DELETES = Step("delete", GROUP, "aws:cloudwatch/logGroup:LogGroup")


def told(message: str, level: str = "mandatory", urn: str | None = GROUP) -> Violated:
    found = {"policyName": "encryption", "enforcementLevel": level, "message": message, "resourceUrn": urn}
    return of_pack(PolicyEvent.from_json(found))


def test_what_the_pack_says_has_neither_the_description_nor_the_resource_twice() -> None:
    found = told("What the policy asks for.\nevents: path: found a; write b\n")

    assert found == Violated("encryption", "mandatory", GROUP, "path: found a; write b")
    assert str(found) == "[mandatory] encryption: path: found a; write b"
    assert not told("x", "advisory").mandatory


def test_what_has_no_details_is_told_by_its_description() -> None:
    assert told("Only this.\n", urn=None) == Violated("encryption", "mandatory", "", "Only this.")


def test_a_change_is_mandatory_told_only_or_allowed() -> None:
    (forbidden,) = of_changes([DELETES], Policy())
    (only_told,) = of_changes([DELETES], Policy(advisory=("events-kept",)))

    assert forbidden.mandatory and forbidden.urn == GROUP
    assert not only_told.mandatory
    assert of_changes([DELETES], Policy(mayLose=("events",))) == ()  # pyright: ignore[reportCallIssue]


def test_nothing_broken() -> None:
    assert of_changes([], Policy()) == ()
