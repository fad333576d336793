"""A stack file with all its defaults written out, which means the same."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import SecretStr

from falco_firelens.settings.loader import load, namespaced, project_folder, read_document, read_stack_file, structured
from falco_firelens.settings.stack import Settings
from falco_firelens.settings.stack_files import NAMESPACE
from falco_firelens.settings.validation.errors import Location, SettingsError
from falco_firelens.settings.validation.raw import Encrypted, keys_of, revealed

HIDDEN = "[secret]"
"""In place of a secret that the file has in plain text."""

Tree = dict[str, Any]


def whole(file: Path, *, secrets: bool = False) -> Tree:
    """Return a stack file's document with every default. Encrypted values stay as they are.

    Secrets that the file has in plain text read HIDDEN, unless they are asked for.

    Raises:
        SettingsError: the file cannot be used.
    """
    settings, document = read_stack_file(file), read_document(file)
    config = keys_of(document.get("config"))
    own = _applicable(settings, namespaced(config), file)
    prefix = f"{NAMESPACE}:"
    given = structured({key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)})
    written = {f"{prefix}{key}": _written(value, given.get(key), secrets=secrets) for key, value in own.items()}
    others = {key: value for key, value in config.items() if not key.startswith(prefix)}
    return {**document, "config": {**others, **written}}


def as_yaml(document: Mapping[str, object]) -> str:
    """Write a document so that every reader of YAML takes each text for a text."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def has_hidden(value: object) -> bool:
    """Return whether a secret was left out of a document."""
    if isinstance(value, Mapping):
        return any(map(has_hidden, cast("Mapping[str, object]", value).values()))
    return any(map(has_hidden, cast("list[object]", value))) if isinstance(value, list) else value == HIDDEN


def _applicable(settings: Settings, given: Mapping[str, object], file: Path) -> Tree:
    """Dump settings without the defaults that do not apply: the checks say which those are.

    `spoke.format`, for example, has a default, and may not stand beside `spoke.hub`.
    """
    tree: Tree = settings.model_dump(by_alias=True, exclude_none=True)
    while True:
        try:
            load(_mapped(tree, revealed), file=file.name, root=project_folder(file))
        except SettingsError as error:
            locations = [_location(mistake.path) for mistake in error.mistakes]
            superfluous = [one for one in locations if _has(tree, one) and not _has(structured(given), one)]
            if not superfluous:
                raise
            for location in superfluous:
                _drop(tree, location)
        else:
            return tree


def _written(value: object, given: object, *, secrets: bool) -> object:
    """Write a value as YAML has it; `given` is what the file has in its place."""
    if isinstance(value, Encrypted):
        return given
    if isinstance(value, SecretStr):
        return value.get_secret_value() if secrets else HIDDEN
    if isinstance(value, Mapping):
        keys = cast("Mapping[str, object]", value)
        beside = keys_of(given)
        return {key: _written(item, beside.get(key), secrets=secrets) for key, item in keys.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        beside = cast("Sequence[object]", given if isinstance(given, list | tuple) else ())
        padded = [*beside, *(None for _ in items)]
        return [_written(item, other, secrets=secrets) for item, other in zip(items, padded, strict=False)]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _mapped(value: object, change: Callable[[object], object]) -> Any:
    if isinstance(value, Mapping):
        return {key: _mapped(item, change) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in cast("Sequence[object]", value)]
    return change(value)


def _location(path: str) -> Location:
    steps = re.findall(r"\[(\d+)\]|([^.\[]+)", path)
    return tuple(int(index) if index else key for index, key in steps)


def _get(tree: object, location: Location) -> object:
    for step in location:
        tree = cast("Any", tree)[step]
    return tree


def _has(tree: object, location: Location) -> bool:
    try:
        _get(tree, location)
    except (LookupError, TypeError):
        return False
    return bool(location)


def _drop(tree: Tree, location: Location) -> None:
    if _has(tree, location):
        cast("Tree", _get(tree, location[:-1])).pop(str(location[-1]))


class _Dumper(yaml.SafeDumper):
    """Quotes a text that does not begin with a letter: YAML 1.1 and 1.2 differ about numbers such as 1e3 and 0o17."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write what is there twice twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if re.match("[A-Za-z/]", text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
