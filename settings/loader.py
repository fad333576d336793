"""Reads a stack file, or what the engine made of it, into settings."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from settings.base import ENCRYPTED, Files
from settings.errors import Mistake, SettingsError, mistakes_of
from settings.found import NOTHING
from settings.schema import keys_at
from settings.stack import Settings

NAMESPACE = "falco-firelens"
"""The project's name, which the engine puts before the keys of its configuration."""

DEEPEST = 32
"""Levels below which a tree is not looked at; settings have eight."""

STRUCTURED = frozenset(("clusters", "network", "events", "falco", "tags"))
"""Top-level keys that hold more than a text; the engine hands them to a program as JSON."""


def load(values: Mapping[str, object], *, file: str, root: Path) -> Settings:
    """Make settings of the tree under the project's namespace.

    `values` has camelCase keys without the namespace; a structured value may be the JSON text that the engine hands to a
    program. `file` is the stack file's name for messages, `root` the folder where relative paths start.
    Raises SettingsError with every mistake.
    """
    tree = {str(key): _plain(_parsed(key, value)) for key, value in values.items()}
    try:
        return Settings.model_validate(tree, context=Files(root))
    except ValidationError as error:
        mistakes = mistakes_of(error, keys_at)
    raise SettingsError(file, mistakes)


def _parsed(key: str, value: object) -> object:
    if key not in STRUCTURED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _plain(value: object, depth: int = 0) -> object:
    """A tree of dicts and tuples with NOTHING for null, so that no check meets anything else."""
    if value is None or depth > DEEPEST:
        return NOTHING
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(_plain(item, depth + 1) for item in cast("Sequence[object]", value))
    return value


def read_stack_file(path: Path) -> Settings:
    """Load a Pulumi.<stack>.yaml, for people and tests; encrypted values stay closed. Raises SettingsError."""
    try:
        document: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, f"a file that cannot be read ({error})") from None
    except yaml.YAMLError as error:
        raise _unreadable(path, f"what is not YAML ({' '.join(str(error).split())})") from None
    return load(namespaced(_config_of(path, document)), file=path.name, root=path.parent)


def _unreadable(path: Path, found: str) -> SettingsError:
    return SettingsError(path.name, [Mistake("config", found, f"a mapping with keys such as {NAMESPACE}:clusters")])


def _config_of(path: Path, document: object) -> Mapping[str, object]:
    config = cast("Mapping[str, object]", document).get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        raise _unreadable(path, "nothing")
    return cast("Mapping[str, object]", config)


def namespaced(config: Mapping[str, Any]) -> dict[str, object]:
    """The project's own part of a stack's whole configuration, without the namespace."""
    prefix = f"{NAMESPACE}:"
    return {key.removeprefix(prefix): _closed(value) for key, value in config.items() if key.startswith(prefix)}


def _closed(value: object) -> object:
    """Put the placeholder where the stack file has `secure: …`."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        if list(mapping) == ["secure"]:
            return ENCRYPTED
        return {key: _closed(item) for key, item in mapping.items()}
    if isinstance(value, list):
        return [_closed(item) for item in cast("list[object]", value)]
    return value
