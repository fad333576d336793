"""What a preview breaks: the pack's violations and those of the planned changes, with the stack's levels."""

from collections.abc import Iterable
from dataclasses import dataclass

from pulumi.automation.events import EngineEvent, PolicyEvent

from policy.changes import Step, steps_of, violations
from settings.policy import Enforcement, Policy


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


def violated(events: Iterable[EngineEvent], policy: Policy) -> tuple[Violated, ...]:
    """Everything that a preview with the pack breaks, the mandatory first. `policy` is the stack's."""
    known = tuple(events)
    of_pack = [_of_pack(event.policy_event) for event in known if event.policy_event]
    return tuple(sorted([*of_changes(steps_of(known), policy), *of_pack], key=lambda found: not found.mandatory))


def of_changes(steps: Iterable[Step], policy: Policy) -> tuple[Violated, ...]:
    """What the planned steps break, unless the stack may lose it."""
    return tuple(
        Violated(found.policy, policy.level(found.policy), found.urn, found.message)
        for found in violations(steps, policy.may_lose)
    )


def _of_pack(event: PolicyEvent) -> Violated:
    """The engine knows the level already, by the pack's configuration."""
    level: Enforcement = "mandatory" if event.enforcement_level == "mandatory" else "advisory"
    description, _, found = event.message.strip().partition("\n")
    return Violated(event.policy_name, level, event.resource_urn or "", found.strip() or description)
