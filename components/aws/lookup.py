"""Asks AWS about what a stack file names, and says what it found instead."""

from collections.abc import Callable
from typing import TypeVar

from falco_firelens.errors import MisfitError

T = TypeVar("T")


def is_not_there(misfit: MisfitError) -> bool:
    """Whether the service says that there is no such thing, rather than that it may not or cannot be asked."""
    return "ResourceNotFoundException" in misfit.mistake.found


def looked_up(path: str, expected: str, lookup: Callable[[], T]) -> T:
    """Call an invoke.

    Raises:
        MisfitError: it failed; the provider's own words say what it found instead.
    """
    try:
        return lookup()
    except Exception as error:  # the SDK raises no narrower type for a failed invoke
        _, _, reason = " ".join(str(error).split()).rpartition("returned an error: ")
        raise MisfitError(path, f"nothing ({reason})", expected) from None
