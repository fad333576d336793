"""A fleet on the local cloud with the real engine: accounts, waves, drift, failures, secrets."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    gone = fleet.destroy([stack for stack in fleet.stacks() if stack.name in found.known()])
    assert [str(result.error) for result in gone if not result.ok] == [], "the next test finds what this one left"


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


def test_landed_stacks_move_to_kms_keys_which_then_limit_whose_preview_opens_them(
    stacks: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/ci-roles.md says. The key of `b` is another account's: moto has no policies of keys."""
    (tmp_path / "Pulumi.yaml").write_text("name: falco-firelens\nruntime: python\n")
    path = "falco-firelens:notifications[0].endpoint"
    for name in ("a", "b"):
        stacks.write(name, ONE, events={"logGroup": f"/{name}"}, notifications=[{"protocol": "email", "endpoint": ""}])
        stacks.pulumi("stack", "init", name, "--cwd", str(tmp_path))
        set_secret = ("config", "set", "--secret", "--path", path, "a@example.com")
        stacks.pulumi(*set_secret, "--stack", name, "--cwd", str(tmp_path))
    fleet = stacks.fleet()
    assert all(result.ok for result in fleet.up(fleet.stacks()))
    encrypted, with_passphrase = fleet.stacks()[0], stacks.env

    for name, owner in (("a", ONE), ("b", TWO)):
        key = stacks.accounts.client("kms", owner).create_key()["KeyMetadata"]["Arn"]
        stacks.env = {**with_passphrase, **credentials(with_passphrase, owner)}
        provider = f"awskms:///{key}?region=eu-west-1"
        stacks.pulumi("stack", "change-secrets-provider", provider, "--stack", name, "--cwd", str(tmp_path))
    stacks.env = with_passphrase
    with monkeypatch.context() as without:
        without.delenv("PULUMI_CONFIG_PASSPHRASE")
        a, b = fleet.preview(fleet.stacks())

    moved = fleet.stacks()[0]
    assert "encryptionsalt" in encrypted.document and "encryptionsalt" not in moved.document
    assert str(moved.document["secretsprovider"]).startswith("awskms:///arn:") and moved.document["encryptedkey"]
    assert reason_to_wait(encrypted, encrypted, lambda _: True) and not reason_to_wait(moved, moved, lambda _: True)
    assert (a.status, a.changes) == (Status.SUCCEEDED, ())
    assert not b.ok and "AccessDenied" in str(b.error), b.error

    stacks.env = {**with_passphrase, **credentials(with_passphrase, TWO)}
    stacks.pulumi("stack", "change-secrets-provider", "passphrase", "--stack", "b", "--cwd", str(tmp_path))
    stacks.env = with_passphrase
