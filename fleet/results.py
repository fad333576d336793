"""What an operation on a stack has come to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fleet.errors import FleetError

UNCHANGED = frozenset(("same", "read", "refresh"))
"""What the engine does with a resource without changing it."""

PARTS_OF_A_REPLACEMENT = frozenset(("create-replacement", "delete-replaced", "discard-replaced"))
"""Steps of which a `replace` consists; counting them too would count it three times."""


class Status(StrEnum):
    """How an operation ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Change:
    """What becomes, or has become, of one resource. Secrets in `old` and `new` read `[secret]`.

    `properties` are paths of what changed, with the engine's kinds: `add`, `update`, `delete`, each with `-replace`
    where it is why the resource is replaced.
    """

    op: str
    urn: str
    type: str
    properties: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    old: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    new: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def kind(self) -> str:
        """The type's own name, such as `LogGroup`."""
        return self.type.rsplit(":", 1)[-1]


@dataclass(frozen=True)
class PolicyFinding:
    """A policy that does not like a resource."""

    policy: str
    mandatory: bool
    message: str
    urn: str = ""

    @property
    def resource(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[-1]

    def __str__(self) -> str:
        what = f"policy {self.policy}{'' if self.mandatory else ' (advisory)'}"
        return ": ".join([f"{what}, {self.resource}" if self.resource else what, self.message])


@dataclass(frozen=True)
class Result:
    """One operation on one stack.

    `changes` are what a preview would do, what an update has done, or what drift was found. `outputs` are those of the
    stack after `up`, secrets left out.
    """

    stack: str
    operation: str
    status: Status
    changes: Sequence[Change] = ()
    findings: Sequence[PolicyFinding] = ()
    error: FleetError | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    seconds: float = 0.0
    new: bool = False
    """The stack is not in the state backend yet."""
    notes: Sequence[str] = ()
    """What a person should know, such as that the lock of a killed engine was taken away."""

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status is Status.SUCCEEDED

    @property
    def counts(self) -> Mapping[str, int]:
        """How many resources, by `create`, `update`, `replace`, `delete` and the engine's rarer words."""
        return count(self.changes)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: no property's value is in it."""
        error = self.error
        return {
            "stack": self.stack,
            "operation": self.operation,
            "status": str(self.status),
            "seconds": round(self.seconds, 1),
            "new": self.new,
            "counts": dict(self.counts),
            "changes": [
                {"op": change.op, "type": change.type, "name": change.name, "properties": dict(change.properties)}
                for change in self.changes
            ],
            "findings": [
                {"policy": one.policy, "mandatory": one.mandatory, "message": one.message, "resource": one.resource}
                for one in self.findings
            ],
            "notes": list(self.notes),
            "error": {"kind": error.kind, "message": str(error), "advice": error.advice} if error else None,
        }


def count(changes: Iterable[Change]) -> Mapping[str, int]:
    """Resources by what becomes of them."""
    return Counter(change.op for change in changes)
