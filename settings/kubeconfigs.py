"""Whether a text is a kubeconfig, and has the context that is asked for."""

from collections.abc import Mapping
from typing import Any, cast

import yaml

from settings.errors import mistake


def check_kubeconfig(text: str, found: str) -> tuple[str, ...]:
    """The names of a kubeconfig's contexts.

    `found` says in a message what the text is, since its content may be secret. Raises PydanticCustomError when it is no
    kubeconfig: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise mistake("a kubeconfig", found=f"{found}, which is not YAML") from None
    if not isinstance(document, Mapping):
        raise mistake("a kubeconfig", found=f"{found}, which is not one")
    config = cast("Mapping[str, Any]", document)
    missing = [key for key in ("clusters", "contexts", "users") if not isinstance(config.get(key), list)]
    if missing:
        raise mistake("a kubeconfig", found=f"{found}, which has no list of {', '.join(missing)}")
    items = cast("list[Any]", config["contexts"])
    return tuple(str(cast("Any", item)["name"]) for item in items if isinstance(item, Mapping) and "name" in item)


def current_context(text: str) -> str | None:
    """The context that a kubeconfig uses where none is asked for."""
    document: Any = yaml.safe_load(text)
    current = document.get("current-context")
    return current if isinstance(current, str) and current else None
