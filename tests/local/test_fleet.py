"""A fleet on the local cloud with the real engine: accounts, waves, drift, failures, secrets."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from falco_firelens.fleet import Ended, Event, PolicyViolated, Started, Status, Step, Waves
from falco_firelens.fleet.comment import comment
from falco_firelens.fleet.trust import reason_to_wait
from falco_firelens.fleet.workspace import PREFIX
from localcloud.accounts import credentials
from tests.local.conftest import with_state
from tests.local.fleets import Stacks

pytestmark = pytest.mark.local

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


@pytest.fixture
def stacks(local_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stacks]:
    env = with_state(local_env, tmp_path)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    found = Stacks(tmp_path, env)
    yield found
    fleet = found.fleet()
    fleet.destroy([stack for stack in fleet.stacks() if stack.name in found.known()])


def test_stacks_are_deployed_into_their_own_accounts_and_regions_and_a_second_time_nothing_changes(
    stacks: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    stacks.write("a", ONE)
    stacks.write("b", TWO, "us-east-2")
    fleet, told = stacks.fleet(), list[Event]()

    previewed = fleet.preview(fleet.stacks())
    assert json.loads(stacks.pulumi("stack", "ls", "--json")) == [], "a preview makes no stack"
    deployed = fleet.up(fleet.stacks(), on_progress=told.append)
    again = fleet.up(fleet.stacks())

    assert [(result.stack, result.status, result.new) for result in previewed] == [
        ("a", Status.SUCCEEDED, True),
        ("b", Status.SUCCEEDED, True),
    ]
    assert [result.counts for result in deployed] == [result.counts for result in previewed]
    assert [result.changes for result in again] == [(), ()]
    assert deployed[1].outputs["logGroup"]["arn"] == f"arn:aws:logs:us-east-2:{TWO}:log-group:/falco/events"
    assert stacks.logs(ONE).describe_log_groups()["logGroups"][0]["arn"].split(":")[3:5] == ["eu-west-1", ONE]
    of_a = [event for event in told if event.stack == "a"]
    assert isinstance(of_a[0], Started)
    assert isinstance(of_a[-1], Ended)
    assert any(isinstance(event, Step) and event.name == "events" and event.phase == "done" for event in of_a)
    assert list(work.glob(f"{PREFIX}*")) == [], "work directories are cleared away"


def test_drift_made_behind_pulumi_s_back_is_found_and_nothing_is_changed(stacks: Stacks) -> None:
    stacks.write("a", ONE)
    stacks.write("b", TWO)
    fleet = stacks.fleet()
    fleet.up(fleet.stacks(), waves=Waves(canary=2))
    stacks.logs(TWO).put_retention_policy(logGroupName="/falco/events", retentionInDays=3)

    a, b = fleet.drift(fleet.stacks())

    assert (a.status, a.changes) == (Status.SUCCEEDED, ())
    assert [(change.kind, change.name, dict(change.properties)) for change in b.changes] == [
        ("LogGroup", "events", {"retentionInDays": "update"})
    ]
    assert stacks.logs(TWO).describe_log_groups()["logGroups"][0]["retentionInDays"] == 3


def test_a_change_that_would_lose_the_log_group_is_forbidden_until_the_stack_file_has_the_word_for_it(
    stacks: Stacks,
) -> None:
    stacks.write("a", ONE)
    fleet = stacks.fleet()
    fleet.up(fleet.stacks())
    stacks.write("a", ONE, events={"logGroup": "/falco/other"})

    (forbidden,) = fleet.preview(fleet.stacks())
    stacks.write("a", ONE, events={"logGroup": "/falco/other"}, policy={"mayLose": ["events"]})
    (allowed,) = fleet.preview(fleet.stacks())

    assert isinstance(forbidden.error, PolicyViolated)
    assert [(one.policy, one.resource) for one in forbidden.findings] == [("events-kept", "events")]
    assert "forbidden by policy" in comment([forbidden]).splitlines()[5]
    assert allowed.ok


def test_policies_are_part_of_every_preview_and_update_unless_they_are_left_out(stacks: Stacks) -> None:
    stacks.write("a", ONE, policy={"requiredTags": ["owner"]})
    stacks.write("b", TWO, policy={"requiredTags": ["owner"], "advisory": ["required-tags"]})
    fleet, told = stacks.fleet(), list[Event]()

    previewed = fleet.preview(fleet.stacks())
    a, b = fleet.up(fleet.stacks(), waves=Waves(max_failures=1), on_progress=told.append)
    (again,) = stacks.fleet(policy=False).up(fleet.stacks()[:1])

    said = "policy required-tags, events: tags: found none called owner; write owner, best in"
    assert isinstance(previewed[0].error, PolicyViolated)
    assert isinstance(a.error, PolicyViolated) and not a.error.partly
    assert said in str(previewed[0].error) and said in str(a.error)
    assert a.changes == (), "nothing was begun"
    assert {event.operation for event in told if event.stack == "a" and isinstance(event, Step)} == {"preview"}
    assert [previewed[1].ok, b.ok] == [True, True]
    assert {(one.policy, one.mandatory) for one in b.findings} == {("required-tags", False)}
    lines = "\n".join(comment(previewed).splitlines()[:10])
    assert "**forbidden by policy** `required-tags`: `events` of `a`" in lines
    assert "policy `required-tags` warns: `events` of `b`" in comment(previewed)
    assert again.ok and again.findings == ()


def test_a_landed_stack_moves_to_a_kms_key_which_then_limits_whose_preview_opens_it(
    stacks: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/fleet.md says; the secret is one of the stack file and, with its subscription, of the state."""
    file = stacks.write("a", ONE, notifications=[{"protocol": "email", "endpoint": "a@example.com"}])
    in_folder = ("--stack", "a", "--cwd", str(tmp_path))
    (tmp_path / "Pulumi.yaml").write_text("name: falco-firelens\nruntime: python\n")
    stacks.pulumi("stack", "init", "a", "--cwd", str(tmp_path))
    path = "falco-firelens:notifications[0].endpoint"
    stacks.pulumi("config", "set", "--secret", "--path", path, "a@example.com", *in_folder)
    fleet = stacks.fleet()
    assert fleet.up(fleet.stacks())[0].ok
    kms = stacks.accounts.client("kms", ONE)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    encrypted = yaml.safe_load(file.read_text())

    provider = f"awskms:///{key}?region=eu-west-1"
    stacks.env = {**stacks.env, **credentials(stacks.env, ONE)}
    stacks.pulumi("stack", "change-secrets-provider", provider, *in_folder)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    moved = yaml.safe_load(file.read_text())
    (previewed,) = fleet.preview(fleet.stacks())
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    (refused,) = fleet.preview(fleet.stacks())

    assert "encryptionsalt" in encrypted and "encryptionsalt" not in moved
    assert moved["secretsprovider"] == provider and moved["encryptedkey"]
    assert (previewed.status, previewed.changes) == (Status.SUCCEEDED, ())
    assert not refused.ok and "KMSInvalidStateException" in str(refused.error)
    (stack,) = fleet.stacks()
    assert reason_to_wait(stack, stack, lambda _: True) is None
