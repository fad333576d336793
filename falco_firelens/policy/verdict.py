"""What a preview breaks: the pack's violations and those of the planned changes, with the stack's levels."""

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi.automation.events import PolicyEvent

from falco_firelens.policy.changes import Step, name_of, violations
from falco_firelens.settings.policy import Enforcement, Policy


@dataclass(frozen=True)
class Violated:
    """One policy that one resource, or the whole stack, breaks; `urn` is empty for the stack."""

    policy: str
    level: Enforcement
    urn: str
    message: str
    """What was found and what to write instead."""

    @property
    def mandatory(self) -> bool:
        """Whether it fails the preview."""
        return self.level == "mandatory"

    def __str__(self) -> str:
        return f"[{self.level}] {self.policy}: {self.message}"


def of_changes(steps: Iterable[Step], policy: Policy) -> tuple[Violated, ...]:
    """What the planned steps break, unless the stack may lose it. `policy` is the stack's."""
    return tuple(
        Violated(found.policy, policy.level(found.policy), found.urn, found.message)
        for found in violations(steps, policy.may_lose)
    )


def of_pack(event: PolicyEvent) -> Violated:
    """What a pack has told the engine, which knows the level already by the pack's configuration.

    The engine puts the policy's description before what the policy said, and our pack the resource's name before that,
    for the engine's own output; both are left out here.
    """
    level: Enforcement = "mandatory" if event.enforcement_level == "mandatory" else "advisory"
    description, _, found = event.message.strip().partition("\n")
    urn = event.resource_urn or ""
    return Violated(event.policy_name, level, urn, (found.strip() or description).removeprefix(f"{name_of(urn)}: "))
