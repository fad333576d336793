"""What the command's exit codes mean; docs/fleet.md has the same table."""

from collections.abc import Sequence
from enum import IntEnum

from falco_firelens.fleet.results import Result, Status


class Exit(IntEnum):
    """Exit codes, for CI to act on."""

    DONE = 0
    """Every stack succeeded; `drift` found none."""
    FAILED = 1
    """A stack failed, or was not begun because another did."""
    WRONG_COMMAND = 2
    """The command line, or a stack file that cannot be read. No engine was started."""
    DRIFT = 3
    """`drift` found some."""
    POLICY = 4
    """Nothing failed but mandatory policies."""
    CANCELLED = 130
    """SIGINT or SIGTERM; every engine was ended in order."""


def exit_of(results: Sequence[Result]) -> Exit:
    """Return the exit code for the results of all stacks."""
    if any(result.status is Status.CANCELLED for result in results):
        return Exit.CANCELLED
    bad = [result for result in results if not result.ok]
    if bad:
        only_policy = all(result.error and result.error.kind in ("PolicyViolated", "Skipped") for result in bad)
        return Exit.POLICY if only_policy else Exit.FAILED
    found_drift = any(result.operation == "drift" and result.changes for result in results)
    return Exit.DRIFT if found_drift else Exit.DONE
