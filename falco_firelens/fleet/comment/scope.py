"""One permission, wherever it is written, and how much it can do."""

from dataclasses import dataclass

from falco_firelens.policy.actions import Power, power

Condition = tuple[str, tuple[str, ...]]
"""An operator with its key, such as `StringEquals aws:SourceAccount`, and its values."""


@dataclass(frozen=True, order=True)
class Scope:
    """What a statement says beside its actions."""

    where: tuple[tuple[str, str], ...] = ()
    """Principals and resources, each with the word before it."""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, order=True)
class Permission:
    """One action that one statement allows or denies."""

    effect: str
    action: str
    scope: Scope


_READ = frozenset(("k8s:get", "k8s:list", "k8s:watch"))


def power_of(action: str, scope: Scope) -> Power:
    """Return what somebody can do who has an action in a scope.

    Everything but something, and what is in a managed policy or a role, may be anything. On Kubernetes secrets are
    credentials, and what is created, changed or executed may run as another:
    https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
    """
    if " " in action:
        return Power.PERMISSIONS
    if action.startswith("k8s:"):
        place = " ".join(value for _, value in scope.where)
        return Power.READ if action in _READ and "secrets" not in place and "*" not in place else Power.PERMISSIONS
    return power(action)
