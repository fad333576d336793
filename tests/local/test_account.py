"""With credentials of another account, nothing is asked of AWS but whose they are, and one clear error says so."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from falco_firelens.cli import main
from falco_firelens.fleet import Status, WrongAccount
from falco_firelens.fleet.account import accounts_in
from falco_firelens.fleet.credentials import from_environment
from localcloud.accounts import CLUSTER, client, container_instance, credentials
from tests.local.fleets import ADOPTED, Stacks
from tests.local.recorded_calls import RecordedCalls
from tests.local.stack import PulumiError, Stack
from tests.local.test_fleet import stacks

__all__ = ["stacks"]
pytestmark = pytest.mark.local

ONE, TWO = "811111111111", "822222222222"
"""No other test uses them."""

ASKED = {"sts:GetCallerIdentity"}
OPERATIONS = ("preview", "up", "refresh", "drift", "destroy", "verify")


@pytest.fixture
def calls(local_env: dict[str, str]) -> Iterator[RecordedCalls]:
    with RecordedCalls(local_env["AWS_ENDPOINT_URL"]).running() as proxy:
        yield proxy


def wrong(local_env: Mapping[str, str], calls: RecordedCalls, account: str) -> dict[str, str]:
    """What is different in the environment of somebody who is in another account."""
    return {**credentials(local_env, account), "AWS_ENDPOINT_URL": calls.url}


def groups(stacks: Stacks, account: str) -> list[str]:
    return [group["logGroupName"] for group in stacks.logs(account).describe_log_groups()["logGroups"]]


@contextmanager
def acting(env: Mapping[str, str]) -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield


@pytest.mark.parametrize("account", [ONE, "any"])
def test_no_operation_of_a_fleet_touches_another_account(
    stacks: Stacks, calls: RecordedCalls, local_env: dict[str, str], account: str
) -> None:
    stacks.write("a", ONE, account=account)
    fleet = stacks.fleet(credentials=from_environment)
    right = credentials(local_env, ONE)
    with acting(right):
        assert fleet.up(fleet.stacks())[0].ok
    stacks.logs(TWO).create_log_group(logGroupName="/falco/events")

    with acting(wrong(local_env, calls, TWO)):
        results = [getattr(fleet, operation)(fleet.stacks())[0] for operation in OPERATIONS]
        assert main(["fleet", "diff", "--folder", str(stacks.folder)]) == 1

    assert set(calls.calls) == ASKED
    assert len(calls.calls) == len(OPERATIONS) + 1
    assert {result.status for result in results} == {Status.FAILED}
    for result in results:
        assert isinstance(result.error, WrongAccount)
        assert str(result.error).startswith(f"a: found credentials of account {TWO}, expected those of {ONE}")
    assert groups(stacks, ONE) == groups(stacks, TWO) == ["/falco/events"]
    stacks.logs(TWO).delete_log_group(logGroupName="/falco/events")
    with acting(right):
        assert fleet.destroy(fleet.stacks())[0].ok


def test_what_a_fleet_has_deployed_guards_itself_against_plain_pulumi(
    stacks: Stacks, calls: RecordedCalls, local_env: dict[str, str]
) -> None:
    """The stack file does not have the key; the state does."""
    file = stacks.write("a", ONE)
    fleet = stacks.fleet()
    assert fleet.up(fleet.stacks())[0].ok
    (elsewhere := stacks.folder / "elsewhere").mkdir()
    stack = Stack("a", {**stacks.env, **wrong(local_env, calls, TWO)}, elsewhere)
    assert "allowedAccountIds" not in file.read_text()

    for operation in (stack.destroy, stack.refresh):
        with pytest.raises(PulumiError, match=f"belong to account {TWO}; allowed: {ONE}"):
            operation()

    assert set(calls.calls) == ASKED


@pytest.fixture
def adopted(account_env: dict[str, str]) -> dict[str, Any]:
    """Settings that name the account of `lone_stack` and adopt a cluster there."""
    ecs, ec2 = client("ecs", account_env), client("ec2", account_env)
    ecs.create_cluster(clusterName=CLUSTER)
    container_instance(ec2, ecs, CLUSTER)
    account = client("sts", account_env).get_caller_identity()["Account"]
    return {"account": account, "clusters": ADOPTED}


def test_plain_pulumi_refuses_where_the_stack_file_has_the_key(
    lone_stack: Stack, adopted: dict[str, Any], calls: RecordedCalls, local_env: dict[str, str]
) -> None:
    account = adopted["account"]
    lone_stack.configure(adopted, provider={"allowedAccountIds": [account]})
    lone_stack.up()
    other = lone_stack.acting_with(wrong(local_env, calls, TWO))

    for operation in (other.destroy, other.refresh, other.preview, other.up):
        with pytest.raises(PulumiError, match=f"belong to account {TWO}; allowed: {account}"):
            operation()

    assert set(calls.calls) == ASKED
    assert lone_stack.preview("--expect-no-changes") == []


def test_the_key_replaces_nothing_in_a_stack_that_was_deployed_without_it(
    lone_stack: Stack, adopted: dict[str, Any]
) -> None:
    lone_stack.configure(adopted)
    lone_stack.up()
    before = lone_stack.ids()
    lone_stack.configure(adopted, provider={"allowedAccountIds": [adopted["account"]]})

    steps = lone_stack.preview()
    lone_stack.up()

    assert {step.op for step in steps} <= {"update"}
    assert [step for step in steps if not step.resource.startswith("aws default")] == []
    assert lone_stack.ids() == before


def test_the_account_of_a_state_is_that_of_all_its_resources(stacks: Stacks) -> None:
    stacks.write("a", ONE)
    fleet = stacks.fleet()
    fleet.up(fleet.stacks())
    exported = json.loads(stacks.pulumi("stack", "export", "--stack", "a"))

    found = list(accounts_in(exported))

    assert set(found) == {ONE}
    assert len(found) > 3
