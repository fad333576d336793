"""EC2: move a node's network interfaces to a security group that lets nothing through."""

from collections.abc import Iterator, Sequence
from typing import Any

from falco_firelens.responder import guards
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.kubernetes import GONE, find_node, instance_of
from falco_firelens.responder.outcome import Done, FailedError
from falco_firelens.responder.targets import ECS

BEFORE = "falco-firelens:security-groups"
"""Tags of a moved interface: the security groups that it had, ten in each tag, since a tag holds 256 characters."""

_PER_TAG = 10


def quarantine(context: Context) -> Done:
    """Give every network interface of the node the quarantine security group and no other."""
    group: str = context.settings["securityGroupId"]
    instance = _instance(context)
    if instance is None:
        return Done(GONE, changed=False)
    ec2 = context.aws("ec2")
    moved = [
        interface["NetworkInterfaceId"] for interface in interfaces_of(ec2, instance) if _move(ec2, interface, group)
    ]
    reference = f"{context.target.cluster}/{instance}"
    if not moved:
        return Done(f"all interfaces of {instance} are already in {group}", reference, changed=False)
    return Done(f"{', '.join(moved)} of {instance} moved to {group}", reference)


def interfaces_of(ec2: Any, instance: str) -> Sequence[dict[str, Any]]:
    """Return an instance's network interfaces.

    Raises FailedError where there is no such instance.
    """
    filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
    found = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    if not found:
        raise FailedError(f"{instance} does not exist, or has no network interface")
    return found


def groups_before(interface: dict[str, Any]) -> list[str]:
    """Return the security groups that a moved interface had."""
    tags = {tag["Key"]: tag["Value"] for tag in interface.get("TagSet", ())}
    return [f"sg-{part}" for name in sorted(tags) if name.startswith(BEFORE) for part in tags[name].split(" ")]


def _move(ec2: Any, interface: dict[str, Any], group: str) -> bool:
    """Tag first, then move: an interface that moved without its tags could not be moved back.

    Existing tags stay: an interface that another playbook has moved has a quarantine's groups, not its own.
    """
    identity, groups = interface["NetworkInterfaceId"], [one["GroupId"] for one in interface["Groups"]]
    if groups == [group]:
        return False
    if not groups_before(interface):
        ec2.create_tags(Resources=[identity], Tags=list(_tags(groups)))
    ec2.modify_network_interface_attribute(NetworkInterfaceId=identity, Groups=[group])
    return True


def _tags(groups: Sequence[str]) -> Iterator[dict[str, str]]:
    plain = [group.removeprefix("sg-") for group in groups]
    for start in range(0, len(plain), _PER_TAG):
        yield {"Key": f"{BEFORE}-{start // _PER_TAG}", "Value": " ".join(plain[start : start + _PER_TAG])}


def _instance(context: Context) -> str | None:
    """Return the node's instance, None when it is gone. On ECS it is the node's name, in Kubernetes its provider id.

    Raises:
        ProtectedError: it is not in the event's cluster; an event must not reach beyond it.
        FailedError: the node is not an EC2 instance.
    """
    if context.case.event.platform == ECS:
        return _member(context)
    node = find_node(context)
    instance = node and instance_of(node)
    if node is not None and instance is None:
        raise FailedError(f"node {context.target.name} is not an EC2 instance")
    return instance


def _member(context: Context) -> str:
    """Return the instance that an ECS event names, which must be in the event's cluster."""
    ecs, cluster, instance = context.aws("ecs"), context.cluster.name, context.target.name
    pages = ecs.get_paginator("list_container_instances").paginate(
        cluster=cluster, filter=f"ec2InstanceId == {instance}"
    )
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    if arns:
        found = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]
        if any(one.get("ec2InstanceId") == instance for one in found):
            return instance
    raise guards.ProtectedError(f"{instance} is not a container instance of {cluster}")
