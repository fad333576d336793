"""Progress of operations, as events that a service can forward; none of them carries a property's value."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from falco_firelens.fleet.results import Result


@dataclass(frozen=True)
class Event:
    """Something that happened to a stack; `at` is seconds since the epoch."""

    stack: str
    operation: str
    at: float = field(default_factory=time.time, kw_only=True)

    @property
    def kind(self) -> str:
        """`started`, `step`, `diagnostic`, `violation` or `ended`."""
        return type(self).__name__.lower()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """An operation begins."""


@dataclass(frozen=True)
class Step(Event):
    """The engine begins, ends or fails to do something with a resource.

    `op` is the engine's word: https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/
    """

    op: str
    type: str
    name: str
    phase: str
    """`begun`, `done` or `failed`."""


@dataclass(frozen=True)
class Diagnostic(Event):
    """A message of the engine, a provider or the program."""

    severity: str
    message: str
    resource: str = ""


@dataclass(frozen=True)
class Violation(Event):
    """A policy does not like a resource."""

    policy: str
    mandatory: bool
    message: str
    resource: str = ""


@dataclass(frozen=True)
class Ended(Event):
    """An operation has ended, or will not be begun."""

    result: Result

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"kind": self.kind, "stack": self.stack, "operation": self.operation, "at": self.at} | {
            "result": self.result.as_dict()
        }
