"""What the engine's planned steps would lose."""

from collections.abc import Sequence

import pytest
from pulumi.automation.events import EngineEvent, PolicyEvent

from falco_firelens.policy.changes import PlannedStep, findings, step_of, steps_of, steps_of_preview
from falco_firelens.policy.finding import PolicyFinding, of_pack, type_of
from falco_firelens.policy.kinds import HOLDS_EVENTS, NOUNS
from falco_firelens.settings.policy import Policy

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PARENTS = "falco-firelens:index:Deployment$falco-firelens:index:EventLog$"


def urn(name: str, kind: str = LOG_GROUP) -> str:
    return f"urn:pulumi:prod::falco-firelens::{PARENTS}{kind}::{name}"


def step(
    operation: str, name: str = "events", kind: str = LOG_GROUP, *reasons: str, retained: bool = False
) -> PlannedStep:
    return PlannedStep(operation, urn(name, kind), kind, reasons, retained)


def violations(steps: Sequence[PlannedStep], may_lose: Sequence[str] = ()) -> tuple[PolicyFinding, ...]:
    return findings(steps, Policy.model_validate({"mayLose": tuple(may_lose)}))


@pytest.mark.parametrize("kind", HOLDS_EVENTS)
def test_nothing_that_holds_events_is_deleted(kind: str) -> None:
    (violation,) = violations([step("delete", "it", kind)])
    assert violation.message.startswith(f"{NOUNS[kind]} it would be deleted, and what it holds be lost. ")
    assert (violation.resource, type_of(violation.urn)) == ("it", kind)


@pytest.mark.parametrize("operations", [
    ("create-replacement", "replace", "delete-replaced"),
    ("delete-replaced", "replace", "create-replacement"),
    ("import-replacement", "replace", "delete-replaced"),
    ("read-replacement", "replace"),
])  # fmt: skip
def test_a_replacement_is_one_violation_that_says_why(operations: tuple[str, ...]) -> None:
    steps = [step(op, "events", LOG_GROUP, *(["name"] if op == "replace" else [])) for op in operations]
    (violation,) = violations(steps)
    assert violation.message == (
        "log group events would be replaced, because of name, and what it holds be lost. Take the change back or, if it"
        " may go, name it in the stack file: `falco-firelens:policy: {mayLose: [events]}`"
    )


@pytest.mark.parametrize("operation", ["same", "create", "update", "read", "refresh", "import", "discard"])
def test_other_operations_lose_nothing(operation: str) -> None:
    assert violations([step(operation)]) == ()


def test_what_holds_no_events_may_go() -> None:
    assert violations([step("delete", "shipping", "aws:iam/role:Role")]) == ()


def test_what_pulumi_only_forgets_is_not_deleted() -> None:
    assert violations([step("delete", retained=True)]) == ()
    assert violations([step("replace", retained=True)])


@pytest.mark.parametrize("allowed", ["events", urn("events")])
def test_what_may_go_is_named_by_the_exact_name_or_urn(allowed: str) -> None:
    steps = [step("delete"), step("delete", "events-2")]
    assert [found.resource for found in violations(steps, [allowed])] == ["events-2"]


@pytest.mark.parametrize("almost", ["event", "events-", "EVENTS", "*", "LogGroup::events"])
def test_no_other_name_allows_it(almost: str) -> None:
    assert violations([step("delete")], [almost])


def test_a_name_may_hold_colons() -> None:
    assert violations([step("delete", "a::b")])[0].resource == "a::b"
    assert not violations([step("delete", "a::b")], ["a::b"])


def test_engine_events_are_read() -> None:
    metadata = {"op": "replace", "urn": urn("events"), "type": LOG_GROUP, "keys": ["name"], "provider": ""}
    state = {"type": LOG_GROUP, "urn": urn("events"), "retainOnDelete": True}
    events = [
        EngineEvent.from_json({"sequence": 1, "timestamp": 0, "diagnosticEvent": {"message": "hello"}}),
        EngineEvent.from_json({"sequence": 2, "timestamp": 0, "resourcePreEvent": {"metadata": metadata}}),
        EngineEvent.from_json({"resourcePreEvent": {"metadata": {**metadata, "op": "delete", "old": state}}}),
    ]
    assert step_of(events[0]) is None
    assert steps_of(events) == (step("replace", "events", LOG_GROUP, "name"), PlannedStep(
        "delete", urn("events"), LOG_GROUP, ("name",), retained=True
    ))  # fmt: skip


def test_a_preview_is_read() -> None:
    state = {"urn": urn("events"), "type": LOG_GROUP, "retainOnDelete": True}
    steps = steps_of_preview({
        "steps": [
            {"op": "replace", "urn": urn("events"), "oldState": state, "newState": state, "replaceReasons": ["name"]},
            {"op": "delete", "urn": urn("events"), "oldState": state},
        ]
    })  # fmt: skip
    assert steps == (
        step("replace", "events", LOG_GROUP, "name", retained=True),
        step("delete", retained=True),
    )
    assert steps_of_preview({}) == ()


def test_a_finding_is_mandatory_advisory_or_none_as_the_stack_says() -> None:
    (forbidden,) = findings([step("delete")], Policy())
    (advised,) = findings([step("delete")], Policy(advisory=("events-kept",)))
    assert (forbidden.policy, forbidden.mandatory, forbidden.urn) == ("events-kept", True, urn("events"))
    assert not advised.mandatory
    assert findings([], Policy()) == ()


def reported(message: str, level: str = "mandatory", about: str | None = urn("events")) -> PolicyFinding:
    event = {"policyName": "encryption", "enforcementLevel": level, "message": message, "resourceUrn": about}
    return of_pack(PolicyEvent.from_json(event))


def test_what_the_pack_says_has_neither_the_description_nor_the_resource_twice() -> None:
    found = reported("What the policy asks for.\nevents: path: found a; write b\n")
    assert found == PolicyFinding("encryption", True, "path: found a; write b", urn("events"))
    assert not reported("x", "advisory").mandatory


def test_what_has_no_details_is_reported_by_its_description() -> None:
    assert reported("Only this.\n", about=None) == PolicyFinding("encryption", True, "Only this.")
