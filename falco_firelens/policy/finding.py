"""One finding of a policy, from the judge that makes it to the result, the comment and the exit code."""

from dataclasses import dataclass

from pulumi.automation.events import PolicyEvent


@dataclass(frozen=True)
class PolicyFinding:
    """A policy that a resource breaks, or the whole stack, for which `urn` is empty."""

    policy: str
    mandatory: bool
    """Whether it fails the preview."""
    message: str
    """What was found and what to write instead."""
    urn: str = ""

    @property
    def resource(self) -> str:
        """The logical name."""
        return name_of(self.urn)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "policy": self.policy,
            "mandatory": self.mandatory,
            "message": self.message,
            "resource": self.resource,
        }

    def __str__(self) -> str:
        what = f"policy {self.policy}{'' if self.mandatory else ' (advisory)'}"
        return ": ".join([f"{what}, {self.resource}" if self.resource else what, self.message])


def name_of(urn: str) -> str:
    """Return a resource's logical name: what is after the fourth `::` of `urn:pulumi:stack::project::types::name`."""
    return urn.split("::", 3)[-1]


def type_of(urn: str) -> str:
    """Return a resource's own type: the last of those in a URN, the others of which are its parents'."""
    return urn.split("::", 3)[-2:][0].rpartition("$")[2]


def of_pack(event: PolicyEvent) -> PolicyFinding:
    """Read what a pack has reported to the engine, which knows the level already by the pack's configuration.

    The engine puts the policy's description before what the policy said, and our pack the resource's name before that,
    for the engine's own output; both are left out here.
    """
    description, _, found = event.message.strip().partition("\n")
    urn = event.resource_urn or ""
    message = (found.strip() or description).removeprefix(f"{name_of(urn)}: ")
    return PolicyFinding(event.policy_name, event.enforcement_level == "mandatory", message, urn)
