"""What goes wrong with a stack of a fleet, each with what to do about it."""

from collections.abc import Collection, Sequence


class FleetError(Exception):
    """The message is one that a person can act on; `advice` says how to go on."""

    advice: str = ""

    @property
    def kind(self) -> str:
        """A word for programs, such as `StackLocked`."""
        return type(self).__name__


def require_at_least(minimum: float, name: str, found: float) -> None:
    """Check a number that a caller has given.

    Raises:
        FleetError: it is too small.
    """
    if not found >= minimum:  # NaN is no number of anything.
        raise FleetError(f"{name}: found {found:g}, expected at least {minimum:g}")


class InvalidSettings(FleetError):  # noqa: N818 - it names what is there, as Pulumi's own errors do
    """The stack file or the settings object cannot be used. No engine was started."""

    advice = "fix the stack file; `falco-firelens check` lists every mistake"


class NoCredentials(FleetError):  # noqa: N818
    """The stack's credentials are not available. No engine was started."""

    advice = "check the role or the profile, and who may assume it"


class WrongAccount(FleetError):  # noqa: N818
    """The credentials are those of another account than the stack's. AWS was called for their identity only."""

    advice = "use credentials of that account: --role, --profile or the environment"

    def __init__(self, stack: str, found: str, expected: Collection[str], why: str) -> None:
        self.found, self.expected = found, tuple(sorted(expected))
        named = " or ".join(self.expected)
        super().__init__(f"{stack}: found credentials of account {found}, expected those of {named}, {why}")


class StackLocked(FleetError):  # noqa: N818
    """Another operation works on the stack. Nothing was changed."""

    advice = "wait until it has ended and run the command again; `pulumi cancel` takes the lock of one that was killed"

    def __init__(self, message: str, holders: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.holders = tuple(holders)


class StackMissing(FleetError):  # noqa: N818
    """The state backend has no such stack."""

    advice = "deploy it first: `falco-firelens fleet up`"


class PolicyViolated(FleetError):  # noqa: N818
    """Mandatory policies forbid what the stack would become; a line for each finding, with the policy's name.

    `partly`: only the update itself could know it, and what it had made before stays.
    """

    def __init__(self, message: str, *, partly: bool = False) -> None:
        super().__init__(message)
        self.partly = partly
        self.advice = "change the stack, or allow it in the stack file as the message says"
        if partly:
            self.advice += "; what was made before stays, and the next `up` goes on from there"


class EngineKilled(FleetError):  # noqa: N818
    """The engine was killed. What it had begun may be there without being in the state."""

    advice = "run the same command again: it takes the lock away, refreshes and goes on"


class EngineMissing(FleetError):  # noqa: N818
    """The Pulumi CLI is missing, or cannot be used. No engine was started."""

    advice = "install the Pulumi CLI: https://www.pulumi.com/docs/install/"


class EngineFailed(FleetError):  # noqa: N818
    """The engine or the program failed; the message is what they said."""

    advice = "fix the cause and run the command again: it continues from what exists"


class Cancelled(FleetError):  # noqa: N818
    """The operation was cancelled. What the engine had begun was ended and written down."""

    advice = "run the command again: it goes on from what is there"


class SensorSilent(FleetError):  # noqa: N818
    """A self-test event did not arrive."""

    advice = "docs/operations.md, section `Nothing arrives`"


class Skipped(FleetError):  # noqa: N818
    """The operation was not begun, because of what happened to others."""

    advice = "fix those that failed and run the command again"
