"""The ValidatingAdmissionPolicy that bounds what the response function may write in a Kubernetes cluster.

RBAC cannot tell pods apart, nor the fields of one: `patch` on pods is the right to run any image in any pod. The policy
is about the function's identity alone: it refuses nobody else's request, and costs it one comparison.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from falco_firelens.responder.actions.registry import ACTIONS, Need
from falco_firelens.responder.guards import CONTROL_PLANE, NAMESPACES
from falco_firelens.responder.marks import CORDONED, ISOLATED, ISOLATING, TAINT
from falco_firelens.responder.permissions import needs

FIRST_VERSION = (1, 30)
"""Since when every API server has these policies:
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#before-you-begin"""

OPERATIONS = {
    "create": "CREATE",
    "delete": "DELETE",
    "deletecollection": "DELETE",
    "patch": "UPDATE",
    "update": "UPDATE",
}
"""What an admission request calls the verbs that write. Reads are not admitted at all, so no policy sees them."""

_LABELS, _OLD_LABELS = "object.metadata.?labels.orValue({})", "oldObject.metadata.?labels.orValue({})"
_NOTES, _OLD_NOTES = "object.metadata.?annotations.orValue({})", "oldObject.metadata.?annotations.orValue({})"
_TAINTS, _OLD_TAINTS = "object.spec.?taints.orValue([])", "oldObject.spec.?taints.orValue([])"
_SAME_TAINT = "one.key == other.key && one.effect == other.effect && one.?value == other.?value"


def _only(new: str, old: str, *keys: str) -> str:
    """Return an expression for: nothing but these keys of a mapping differs. What is not named may not change."""
    free = json.dumps(keys)
    kept = f"{new}.all(key, key in {free} || (key in {old} && {new}[key] == {old}[key]))"
    return f"{kept} && {old}.all(key, key in {free} || key in {new})"


CHECKS: Mapping[Need, Mapping[str, str]] = {
    ("", "pods", "delete"): {},
    ("", "pods", "patch"): {
        f"a playbook changes nothing of a pod but its label {ISOLATED}": " && ".join(
            [
                _only("object", "oldObject", "metadata"),
                _only("object.metadata", "oldObject.metadata", "labels", "managedFields"),
                _only(_LABELS, _OLD_LABELS, ISOLATED),
            ]
        ),
        f"the label {ISOLATED} is the pod's own uid": f"object.metadata.?labels[?{json.dumps(ISOLATED)}].orValue('') "
        "== oldObject.metadata.uid",
    },
    ("", "nodes", "patch"): {
        f"a playbook changes nothing of a node but unschedulable, taints and its annotation {CORDONED}": " && ".join(
            [
                _only("object", "oldObject", "metadata", "spec"),
                _only("object.metadata", "oldObject.metadata", "annotations", "managedFields"),
                _only(_NOTES, _OLD_NOTES, CORDONED),
                _only("object.spec", "oldObject.spec", "taints", "unschedulable"),
            ]
        ),
        "a playbook does not uncordon a node": "object.spec.?unschedulable.orValue(false) || "
        "!oldObject.spec.?unschedulable.orValue(false)",
        f"a playbook adds no taint but {TAINT['key']}, and removes none": f"{_OLD_TAINTS}.all(one, "
        f"{_TAINTS}.exists(other, {_SAME_TAINT})) && {_TAINTS}.all(one, one.key == {json.dumps(TAINT['key'])} || "
        f"{_OLD_TAINTS}.exists(other, {_SAME_TAINT}))",
        "no playbook touches a node of the control plane": f"!{json.dumps(CONTROL_PLANE)}.exists(label, "
        f"label in {_OLD_LABELS})",
    },
    ("networking.k8s.io", "networkpolicies", "create"): {
        "a playbook makes no NetworkPolicy but one that cuts off a pod with its label": " && ".join(
            [
                f"object.metadata.?name.orValue('').startsWith({json.dumps(ISOLATING)})",
                f"object.spec.podSelector.?matchLabels.orValue({{}}).all(key, key == {json.dumps(ISOLATED)})",
                "size(object.spec.podSelector.?matchLabels.orValue({})) == 1",
                "size(object.spec.podSelector.?matchExpressions.orValue([])) == 0",
                "size(object.spec.?ingress.orValue([])) == 0",
                "size(object.spec.?egress.orValue([])) == 0",
            ]
        ),
    },
}
"""What each permission to write is held to: messages with the expressions that have to be true.

A permission of an action that is not here is refused as a whole.
"""


def too_old(version: str) -> bool:
    """Return whether the API servers of a version of Kubernetes, such as 1.29, have no such policies."""
    return tuple(int(part) for part in version.split(".")[:2]) < FIRST_VERSION


def policy_wanted(cluster: str) -> str:
    """Return what to do about a cluster that has no such policies."""
    return (
        f"Kubernetes {'.'.join(map(str, FIRST_VERSION))} or newer, with a ValidatingAdmissionPolicy that keeps the "
        f"response from changing more of pods and nodes than its playbooks do; or {cluster} in "
        "response.withoutAdmissionPolicy, to deploy without it"
    )


def group_member(group: str) -> str:
    """Return the expression for: a member of the group asks."""
    return f"has(request.userInfo.groups) && {json.dumps(group)} in request.userInfo.groups"


def service_account(namespace: str, name: str) -> str:
    """Return the expression for: the service account asks."""
    return f"request.userInfo.username == {json.dumps(f'system:serviceaccount:{namespace}:{name}')}"


def policy_spec(identity: str) -> Mapping[str, Any]:
    """Return the policy's spec; `identity` is an expression that is true for the function's requests alone."""
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": _rules(writes())},
        "matchConditions": [{"name": "responder", "expression": identity}],
        "validations": [
            {"expression": expression, "message": message, "reason": "Forbidden"}
            for message, expression in _validations().items()
        ],
    }


def writes() -> set[Need]:
    """Return every permission to write that an action needs."""
    return {need for need in needs(ACTIONS) if need[2] in OPERATIONS}


def _rules(wanted: Iterable[Need]) -> list[Mapping[str, Any]]:
    """Return the rules for every operation on what is written, and on all that belongs to it, such as `pods/exec`."""
    return [
        {
            "apiGroups": [group],
            "apiVersions": ["*"],
            "operations": ["*"],
            "resources": [resource, f"{resource}/*"],
            "scope": "*",
        }
        for group, resource in sorted({(group, resource.partition("/")[0]) for group, resource, _ in wanted})
    ]


def _validations() -> Mapping[str, str]:
    """Return all expressions by their messages."""
    known = json.dumps(sorted({f"{group}/{resource} {OPERATIONS[verb]}" for group, resource, verb in CHECKS}))
    asked = "request.resource.group + '/' + request.resource.resource + ' ' + request.operation"
    found = {
        "no playbook writes this": f"(!has(request.subResource) || request.subResource == '') && ({asked}) in {known}",
        f"no playbook writes in {', '.join(NAMESPACES)}": "!has(request.namespace) || "
        f"!(request.namespace in {json.dumps(NAMESPACES)})",
    }
    for (_, resource, verb), checks in CHECKS.items():
        other = f"request.resource.resource != {json.dumps(resource)} || request.operation != '{OPERATIONS[verb]}'"
        found |= {message: f"{other} || ({expression})" for message, expression in checks.items()}
    return found
