"""Before anything else, STS is asked whose account the credentials are; tests/local/test_account.py sees the rest."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pulumi.automation import PulumiCommand

from falco_firelens.fleet import Cancellation, FromEnvironment, NoCredentials, Result, Stack, WrongAccount
from falco_firelens.fleet.account import accounts_in, acting_account
from falco_firelens.fleet.engine_task import EngineTask
from falco_firelens.fleet.packs import Packs
from falco_firelens.fleet.task import FleetContext, Operation, StackTask
from falco_firelens.fleet.verify import VerifyTask
from falco_firelens.fleet.workspace import work_directory
from falco_firelens.settings.validation.yaml_text import stack_tree

PROJECT = Path(__file__).parents[3]
OWN, OTHER = "123456789012", "210987654321"
"""The first is moto's own."""

PROGRAM = """#!{python}
import json, sys
if sys.argv[1:] == ["version"]:
    sys.exit(print("v3.274.1"))
with open({asked!r}, "a") as file:
    file.write(" ".join(sys.argv[2:4]) + "\\n")
if sys.argv[2:4] == ["stack", "export"]:
    sys.exit(print(open({state!r}).read()))
sys.exit("no such command here")
"""


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def state(*arns: str, **more: Any) -> dict[str, Any]:
    resources = [
        {"type": "aws:cloudwatch/logGroup:LogGroup", "custom": True, "id": "x", "outputs": {"arn": arn}, **more}
        for arn in arns
    ]
    return {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, *resources]}}


def log_group(account: str) -> str:
    return f"arn:aws:logs:eu-west-1:{account}:log-group:/falco/events"


Operate = Callable[..., tuple[Result, list[str]]]


@pytest.fixture
def operate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Runs an operation with a program in the engine's place, which knows a state and writes down what it is asked."""
    program, asked, known = (tmp_path / name for name in ("pulumi", "asked", "state"))
    program.write_text(PROGRAM.format(python=sys.executable, asked=str(asked), state=str(known)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    context = FleetContext(PROJECT, PulumiCommand(), Packs((), (), own=False))

    def run(operation: Operation, exported: Mapping[str, Any], **keys: object) -> tuple[Result, list[str]]:
        known.write_text(json.dumps(exported))
        asked.write_text("")
        stack = Stack.of("prod", "eu-west-1", {"clusters": [{"name": "shop", "platform": "ecs"}], **keys})
        common: Any = (context, FromEnvironment(), lambda _: None, Cancellation())
        verifies = operation is Operation.VERIFY
        one: StackTask = VerifyTask(stack, *common) if verifies else EngineTask(stack, operation, *common)
        return one.result(), asked.read_text().splitlines()

    return run


@pytest.mark.parametrize("operation", Operation)
def test_credentials_of_another_account_than_the_stack_names_start_no_engine(
    operate: Operate, operation: Operation
) -> None:
    result, asked = operate(operation, state(), account=OTHER)

    assert isinstance(result.error, WrongAccount)
    assert str(result.error) == (
        f"prod: found credentials of account {OWN}, expected those of {OTHER}, "
        "the account that the stack's settings names"
    )
    assert (result.error.found, result.error.expected) == (OWN, (OTHER,))
    assert asked == []


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("account", ["any", OWN])
def test_credentials_of_another_account_than_the_state_knows_end_after_a_look_at_it(
    operate: Operate, operation: Operation, account: str
) -> None:
    result, asked = operate(operation, state(log_group(OTHER)), account=account)

    assert isinstance(result.error, WrongAccount)
    assert f"expected those of {OTHER}, where everything is that the stack has deployed" in str(result.error)
    assert asked == ["stack export"]


@pytest.mark.parametrize("exported", [state(), state(log_group(OWN)), state(log_group(OTHER), external=True)])
def test_the_right_account_goes_on(operate: Operate, exported: Mapping[str, Any]) -> None:
    result, asked = operate(Operation.DESTROY, exported, account="any")

    assert not isinstance(result.error, WrongAccount)
    assert len(asked) > 1


def test_no_credentials_are_no_operation(operate: Operate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")

    result, asked = operate(Operation.DESTROY, state(), account=OWN)

    assert isinstance(result.error, NoCredentials)
    assert asked == []


def test_a_stack_file_that_has_become_wrong_does_not_hold_up_its_destruction(operate: Operate) -> None:
    result, asked = operate(Operation.DESTROY, state(log_group(OWN)), account="12", clusters=5)

    assert not isinstance(result.error, WrongAccount)
    assert len(asked) > 1


def with_config(**provider: object) -> Stack:
    return Stack("prod", {"config": {f"aws:{key}": value for key, value in provider.items()}})


@pytest.mark.parametrize("roles", [[{"roleArn": f"arn:aws:iam::{OTHER}:role/deploy"}], None])
def test_a_role_that_the_stack_file_has_the_provider_assume_decides(roles: object) -> None:
    assert acting_account(with_config(assumeRoles=roles), os.environ) == (OTHER if roles else OWN)
    assert acting_account(with_config(assumeRoles=json.dumps(roles)), os.environ) == (OTHER if roles else OWN)


def test_a_profile_that_the_stack_file_gives_the_provider_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role: Any = boto3.client("sts", "eu-west-1").assume_role(
        RoleArn=f"arn:aws:iam::{OTHER}:role/deploy", RoleSessionName="test"
    )["Credentials"]
    file = tmp_path / "credentials"
    file.write_text(
        f"[other]\naws_access_key_id={role['AccessKeyId']}\naws_secret_access_key={role['SecretAccessKey']}\n"
        f"aws_session_token={role['SessionToken']}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    assert acting_account(with_config(profile="other"), os.environ) == OTHER


def test_keys_that_the_stack_file_encrypts_cannot_be_asked_about() -> None:
    with pytest.raises(NoCredentials, match="expected --role or --profile"):
        acting_account(with_config(secretKey={"secure": "v1:x"}, accessKey="a"), os.environ)


def test_a_list_of_allowed_accounts_names_the_account_where_account_does_not() -> None:
    with pytest.raises(WrongAccount, match=f"expected those of {OTHER}"):
        acting_account(with_config(allowedAccountIds=[OTHER]), os.environ)
    assert acting_account(with_config(allowedAccountIds=json.dumps([OTHER, OWN])), os.environ) == OWN


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"type": "aws:sns/topic:Topic", "custom": True, "id": f"arn:aws-cn:sns:cn-north-1:{OWN}:t"}, [OWN]),
        ({"type": "aws:s3/bucket:Bucket", "custom": True, "outputs": {"arn": "arn:aws:s3:::b"}}, []),
        ({"type": "aws:iam/policy:Policy", "custom": True, "outputs": {"arn": "arn:aws:iam::aws:policy/A"}}, []),
        ({"type": "kubernetes:core/v1:Secret", "custom": True, "outputs": {"arn": log_group(OWN)}}, []),
        ({"type": "aws:kms/key:Key", "custom": True, "outputs": {"arn": {"ciphertext": "x"}}}, []),
    ],
)
def test_which_resources_say_whose_account_it_is(resource: Mapping[str, Any], expected: list[str]) -> None:
    assert list(accounts_in({"deployment": {"resources": [resource]}})) == expected
    assert list(accounts_in({"deployment": {}})) == []


def test_the_engine_is_given_the_account_that_alone_is_allowed() -> None:
    with work_directory(PROJECT, with_config(), OWN) as folder:
        project = stack_tree((folder / "Pulumi.yaml").read_text())

    assert isinstance(project, dict)
    assert project["config"]["aws:allowedAccountIds"] == {"value": [OWN]}
