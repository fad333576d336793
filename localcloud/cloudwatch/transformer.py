"""The log transformers of CloudWatch Logs: a stand-in for `parseJSON`, `copyValue` and `substituteString`.

AWS does not publish what two processors do with a key that an event brings itself. Here, as in OpenSearch's Data
Prepper, which has processors of the same names, an event's keys that are parsed into the root replace what is there,
the metadata that `copyValue` reads included. What holds here against an event's text does not rest on a kinder AWS.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

Processor = Mapping[str, Any]
"""One processor as PutTransformer takes it: a mapping with its name as the only key."""

Fields = dict[str, Any]

MOST_PROCESSORS: Final = 20
MOST_PARSERS: Final = 5
MOST_FIELDS: Final = 200
TOO_LARGE: Final = 512 * 1024
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-Create.html"""

DEEPEST: Final = 3
"""Names in a path: `store.book.title`."""

_PARSERS: Final = frozenset({"parseJSON", "grok", "csv", "parseKeyValue"})
_VENDED: Final = frozenset(
    {"parseCloudfront", "parseRoute53", "parseToOCSF", "parsePostgres", "parseVPC", "parseWAF"},
)
_ONCE: Final = ("grok", "addKeys", "copyValue")
_EMULATED: Final = ("parseJSON", "copyValue", "substituteString")
_PATHS: Final = ("source", "target", "destination")


class TransformerError(ValueError):
    """A configuration that AWS refuses, or that the stand-in cannot carry out."""


class NotTransformedError(ValueError):
    """An event that cannot be transformed, of which CloudWatch Logs keeps the original only."""


@dataclass(frozen=True)
class LogGroup:
    """A log group with the processors of its transformer, if it has one."""

    name: str
    account: str
    region: str
    transformer: Sequence[Processor] = ()

    def metadata(self, stream: str) -> Fields:
        """Return what `copyValue` can read of an event that came into a log stream."""
        return {
            "@logGroupName": self.name,
            "@logGroupStream": stream,
            "@accountId": self.account,
            "@regionName": self.region,
        }


def check(processors: Sequence[Processor]) -> None:
    """Raise TransformerError for what AWS refuses, and for processors that are not emulated."""
    if not 1 <= len(processors) <= MOST_PROCESSORS:
        raise TransformerError(f"found {len(processors)} processors, expected 1 to {MOST_PROCESSORS}")
    if wrong := [each for each in processors if len(each) != 1]:
        raise TransformerError(f"found {' and '.join(wrong[0]) or 'no name'} in one processor, expected one name")
    names = [next(iter(each)) for each in processors]
    if names[0] not in _PARSERS | _VENDED:
        raise TransformerError(f"found {names[0]} as the first processor, expected a parser such as parseJSON")
    if late := sorted(_VENDED & {*names[1:]}):
        raise TransformerError(f"found {late[0]} after the first processor, expected it as the first")
    if sum(name in _PARSERS | _VENDED for name in names) > MOST_PARSERS:
        raise TransformerError(f"found more than {MOST_PARSERS} parsers")
    if twice := [name for name in _ONCE if names.count(name) > 1]:
        raise TransformerError(f"found {twice[0]} more than once, expected one at most")
    if unknown := [name for name in names if name not in _EMULATED]:
        raise TransformerError(f"the stand-in does not know {unknown[0]}, see docs/localcloud.md")
    first = processors[0]["parseJSON"].get("source", "@message")
    if first != "@message":
        raise TransformerError(f"found {first} as the source of the first processor, expected @message")
    for path in _paths(processors):
        if len(path.split(".")) > DEEPEST:
            raise TransformerError(f"found {path}, expected a path of {DEEPEST} names at most")


def _paths(processors: Sequence[Processor]) -> Iterator[str]:
    for settings in (value for each in processors for value in each.values()):
        for entry in (settings, *settings.get("entries", ())):
            yield from (entry[name] for name in _PATHS if name in entry)


def transform(group: LogGroup, stream: str, message: str) -> Fields:
    """Return the transformed event.

    Raises NotTransformedError.
    """
    if len(message.encode()) >= TOO_LARGE:
        raise NotTransformedError(f"the event is not smaller than {TOO_LARGE} bytes")
    fields = group.metadata(stream) | {"@message": message}
    reserved = {*fields}
    for processor in group.transformer:
        for name, settings in processor.items():
            _STEPS[name](fields, settings)
    made = {name: value for name, value in fields.items() if name not in reserved}
    if sum(1 for _ in _leaves(made)) > MOST_FIELDS:
        raise NotTransformedError(f"the event has more than {MOST_FIELDS} fields")
    return made


def _parse_json(fields: Fields, settings: Mapping[str, str]) -> None:
    try:
        parsed: Any = json.loads(_get(fields, settings.get("source", "@message")))
    except (TypeError, ValueError, RecursionError):
        raise NotTransformedError("the event is not JSON") from None
    if not isinstance(parsed, dict):
        raise NotTransformedError("the event is not a JSON object")
    if destination := settings.get("destination"):
        _set(fields, destination, cast("Fields", parsed))
    else:
        fields.update(cast("Fields", parsed))


def _copy_value(fields: Fields, settings: Mapping[str, Any]) -> None:
    for entry in settings["entries"]:
        value = _get(fields, entry["source"])
        if value is not None and (entry.get("overwriteIfExists") or _get(fields, entry["target"]) is None):
            _set(fields, entry["target"], value)


def _substitute_string(fields: Fields, settings: Mapping[str, Any]) -> None:
    for entry in settings["entries"]:
        value = _get(fields, entry["source"])
        if isinstance(value, str):
            replacement = re.sub(r"\$(\d+)", r"\\g<\1>", entry["to"].replace("\\", r"\\"))
            _set(fields, entry["source"], re.sub(entry["from"], replacement, value))


_STEPS: Final = {"parseJSON": _parse_json, "copyValue": _copy_value, "substituteString": _substitute_string}


def _get(fields: Fields, path: str) -> Any:
    value: Any = fields
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


def _set(fields: Fields, path: str, value: object) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        below = fields.get(parent)
        fields[parent] = fields = dict(below) if isinstance(below, dict) else {}  # pyright: ignore
    fields[name] = value


def _leaves(value: Any) -> Iterator[object]:
    if isinstance(value, dict):
        for item in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _leaves(item)
    else:
        yield value
