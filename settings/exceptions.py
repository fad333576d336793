"""A check that a rule's exceptions have different names."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic_core import InitErrorDetails

from settings.errors import at, mistake, with_mistakes


def repeated_exceptions(value: object, validate: Callable[[Any], Any]) -> Any:
    """A validator around the list of exceptions."""
    return with_mistakes(validate, value, _repeated(value))


def _repeated(value: object) -> Iterator[InitErrorDetails]:
    seen: set[tuple[object, object]] = set()
    for index, item in enumerate(value if isinstance(value, tuple) else ()):
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
            continue
        pair = (str(item.get("rule")), item["name"])
        if pair in seen:
            yield at((index, "name"), item["name"], mistake("a name that no other exception of this rule has"))
        seen.add(pair)
