"""Mistakes of a stack file: how checks raise them, and the one error that carries them all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from falco_firelens.errors import Mistake, StackError

T = TypeVar("T")

Location = tuple[int | str, ...]
"""Keys and indices from the top of the tree down to a value."""

MISTAKE = "mistake"
"""The error type of our own checks; every other type is pydantic's."""


class SettingsError(StackError):
    """A stack file that cannot be used: every mistake of it, one line each.

    Paths begin below the project's namespace: `clusters[0].name` is the name in `falco-firelens:clusters`.
    """

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in self.mistakes))


def mistake(expected: str, *, found: str | None = None) -> PydanticCustomError:
    """Return the error a check raises; without `found` the value itself is described."""
    context: dict[str, Any] = {"expected": expected, "found": found}
    return PydanticCustomError(MISTAKE, "{expected}", context)


def at(location: Location, value: object, error: PydanticCustomError) -> InitErrorDetails:
    """Place an error at a location under the value that is being checked."""
    return InitErrorDetails(type=error, loc=location, input=value)


def with_mistakes(validate: Callable[[Any], T], value: object, mistakes: Iterable[InitErrorDetails]) -> T:
    """Validate a value and report what pydantic finds in it together with the mistakes of a check of our own.

    Without this, a check that looks at several fields would stay silent until each field is right by itself.
    """
    found = list(mistakes)
    try:
        valid = validate(value)
    except ValidationError as error:
        found = [*_again(error), *found]
    else:
        if not found:
            return valid
    raise ValidationError.from_exception_data("settings", found, hide_input=True)


def _again(error: ValidationError) -> Iterator[InitErrorDetails]:
    """Yield the same errors in a form that can be raised again."""
    for details in error.errors(include_url=False):
        context = details.get("ctx", {})
        kind = details["type"]
        again = PydanticCustomError(MISTAKE, "{expected}", context) if kind == MISTAKE else kind
        yield InitErrorDetails(type=again, loc=details["loc"], input=details["input"], ctx=context)
