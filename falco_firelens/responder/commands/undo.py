"""Undoes actions, with the credentials of the person who runs it."""

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from lightkube import ApiError
from lightkube.resources.core_v1 import Node, Pod
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.types import PatchType

from falco_firelens.responder.actions import ec2 as instances
from falco_firelens.responder.actions.ecs import DRAINED, was_drained_here
from falco_firelens.responder.actions.kubernetes import NOT_THERE, policy_name, put_taints, taints_of
from falco_firelens.responder.marks import BEFORE, CORDONED, ISOLATED, TAINT

Aws = Callable[[str], Any]

UNDO = Config(retries={"mode": "standard", "total_max_attempts": 3})
"""Undoing twice does no harm: every call here restores a value."""


def clients(session: Any) -> Aws:
    """Return a function that makes the clients, by service."""
    return lambda service: session.client(service, config=UNDO)


class NotUndoneError(Exception):
    """There is nothing to undo, or a person did it; says why."""


def isolate(client: Any, reference: str) -> str:
    """Give a pod its network back; `reference` is CLUSTER/NAMESPACE/POD."""
    _, namespace, name = _parts(reference, 3)
    pod: Any = client.get(Pod, name, namespace=namespace)
    labels: dict[str, str] = pod.metadata.labels or {}
    uid = labels.get(ISOLATED)
    if uid is None:
        raise NotUndoneError(f"{reference} is not isolated")
    try:
        client.delete(NetworkPolicy, policy_name(uid), namespace=namespace)
    except ApiError as error:
        if error.status.code != NOT_THERE:
            raise
    client.patch(Pod, name, {"metadata": {"labels": {ISOLATED: None}}}, namespace=namespace, patch_type=PatchType.MERGE)
    return f"{reference} has its network back"


def cordon(client: Any, reference: str) -> str:
    """Let new pods run on a node again; `reference` is CLUSTER/NODE."""
    _, name = _parts(reference, 2)
    node: Any = client.get(Node, name)
    if CORDONED not in (node.metadata.annotations or {}):
        raise NotUndoneError(f"{reference} was not cordoned by a playbook: kubectl uncordon {name}")
    patch = {"metadata": {"annotations": {CORDONED: None}}, "spec": {"unschedulable": None}}
    client.patch(Node, name, patch, patch_type=PatchType.MERGE)
    return f"{reference} takes new pods again"


def taint(client: Any, reference: str) -> str:
    """Remove a playbook's taints from a node, and no others; `reference` is CLUSTER/NODE."""
    node: Any = client.get(Node, _parts(reference, 2)[1])
    taints = taints_of(node)
    left = [one for one in taints if one["key"] != TAINT["key"]]
    if left == taints:
        raise NotUndoneError(f"{reference} has no taint of a playbook")
    put_taints(client, node, left)
    return f"{reference} no longer has a taint of a playbook"


def drain_instance(aws: Aws, reference: str) -> str:
    """Let a container instance take tasks again; `reference` is ECS-CLUSTER/CONTAINER-INSTANCE-ID."""
    cluster, instance = _parts(reference, 2)
    ecs = aws("ecs")
    known = ecs.describe_container_instances(cluster=cluster, containerInstances=[instance])["containerInstances"]
    if not known or not was_drained_here(known[0]):
        raise NotUndoneError(f"{reference} was not drained by a playbook")
    done = ecs.update_container_instances_state(cluster=cluster, containerInstances=[instance], status="ACTIVE")
    if done.get("failures"):
        raise NotUndoneError(f"ECS refused: {done['failures'][0].get('reason')}")
    marked = {**DRAINED, "targetId": known[0]["containerInstanceArn"]}
    ecs.delete_attributes(cluster=cluster, attributes=[marked])
    return f"{reference} takes tasks again"


def quarantine(aws: Aws, reference: str) -> str:
    """Give an instance's network interfaces their security groups back; `reference` is CLUSTER/INSTANCE-ID."""
    _, instance = _parts(reference, 2)
    ec2, moved = aws("ec2"), 0
    for interface in instances.interfaces_of(ec2, instance):
        groups = instances.groups_before(interface)
        if not groups:
            continue
        identity = interface["NetworkInterfaceId"]
        ec2.modify_network_interface_attribute(NetworkInterfaceId=identity, Groups=groups)
        names = [tag["Key"] for tag in interface["TagSet"] if tag["Key"].startswith(BEFORE)]
        ec2.delete_tags(Resources=[identity], Tags=[{"Key": name} for name in names])
        moved += 1
    if not moved:
        raise NotUndoneError(f"no interface of {instance} was moved by a playbook")
    return f"{moved} network interfaces of {instance} have their security groups back"


def _parts(reference: str, number: int) -> list[str]:
    parts = reference.split("/")
    if len(parts) != number or not all(parts):
        raise NotUndoneError(f"found {reference}, expected {number} names separated by /")
    return parts
