"""Resources that permit something without an IAM document, in the words of one."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Final, cast

from falco_firelens.fleet.comment.scope import Condition, Permission, Scope
from falco_firelens.fleet.comment.values import listed, text_of

Inputs = Mapping[str, Any]
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def _whole(name: str, who: str) -> Permission:
    """All that a policy or a role allows; which that is, is not part of the resource."""
    return Permission("Allow", f"all that {name} allows", Scope((("to", who),)))


def _lambda_permission(inputs: Inputs) -> Iterator[Permission]:
    narrowing = ("principalOrgId", "sourceAccount", "sourceArn", "functionUrlAuthType")
    conditions: tuple[Condition, ...] = tuple(
        (name, (text_of(inputs[name]),)) for name in narrowing if inputs.get(name)
    )
    where = (("to", text_of(inputs.get("principal"))), ("on", text_of(inputs.get("function"))))
    yield Permission("Allow", text_of(inputs.get("action")), Scope(where, conditions))


def _grant(inputs: Inputs) -> Iterator[Permission]:
    where = (("to", text_of(inputs.get("granteePrincipal"))), ("on", text_of(inputs.get("keyId"))))
    for operation in listed(inputs.get("operations")):
        yield Permission("Allow", f"kms:{text_of(operation)}", Scope(where))


def _access_entry(inputs: Inputs) -> Iterator[Permission]:
    for group in listed(inputs.get("kubernetesGroups")):
        yield _whole(f"the group {text_of(group)}", text_of(inputs.get("principalArn")))


def _access_policy(inputs: Inputs) -> Iterator[Permission]:
    yield _whole(text_of(inputs.get("policyArn")), text_of(inputs.get("principalArn")))


def _pod_identity(inputs: Inputs) -> Iterator[Permission]:
    account = f"ServiceAccount {text_of(inputs.get('namespace'))}/{text_of(inputs.get('serviceAccount'))}"
    yield _whole(text_of(inputs.get("roleArn")), account)


def _role(inputs: Inputs) -> Iterator[Permission]:
    """Yield a Role or a ClusterRole, whose verbs have the name `k8s` before them, as a service of AWS has."""
    for rule in map(_keys, listed(inputs.get("rules"))):
        objects = product(listed(rule.get("apiGroups")), listed(rule.get("resources")))
        places = [f"{text_of(group)}/{text_of(kind)}".lstrip("/") for group, kind in objects]
        places += map(text_of, listed(rule.get("nonResourceURLs")))
        names = [text_of(name) for name in listed(rule.get("resourceNames"))]
        conditions: tuple[Condition, ...] = (("resourceNames", tuple(sorted(names))),) if names else ()
        for place, verb in product(places, listed(rule.get("verbs"))):
            yield Permission("Allow", f"k8s:{text_of(verb)}", Scope((("on", place),), conditions))


def _binding(inputs: Inputs) -> Iterator[Permission]:
    role = _keys(inputs.get("roleRef"))
    for subject in map(_keys, listed(inputs.get("subjects"))):
        place = f"{text_of(subject['namespace'])}/" if subject.get("namespace") else ""
        who = f"{text_of(subject.get('kind'))} {place}{text_of(subject.get('name'))}"
        yield _whole(f"{text_of(role.get('kind'))} {text_of(role.get('name'))}", who)


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


def _keys(value: object) -> Inputs:
    return cast("Inputs", value) if isinstance(value, Mapping) else {}
