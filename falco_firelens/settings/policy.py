"""How strict the policy pack is with a stack, and what of it may be lost."""

from typing import Annotated, Literal

from pydantic import Field

from falco_firelens.settings.types import TagKey
from falco_firelens.settings.validation.model import Model

PolicyName = Literal[
    "bucket-encryption",
    "encryption",
    "events-kept",
    "imdsv2",
    "log-retention",
    "no-cluster-admin",
    "no-host-access",
    "no-iam-wildcard",
    "no-privileged-container",
    "no-public-bucket",
    "no-public-endpoint",
    "no-public-principal",
    "pinned-images",
    "required-tags",
]

Enforcement = Literal["mandatory", "advisory"]


class Policy(Model):
    """How the policies of docs/policy.md apply to the stack."""

    enforcement: Enforcement = "mandatory"
    """Whether a broken policy fails a preview, or is only reported."""

    advisory: tuple[PolicyName, ...] = ()
    """Policies that only report, whatever `enforcement` says."""

    required_tags: tuple[TagKey, ...] = ()
    """Tags that every resource has to have, beside those of `tags`."""

    images_by_digest: bool = False
    """Let the policy `pinned-images` ask for digests; a version will not do then."""

    may_lose: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """What holds events and may be deleted, replaced or kept for a shorter time, by logical name or URN: see
    docs/policy.md. Remove the entry when it is done."""

    def level(self, name: str) -> Enforcement:
        """How strict a policy is with the stack."""
        return "advisory" if name in self.advisory else self.enforcement
