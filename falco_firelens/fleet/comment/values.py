"""What changes in a resource's properties, as lines of a diff that a person can read."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import yaml

from falco_firelens.fleet.results import SECRET, UNKNOWN, Change, get, paths

LATER = "(known after deployment)"
MOST_LINES = 60
"""Of one property. A whole new rules file says less the longer it is."""


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as such, so that a file within a property is compared line by line."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def text_of(value: object) -> str:
    """Return a value of an input as text, in words where it is known after deployment only."""
    return LATER if value == UNKNOWN else str(value)


def listed(value: object) -> Sequence[Any]:
    """Return the items of a list; of anything else a list of one, as IAM takes it, and of nothing none."""
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value)
    return () if value is None else (value,)


def diff(change: Change) -> list[str]:
    """Lines that begin with `+`, `-`, `!` or a space, as GitHub colours a block of `diff`."""
    if change.op == "delete":
        return []
    if change.op in ("create", "import"):
        return [line for key, value in _inputs(change.new) for line in _added(key, value)]
    return [line for path in paths(change) for line in _changed(change, path)]


def readable(value: object) -> object:
    """Return a value with JSON texts opened up and placeholders in words."""
    if isinstance(value, str):
        return _opened(value)
    if isinstance(value, Mapping):
        return {str(key): readable(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Sequence):
        return [readable(item) for item in cast("Sequence[object]", value)]
    return value


def _opened(text: str) -> object:
    if text == UNKNOWN:
        return LATER
    if text[:1] in ("{", "["):
        try:
            return readable(json.loads(text))
        except (ValueError, RecursionError):
            pass
    return text.replace(UNKNOWN, LATER)


def _inputs(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return what the program gave, without the engine's own notes and without what is empty."""
    return ((key, value) for key, value in sorted(tree.items()) if key != "__defaults" and value not in (None, {}, []))


def _changed(change: Change, path: str) -> list[str]:
    why = "  # replaces the resource" if change.properties[path].endswith("replace") else ""
    old, new = get(change.old, path), get(change.new, path)
    if old == new == SECRET:
        return [f"! {path}: {SECRET}, changed{why}"]
    before, after = _lines(old), _lines(new)
    if len(before) <= 1 and len(after) <= 1:
        lines = [*(f"- {path}: {line}" for line in before), *(f"+ {path}: {line}" for line in after)]
        return [*lines[:-1], f"{lines[-1]}{why}"] if lines else [f"! {path}{why}"]
    compared = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
    shown = [f"  {line}" if line.startswith("@@") else f"{line[0]}   {line[1:]}" for line in compared]
    return [f"! {path}:{why}", *_at_most(shown)]


def _added(key: str, value: object) -> list[str]:
    lines = _lines(value)
    if len(lines) == 1:
        return [f"+ {key}: {lines[0]}"]
    return [f"+ {key}:", *_at_most([f"+   {line}" for line in lines])]


def _lines(value: object) -> list[str]:
    if value is None:
        return []
    opened = readable(value)
    if isinstance(opened, str) and "\n" not in opened:
        return [opened]
    if isinstance(opened, str):
        return opened.split("\n")
    dumped = yaml.dump(opened, Dumper=_Dumper, allow_unicode=True, width=10**6)
    return dumped.removesuffix("...\n").rstrip("\n").split("\n")


def _at_most(lines: Sequence[str]) -> list[str]:
    left = len(lines) - MOST_LINES
    return list(lines) if left <= 0 else [*lines[:MOST_LINES], f"  … {left} more lines"]
