"""A check that no two items of a list are called the same."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import WrapValidator
from pydantic_core import InitErrorDetails

from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.raw import items_of, keys_of, revealed


def unique(key: str, *, within: str | None = None, default: str | None = None) -> WrapValidator:
    """Return a validator around a list that reports each repeated value of `key` beside the items' own mistakes.

    With `within`, only items that share that key's value are compared; `default` is the value of items without the key.
    """

    def check(items: Any, validate: Callable[[Any], Any]) -> Any:
        return with_mistakes(validate, items, _repeated(items, key, within, default))

    return WrapValidator(check)


def _repeated(items: object, key: str, within: str | None, default: str | None) -> Iterator[InitErrorDetails]:
    first: dict[tuple[str, str], int] = {}
    for index, item in enumerate(items_of(items)):
        value = revealed(keys_of(item).get(key, default))
        if not isinstance(value, str):
            continue
        group = str(keys_of(item).get(within)) if within else ""
        if (group, value) in first:
            yield at((index, key), value, mistake(f"another {key}: [{first[group, value]}] has this one"))
        first.setdefault((group, value), index)
