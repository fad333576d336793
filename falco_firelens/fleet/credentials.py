"""AWS credentials of a stack, as the environment of its engine: they are in no file and in no state.

A role in the provider's configuration would land in the state, and make previews with one role fight with updates by
another (https://github.com/pulumi/pulumi-aws/issues/3149).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from falco_firelens.fleet.errors import NoCredentials

if TYPE_CHECKING:
    from falco_firelens.fleet.stacks import Stack

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

CHOICE = (*KEYS, "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""By which an SDK chooses credentials. A stack's own choice is made with none of the others left over."""

SECRET_VARIABLES = (
    *KEYS[1:],
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
)
"""Variables of an environment whose values are shown nowhere."""

SESSION_SECONDS = 3600
"""How long an assumed role's credentials hold: what every role allows. A creation of an EKS cluster takes a third."""


class Credentials(Protocol):
    """Where a stack's credentials come from."""

    def environment(self, base: Mapping[str, str]) -> Mapping[str, str]:
        """Return a copy of `base` in which AWS SDKs find the stack's credentials.

        Raises:
            NoCredentials: there are none.
        """
        ...


@dataclass(frozen=True)
class FromEnvironment:
    """Those of the process."""

    def environment(self, base: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment as it is."""
        return dict(base)


@dataclass(frozen=True)
class Profile:
    """A profile of the AWS configuration file."""

    name: str

    def environment(self, base: Mapping[str, str]) -> Mapping[str, str]:
        """Keys would win over the profile, so they go."""
        return {**without_choice(base), "AWS_PROFILE": self.name}


@dataclass(frozen=True)
class AssumedRole:
    """A role that is assumed when the operation begins, by the credentials of `source`."""

    arn: str
    session_name: str = "falco-firelens-fleet"
    external_id: str | None = None
    seconds: int = SESSION_SECONDS
    source: Credentials = FromEnvironment()

    def environment(self, base: Mapping[str, str]) -> Mapping[str, str]:
        """Temporary keys of the role."""
        source = self.source.environment(base)
        keys = self._assume(source)
        return {**without_choice(source), **dict(zip(KEYS, keys, strict=True))}

    def _assume(self, source: Mapping[str, str]) -> tuple[str, str, str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            sts = clients_of(source)("sts")
            optional = {"ExternalId": self.external_id} if self.external_id else {}
            given = sts.assume_role(
                RoleArn=self.arn, RoleSessionName=self.session_name, DurationSeconds=self.seconds, **optional
            )["Credentials"]
        except (BotoCoreError, ClientError) as error:
            raise NoCredentials(f"{self.arn}: {error}") from None
        return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


CredentialsOf = Callable[["Stack"], Credentials]
"""Chooses a stack's credentials, such as `lambda stack: AssumedRole(f"arn:aws:iam::{stack.account}:role/deploy")`."""


def from_environment(_: "Stack") -> Credentials:
    """Return the credentials of the process, for every stack."""
    return FromEnvironment()


def clients_of(environment: Mapping[str, str], region: str = "") -> Callable[[str], Any]:
    """Return a factory of boto3 clients by service, with the credentials and the endpoint of an environment."""
    # Imported late: it takes as long as all the rest of the command together, and few need it.
    import boto3
    from botocore.config import Config

    named = region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    has_keys = KEYS[0] in environment
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    keys = {name: environment.get(variable) for name, variable in zip(names, KEYS, strict=True)} if has_keys else {}
    session: Any = boto3.Session(
        **keys, profile_name=None if has_keys else environment.get("AWS_PROFILE"), region_name=named
    )
    endpoint = environment.get("AWS_ENDPOINT_URL")
    return lambda service: session.client(
        service, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1 if service in ACTING else 5})
    )


ACTING = ("ecs",)
"""Services that are asked to make something. A call whose answer was lost may have made it, and repeated would leave
another task definition behind; of the other services things are only read, or a role is assumed."""


def without_choice(base: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that chooses no credentials."""
    return {name: value for name, value in base.items() if name not in CHOICE}


def secrets_of(environment: Mapping[str, str]) -> frozenset[str]:
    """Values of an environment that must be shown nowhere; very short ones would blacken half of every message."""
    values = (environment.get(name, "") for name in SECRET_VARIABLES)
    return frozenset(value for value in values if len(value) >= 8)


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process, without the stack that a person has selected."""
    return {name: value for name, value in os.environ.items() if name != "PULUMI_STACK"}
