"""In which order stacks are changed: hubs first, then one stack, then a few, then the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from falco_firelens.fleet.errors import require_at_least
from falco_firelens.fleet.stacks import Stack, generations


@dataclass(frozen=True)
class Waves:
    """How many stacks go before the rest, and how many may fail before no further one is begun.

    Raises:
        FleetError: a number is negative.
    """

    canary: int = 1
    few: int = 5
    max_failures: int = 0

    def __post_init__(self) -> None:
        for name, number in (("canary", self.canary), ("few", self.few), ("max-failures", self.max_failures)):
            require_at_least(0, name, number)

    def of(self, stacks: Sequence[Stack]) -> list[list[Stack]]:
        """Return lists of stacks; each list begins when the one before has ended.

        Hubs come first, all that are of one generation at once: their spokes need them.

        Raises:
            FleetError: stacks are each other's hub.
        """
        hubs, rest = _hubs_and_rest(stacks)
        return [wave for wave in [*hubs, *self._cut(rest)] if wave]

    def named(self, stacks: Sequence[Stack]) -> Mapping[str, list[Stack]]:
        """Return the same under the names `hubs`, `canary`, `few` and `rest`.

        Raises:
            FleetError: stacks are each other's hub.
        """
        hubs, rest = _hubs_and_rest(stacks)
        canary, few, others = self._cut(rest)
        return {"hubs": [stack for hub in hubs for stack in hub], "canary": canary, "few": few, "rest": others}

    def _cut(self, rest: list[Stack]) -> tuple[list[Stack], list[Stack], list[Stack]]:
        end = self.canary + self.few
        return rest[: self.canary], rest[self.canary : end], rest[end:]


def _hubs_and_rest(stacks: Sequence[Stack]) -> tuple[list[list[Stack]], list[Stack]]:
    groups = generations(stacks)
    hubs = [group for group in groups if any(stack.is_hub or _is_needed(stack, stacks) for stack in group)]
    return hubs, [stack for group in groups if group not in hubs for stack in group]


def _is_needed(stack: Stack, stacks: Sequence[Stack]) -> bool:
    return any((other.hub or "").rpartition("/")[2] == stack.name for other in stacks if other is not stack)


def backwards(stacks: Sequence[Stack]) -> list[list[Stack]]:
    """For a destruction: spokes first, their hubs when the last of them is gone.

    Raises:
        FleetError: stacks are each other's hub.
    """
    return list(reversed(generations(stacks)))
