"""The stacks as a matrix for CI, where one machine is not enough; docs/fleet.md says when."""

from collections.abc import Mapping, Sequence

from falco_firelens.fleet.stacks import Stack
from falco_firelens.fleet.waves import Waves

MOST_JOBS = 256
"""A GitHub matrix takes no more: https://docs.github.com/en/actions/reference/limits"""

Entry = Mapping[str, str]


def matrix(stacks: Sequence[Stack], waves: Waves) -> Mapping[str, list[Entry]]:
    """Return the waves of an update by name, each a list for `strategy.matrix.include`.

    Raises:
        FleetError: stacks are each other's hub.
    """
    named = waves.named(stacks)
    return {name: [_entry(stack) for stack in wave] for name, wave in named.items()}


def _entry(stack: Stack) -> Entry:
    return {"stack": stack.name, "account": stack.account, "region": stack.region}
