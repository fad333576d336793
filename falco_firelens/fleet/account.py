"""Whose account an operation would act in, and whose it has to be: asked before anything else is.

A log group is deleted by its name alone, with whatever credentials there are, and `destroy` and `refresh` run no
program that could compare. Nothing but STS's GetCallerIdentity is called for it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pulumi.automation.errors import CommandError, StackNotFoundError

from falco_firelens.fleet.credentials import KEYS, clients_of, without_choice
from falco_firelens.fleet.engine import EngineCommand
from falco_firelens.fleet.errors import EngineFailed, NoCredentials, WrongAccount
from falco_firelens.fleet.recorder import Redactor
from falco_firelens.fleet.stacks import Stack
from falco_firelens.fleet.workspace import Workspace

_ARN = re.compile(r"arn:aws[a-z-]*:[^:]*:[^:]*:(?P<account>\d{12}):.*")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html"""


def acting_account(stack: Stack, environment: Mapping[str, str]) -> str:
    """Return the account in which a stack's engine would act, checked against the stack file.

    Raises:
        NoCredentials: there are none, or STS refuses them, or those of the stack file are encrypted.
        WrongAccount: the stack file names another.
    """
    account = _assumed(stack) or _caller(stack, environment)
    expected = stack.accounts
    if expected and account not in expected:
        where = stack.file.name if stack.file else "the stack's settings"
        raise WrongAccount(stack.name, account, expected, f"the account that {where} names")
    return account


def check_state(
    stack: Stack, account: str, engine: EngineCommand, workspace: Workspace, name: str, redact: Redactor
) -> None:
    """Compare with the account of what the stack has deployed, as its state knows it.

    Raises:
        WrongAccount: it is another.
        EngineFailed: the state cannot be read.
    """
    try:
        shown = engine.run(["stack", "export", "--stack", name], workspace.work_dir, workspace.env_vars)
    except StackNotFoundError:
        return
    except CommandError as error:
        raise EngineFailed(redact(f"the state of {stack.name} cannot be read: {error}")) from None
    known = frozenset(accounts_in(json.loads(shown.stdout)))
    if known and account not in known:
        raise WrongAccount(stack.name, account, known, "where everything is that the stack has deployed")


def accounts_in(exported: Mapping[str, Any]) -> Iterator[str]:
    """Yield the accounts of the AWS resources that a state has made, by their ARNs."""
    for resource in exported.get("deployment", {}).get("resources", ()):
        if resource["type"].startswith("aws:") and resource.get("custom") and not resource.get("external"):
            found = (_ARN.fullmatch(str(one)) for one in (resource.get("id"), resource.get("outputs", {}).get("arn")))
            yield from (arn["account"] for arn in found if arn)


def _caller(stack: Stack, environment: Mapping[str, str]) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        sts = clients_of(_with_own_choice(stack, environment), stack.region)("sts")
        return str(sts.get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise NoCredentials(f"{stack.name}: {error}") from None


def _assumed(stack: Stack) -> str | None:
    """Return the account of a role that the stack file itself has the AWS provider assume: the last one of a chain."""
    roles = _opened(stack.config.get("aws:assumeRoles"))
    role: object = cast("list[object]", roles)[-1] if isinstance(roles, list) and roles else None
    role = role or _opened(stack.config.get("aws:assumeRoleWithWebIdentity"))
    arn = cast("Mapping[str, object]", role).get("roleArn") if isinstance(role, Mapping) else None
    found = _ARN.fullmatch(str(arn))
    return found["account"] if found else None


def _with_own_choice(stack: Stack, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with what the stack file chooses for the AWS provider, which wins there, too."""
    given = {variable: stack.config.get(f"aws:{key}") for variable, key in _CHOICE.items()}
    if any(isinstance(value, Mapping) for value in given.values()):
        raise NoCredentials(
            f"{stack.name}: found encrypted credentials of the AWS provider, expected --role or --profile"
        )
    chosen = {variable: str(value) for variable, value in given.items() if value}
    return {**without_choice(environment), **chosen} if chosen else environment


_CHOICE = {**dict(zip(KEYS, ("accessKey", "secretKey", "token"), strict=True)), "AWS_PROFILE": "profile"}
"""https://www.pulumi.com/registry/packages/aws/installation-configuration/#configuration-reference"""


def _opened(value: object) -> object:
    """Return a structured value, which may stand in a stack file as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
