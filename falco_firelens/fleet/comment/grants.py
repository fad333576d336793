"""Resources that permit something without an IAM document, in the words of one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, cast

from falco_firelens.fleet.comment.scope import Condition, Permission, Scope
from falco_firelens.fleet.comment.values import LATER
from falco_firelens.fleet.results import UNKNOWN

Inputs = Mapping[str, Any]
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def _whole(name: str, who: str) -> Permission:
    """All that a policy or a role allows; which that is, is not part of the resource."""
    return Permission("Allow", f"all that {name} allows", Scope((("to", who),)))


def _lambda_permission(inputs: Inputs) -> Iterator[Permission]:
    narrowing = ("principalOrgId", "sourceAccount", "sourceArn", "functionUrlAuthType")
    conditions: tuple[Condition, ...] = tuple((name, (_text(inputs[name]),)) for name in narrowing if inputs.get(name))
    where = (("to", _text(inputs.get("principal"))), ("on", _text(inputs.get("function"))))
    yield Permission("Allow", _text(inputs.get("action")), Scope(where, conditions))


def _grant(inputs: Inputs) -> Iterator[Permission]:
    where = (("to", _text(inputs.get("granteePrincipal"))), ("on", _text(inputs.get("keyId"))))
    for operation in _list(inputs.get("operations")):
        yield Permission("Allow", f"kms:{_text(operation)}", Scope(where))


def _access_entry(inputs: Inputs) -> Iterator[Permission]:
    for group in _list(inputs.get("kubernetesGroups")):
        yield _whole(f"the group {_text(group)}", _text(inputs.get("principalArn")))


def _access_policy(inputs: Inputs) -> Iterator[Permission]:
    yield _whole(_text(inputs.get("policyArn")), _text(inputs.get("principalArn")))


def _pod_identity(inputs: Inputs) -> Iterator[Permission]:
    account = f"ServiceAccount {_text(inputs.get('namespace'))}/{_text(inputs.get('serviceAccount'))}"
    yield _whole(_text(inputs.get("roleArn")), account)


def _role(inputs: Inputs) -> Iterator[Permission]:
    """A Role or a ClusterRole, whose verbs have the name `k8s` before them, as a service of AWS has."""
    for rule in map(_keys, _list(inputs.get("rules"))):
        objects = product(_list(rule.get("apiGroups")), _list(rule.get("resources")))
        places = [f"{_text(group)}/{_text(kind)}".lstrip("/") for group, kind in objects]
        places += map(_text, _list(rule.get("nonResourceURLs")))
        names = [_text(name) for name in _list(rule.get("resourceNames"))]
        conditions: tuple[Condition, ...] = (("resourceNames", tuple(sorted(names))),) if names else ()
        for place, verb in product(places, _list(rule.get("verbs"))):
            yield Permission("Allow", f"k8s:{_text(verb)}", Scope((("on", place),), conditions))


def _binding(inputs: Inputs) -> Iterator[Permission]:
    role = _keys(inputs.get("roleRef"))
    for subject in map(_keys, _list(inputs.get("subjects"))):
        place = f"{_text(subject['namespace'])}/" if subject.get("namespace") else ""
        who = f"{_text(subject.get('kind'))} {place}{_text(subject.get('name'))}"
        yield _whole(f"{_text(role.get('kind'))} {_text(role.get('name'))}", who)


GRANTS: Final[Mapping[str, Callable[[Inputs], Iterator[Permission]]]] = {
    "aws:eks/accessEntry:AccessEntry": _access_entry,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _access_policy,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _pod_identity,
    "aws:kms/grant:Grant": _grant,
    "aws:lambda/permission:Permission": _lambda_permission,
    f"{RBAC}:ClusterRole": _role,
    f"{RBAC}:ClusterRoleBinding": _binding,
    f"{RBAC}:Role": _role,
    f"{RBAC}:RoleBinding": _binding,
}


def _text(value: object) -> str:
    return LATER if value == UNKNOWN else str(value)


def _keys(value: object) -> Inputs:
    return cast("Inputs", value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value)
    return () if value is None else (value,)
