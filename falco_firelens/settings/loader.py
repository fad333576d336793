"""Reads a stack file, or what the engine made of it, into settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from falco_firelens.errors import Mistake
from falco_firelens.settings.stack import Settings
from falco_firelens.settings.stack_files import NAMESPACE, document_of, guard_mistakes
from falco_firelens.settings.strangers import NoFiles
from falco_firelens.settings.validation.errors import SettingsError
from falco_firelens.settings.validation.files import Files
from falco_firelens.settings.validation.messages import mistakes_of
from falco_firelens.settings.validation.raw import ENCRYPTED, keys_of, plain
from falco_firelens.settings.validation.yaml_text import DocumentError, NotYaml

STRUCTURED = frozenset(
    (
        *("clusters", "network", "events", "falco", "fluentBit", "alarms", "hub", "spoke", "notifications", "policy"),
        *("response", "tags"),
    )
)
"""Top-level keys that hold more than a text: the engine hands them to a program as JSON, and null as an empty text."""


def load(values: Mapping[str, object], *, file: str, root: Path, trusted: bool = True) -> Settings:
    """Make settings of the tree under the project's namespace.

    `values` has camelCase keys without the namespace, as YAML has them or, structured ones as JSON texts, as the engine
    hands them to a program. `file` is the stack file's name for messages; relative paths start at `root`, the project's
    folder. Settings that are not `trusted` name no file, no command and no address of the machine's own network.
    Raises SettingsError with every mistake.
    """
    tree = plain(structured(values))
    try:
        return Settings.model_validate(tree, context=Files(root) if trusted else NoFiles())
    except ValidationError as error:
        mistakes = mistakes_of(error)
    raise SettingsError(file, mistakes)


def structured(values: Mapping[str, object]) -> dict[str, object]:
    """Return the tree with the values parsed that the engine passes as JSON."""
    return {key: _parsed(value) if key in STRUCTURED else value for key, value in values.items()}


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except (ValueError, RecursionError):
        return value


def load_config(config: Mapping[str, object], *, file: str, root: Path, trusted: bool = True) -> Settings:
    """Make settings of a stack's whole configuration. Raises SettingsError with every mistake."""
    mistakes = list(guard_mistakes(config))
    try:
        settings = load(namespaced(config), file=file, root=root, trusted=trusted)
    except SettingsError as error:
        mistakes = [*error.mistakes, *mistakes]
    else:
        if not mistakes:
            return settings
    raise SettingsError(file, mistakes)


def read_stack_file(path: Path) -> Settings:
    """Load a Pulumi.<stack>.yaml, for people and tests; encrypted values stay closed. Raises SettingsError."""
    return load_config(config_of(path), file=path.name, root=project_folder(path))


def project_folder(stack_file: Path) -> Path:
    """Where Pulumi.yaml is, and the engine runs the program: the file's own folder or one above it."""
    folders = stack_file.resolve().parents
    return next((folder for folder in folders if (folder / "Pulumi.yaml").is_file()), folders[0])


def config_of(path: Path) -> Mapping[str, object]:
    """Return the keys under `config` of a stack file; none if the file is empty. Raises SettingsError."""
    return keys_of(read_document(path).get("config"))


def read_document(path: Path) -> Mapping[str, object]:
    """Read a whole stack file. Raises SettingsError."""
    try:
        return document_of(path.read_text(encoding="utf-8-sig"))
    except NotYaml as error:
        raise _unusable(path, f"what is not YAML ({error.problem})") from None
    except DocumentError as error:
        raise _unusable(path, str(error), error.expected) from None
    except FileNotFoundError:
        raise _unusable(path, f"no such file in {path.parent}") from None
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a text in UTF-8"
        raise _unusable(path, f"what cannot be read ({why})") from None


def _unusable(path: Path, found: str, expected: str = "") -> SettingsError:
    expected = expected or f"a stack file, `Pulumi.<stack>.yaml`, with {NAMESPACE}:clusters under `config`"
    return SettingsError(path.name, [Mistake("", found, expected)])


def namespaced(config: Mapping[str, object]) -> dict[str, object]:
    """Return the project's own part of a stack's whole configuration, without the namespace.

    A program passes `pulumi.runtime.get_config_env()`; an encrypted value of a stack file becomes ENCRYPTED.
    """
    prefix = f"{NAMESPACE}:"
    own = {str(key): value for key, value in config.items() if str(key).startswith(prefix)}
    return {key.removeprefix(prefix): _closed(value) for key, value in own.items()}


def _closed(value: object) -> object:
    """Put the placeholder where a stack file has `secure: …`."""
    if isinstance(value, Mapping):
        keys = cast("Mapping[str, object]", value)
        secret = list(keys) == ["secure"] and isinstance(keys["secure"], str)
        return ENCRYPTED if secret else {key: _closed(item) for key, item in keys.items()}
    if isinstance(value, list):
        return [_closed(item) for item in cast("list[object]", value)]
    return value
