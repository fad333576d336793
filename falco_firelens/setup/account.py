"""Finds the clusters of an account that a stack can adopt, with a person's own credentials. It changes nothing."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

Clients = Callable[[str], Any]
"""Makes a client of a service."""

POD_IDENTITY_AGENT = "eks-pod-identity-agent"
"""The add-on's name in EKS: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html."""

DESCRIBED_AT_ONCE = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeClusters.html"""

EVERYONE = "0.0.0.0/0"

READING = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=30)
"""Every call here only reads, so that a throttled one may be repeated."""

Platform = Literal["eks", "ecs"]
PLATFORMS: tuple[Platform, ...] = ("eks", "ecs")


class AccountError(Exception):
    """The account cannot be asked; one line that says why and what to do."""


@dataclass(frozen=True)
class Adoptable:
    """A cluster that a stack can adopt. `notes` are what a person should know before deploying to it."""

    name: str
    platform: Platform
    permission: Literal["podIdentity", "irsa"] = "podIdentity"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unsuitable:
    """A cluster that no stack can adopt, or of which too little is known; says why."""

    name: str
    platform: Platform
    reason: str


@dataclass(frozen=True)
class Inventory:
    """The clusters of an account in one region. `problems` are what could not be asked."""

    account: str
    region: str
    adoptable: tuple[Adoptable, ...] = ()
    unsuitable: tuple[Unsuitable, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass
class _Found:
    adoptable: list[Adoptable] = field(default_factory=list[Adoptable])
    unsuitable: list[Unsuitable] = field(default_factory=list[Unsuitable])
    problems: list[str] = field(default_factory=list[str])


def clients(profile: str | None, region: str) -> Clients:
    """Return a function that makes clients with a person's credentials.

    Raises:
        AccountError: there is no such profile.
    """
    import boto3

    try:
        session: Any = boto3.Session(profile_name=profile, region_name=region)
    except ProfileNotFound as error:
        raise AccountError(f"{error}; `aws configure list-profiles` lists them") from None
    return lambda service: session.client(service, config=READING)


def usual_region(profile: str | None) -> str | None:
    """Return the region that AWS's tools would use, from the environment or the profile.

    boto3 itself does not read AWS_REGION, which Pulumi's provider and the other SDKs do:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html

    Raises:
        AccountError: there is no such profile.
    """
    import boto3

    try:
        session: Any = boto3.Session(profile_name=profile)
        return os.environ.get("AWS_REGION") or session.region_name
    except ProfileNotFound as error:
        raise AccountError(f"{error}; `aws configure list-profiles` lists them") from None


def look(
    aws: Clients, region: str, platforms: Collection[Platform] = PLATFORMS, expected: str | None = None
) -> Inventory:
    """Find the clusters of an account and a region.

    Raises:
        AccountError: there are no credentials, or those of another account than expected, or no platform can be asked.
    """
    account = _account(aws, region)
    if expected not in (None, account):
        found = f"found credentials of account {account}, expected those of {expected}"
        raise AccountError(f"{found}: --profile or AWS_PROFILE")
    found = _Found()
    for platform in platforms:
        try:
            _LOOK[platform](aws, region, found)
        except (ClientError, BotoCoreError) as error:
            found.problems.append(_said(error, region))
    if len(found.problems) == len(platforms):
        raise AccountError("; ".join(dict.fromkeys(found.problems)))
    return Inventory(account, region, (*found.adoptable,), (*found.unsuitable,), (*found.problems,))


def _account(aws: Clients, region: str) -> str:
    try:
        return aws("sts").get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        raise AccountError(_said(error, region)) from None


def _eks(aws: Clients, region: str, found: _Found) -> None:
    eks = aws("eks")
    names = [name for page in eks.get_paginator("list_clusters").paginate() for name in page["clusters"]]
    providers = _OidcProviders(aws)
    for name in names:
        try:
            cluster = eks.describe_cluster(name=name)["cluster"]
        except (ClientError, BotoCoreError) as error:
            found.unsuitable.append(Unsuitable(name, "eks", f"not known: {_said(error, region)}"))
            continue
        if cluster["status"] not in ("ACTIVE", "UPDATING"):
            reason = f"it is {cluster['status']}; run init again when it is ACTIVE"
            found.unsuitable.append(Unsuitable(name, "eks", reason))
            continue
        found.adoptable.append(_described(eks, cluster, providers, region))


def _described(eks: Any, cluster: dict[str, Any], providers: "_OidcProviders", region: str) -> Adoptable:
    name = cluster["name"]
    try:
        has_agent, unknown = _has_agent(eks, name, cluster), ()
    except (ClientError, BotoCoreError) as error:
        has_agent = True
        unknown = (f"it is not known whether it has the add-on {POD_IDENTITY_AGENT}: {_said(error, region)}",)
    notes = (
        *_reachability(cluster),
        *_nodes(eks, name, cluster),
        *_permission(cluster, has_agent, providers),
        *unknown,
    )
    return Adoptable(name, "eks", "podIdentity" if has_agent else "irsa", notes)


def _has_agent(eks: Any, name: str, cluster: dict[str, Any]) -> bool:
    """Return whether pods get credentials by EKS Pod Identity.

    Auto Mode has the agent built in: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html.
    """
    if _is_auto(cluster):
        return True
    try:
        addon = eks.describe_addon(clusterName=name, addonName=POD_IDENTITY_AGENT)["addon"]
    except eks.exceptions.ResourceNotFoundException:
        return False
    return addon["status"] not in ("CREATE_FAILED", "DELETING", "DELETE_FAILED")


def _is_auto(cluster: dict[str, Any]) -> bool:
    return bool(cluster.get("computeConfig", {}).get("enabled"))


def _reachability(cluster: dict[str, Any]) -> Iterator[str]:
    network = cluster.get("resourcesVpcConfig", {})
    cidrs: Sequence[str] = network.get("publicAccessCidrs", ())
    if not network.get("endpointPublicAccess"):
        yield "its Kubernetes API is private: deploy from inside its VPC, or through a VPN"
    elif EVERYONE not in cidrs:
        yield f"its Kubernetes API is reached from {', '.join(cidrs) or 'no address'} only: deploy from there"
    if cluster.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP") == "CONFIG_MAP":
        yield "it has no access entries: who deploys needs an entry in its ConfigMap aws-auth"


def _nodes(eks: Any, name: str, cluster: dict[str, Any]) -> Iterator[str]:
    """Warn if only Fargate can be seen; nodes that the cluster's owner runs are listed nowhere."""
    if _is_auto(cluster):
        return
    try:
        groups = _has_any(eks, "list_nodegroups", "nodegroups", name)
        profiles = not groups and _has_any(eks, "list_fargate_profiles", "fargateProfileNames", name)
    except (ClientError, BotoCoreError):
        return
    if not groups and profiles:
        yield "it has Fargate profiles and no managed node group: no sensor runs on Fargate"
    elif not groups:
        yield "it has no managed node group: a sensor runs on nodes only"


def _has_any(eks: Any, operation: str, key: str, name: str) -> bool:
    return any(page[key] for page in eks.get_paginator(operation).paginate(clusterName=name))


class _OidcProviders:
    """The OIDC providers of IAM, asked for once, when the first cluster needs one."""

    def __init__(self, aws: Clients) -> None:
        self._aws = aws
        self._known: list[str] | None = None

    def has(self, issuer: str) -> bool | None:
        """Return whether IAM trusts an issuer; None where IAM does not say."""
        if self._known is None:
            try:
                listed = self._aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
            except (ClientError, BotoCoreError):
                return None
            self._known = [one["Arn"] for one in listed]
        return any(arn.endswith(f"/{issuer.removeprefix('https://')}") for arn in self._known)


def _permission(cluster: dict[str, Any], has_agent: bool, providers: _OidcProviders) -> Iterator[str]:
    if has_agent:
        return
    yield f"it has no add-on {POD_IDENTITY_AGENT}, so the sensor's permission is irsa"
    issuer = cluster.get("identity", {}).get("oidc", {}).get("issuer", "")
    known = providers.has(issuer) if issuer else False
    if known is None:
        yield "it is not known whether IAM has its OIDC provider, which irsa needs"
    elif not known:
        yield (
            "IAM does not have its OIDC provider, which irsa needs: create that, or the add-on and write podIdentity: "
            f"aws eks create-addon --cluster-name {cluster['name']} --addon-name {POD_IDENTITY_AGENT}"
        )


def _ecs(aws: Clients, region: str, found: _Found) -> None:
    ecs = aws("ecs")
    arns = [arn for page in ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]]
    for start in range(0, len(arns), DESCRIBED_AT_ONCE):
        described = ecs.describe_clusters(clusters=arns[start : start + DESCRIBED_AT_ONCE])
        for failure in described.get("failures", ()):
            name = str(failure.get("arn", "")).rpartition("/")[2]
            found.unsuitable.append(Unsuitable(name, "ecs", f"not known: ECS says {failure.get('reason')}"))
        for cluster in described["clusters"]:
            if cluster["status"] == "ACTIVE":
                _ecs_cluster(ecs, cluster, region, found)


def _ecs_cluster(ecs: Any, cluster: dict[str, Any], region: str, found: _Found) -> None:
    name, arn = cluster["clusterName"], cluster["clusterArn"]
    try:
        pages = ecs.get_paginator("list_container_instances").paginate(cluster=arn)
        instances = sum(len(page["containerInstanceArns"]) for page in pages)
    except (ClientError, BotoCoreError) as error:
        found.unsuitable.append(Unsuitable(name, "ecs", f"not known: {_said(error, region)}"))
        return
    if instances:
        found.adoptable.append(Adoptable(name, "ecs"))
        return
    fargate = any(provider.startswith("FARGATE") for provider in cluster.get("capacityProviders", ()))
    what = "it has only Fargate, where no sensor reaches the kernel" if fargate else "it has no container instance"
    found.unsuitable.append(Unsuitable(name, "ecs", f"{what}; a sensor needs EC2 container instances"))


_LOOK: dict[Platform, Callable[[Clients, str, _Found], None]] = {"eks": _eks, "ecs": _ecs}

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized")
_THROTTLED = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
_REFUSED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
)


def _said(error: ClientError | BotoCoreError, region: str) -> str:
    """Say in one line what went wrong, and what to do."""
    if isinstance(error, ClientError):
        return _refusal(error, region)
    if isinstance(error, NoCredentialsError):
        return "found no AWS credentials, expected some: aws configure, aws sso login, or AWS_PROFILE"
    if isinstance(error, NoRegionError):
        return "found no region, expected --region, AWS_REGION or one in the profile"
    if isinstance(error, EndpointConnectionError):
        return f"nothing answers in region {region} ({_one_line(error)}), expected an AWS region such as eu-west-1"
    return _one_line(error)


def _refusal(error: ClientError, region: str) -> str:
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", ""))
    message = _one_line(response.get("Error", {}).get("Message") or code)
    operation = error.operation_name
    if code in _DENIED:
        return f"{operation} is denied ({message}); ask for the permission"
    if code in _THROTTLED:
        return f"{operation} is throttled ({message}), also after some repetitions; run init again in a minute"
    if code in _REFUSED:
        hint = f"log in again; or region {region} is not enabled in the account"
        return f"{operation}: AWS does not take the credentials ({message}); {hint}"
    return f"{operation}: {code}: {message}"


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
