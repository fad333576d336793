"""Mistakes of a stack file: what a check raises, and how it reads to the person who has to mend it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from settings.found import describe, expectation, one_of

T = TypeVar("T")

Location = tuple[int | str, ...]

MISTAKE = "mistake"
"""The error type of our own checks; every other type is pydantic's."""

SECRET_KEYS = frozenset({"kubeconfig"})
"""Keys whose value no message may show, however wrong it is."""


@dataclass(frozen=True)
class Mistake:
    """One thing to mend in a stack file."""

    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path or 'falco-firelens'}: found {self.found}, expected {self.expected}"


class SettingsError(ValueError):
    """A stack file that cannot be used: every mistake of it, one line each."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in self.mistakes))


def mistake(expected: str, *, found: str | None = None) -> PydanticCustomError:
    """The error a validator raises; without `found` the value itself is described."""
    context: dict[str, Any] = {"expected": expected}
    if found is not None:
        context["found"] = found
    return PydanticCustomError(MISTAKE, "expected {expected}", context)


def at(location: Location, value: object, error: PydanticCustomError) -> InitErrorDetails:
    """Place an error at a key or an index under the value that is being checked."""
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
    """The same errors in the form in which they can be raised once more."""
    for details in error.errors(include_url=False):
        context = details.get("ctx", {})
        kind = details["type"]
        again = PydanticCustomError(MISTAKE, "", context) if kind == MISTAKE else kind
        yield InitErrorDetails(type=again, loc=details["loc"], input=details["input"], ctx=context)


def mistakes_of(error: ValidationError, keys_at: Callable[[Location], Sequence[str]]) -> tuple[Mistake, ...]:
    """Turn pydantic's errors into mistakes, in the order of the file's paths.

    `keys_at` names the keys that the mapping at a location takes, for unknown keys.
    """
    found = [_mistake_of(details, keys_at) for details in error.errors(include_url=False)]
    return tuple(dict.fromkeys(found))


def _mistake_of(details: ErrorDetails, keys_at: Callable[[Location], Sequence[str]]) -> Mistake:
    location = details["loc"]
    context: Mapping[str, Any] = details.get("ctx", {})
    kind = details["type"]
    if kind == MISTAKE:
        found = context.get("found") or _found(location, details["input"])
        return Mistake(path_of(location), found, context["expected"])
    if kind == "missing":
        return Mistake(path_of(location), "nothing", "this key to be given")
    if kind == "extra_forbidden":
        key = str(location[-1])
        return Mistake(path_of(location), "an unknown key", one_of(key, keys_at(location[:-1])))
    expected = expectation(kind, context, details["input"]) or details["msg"]
    return Mistake(path_of(location), _found(location, details["input"]), expected)


def _found(location: Location, value: object) -> str:
    secret = any(part in SECRET_KEYS for part in location)
    return describe(value, secret=secret)


def path_of(location: Location) -> str:
    """Write a location as a path in the file's own keys: `clusters[1].create.nodeGroups[0].minSize`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
