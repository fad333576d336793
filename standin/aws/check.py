"""Whether inputs are what the SDK's types allow: every property known, none missing, each of the right type."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from standin.aws import wire
from standin.aws.sdk import Field, ListOf, MapOf, Object, OneOf, Scalar, Type


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong with one property."""

    path: str
    reason: str


def object_failures(values: Mapping[str, Any], fields: Mapping[str, Field], path: str = "") -> Iterator[Failure]:
    """Everything wrong with an object, nested objects included; unknown values are taken on trust."""
    for name in sorted(values.keys() - fields.keys()):
        yield Failure(_join(path, name), f"is not a property here; the properties are {', '.join(sorted(fields))}")
    for name, field in fields.items():
        if name in values:
            yield from _failures(values[name], field.type, _join(path, name))
        elif field.required:
            yield Failure(_join(path, name), "is required, but missing")


def _failures(value: Any, expected: Type, path: str) -> Iterator[Failure]:
    if value == wire.UNKNOWN:
        return
    match expected, value:
        case Scalar(name), _ if _is_scalar(value, name):
            return
        case ListOf(item), list():
            items: list[Any] = value
            for index, element in enumerate(items):
                yield from _failures(element, item, f"{path}[{index}]")
        case MapOf(item), dict():
            entries: dict[str, Any] = value
            for key, element in entries.items():
                yield from _failures(element, item, f"{path}[{json.dumps(key)}]")
        case Object(), dict():
            yield from object_failures(value, expected.fields, path)
        case OneOf(options), _:
            yield from _best_option(value, options, path)
        case _:
            yield Failure(path, f"is {_describe(value)}, expected {_name(expected)}")


def _best_option(value: Any, options: tuple[Type, ...], path: str) -> Iterator[Failure]:
    """No failure when one option fits; else those of the option of the same shape, which says most."""
    attempts = [(option, list(_failures(value, option, path))) for option in options]
    if all(failures for _, failures in attempts):
        same_shape = [f for option, f in attempts if isinstance(value, dict) and isinstance(option, (Object, MapOf))]
        expected = " or ".join(_name(option) for option in options)
        yield from same_shape[0] if same_shape else [Failure(path, f"is {_describe(value)}, expected {expected}")]


def _is_scalar(value: Any, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "asset":
            return isinstance(value, dict) and value.get(wire.SIGNATURE) in (wire.ASSET, wire.ARCHIVE)  # pyright: ignore[reportUnknownMemberType]
        case _:
            return True


def normalise(values: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return inputs as the provider keeps them: a policy document given as an object becomes JSON text."""
    return {name: _normalise(value, fields[name].type) for name, value in values.items()}


def _normalise(value: Any, expected: Type) -> Any:
    if isinstance(expected, OneOf) and Scalar("string") in expected.options and isinstance(value, dict):
        return wire.UNKNOWN if wire.has_unknown(value) else json.dumps(value, separators=(",", ":"))
    return value


def _describe(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "an object"


def _name(expected: Type) -> str:
    match expected:
        case Scalar(name):
            return name
        case ListOf(item):
            return f"list of {_name(item)}"
        case MapOf(item):
            return f"map of {_name(item)}"
        case OneOf(options):
            return " or ".join(_name(option) for option in options)
        case Object():
            return "object"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
