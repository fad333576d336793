"""Workloads: no container is privileged, its image is the tested one, and no instance gives away its credentials."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, items_of, keys_of, show

TEMPLATE = ("spec", "template", "spec")

POD_SPECS: Mapping[str, tuple[str, ...]] = {
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:apps/v1:DaemonSet": TEMPLATE,
    "kubernetes:apps/v1:Deployment": TEMPLATE,
    "kubernetes:apps/v1:ReplicaSet": TEMPLATE,
    "kubernetes:apps/v1:StatefulSet": TEMPLATE,
    "kubernetes:batch/v1:Job": TEMPLATE,
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", *TEMPLATE),
}
"""Where a kind of workload has its pod's specification."""

TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")

MOVING_TAGS = frozenset(("latest", "stable", "edge", "main", "master", "nightly"))
"""Words in a tag that point at another image tomorrow; `init-latest` is Fluent Bit's on ECS."""


def _containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each container and its path; what is not known before the deployment has none yet."""
    if resource.type == TASK_DEFINITION:
        definitions = resource.props.get("containerDefinitions")
        parsed = json.loads(definitions) if isinstance(definitions, str) else definitions
        lists = [("containerDefinitions", parsed)]
    else:
        path = POD_SPECS[resource.type]
        spec: object = resource.props
        for key in path:
            spec = keys_of(spec).get(key)
        lists = [(".".join((*path, name)), keys_of(spec).get(name)) for name in CONTAINER_LISTS]
    for path, containers in lists:
        for container in map(keys_of, items_of(containers)):
            yield f"{path}[{container.get('name')}]", container


def _privileged(resource: Resource) -> Iterator[Finding]:
    on_ecs = resource.type == TASK_DEFINITION
    for path, container in _containers(resource):
        security = container if on_ecs else keys_of(container.get("securityContext"))
        prefix = path if on_ecs else f"{path}.securityContext"
        if security.get("privileged") is True:
            yield Finding(f"{prefix}.privileged", "true", "false, and the capabilities that it needs")
        limits = keys_of(security.get("linuxParameters")) if on_ecs else security
        if "ALL" in items_of(keys_of(limits.get("capabilities")).get("add")):
            yield Finding(f"{prefix} capabilities", "ALL added", "the capabilities that it needs")


def _images(resource: Resource) -> Iterator[Finding]:
    by_digest = resource.config.get("byDigest") is True
    write = "its digest, as in falco@sha256:…" if by_digest else "its full version, as in falco:0.45.0, or its digest"
    for path, container in _containers(resource):
        image = container.get("image")
        if isinstance(image, str) and not (has_digest(image) if by_digest else is_pinned(image)):
            yield Finding(f"{path}.image", show(image), write)


def has_digest(image: str) -> bool:
    """Whether an image's name ends with its digest, which no registry can make another image of."""
    return re.search("@sha256:[0-9a-f]{64}$", image) is not None


def is_pinned(image: str) -> bool:
    """Whether an image's name says which one it is: by digest, or by a tag that is no word for the newest."""
    if "@sha256:" in image:
        return True
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return bool(colon and tag) and not MOVING_TAGS.intersection(tag.split("-"))


def _tokens(resource: Resource) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"""
    options = keys_of(resource.props.get("metadataOptions"))
    tokens = options.get("httpTokens")
    if tokens not in ("required", UNKNOWN) and options.get("httpEndpoint") != "disabled":
        yield Finding("metadataOptions.httpTokens", show(tokens), '"required"')


_WORKLOADS = (*POD_SPECS, TASK_DEFINITION)

RULES = (
    Rule("no-privileged-container", "No container is privileged.", dict.fromkeys(_WORKLOADS, _privileged)),
    Rule(
        "pinned-images",
        "Images are pinned to a version.",
        dict.fromkeys(_WORKLOADS, _images),
        {"byDigest": {"type": "boolean", "default": False}},
    ),
    Rule(
        "imdsv2",
        "Instances give their credentials to IMDSv2 only.",
        {"aws:ec2/launchTemplate:LaunchTemplate": _tokens, "aws:ec2/instance:Instance": _tokens},
    ),
)
