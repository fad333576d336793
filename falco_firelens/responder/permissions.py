"""What actions have to be allowed, derived from their records: in Kubernetes by a ClusterRole, in AWS by IAM."""

from collections.abc import Iterable, Mapping

from falco_firelens.responder.actions.registry import ACTIONS, GET_NODE, GET_POD, LIST_PODS, Action, Need, Resources


def needs(
    names: Iterable[str], *, labels: bool = False, protects: bool = False, actions: Mapping[str, Action] = ACTIONS
) -> frozenset[Need]:
    """Return what some actions need in Kubernetes, and the guard before them.

    `labels` is for playbooks that look up the labels of pods, `protects` for settings that protect something.
    """
    wanted = {GET_POD} if labels else set[Need]()
    for action in (actions[name] for name in names):
        wanted.update(action.kubernetes)
        if action.kubernetes and action.acts_on == "node":
            wanted.add(GET_NODE)
        if action.kubernetes and action.acts_on != "nothing" and protects:
            wanted.update({GET_POD, LIST_PODS} if action.acts_on == "node" else {GET_POD})
    return frozenset(wanted)


def rules(wanted: Iterable[Need]) -> list[dict[str, list[str]]]:
    """Return the needs as rules of a ClusterRole, one a resource."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in sorted(wanted):
        verbs.setdefault((group, resource), []).append(verb)
    return [
        {"apiGroups": [group], "resources": [resource], "verbs": found} for (group, resource), found in verbs.items()
    ]


def aws_calls(actions: Iterable[Action]) -> Mapping[Resources, Mapping[str, frozenset[str]]]:
    """Return AWS's actions on each kind of resource, each with the names of the actions that call it."""
    found: dict[Resources, dict[str, frozenset[str]]] = {}
    for action in actions:
        for resources, calls in action.iam.items():
            callers = found.setdefault(resources, {})
            callers.update({call: callers.get(call, frozenset()) | {action.name} for call in calls})
    return found
