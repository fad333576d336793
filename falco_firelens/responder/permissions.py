"""What each action needs to be allowed in a Kubernetes cluster: its ClusterRole is made of this and no more."""

from collections.abc import Iterable, Mapping

Need = tuple[str, str, str]
"""API group, resource, verb."""

NETWORKING = "networking.k8s.io"

_GET_POD: Need = ("", "pods", "get")
_NODE: tuple[Need, ...] = (("", "nodes", "get"), ("", "nodes", "patch"))

NEEDS: Mapping[str, tuple[Need, ...]] = {
    "evidence": (_GET_POD, ("", "pods/log", "get"), ("", "events", "list")),
    "isolate": (
        _GET_POD,
        ("", "pods", "patch"),
        (NETWORKING, "networkpolicies", "create"),
        (NETWORKING, "networkpolicies", "list"),
    ),
    "delete": (_GET_POD, ("", "pods", "delete")),
    "cordon": _NODE,
    "taint": _NODE,
    "quarantine": (("", "nodes", "get"),),
}
"""A test takes each of them away in turn and sees its action refused."""


def needs(actions: Iterable[str], *, labels: bool = False) -> frozenset[Need]:
    """What some actions need together; `labels` is for playbooks that ask for the labels of pods."""
    wanted = {need for action in actions for need in NEEDS.get(action, ())}
    return frozenset(wanted | ({_GET_POD} if labels else set[Need]()))


def rules(wanted: Iterable[Need]) -> list[dict[str, list[str]]]:
    """The needs as rules of a ClusterRole, one a resource."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in sorted(wanted):
        verbs.setdefault((group, resource), []).append(verb)
    return [
        {"apiGroups": [group], "resources": [resource], "verbs": found} for (group, resource), found in verbs.items()
    ]
