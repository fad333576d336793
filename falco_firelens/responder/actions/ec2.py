"""EC2: move a node's network interfaces to a security group that lets nothing through."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from falco_firelens.contract import CLUSTER_TAG
from falco_firelens.responder import guards
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.ecs import container_instances
from falco_firelens.responder.actions.kubernetes import GONE, find_node, instance_of
from falco_firelens.responder.configuration import Cluster
from falco_firelens.responder.marks import BEFORE
from falco_firelens.responder.outcome import Done, FailedError
from falco_firelens.responder.targets import ECS

_PER_TAG = 10

CONTROL_PLANE_TAGS = {
    "k8s.io/role/control-plane": "1",
    "k8s.io/role/master": "1",
    "sigs.k8s.io/cluster-api-provider-aws/role": "control-plane",
}
"""Tags by which kOps and Cluster API distinguish the instances of a control plane from nodes. The label that says so of
a Node is not enough: a second Node can name the same instance."""

EKS_TAGS = ("eks:cluster-name", "eks:eks-cluster-name")
"""Tags with the name of an EKS cluster, of managed node groups, and of Karpenter and Auto Mode.

Not `aws:eks:cluster-name`: the cloud provider's controller for such tags believes `spec.providerID`, so that a Node,
which may be the attacker's, can have it set on any instance. Whether EKS sets this tag by that controller is not
documented:
https://github.com/kubernetes/cloud-provider-aws/blob/master/pkg/controllers/tagging/tagging_controller.go"""


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
    tags = tags_of(interface.get("TagSet", ()))
    return [f"sg-{part}" for name in sorted(tags) if name.startswith(BEFORE) for part in tags[name].split(" ")]


def tags_of(listed: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    """Return tags by their keys, as EC2 lists them."""
    return {tag["Key"]: tag["Value"] for tag in listed}


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
        ProtectedError: AWS does not know it as one of the event's cluster; an event must not reach beyond it.
        FailedError: the node is not an EC2 instance, or the instance does not exist.
    """
    if context.case.event.platform == ECS:
        return _member(context)
    node = find_node(context)
    if node is None:
        return None
    instance = instance_of(node)
    if instance is None:
        raise FailedError(f"node {context.target.name} is not an EC2 instance")
    _check_node(context, instance)
    return instance


def _member(context: Context) -> str:
    """Return the instance that an ECS event names, which must be in the event's cluster."""
    cluster, instance = context.cluster.name, context.target.name
    if arns := container_instances(context, instance):
        ecs = context.aws("ecs")
        found = ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]
        if any(one.get("ec2InstanceId") == instance for one in found):
            return instance
    raise guards.ProtectedError(f"{instance} is not a container instance of {cluster}")


def _check_node(context: Context, instance: str) -> None:
    """Refuse an instance that AWS does not know as this node of this cluster.

    Names and provider ids of Node objects are what somebody in the cluster has written, who may have no rights in AWS.
    """
    node, cluster = context.target.name, context.cluster
    filters = [{"Name": "instance-id", "Values": [instance]}]
    reservations = context.aws("ec2").describe_instances(Filters=filters)["Reservations"]
    found = [one for reservation in reservations for one in reservation["Instances"]]
    if not found:
        raise FailedError(f"{instance} does not exist")
    dns, tags = found[0].get("PrivateDnsName"), tags_of(found[0].get("Tags", ()))
    # https://cloud-provider-aws.sigs.k8s.io/prerequisites/#node-name-conventions
    if node != dns and node.partition(".")[0] != instance:
        raise guards.ProtectedError(f"node {node} says that it is {instance}, whose private DNS name is {dns}")
    if not _is_tagged(cluster, tags):
        wanted = [f"{CLUSTER_TAG}{cluster.name}", *(EKS_TAGS if cluster.platform == "eks" else ())]
        raise guards.ProtectedError(f"{instance} is not of cluster {cluster.name} by its tags {', '.join(wanted)}")
    if CONTROL_PLANE_TAGS.items() & tags.items():
        raise guards.ProtectedError(f"{instance} runs the control plane")


def _is_tagged(cluster: Cluster, tags: Mapping[str, str]) -> bool:
    if tags.get(f"{CLUSTER_TAG}{cluster.name}") in ("owned", "shared"):
        return True
    return cluster.platform == "eks" and cluster.name in [tags.get(name) for name in EKS_TAGS]
