"""Keys of which one alone can be given, such as `create` and `existing`."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import ModelWrapValidatorHandler, model_validator
from pydantic_core import InitErrorDetails

from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import NOTHING, keys_of

M = TypeVar("M", bound="CreatedOrExisting")


def is_mapping(data: object) -> bool:
    """Whether a value is a mapping, an empty one or an empty text among them."""
    return bool(keys_of(data)) or data in (NOTHING, {})


def exactly_one(data: object, one: str, other: str) -> Iterator[InitErrorDetails]:
    """Refuse both keys and neither."""
    given = {one, other} & keys_of(data).keys()
    if len(given) != 1 and is_mapping(data):
        yield at((), data, mistake(f"either {one} or {other}", found="both" if given else "neither"))


class CreatedOrExisting(Model):
    """What the stack creates, with every default where the file says neither, or what exists."""

    @model_validator(mode="wrap")
    @classmethod
    def _created_or_existing(cls: type[M], data: Any, handler: ModelWrapValidatorHandler[M]) -> M:
        if is_mapping(data) and not {"create", "existing"} & keys_of(data).keys():
            data = {**keys_of(data), "create": {}}
        return with_mistakes(handler, data, exactly_one(data, "create", "existing"))
