"""What a stack file says, with the keys and the texts that the engine hands to the program.

https://github.com/pulumi/pulumi/blob/v3.274.1/sdk/go/common/workspace/loaders.go and
https://github.com/pulumi/pulumi/blob/v3.274.1/sdk/go/common/resource/config/key.go
"""

from collections.abc import Mapping
from typing import cast

from settings.documents import DocumentError, stack_tree
from settings.found import describe, describe_text
from settings.tree import plain

NAMESPACE = "falco-firelens"
"""The project's name, which the engine puts before the keys of its configuration."""


def document_of(text: str) -> Mapping[str, object]:
    """The whole stack file; under `config`, keys are whole and scalars are texts.

    Raises DocumentError, also for a file that is no mapping and for a key that the engine does not take.
    """
    tree = stack_tree(text)
    if tree is None:
        return {}
    if not isinstance(tree, Mapping):
        raise DocumentError(f"{describe(plain(tree))} at its top")
    document = cast("Mapping[str, object]", tree)
    config = document.get("config")
    if config is None:
        return document
    if not isinstance(config, Mapping):
        raise DocumentError(f"{describe(plain(config))} at config")
    return {**document, "config": _config(cast("Mapping[str, object]", config))}


def _config(given: Mapping[str, object]) -> Mapping[str, object]:
    names: dict[str, str] = {}
    found: dict[str, object] = {}
    for name, value in given.items():
        key = _whole(name)
        if key in names:
            raise DocumentError(f"{describe_text(names[key])} and {describe_text(name)}, which are one key")
        names[key] = name
        found[key] = _text(value)
    return found


def _whole(name: str) -> str:
    """A key with its namespace: the project's where it has none. `aws:config:region` is an old form of `aws:region`."""
    parts = name.split(":")
    if len(parts) == 1:
        return f"{NAMESPACE}:{name}"
    if len(parts) == 3 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    if len(parts) > 2:
        raise DocumentError(f"the key {describe_text(name)}, which is not <namespace>:<name>")
    return name


def _text(value: object) -> object:
    """A scalar as the engine hands it over."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, int) else str(value) if isinstance(value, float) else value
