"""Whether a file holds Falco rules: the items and keys without which Falco would refuse to load it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, cast

import yaml
from pydantic_core import InitErrorDetails, PydanticCustomError

from settings.base import Files
from settings.errors import at, mistake, with_mistakes

RULES = "Falco rules"

NEEDED_KEYS: Mapping[str, tuple[str, ...]] = {
    "rule": ("condition", "output", "desc", "priority"),
    "macro": ("condition",),
    "list": ("items",),
    "required_engine_version": (),
    "required_plugin_versions": (),
}
"""The kinds of items and the keys each needs: https://falco.org/docs/reference/rules/rule-fields/"""

CHANGES = ("append", "override")
"""Keys of an item that changes an earlier one, and so needs only what it changes."""

PRIORITIES = frozenset(
    ("emergency", "alert", "critical", "error", "warning", "notice", "info", "informational", "debug")
)
"""As Falco reads them, in any case."""


def check_rules(value: object, validate: Callable[[Any], tuple[str, ...]], files: Files) -> tuple[str, ...]:
    """Validate a list of paths together with the files that they name."""
    return with_mistakes(validate, value, _mistakes(value, files))


def _mistakes(value: object, files: Files) -> Iterator[InitErrorDetails]:
    names: dict[str, str] = {}
    for index, path in enumerate(value if isinstance(value, tuple) else ()):
        if not isinstance(path, str):
            continue
        name = PurePath(path).name
        if name in names:
            yield at((index,), path, mistake(f'a file name that differs from "{names[name]}"'))
        names.setdefault(name, path)
        try:
            _check_file(path, files)
        except PydanticCustomError as error:
            yield at((index,), path, error)


def _check_file(path: str, files: Files) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._-]+\.ya?ml", PurePath(path).name):
        raise mistake("a file name of letters, digits and . _ - that ends with .yaml or .yml")
    problem = problem_of(files.text(path))
    if problem:
        raise mistake(RULES, found=f'"{path}": {problem}')


def problem_of(text: str) -> str | None:
    """Why Falco would not take a text as rules, None where nothing is seen that speaks against it."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return f"not YAML, {line}{error.problem}"
    except (yaml.YAMLError, ValueError, RecursionError):
        return "not YAML"
    if all(document is None for document in documents):
        return "no rules in it"
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, Sequence) or isinstance(document, str):
            return "not a list of rules, macros and lists"
        for number, item in enumerate(cast("Sequence[object]", document), start=1):
            problem = _problem_of_item(item)
            if problem:
                return f"item {number} {problem}"
    return None


def _problem_of_item(item: object) -> str | None:
    if not isinstance(item, Mapping):
        return "is not a mapping"
    keys = cast("Mapping[str, object]", item)
    kind = next((kind for kind in NEEDED_KEYS if kind in keys), None)
    if kind is None:
        return f"has none of the keys {', '.join(NEEDED_KEYS)}"
    if kind in ("rule", "macro", "list") and not isinstance(keys[kind], str):
        return f"has no name at {kind}"
    missing = [key for key in NEEDED_KEYS[kind] if keys.get(key) is None]
    if missing and not _changes_an_earlier(kind, keys):
        return f'({kind} "{keys[kind]}") has no {", ".join(missing)}'
    return _problem_of_values(kind, keys)


def _changes_an_earlier(kind: str, keys: Mapping[str, object]) -> bool:
    """A rule with no key but `enabled` switches an earlier one on or off."""
    only_enabled = kind == "rule" and "enabled" in keys and not any(key in keys for key in NEEDED_KEYS["rule"])
    return only_enabled or any(keys.get(key) for key in CHANGES)


def _problem_of_values(kind: str, keys: Mapping[str, object]) -> str | None:
    label = f'({kind} "{keys[kind]}")'
    priority = keys.get("priority")
    if priority is not None and str(priority).lower() not in PRIORITIES:
        return f'{label} has the unknown priority "{priority}"'
    if kind == "list" and keys.get("items") is not None and not isinstance(keys["items"], list):
        return f"{label} has items that are not a list"
    if kind in ("rule", "macro") and not isinstance(keys.get("condition", ""), str):
        return f"{label} has a condition that is not a text"
    return None
