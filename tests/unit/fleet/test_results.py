"""Exit codes, the matrix, who holds a lock, and what is shown nowhere."""

import json

import pytest
from pulumi.automation.events import EngineEvent

from falco_firelens.fleet import (
    AssumedRole,
    Cancelled,
    Change,
    EngineFailed,
    Event,
    FleetError,
    FromEnvironment,
    PolicyFinding,
    PolicyViolated,
    Profile,
    Result,
    Skipped,
    Stack,
    Status,
    Waves,
)
from falco_firelens.fleet.credentials import CHOICE, secrets_of
from falco_firelens.fleet.display import summary
from falco_firelens.fleet.exits import Exit, exit_of
from falco_firelens.fleet.matrix import matrix
from falco_firelens.fleet.recorder import REDACTED, Recorder, Redactor
from falco_firelens.fleet.task import status_of

CHANGE = Change("update", "urn::x", "aws:x:X")
SECRET = "wJalrXUtnFEMI"


def ended(error: FleetError | None = None, operation: str = "up", changes: tuple[Change, ...] = ()) -> Result:
    return Result("s", operation, status_of(error) if error else Status.SUCCEEDED, changes, error=error)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], Exit.DONE),
        ([ended(changes=(CHANGE,))], Exit.DONE),
        ([ended(operation="drift")], Exit.DONE),
        ([ended(operation="drift", changes=(CHANGE,)), ended(operation="drift")], Exit.DRIFT),
        ([ended(), ended(EngineFailed("x"))], Exit.FAILED),
        ([ended(operation="drift", changes=(CHANGE,)), ended(EngineFailed("x"), "drift")], Exit.FAILED),
        ([ended(PolicyViolated("x")), ended(Skipped("y"))], Exit.POLICY),
        ([ended(PolicyViolated("x")), ended(EngineFailed("y"))], Exit.FAILED),
        ([ended(Cancelled("x")), ended(EngineFailed("y"))], Exit.CANCELLED),
    ],
)
def test_exit_codes(results: list[Result], expected: Exit) -> None:
    assert exit_of(results) is expected


def test_the_matrix_has_the_waves_by_name() -> None:
    stacks = [Stack.of(name, "eu-west-1", {"account": "111122223333"}) for name in "abcd"]
    hub = Stack.of("hub", "eu-west-1", {"hub": {}})

    found = matrix([*stacks, hub], Waves(canary=1, few=2))

    assert {name: [entry["stack"] for entry in entries] for name, entries in found.items()} == {
        "hubs": ["hub"],
        "canary": ["a"],
        "few": ["b", "c"],
        "rest": ["d"],
    }
    assert found["canary"] == [{"stack": "a", "account": "111122223333", "region": "eu-west-1"}]


def test_a_profile_is_not_overruled_by_keys_that_are_in_the_environment() -> None:
    base = dict.fromkeys(CHOICE, "left over") | {"PATH": "/bin"}

    assert Profile("prod").environment(base) == {"PATH": "/bin", "AWS_PROFILE": "prod"}
    assert FromEnvironment().environment(base) == base


def test_a_role_s_credentials_are_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    role = AssumedRole("arn:aws:iam::111122223333:role/deploy")
    monkeypatch.setattr(AssumedRole, "_assume", lambda *_: ("ASIA", SECRET, "token-of-the-session"))

    environment = role.environment({"AWS_PROFILE": "mine", "PATH": "/bin"})

    assert environment == {
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "ASIA",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": "token-of-the-session",
    }
    assert SECRET not in repr(role)
    assert secrets_of(environment) == {SECRET, "token-of-the-session"}


def test_secrets_of_the_environment_are_taken_out_of_messages() -> None:
    told: list[Event] = []
    recorder = Recorder("s", "up", Redactor({SECRET, SECRET[:10]}), told.append, planning=False)
    for event in (
        {"diagnosticEvent": {"message": f"error: {SECRET} refused", "severity": "error", "color": "never"}},
        {"policyEvent": {"message": f"has {SECRET}", "policyName": "p", "enforcementLevel": "mandatory"}},
    ):
        recorder(EngineEvent.from_json(event))

    assert recorder.errors == [f"error: {REDACTED} refused"]
    assert recorder.findings[0].message == f"has {REDACTED}"
    assert SECRET not in json.dumps([event.as_dict() for event in told])


def test_a_secret_is_one_word_however_the_engine_sends_it() -> None:
    """As it does among the inputs of a resource, where `pulumi preview` prints `[secret]`."""
    recorder = Recorder("s", "preview", Redactor(()), lambda event: None, planning=True)
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
    urn = "urn:pulumi:s::p::aws:sns/topicSubscription:TopicSubscription::a"
    kind = "aws:sns/topicSubscription:TopicSubscription"
    new: dict[str, object] = {
        "type": kind,
        "urn": urn,
        "custom": True,
        "id": "",
        "parent": "",
        "provider": "",
        "outputs": {},
    }
    new["inputs"] = {"endpoint": secret, "list": [{"a": secret}], "protocol": "https"}
    step: dict[str, object] = {"op": "create", "urn": urn, "type": kind, "provider": "", "new": new}
    recorder(EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": step}}))

    [change] = recorder.changes
    assert change.new == {"endpoint": "[secret]", "list": [{"a": "[secret]"}], "protocol": "https"}


def test_a_listener_s_own_mistake_does_not_end_the_operation() -> None:
    def broken(_: Event) -> None:
        raise ValueError

    recorder = Recorder("s", "up", Redactor(()), broken, planning=False)

    recorder(EngineEvent.from_json({"diagnosticEvent": {"message": "no", "severity": "error", "color": ""}}))

    assert recorder.errors == ["no"]


def test_the_summary_tells_what_policies_forbid_and_what_they_only_warn_of() -> None:
    refused = PolicyFinding("encryption", True, "kmsKeyId: found nothing", "urn::events")
    warning = PolicyFinding("required-tags", False, "tags.owner: found nothing", "urn::events")
    forbidden = PolicyViolated(str(refused), partly=True)

    text = summary([
        Result("a", "up", Status.FAILED, findings=(refused, warning), error=forbidden),
        Result("b", "up", Status.SUCCEEDED, findings=(warning,)),
    ], "up")  # fmt: skip

    assert text.count("policy encryption, events: kmsKeyId: found nothing") == 1
    assert text.count("policy required-tags (advisory), events: tags.owner: found nothing") == 2
    assert "what was made before stays" in text
    assert "what was made before stays" not in PolicyViolated("x").advice
