"""What differs between two sets of properties, and which differences mean nothing."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from standin.aws import wire

MISSING: Any = object()


@dataclass(frozen=True)
class Change:
    """One property that differs; `path` is the engine's, such as `ingress[0].cidrBlocks`."""

    path: str
    kind: Literal["add", "delete", "update"]

    @property
    def plain_path(self) -> str:
        """The path without list positions, as types declare it."""
        return re.sub(r"\[[^\]]*\]", "", self.path)


def same(left: Any, right: Any) -> bool:
    """Equal, or the same JSON text except for white space and the order of keys, or archives of the same content."""
    if is_asset(left) and is_asset(right):
        return left.get("hash", left) == right.get("hash", right)
    if isinstance(left, str) and isinstance(right, str) and left != right:
        return left[:1] in ("{", "[") and right[:1] == left[:1] and _json(left) == _json(right) is not None
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def is_asset(value: Any) -> bool:
    """Whether it is a file or an archive as the protocol has it: where it lies may change with the machine."""
    return isinstance(value, dict) and value.get(wire.SIGNATURE) in (wire.ASSET, wire.ARCHIVE)


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """All differences of two objects, each at the deepest place that differs."""
    for key in sorted(old.keys() | new.keys()):
        yield from _changes(key, old.get(key, MISSING), new.get(key, MISSING))


def _changes(path: str, old: Any, new: Any) -> Iterator[Change]:
    if old is MISSING:
        yield Change(path, "add")
    elif new is MISSING:
        yield Change(path, "delete")
    elif isinstance(old, dict) and isinstance(new, dict) and not is_asset(old):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes(_step(path, key), old.get(key, MISSING), new.get(key, MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            pair = (items[index] if index < len(items) else MISSING for items in (old, new))
            yield from _changes(f"{path}[{index}]", *pair)
    elif not same(old, new):
        yield Change(path, "update")


def _step(path: str, key: str) -> str:
    return f"{path}.{key}" if re.fullmatch(r"\w+", key) else f"{path}[{json.dumps(key)}]"


def settle(desired: Any, actual: Any, *, whole: bool = False) -> Any:
    """Merge desired values with actual ones; keep the desired form where they differ only in notation.

    A list whose elements are all there in another order keeps its order, as AWS returns sets in any. Of an object only
    the desired keys count (the rest is what AWS fills in), unless the `whole` is asked for; a key that the answer does
    not speak of keeps the desired value.
    """
    if isinstance(desired, dict) and isinstance(actual, dict) and not is_asset(desired):
        keys: dict[str, Any] = desired
        answers: dict[str, Any] = actual
        settled = {
            key: settle(value, answers[key], whole=whole) if key in answers else value for key, value in keys.items()
        }
        return {**answers, **settled} if whole else settled
    if isinstance(desired, list) and isinstance(actual, list):
        return _settle_list(desired, actual, whole=whole)
    return desired if same(desired, actual) else actual


def _settle_list(desired: list[Any], actual: list[Any], *, whole: bool) -> list[Any]:
    rest = list(actual)
    matched: list[Any] = []
    for element in desired:
        match = next((candidate for candidate in rest if settle(element, candidate) == element), MISSING)
        if match is MISSING:
            break
        rest.remove(match)
        matched.append(settle(element, match, whole=whole))
    else:
        return matched + rest
    if len(desired) == len(actual):
        return [settle(element, candidate, whole=whole) for element, candidate in zip(desired, actual, strict=True)]
    return actual


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
