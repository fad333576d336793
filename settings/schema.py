"""The JSON schema of stack files, generated from the models."""

from collections.abc import Sequence

from settings.errors import Location


def keys_at(location: Location) -> Sequence[str]:
    """The keys that the mapping at a location of a stack file takes."""
    return ()
