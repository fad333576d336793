"""The provider's configuration and what it leads to: credentials, regions, default tags, boto3 clients."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import functools
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from standin.aws import inventory, wire
from standin.aws.check import Failure, object_failures
from standin.aws.guard import guard
from standin.aws.limits import Limit, Limits
from standin.aws.sdk import ANY, ListOf, Scalar, Type, provider_type
from standin.aws.unsent import leave_unsent

if TYPE_CHECKING:
    import boto3

ENGINE_KEYS = ("version", "pluginDownloadURL", "__internal", "__defaults")
"""What the engine adds to a provider's configuration."""
STRING = Scalar("string")
REGION_PATTERN = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


class ConfigurationError(ValueError):
    """The configuration is well formed, but cannot be worked with."""


def parse(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provider's arguments; those that are not strings travel as JSON text."""
    fields = provider_type().fields
    return {
        name: _parse_value(value, fields[name].type if name in fields else ANY)
        for name, value in arguments.items()
        if name not in ENGINE_KEYS
    }


def _parse_value(value: Any, expected: Type) -> Any:
    if expected == STRING or not isinstance(value, str) or value == wire.UNKNOWN:
        return value
    try:
        parsed: Any = json.loads(value)
    except ValueError:
        return value
    if expected == ListOf(STRING) and isinstance(parsed, list):
        # `pulumi config set --path` writes an account's digits as a number.
        return [str(item) if isinstance(item, int) else item for item in parsed]
    return parsed


def failures(configuration: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield what is wrong with a provider's configuration, as far as it can be seen without asking AWS."""
    yield from object_failures(configuration, provider_type().fields)
    region = configuration.get("region", wire.UNKNOWN)
    if isinstance(region, str) and region != wire.UNKNOWN and not REGION_PATTERN.fullmatch(region):
        yield Failure("region", f"{region!r} is not an AWS region")


@dataclass(frozen=True)
class Region:
    """One region of one account, as one resource or function sees it."""

    cloud: "Cloud"
    name: str

    def client(self, service: str) -> Any:
        """Return a boto3 client; kept, as building one takes a tenth of a second."""
        return self.cloud.client(service, self.name)

    def unsent_client(self, service: str) -> Any:
        """Return a client for an API that the local cloud lacks: it judges requests and sends none."""
        return self.cloud.unsent_client(service, self.name)

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self.cloud.account

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for prefix, name in prefixes.items() if self.name.startswith(prefix)), "aws")

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Return the ARN of something of this account; IAM's and others' name no region."""
        return f"arn:{self.partition}:{service}:{self.name if regional else ''}:{self.account}:{resource}"

    def all_tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return a resource's tags on top of the provider's default tags."""
        return {**self.cloud.default_tags, **tags}


@dataclass
class Cloud:
    """A configured provider.

    Nothing is asked of AWS before the first client or account number is needed, so that a stand-in that the engine
    starts but does not use costs nothing.
    """

    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    limits: Limits = field(default_factory=Limits)
    """Published limits, which every request is held against beside botocore's models."""
    _clients: dict[tuple[str, ...], Any] = field(default_factory=dict[tuple[str, ...], Any], init=False)
    _lock: Any = field(default_factory=threading.RLock, init=False)

    @property
    def region_name(self) -> str | None:
        """The provider's own region: configured, or the environment's."""
        return self.configuration.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")

    @property
    def default_tags(self) -> Mapping[str, str]:
        """Tags that every taggable resource gets."""
        return (self.configuration.get("defaultTags") or {}).get("tags") or {}

    @functools.cached_property
    def account(self) -> str:
        """The account the credentials belong to."""
        return self.client("sts", self.region().name).get_caller_identity()["Account"]

    def region(self, name: str | None = None) -> Region:
        """Return a region by name, the provider's own without one.

        Raises ConfigurationError when none is configured.
        """
        name = name or self.region_name
        if not name:
            raise ConfigurationError("no region: set aws:region or AWS_REGION")
        return Region(self, name)

    def client(self, service: str, region: str) -> Any:
        """Return a boto3 client for a service's own region, which refuses what is beyond AWS's bounds."""
        return self._kept((service, region), lambda: self._new_client(service, region))

    def unsent_client(self, service: str, region: str) -> Any:
        """Return a client for an API that the local cloud lacks: it judges requests as `client` does and sends none."""

        def build() -> Any:
            client = self._new_client(service, region)
            leave_unsent(client)
            return client

        return self._kept((service, region, "unsent"), build)

    def earlier(self, client: Any, limit: Limit, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        """Return what the account has already of a total that AWS limits: the size of each part."""
        return inventory.parts(client, limit, parameters)

    def _kept(self, key: tuple[str, ...], build: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._clients:
                self._clients[key] = build()
            return self._clients[key]

    def _new_client(self, service: str, region: str) -> Any:
        client: Any = self._session.client(
            service,  # pyright: ignore[reportArgumentType]
            region_name=region,
            endpoint_url=self._endpoint(service),
            config=_config(),
        )
        guard(client, self.limits, self.earlier)
        return client

    def check_account(self) -> None:
        """Refuses to go on with the credentials of an account that the configuration does not allow.

        Raises ConfigurationError.
        """
        allowed: list[str] = self.configuration.get("allowedAccountIds") or []
        forbidden: list[str] = self.configuration.get("forbiddenAccountIds") or []
        if allowed and self.account not in allowed:
            raise ConfigurationError(f"the credentials belong to account {self.account}; allowed: {', '.join(allowed)}")
        if self.account in forbidden:
            raise ConfigurationError(f"the credentials belong to account {self.account}, which is forbidden")

    @functools.cached_property
    def _session(self) -> "boto3.Session":
        """The session after all roles are assumed, one from the other."""
        import boto3

        session = boto3.Session(
            aws_access_key_id=self.configuration.get("accessKey"),
            aws_secret_access_key=self.configuration.get("secretKey"),
            aws_session_token=self.configuration.get("token"),
            profile_name=self.configuration.get("profile"),
        )
        for role in self.configuration.get("assumeRoles") or []:
            session = self._assume(session, role)
        return session

    def _assume(self, session: "boto3.Session", role: Mapping[str, Any]) -> "boto3.Session":
        import boto3

        sts = session.client(
            "sts", region_name=self.region().name, endpoint_url=self._endpoint("sts"), config=_config()
        )
        desired = {
            "ExternalId": role.get("externalId"),
            "Policy": role.get("policy"),
            "SourceIdentity": role.get("sourceIdentity"),
        }
        credentials = sts.assume_role(
            RoleArn=role["roleArn"],
            RoleSessionName=role.get("sessionName", "pulumi"),
            **{name: value for name, value in desired.items() if value},
        )["Credentials"]
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def _endpoint(self, service: str) -> str | None:
        """Return the configured endpoint; None leaves it to boto3, which reads AWS_ENDPOINT_URL."""
        names = {"logs": ("logs", "cloudwatchlogs")}.get(service, (service,))
        endpoints: list[Mapping[str, str]] = self.configuration.get("endpoints") or []
        return next((group[name] for group in endpoints for name in names if group.get(name)), None)


def _config() -> Any:
    """Return a configuration that repeats throttled and unanswered calls as the real provider does."""
    from botocore.config import Config

    return Config(max_pool_connections=32, retries={"mode": "standard"})
