"""What a policy is here: a rule that looks at one resource, or at all of a stack, and finds what is wrong.

Rules know plain dicts and no CrossGuard, so that tests, the pack and the documentation share them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast


class Unknown:
    """Stands for a value that only the deployment itself will know, such as the ARN of a new key."""

    def __repr__(self) -> str:
        return "a value known after the deployment"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Resource:
    """A resource as a rule sees it: property names as in Pulumi's own YAML, such as `retentionInDays`."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    origins: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """URNs of the resources that a property's value comes from; known to stack rules."""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The policy's own configuration."""


@dataclass(frozen=True)
class Finding:
    """One thing to fix: where, what is there, what to write instead."""

    path: str
    found: str
    write: str

    def __str__(self) -> str:
        return f"{self.path}: found {self.found}; write {self.write}"


Check = Callable[[Resource], Iterable[Finding]]
StackCheck = Callable[[Sequence[Resource]], Iterable[tuple[Resource, Finding]]]


@dataclass(frozen=True)
class Rule:
    """A policy about single resources: a check for each Pulumi type that it is about."""

    name: str
    description: str
    """What is asked for, in one sentence."""
    checks: Mapping[str, Check]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """JSON schemas of the policy's configuration, by name."""

    def findings(self, resource: Resource) -> Iterator[Finding]:
        """Yield what is wrong with a resource; nothing with one of another type."""
        check = self.checks.get(resource.type)
        yield from check(resource) if check else ()


@dataclass(frozen=True)
class StackRule:
    """A policy about resources that belong together, such as a bucket and its settings."""

    name: str
    description: str
    check: StackCheck
    types: tuple[str, ...]

    def findings(self, resources: Sequence[Resource]) -> Iterator[tuple[Resource, Finding]]:
        """Yield what is wrong, and with which resource."""
        yield from self.check(resources)


AnyRule = Rule | StackRule


class _Unknowns(dict[str, Any]):
    """A mapping that is not known yet, and so none of its values."""

    def get(self, key: str, default: object = None) -> Any:
        return UNKNOWN


def keys_of(value: object) -> Mapping[str, Any]:
    """Return a value's keys if it is a mapping, none if not; of one that is not known every value is not known."""
    if value is UNKNOWN:
        return _Unknowns()
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def items_of(value: object) -> Sequence[Any]:
    """Return a value's items if it is a list, none if not. A mapping, or an unknown value, counts as a list of one."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return cast("Sequence[Any]", value)
    return [value] if value is UNKNOWN or isinstance(value, Mapping) else ()


def is_on(value: object) -> bool:
    """Whether a switch is on, or may turn out to be; some of AWS's are texts."""
    return value is UNKNOWN or value is True or value == "true"


def is_off(value: object) -> bool:
    """Whether a switch is off, or was never set."""
    return not is_on(value)


def show(value: object) -> str:
    """Return a value in a message."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return f'"{value}"' if isinstance(value, str) else str(value)
