"""Puts a stack's response together: the function, its access to each cluster, and the network that it runs in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi_kubernetes import Provider

from falco_firelens.contract import PRIORITIES, SENSOR_NAMESPACE
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.permissions import rules
from falco_firelens.settings import KubernetesCluster, Settings
from falco_firelens.settings import Response as ResponseSettings

from ..aws.location import AwsLocation
from ..response.cluster_access import ClusterAccess, ClusterAccessArgs, store_access
from ..response.event_response import EventResponse, EventResponseArgs, Secrets, secret_prefix
from ..response.network import HTTPS, FunctionNetwork, function_network
from ..response.package import build
from ..response.role import ClusterActions
from .insights import subscription_args
from .kubeconfig import cluster_of, parsed
from .preflight import needs_in
from .response_configuration import response_configuration

RESPONSE = "response"
"""The logical name."""


@dataclass(frozen=True)
class Reached:
    """A Kubernetes cluster of the stack, for the function. `eks_name` comes after a created cluster's control plane.

    `security_group_id` is that of a created cluster's endpoint.
    """

    provider: Provider
    ready: Sequence[pulumi.Resource]
    eks_name: pulumi.Input[str] | None = None
    security_group_id: pulumi.Input[str] | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the function needs of the rest of the stack."""

    location: AwsLocation
    log_group: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    quarantine_groups: Mapping[str, str]
    reached: Mapping[str, Reached]


@dataclass(frozen=True)
class Response:
    """A response whose package is built. `prefix` begins its names."""

    settings: Settings
    response: ResponseSettings
    prefix: str
    configuration: Configuration
    package: str

    @cached_property
    def called(self) -> Sequence[str]:
        """The clusters whose Kubernetes API the function calls, by their names in the stack."""
        clusters = self.configuration.clusters.items()
        return [name for name, one in clusters if one.platform != "ecs" and needs_in(self.configuration, name)]

    @cached_property
    def kubeconfigs(self) -> Mapping[str, tuple[str, str | None]]:
        """The kubeconfigs of those of them that are not EKS, each with the context that is used."""
        found: dict[str, tuple[str, str | None]] = {}
        for cluster in self.settings.clusters:
            if isinstance(cluster, KubernetesCluster) and cluster.name in self.called:
                assert cluster.existing.kubeconfig is not None, "the settings ask for it"
                found[cluster.name] = (cluster.existing.kubeconfig.get_secret_value(), cluster.existing.context)
        return found

    @cached_property
    def own_clusters(self) -> Mapping[str, Mapping[str, Any]]:
        """The entries of these clusters in their kubeconfigs."""
        return {name: cluster_of(*found) for name, found in self.kubeconfigs.items()}


def prepare(settings: Settings, prefix: str, folder: Path | None = None) -> Response | None:
    """Build the function's package before anything is registered; None without a response. Raises PackageError."""
    if settings.response is None:
        return None
    configuration = response_configuration(settings, settings.response, secret_prefix(prefix))
    return Response(settings, settings.response, prefix, configuration, str(build(configuration, folder)))


def deploy(response: Response, around: Surroundings, parent: pulumi.Resource) -> Mapping[str, Any]:
    """Register all of it below `parent`, and return what the stack's output says."""
    child = pulumi.ResourceOptions(parent=parent)
    args = _function_args(response, around)
    if response.called and around.subnet_ids:
        args["network"] = _network(response, around, child)
    made = EventResponse(RESPONSE, args, child)
    own = response.own_clusters
    for name in response.called:
        reached = around.reached[name]
        opts = pulumi.ResourceOptions(parent=parent, providers=[reached.provider], depends_on=list(reached.ready))
        access = ClusterAccess(f"{name}-response", _access_args(response, name, reached, made.role_arn), opts)
        if name in own:
            store_access(f"{name}-response", made.secret_ids[name], own[name], access.token, child)
    return {
        "function": made.function_name,
        "deadLetters": made.dead_letters_url,
        "bucket": made.bucket_name,
        "topic": made.topic_arn,
        "playbooks": {
            one.name: f"{', '.join(one.actions)}{' (dry run)' if one.dry_run else ''}"
            for one in response.configuration.playbooks
        },
    }


def _function_args(response: Response, around: Surroundings) -> EventResponseArgs:
    settings, given = response.settings, response.response
    secrets: Secrets = {"clusters": list(response.own_clusters)}
    if given.webhooks:
        hooks = [{"url": hook.url.get_secret_value(), "format": hook.format} for hook in given.webhooks]
        secrets["webhooks"] = pulumi.Output.secret(json.dumps(hooks))
    return {
        "location": around.location,
        "prefix": response.prefix,
        "package": response.package,
        "source": {
            "log_group": around.log_group,
            "log_group_arn": around.log_group_arn,
            "pattern": filter_pattern(response.configuration),
        },
        "permissions": {"clusters": _permissions(response), "groups": around.quarantine_groups},
        "secrets": secrets,
        "recipients": {"subscriptions": subscription_args(settings), "alarm_topic_arn": around.topic_arn},
        "limits": {
            "reserved_concurrency": given.reserved_concurrency,
            "evidence_lock_days": given.evidence_lock_days or 0,
            "evidence_days": given.evidence_days,
            "retention_days": given.retention_days,
        },
        "protect": settings.events.protect,
        "tags": settings.tags,
    }


def filter_pattern(configuration: Configuration) -> str:
    """Return the filter pattern of what a playbook can answer: no heartbeats, and nothing below every priority."""
    least = max(PRIORITIES.index(playbook.match.minimum_priority) for playbook in configuration.playbooks)
    either = " || ".join(f'$.priority = "{priority}"' for priority in PRIORITIES[: least + 1])
    every = least == len(PRIORITIES) - 1
    return f'{{ $.source != "internal"{"" if every else f" && ({either})"} }}'


def _permissions(response: Response) -> list[ClusterActions]:
    configuration, called = response.configuration, response.called
    return [
        ClusterActions(one.platform, one.name, configuration.actions_in(name), name in called)
        for name, one in configuration.clusters.items()
    ]


def _network(response: Response, around: Surroundings, child: pulumi.ResourceOptions) -> FunctionNetwork:
    """Run the function in the stack's VPC wherever it calls a cluster: private endpoints are reached from inside."""
    servers = [urlsplit(str(cluster["server"])) for cluster in response.own_clusters.values()]
    endpoints = {name: around.reached[name].security_group_id for name in response.called}
    return function_network(
        RESPONSE,
        {
            "vpc_id": around.vpc_id,
            "subnet_ids": around.subnet_ids,
            "ports": [server.port or HTTPS for server in servers],
            "endpoints": {name: group for name, group in endpoints.items() if group is not None},
            "tags": response.settings.tags,
        },
        child,
    )


def _access_args(response: Response, name: str, reached: Reached, role_arn: pulumi.Input[str]) -> ClusterAccessArgs:
    args: ClusterAccessArgs = {
        "rules": rules(needs_in(response.configuration, name)),
        "role_arn": role_arn,
        "cluster": name,
        "namespace": SENSOR_NAMESPACE,
        "bounded": name not in response.response.without_admission_policy,
        "tags": response.settings.tags,
    }
    if reached.eks_name is not None:
        args["eks_cluster"] = reached.eks_name
    else:
        text, context = response.kubeconfigs[name]
        args["kubeconfig"] = parsed(text)
        if context:
            args["context"] = context
    return args
