"""What an operation on a stack has come to."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from falco_firelens.fleet.errors import FleetError
from falco_firelens.policy.finding import PolicyFinding, name_of

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's placeholder for a value that is not known yet:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go"""

SECRET = "[secret]"
"""What the engine writes in place of a secret."""

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
    where it is why the resource is replaced. Of drift, `old` is what the state has and `new` what the cloud has.
    `id` is the provider's id of the resource, empty where it has none yet.
    """

    op: str
    urn: str
    type: str
    properties: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    old: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    new: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    id: str = ""

    @property
    def name(self) -> str:
        """The logical name."""
        return name_of(self.urn)

    @property
    def kind(self) -> str:
        """The type's own name, such as `LogGroup`."""
        return self.type.rsplit(":", 1)[-1]


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
        """For JSON. Only drift has values of properties in it, secrets as `[secret]`."""
        error, is_drift = self.error, self.operation == "drift"
        return {
            "stack": self.stack,
            "operation": self.operation,
            "status": str(self.status),
            "seconds": round(self.seconds, 1),
            "new": self.new,
            "counts": dict(self.counts),
            "changes": [
                {
                    "op": change.op,
                    "type": change.type,
                    "name": change.name,
                    "properties": dict(change.properties),
                    **({"id": change.id, "differences": differences(change)} if is_drift else {}),
                }
                for change in self.changes
            ],
            "findings": [one.as_dict() for one in self.findings],
            "notes": list(self.notes),
            "error": {"kind": error.kind, "message": str(error), "advice": error.advice} if error else None,
        }


def differences(change: Change) -> list[dict[str, Any]]:
    """List what differs in a resource that has drifted: `path`, its value in the `state`, and in the `cloud`.

    A resource that was deleted from the cloud has none.
    """
    return [{"path": path, "state": get(change.old, path), "cloud": get(change.new, path)} for path in paths(change)]


def paths(change: Change) -> list[str]:
    """List each changed path once, without those below another."""
    found = sorted(change.properties)
    return [path for path in found if not any(path != other and _is_below(path, other) for other in found)]


def _is_below(path: str, other: str) -> bool:
    return path.startswith((f"{other}.", f"{other}["))


_STEP = re.compile(r"""\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[]+)""")
"""One step of a property path: https://www.pulumi.com/docs/iac/concepts/config/#structured-configuration"""


def get(tree: Mapping[str, Any], path: str) -> object:
    """Find the value at a property path; None where there is none."""
    found: object = tree
    for quoted, index, key in _STEP.findall(path):
        if isinstance(found, Mapping):
            found = cast("Mapping[str, object]", found).get(quoted or key or index)
        elif isinstance(found, list) and index:
            items = cast("list[object]", found)
            found = items[int(index)] if int(index) < len(items) else None
        else:
            return found if found in (SECRET, UNKNOWN) else None
    return found


def count(changes: Iterable[Change]) -> Mapping[str, int]:
    """Resources by what happens to them."""
    return Counter(change.op for change in changes)
