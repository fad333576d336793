"""Puts a stack's response together: the function, its access to each cluster, and the network that it runs in."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pulumi
import yaml
from pulumi_kubernetes import Provider

from falco_firelens.contract import PRIORITIES, SENSOR_NAMESPACE
from falco_firelens.responder.permissions import rules
from falco_firelens.settings import KubernetesCluster, Response, Settings

from ..aws.location import Place
from ..insights.event_insights import subscription_args
from ..response.cluster_access import ClusterAccess, ClusterAccessArgs
from ..response.event_response import EventResponse, EventResponseArgs, FunctionNetwork, access_document
from ..response.package import build
from ..response.role import ClusterActions
from .preflight import needs_in

RESPONSE = "response"
"""The logical name."""

HTTPS = 443


@dataclass(frozen=True)
class Reached:
    """A Kubernetes cluster of the stack, for the function. `eks_name` comes after a created cluster's control plane.

    `security_group_id` is that of a created cluster's endpoint; `kubeconfig` is that of a cluster which is not of EKS.
    """

    provider: Provider
    ready: Sequence[pulumi.Resource]
    eks_name: pulumi.Input[str] | None = None
    security_group_id: pulumi.Input[str] | None = None
    kubeconfig: pulumi.Output[str] | None = None
    context: str | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the function needs of the rest of the stack."""

    place: Place
    prefix: str
    log_group: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    reached: Mapping[str, Reached]


def slug_of(prefix: str) -> str:
    """What the names of the response begin with; a bucket takes neither capitals nor underscores."""
    return prefix.lower().replace("_", "-")[:48].strip("-")


def package(settings: Settings, prefix: str, folder: Path | None = None) -> str:
    """Build the function's zip before anything is registered. Raises PackageError."""
    assert settings.response is not None
    return str(build(settings.response.document(settings.clusters, f"{slug_of(prefix)}-response/"), folder))


def deploy(settings: Settings, zip_file: str, around: Surroundings, child: pulumi.ResourceOptions) -> Mapping[str, Any]:
    """Register all of it; returns what the stack's output says."""
    response = settings.response
    assert response is not None
    actions = [_actions(settings, response, one) for one in response.document(settings.clusters)["clusters"].items()]
    asked = [one.name for one, cluster in zip(settings.clusters, actions, strict=True) if cluster.api]
    network = _network(settings, around, asked, child)
    args: EventResponseArgs = {
        "place": around.place,
        "slug": slug_of(around.prefix),
        "package": zip_file,
        "log_group": around.log_group,
        "log_group_arn": around.log_group_arn,
        "wanted": wanted(response),
        "clusters": actions,
        "groups": _groups(response),
        "access_secrets": [name for name in asked if around.reached[name].kubeconfig is not None],
        "subscriptions": subscription_args(settings),
        "alarm_prefix": around.prefix,
        "topic_arn": around.topic_arn,
        "reserved_concurrency": response.reserved_concurrency,
        "evidence_days": response.evidence_days,
        "retention_days": response.retention_days,
        "protect": settings.events.protect,
        "tags": settings.tags,
    }
    if network:
        args["network"] = network
    if response.webhooks:
        hooks = [{"url": hook.url.get_secret_value(), "format": hook.format} for hook in response.webhooks]
        args["webhooks"] = pulumi.Output.secret(json.dumps(hooks))
    made = EventResponse(RESPONSE, args, child)
    for name in asked:
        _access(settings, response, name, around.reached[name], made, child)
    return {
        "function": made.function_name,
        "deadLetters": made.dead_letters_url,
        "bucket": made.bucket_name,
        "topic": made.topic_arn,
        "playbooks": {
            one.name: f"{', '.join(one.actions.names)}{' (dry run)' if one.dry_run else ''}"
            for one in response.playbooks
        },
    }


def wanted(response: Response) -> str:
    """The filter pattern of what a playbook can be for: no heartbeats, and nothing below every playbook's priority."""
    least = max(PRIORITIES.index(playbook.match.minimum_priority) for playbook in response.playbooks)
    either = " || ".join(f'$.priority = "{priority}"' for priority in PRIORITIES[: least + 1])
    every = least == len(PRIORITIES) - 1
    return f'{{ $.source != "internal"{"" if every else f" && ({either})"} }}'


def _actions(settings: Settings, response: Response, cluster: tuple[str, Mapping[str, str]]) -> ClusterActions:
    name, described = cluster
    actions = frozenset(response.actions_on(name))
    api = described["platform"] != "ecs" and bool(needs_in(response, name))
    return ClusterActions(described["platform"], described["name"], actions, api)


def _groups(response: Response) -> list[str]:
    found = (playbook.actions.quarantine for playbook in response.playbooks)
    return sorted({one.security_group_id for one in found if one})


def _network(
    settings: Settings, around: Surroundings, asked: Sequence[str], child: pulumi.ResourceOptions
) -> FunctionNetwork | None:
    """Private endpoints are reached from inside: the function runs in the stack's VPC wherever it asks a cluster."""
    from pulumi_aws import ec2, vpc

    if not asked or not around.subnet_ids:
        return None
    group = ec2.SecurityGroup(
        f"{RESPONSE}-function",
        description="The response function",
        vpc_id=around.vpc_id,
        tags=settings.tags,
        opts=child,
    )
    for port in _ports(settings, asked):
        vpc.SecurityGroupEgressRule(
            f"{RESPONSE}-function" if port == HTTPS else f"{RESPONSE}-function-{port}",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4="0.0.0.0/0",
            description="The APIs of AWS and of the clusters, and webhooks",
            tags=settings.tags,
            opts=child,
        )
    for name in asked:
        endpoint = around.reached[name].security_group_id
        if endpoint is not None:
            vpc.SecurityGroupIngressRule(
                f"{RESPONSE}-{name}",
                security_group_id=endpoint,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                description="The response function",
                tags=settings.tags,
                opts=child,
            )
    return {"security_group_id": group.id, "subnet_ids": list(around.subnet_ids)}


def _ports(settings: Settings, asked: Sequence[str]) -> list[int]:
    """The ports that the function calls: 443, and those of the API servers that are on another one."""
    kubernetes = [one for one in settings.clusters if isinstance(one, KubernetesCluster) and one.name in asked]
    found = {HTTPS}
    for existing in (one.existing for one in kubernetes):
        assert existing.kubeconfig is not None, "the settings ask for it"
        server: str = _cluster_of(existing.kubeconfig.get_secret_value(), existing.context)["server"]
        found.add(urlsplit(server).port or HTTPS)
    return sorted(found)


def _access(
    settings: Settings,
    response: Response,
    name: str,
    reached: Reached,
    made: EventResponse,
    child: pulumi.ResourceOptions,
) -> None:
    from pulumi_aws import secretsmanager

    args: ClusterAccessArgs = {
        "rules": rules(needs_in(response, name)),
        "role_arn": made.role_arn,
        "namespace": SENSOR_NAMESPACE,
        "tags": settings.tags,
    }
    if reached.eks_name is not None:
        args["eks_cluster"] = reached.eks_name
    parent = child.parent
    opts = pulumi.ResourceOptions(parent=parent, providers=[reached.provider], depends_on=list(reached.ready))
    access = ClusterAccess(f"{name}-response", args, opts)
    if reached.kubeconfig is not None:
        cluster = next(one for one in settings.clusters if one.name == name)
        assert isinstance(cluster, KubernetesCluster)
        document = pulumi.Output.all(kubeconfig=reached.kubeconfig, token=access.token).apply(
            lambda known: _document(known["kubeconfig"], known["token"], reached.context)
        )
        secretsmanager.SecretVersion(
            f"{name}-response", secret_id=made.secret_ids[name], secret_string=document, opts=child
        )


def _document(kubeconfig: str, token: str, context: str | None) -> str:
    """`token` is in base64, as the API has it."""
    cluster = _cluster_of(kubeconfig, context)
    authority: str = cluster.get("certificate-authority-data") or ""
    return access_document(cluster["server"], authority, base64.b64decode(token).decode())


def _cluster_of(kubeconfig: str, context: str | None) -> Mapping[str, Any]:
    """What a kubeconfig says of the cluster of a context, or of the current one."""
    document: dict[str, Any] = yaml.safe_load(kubeconfig)
    contexts = {one["name"]: one["context"] for one in cast("list[Any]", document["contexts"])}
    clusters = {one["name"]: one["cluster"] for one in cast("list[Any]", document["clusters"])}
    return clusters[contexts[context or document["current-context"]]["cluster"]]
