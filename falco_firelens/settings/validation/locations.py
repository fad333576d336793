"""Which model, and which of its fields, a location of a stack file belongs to."""

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic import SecretStr
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from falco_firelens.contract import PLATFORMS
from falco_firelens.settings.stack import Settings
from falco_firelens.settings.validation.errors import Location
from falco_firelens.settings.validation.files import NamesFile
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model

T = TypeVar("T")


def models_in(annotation: Any) -> Iterator[type[Model]]:
    """Yield the models that a type annotation names, at whatever depth."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


@functools.cache
def fields_of(model: type[Model]) -> Mapping[str, FieldInfo]:
    """Return a model's fields by the key that a stack file has for each."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def is_secret(location: Location) -> bool:
    """Whether what stands at a location, or above it, is kept secret."""
    return any(
        isinstance(key, str) and key in (fields := fields_at(location[:index])) and takes_secrets(fields[key])
        for index, key in enumerate(location)
    )


def may_hold_secret(location: Location) -> bool:
    """Whether somebody may have put a secret at a location: in its own place, beside it, below it or above it.

    Beside it is every key of the same mapping, those that nobody knows included; above it is where that mapping
    belongs, such as `response.webhooks[0]`. Of a few more settings it is said where they are (`Matching.shown`).
    """
    places = (location[: index + 1] for index in range(len(location)))
    return any(map(_beside_a_secret, places)) or any(True for model in models_at(location) for _ in secret_paths(model))


def _beside_a_secret(location: Location) -> bool:
    *above, key = location
    fields = fields_at(tuple(above))
    unshown = isinstance(key, str) and key in fields and not all(one.shown for one in marks_of(fields[key], Matching))
    return unshown or (isinstance(key, str) and any(map(takes_secrets, fields.values())))


def names_file(location: Location) -> bool:
    """Whether a file of the machine that runs the program is named at a location."""
    *above, key = (part for part in location if isinstance(part, str)) if location else ("",)
    field = fields_at(tuple(above)).get(key)
    return field is not None and any(True for _ in marks_of(field, NamesFile))


def marks_of(field: FieldInfo, kind: type[T]) -> Iterator[T]:
    """Yield what a field's type, or a part of it, is annotated with."""
    annotations = (field, *_annotations(field.annotation))
    marks = (mark for one in annotations for mark in (*_metadata(one, "metadata"), *_metadata(one, "__metadata__")))
    yield from (mark for mark in marks if isinstance(mark, kind))


def _metadata(annotation: object, name: str) -> Sequence[object]:
    return getattr(annotation, name, ())


def _annotations(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _annotations(argument)


def takes_secrets(field: FieldInfo) -> bool:
    """Whether a field's value may be encrypted, and is secret wherever the program hands it on."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def secret_paths(model: type[Model] = Settings, above: str = "") -> Iterator[str]:
    """Yield the paths of all values that may be encrypted, such as `response.webhooks[].url`."""
    for key, field in fields_of(model).items():
        path = f"{above}{key}"
        if takes_secrets(field):
            yield path
        step = "[]" if get_origin(field.annotation) is tuple else ""
        for inner in models_in(field.annotation):
            yield from secret_paths(inner, f"{path}{step}.")


def plain_keys() -> tuple[str, ...]:
    """Return the top-level keys of which nothing is kept secret."""
    secret = {re.split(r"[.\[]", path)[0] for path in secret_paths()}
    return tuple(key for key in fields_of(Settings) if key not in secret)


def as_written(location: Location) -> Location:
    """Return a location in the file's own keys.

    Beside platforms, pydantic's locations have a field's Python name where its default is what is wrong.
    """
    written: Location = ()
    for index, part in enumerate(location):
        if index == 2 and location[0] == "clusters" and part in PLATFORMS:
            continue
        key = to_camel(part) if isinstance(part, str) else part
        written = (*written, key if key in fields_at(location[:index]) else part)
    return written


def fields_at(location: Location) -> Mapping[str, FieldInfo]:
    """Return the fields of the mapping at a location, none where the settings have no mapping."""
    return {key: field for model in models_at(location) for key, field in fields_of(model).items()}


@functools.lru_cache(maxsize=1024)
def models_at(location: Location) -> Sequence[type[Model]]:
    """Return the models that the mapping at a location, or each item of the list there, may be.

    pydantic puts a cluster's platform into its locations, `("clusters", 0, "eks", "create")`, which tells the models
    of the platforms apart. The keys of a mapping such as `tags` or `alarms.clusters` are the person's own.
    """
    models: tuple[type[Model], ...] = (Settings,)
    named = False
    for part in location:
        if isinstance(part, int) or named:
            named = False
            continue
        if part in PLATFORMS and len(models) > 1:
            models = tuple(m for m in models if part in get_args(m.model_fields["platform"].annotation))
            continue
        found = [fields_of(model)[part].annotation for model in models if part in fields_of(model)]
        models = tuple(model for annotation in found for model in models_in(annotation))
        named = any(get_origin(annotation) is dict for annotation in found)
    return models
