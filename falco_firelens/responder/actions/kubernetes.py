"""Kubernetes: isolate a pod, delete it, keep new pods off its node."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lightkube import ApiError
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta, OwnerReference
from lightkube.models.networking_v1 import NetworkPolicySpec
from lightkube.resources.core_v1 import Node, Pod
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.types import PatchType

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.marks import CORDONED, ISOLATED, ISOLATING, TAINT
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.targets import Target

GRACE_SECONDS = 30
"""The most that a deleted pod has to end by itself where the playbook does not say: Kubernetes' own default."""

STATIC = "kubernetes.io/config.mirror"
"""Annotation of a static pod's mirror: the uid by which the node, and so Falco, knows the pod."""

_HASH = "pod-template-hash"

NOT_THERE, CONFLICT = 404, 409

GONE = "the node is gone"


def isolate(context: Context) -> Done:
    """Isolate the pod: give it a label of its own, and make a NetworkPolicy that allows nothing for that label.

    Policies add up: another one that allows traffic still does, and the outcome names it.
    """
    pod = find_pod(context)
    if pod is None:
        return Done("the pod is gone", changed=False)
    client, target, uid = context.kubernetes, context.target, pod.metadata.uid
    labels: Mapping[str, str] = pod.metadata.labels or {}
    made = _create(client, deny_all(target, uid))
    changed = made or labels.get(ISOLATED) != uid
    if changed:
        _put_label(client, target, uid)
    detail = f"NetworkPolicy {policy_name(uid)} denies the pod all traffic"
    but = list(_in_the_way(client, target.namespace, pod))
    return Done(", but ".join([detail, *but]), target.reference, changed=changed)


def isolate_again(context: Context) -> Done | None:
    """Put the label back where something other than `undo` has taken it off: undoing deletes the policy first."""
    pod = find_pod(context)
    if pod is None or (pod.metadata.labels or {}).get(ISOLATED) == pod.metadata.uid:
        return None
    client, target, uid = context.kubernetes, context.target, pod.metadata.uid
    if not list(client.list(NetworkPolicy, namespace=target.namespace, fields={"metadata.name": policy_name(uid)})):
        return None
    _put_label(client, target, uid)
    return Done(f"the label {ISOLATED} had been taken off the pod, and is back: it is isolated again", target.reference)


def _put_label(client: Any, target: Target, uid: str) -> None:
    """Label the pod. The uid makes the API server refuse this for a pod that has taken this one's name."""
    patch = {"metadata": {"uid": uid, "labels": {ISOLATED: uid}}}
    client.patch(Pod, target.name, patch, namespace=target.namespace, patch_type=PatchType.MERGE)


def _in_the_way(client: Any, namespace: str, pod: Any) -> Iterator[str]:
    """Yield why the pod still has traffic.

    https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods
    """
    if pod.spec.hostNetwork:
        yield "it has its node's network, which no NetworkPolicy reaches: quarantine the node, or delete the pod"
    if allowing := sorted(_allowing(client, namespace, pod.metadata.labels or {})):
        yield f"other policies still allow it some: {', '.join(allowing)}"


def deny_all(target: Target, uid: str) -> NetworkPolicy:
    """Return the NetworkPolicy of an isolated pod; named after the uid, since a pod's name can be too long.

    The pod owns it, so that it is deleted with the pod.
    """
    return NetworkPolicy(
        metadata=ObjectMeta(
            name=policy_name(uid),
            namespace=target.namespace,
            labels={"app.kubernetes.io/managed-by": "falco-firelens"},
            annotations={"falco-firelens/pod": target.name},
            ownerReferences=[OwnerReference(apiVersion="v1", kind="Pod", name=target.name, uid=uid)],
        ),
        spec=NetworkPolicySpec(
            podSelector=LabelSelector(matchLabels={ISOLATED: uid}), policyTypes=["Ingress", "Egress"]
        ),
    )


def policy_name(uid: str) -> str:
    """Return the name of an isolated pod's NetworkPolicy."""
    return f"{ISOLATING}{uid}"


def delete(context: Context) -> Done:
    """Delete the pod; its controller, if it has one, makes another.

    It gets no more time to end than the playbook says, though its author may have given it hours: the API server also
    takes a shorter time for a pod that is being deleted already.
    https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
    """
    pod = find_pod(context)
    if pod is None:
        return Done("the pod is gone", changed=False)
    most = context.settings.get("gracePeriodSeconds", GRACE_SECONDS)
    given = (pod.spec.terminationGracePeriodSeconds, pod.metadata.deletionGracePeriodSeconds)
    seconds = min([most, *(one for one in given if one is not None)])
    if pod.metadata.deletionTimestamp and pod.metadata.deletionGracePeriodSeconds == seconds:
        return Done("the pod is being deleted already", changed=False)
    target = context.target
    context.kubernetes.delete(Pod, target.name, namespace=target.namespace, grace_period=seconds)
    owners = [f"{owner.kind} {owner.name}" for owner in pod.metadata.ownerReferences or ()]
    replaced = f"; {owners[0]} makes another" if owners else "; nothing makes another"
    return Done(f"deleted{replaced}. A deleted pod cannot be brought back")


def cordon(context: Context) -> Done:
    """Keep new pods off the node; those on it keep running."""
    node = find_node(context)
    if node is None:
        return Done(GONE, changed=False)
    reference = context.target.reference
    if node.spec and node.spec.unschedulable:
        cordoned_here = CORDONED in (node.metadata.annotations or {})
        return Done("already cordoned", reference if cordoned_here else "", changed=False)
    patch = {"metadata": {"annotations": {CORDONED: "true"}}, "spec": {"unschedulable": True}}
    context.kubernetes.patch(Node, context.target.name, patch, patch_type=PatchType.MERGE)
    return Done("the node takes no new pods", reference)


def taint(context: Context) -> Done:
    """Taint the node; the effect NoExecute also evicts its pods that do not tolerate it."""
    node = find_node(context)
    if node is None:
        return Done(GONE, changed=False)
    wanted, taints = {**TAINT, "effect": context.settings.get("effect", TAINT["effect"])}, taints_of(node)
    if wanted in taints:
        return Done("already tainted", context.target.reference, changed=False)
    put_taints(context.kubernetes, node, [*taints, wanted])
    return Done(f"tainted {wanted['key']}={wanted['value']}:{wanted['effect']}", context.target.reference)


def put_taints(client: Any, node: Node, taints: list[dict[str, str]]) -> None:
    """Write a node's taints, which are one list; refused if the node has changed since it was read."""
    metadata = node.metadata
    patch = {"metadata": {"resourceVersion": metadata and metadata.resourceVersion}, "spec": {"taints": taints}}
    client.patch(Node, metadata and metadata.name, patch, patch_type=PatchType.MERGE)


def taints_of(node: Node) -> list[dict[str, str]]:
    """Return a node's taints as the API writes them."""
    return [_taint(one) for one in (node.spec and node.spec.taints) or ()]


def find_pod(context: Context) -> Any:
    """Return the event's pod; None when it is gone, also where a later pod has its name."""
    subject = context.case.subject
    try:
        pod = context.kubernetes.get(Pod, subject.name, namespace=subject.namespace)
    except ApiError as error:
        if error.status.code == NOT_THERE:
            return None
        raise
    if not _is_the_one(pod, context):
        return None
    context.seen.pod = context.seen.pod or pod
    return pod


def _is_the_one(pod: Any, context: Context) -> bool:
    """Compare uids where the event has one, for a static pod that of its manifest; else compare its age."""
    if uid := context.case.subject.uid:
        return uid in (pod.metadata.uid, (pod.metadata.annotations or {}).get(STATIC))
    return pod.metadata.creationTimestamp.timestamp() <= context.case.event.time / 1e9 + 1


def owners(pod: Any) -> Iterator[str]:
    """Yield the names of a pod's controllers; for a Deployment's pod its ReplicaSet's and the Deployment's."""
    labels: Mapping[str, str] = pod.metadata.labels or {}
    for owner in pod.metadata.ownerReferences or ():
        yield owner.name
        if _HASH in labels:
            yield owner.name.removesuffix(f"-{labels[_HASH]}")


def find_node(context: Context, name: str = "") -> Any:
    """Return a node, that of the action unless another is named; None when it is gone."""
    try:
        return context.kubernetes.get(Node, name or context.target.name)
    except ApiError as error:
        if error.status.code == NOT_THERE:
            return None
        raise


def _create(client: Any, policy: NetworkPolicy) -> bool:
    try:
        client.create(policy)
    except ApiError as error:
        if error.status.code != CONFLICT:
            raise
        return False
    return True


def _allowing(client: Any, namespace: str, labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the other policies that select a pod with these labels and allow it traffic."""
    for policy in client.list(NetworkPolicy, namespace=namespace):
        spec = policy.spec
        if spec and (spec.ingress or spec.egress) and selects(spec.podSelector, labels):
            yield policy.metadata.name


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Return whether a label selector selects these labels.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    wanted: Mapping[str, str] = (selector and selector.matchLabels) or {}
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _expression(one, labels) for one in (selector and selector.matchExpressions) or ()
    )


def _expression(expression: Any, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression.key)
    match expression.operator:
        case "In":
            return value in (expression.values or ())
        case "NotIn":
            return value not in (expression.values or ())
        case "Exists":
            return value is not None
        case _:
            return value is None


def _taint(taint: Any) -> dict[str, str]:
    given = {"key": taint.key, "value": taint.value, "effect": taint.effect}
    return {name: value for name, value in given.items() if value}


def instance_of(node: Any) -> str | None:
    """Return the EC2 instance of a node, from its provider id, such as `aws:///eu-west-1a/i-0123456789abcdef0`."""
    provider = (node.spec and node.spec.providerID) or ""
    match = re.fullmatch(r"aws:///[a-z0-9-]+/(i-[0-9a-f]{8,17})", provider)
    return match[1] if match else None
