"""A check that no two items of a list share a key's value."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import InitErrorDetails

from settings.errors import at, mistake, with_mistakes


def unique(key: str) -> Callable[[object, Callable[[Any], Any]], Any]:
    """A validator around a list of mappings that reports each repeated value of `key`, beside the items' own mistakes."""

    def check(items: object, validate: Callable[[Any], Any]) -> Any:
        return with_mistakes(validate, items, repeated(items, key))

    return check


def repeated(items: object, key: str) -> Iterator[InitErrorDetails]:
    """The mistakes of values that an earlier item has already."""
    first: dict[str, int] = {}
    for index, item in enumerate(items if isinstance(items, Sequence) else ()):
        value = item.get(key) if isinstance(item, Mapping) else None
        if not isinstance(value, str):
            continue
        if value in first:
            error = mistake(f"a {key} that [{first[value]}] does not have")
            yield at((index, key), value, error)
        first.setdefault(value, index)
