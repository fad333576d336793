"""Whether files hold Falco rules: the items and keys without which Falco would refuse to load them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

from falco_firelens.contract import PRIORITIES
from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.files import Files
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.raw import items_of, keys_of, plain
from falco_firelens.settings.validation.wording import describe_text
from falco_firelens.settings.validation.yaml_text import DocumentError, NotYaml, rules_trees

NEEDED_KEYS: Mapping[str, tuple[str, ...]] = {
    "rule": ("condition", "output", "desc", "priority"),
    "macro": ("condition",),
    "list": ("items",),
    "required_engine_version": (),
    "required_plugin_versions": (),
}
"""The kinds of items and the keys each needs: https://falco.org/docs/reference/rules/rule-fields/"""

TRUE = ("true", "yes", "on", "y")
"""What yaml-cpp, by which Falco reads, takes for true: https://github.com/jbeder/yaml-cpp/blob/master/src/convert.cpp"""

PRIORITY_NAMES = frozenset({"info", *(priority.lower() for priority in PRIORITIES)})
"""As Falco reads them, in any case."""

FILE_NAME = Matching(r"[0-9A-Za-z._-]+\.ya?ml", "a file name of letters, digits and . _ -, ending with .yaml or .yml")
"""It becomes a ConfigMap's key: https://kubernetes.io/docs/concepts/configuration/configmap/"""


def check_rules_files(value: object, validate: Callable[[Any], tuple[str, ...]], files: Files) -> tuple[str, ...]:
    """Validate a list of paths together with the files that they name."""
    return with_mistakes(validate, value, _mistakes(value, files))


def _mistakes(value: object, files: Files) -> Iterator[InitErrorDetails]:
    paths: dict[str, str] = {}
    for index, path in enumerate(items_of(value)):
        if not isinstance(path, str):
            continue
        name = PurePath(path).name
        if name in paths:
            yield at((index,), path, mistake(f"a file name other than that of {describe_text(paths[name])}"))
        paths.setdefault(name, path)
        try:
            _check_file(path, name, files)
        except PydanticCustomError as error:
            yield at((index,), path, error)


def _check_file(path: str, name: str, files: Files) -> None:
    text = files.text(path)
    FILE_NAME.check(name)
    problem = problem_of(text)
    if problem:
        raise mistake("Falco rules", found=f"{describe_text(path)}, {problem}")


def problem_of(text: str) -> str | None:
    """Why Falco would not load a text as rules; None where nothing is seen that speaks against it."""
    try:
        documents = [plain(document) for document in rules_trees(text) if document is not None]
    except DocumentError as error:
        return f"which is {error}" if isinstance(error, NotYaml) else f"with {error}"
    if not documents:
        return "which is empty"
    if not all(isinstance(document, tuple) for document in documents):
        return "which is not a list of rules, macros and lists"
    items = [item for document in documents for item in items_of(document)]
    problems = (_problem_of_item(item, f"whose item {number}") for number, item in enumerate(items, start=1))
    return next((problem for problem in problems if problem), None)


def _problem_of_item(item: object, which: str) -> str | None:
    keys = keys_of(item)
    kind = next((kind for kind in NEEDED_KEYS if kind in keys), None)
    if kind is None:
        return f"{which} has none of the keys {', '.join(NEEDED_KEYS)}"
    if not NEEDED_KEYS[kind]:
        return None
    name = keys[kind]
    if not isinstance(name, str):
        return f"{which} has no name at {kind}"
    missing = [key for key in NEEDED_KEYS[kind] if key not in keys]
    if missing and not _changes_an_earlier(kind, keys):
        return f"whose {kind} {describe_text(name)} has no {', '.join(missing)}"
    return _problem_of_values(keys, f"whose {kind} {describe_text(name)}")


def _changes_an_earlier(kind: str, keys: Mapping[str, object]) -> bool:
    """Return whether a rule changes an earlier one: with no key of its own but `enabled` it switches that one on or
    off.
    """
    only_enabled = kind == "rule" and "enabled" in keys and not any(key in keys for key in NEEDED_KEYS["rule"])
    return only_enabled or bool(keys_of(keys.get("override"))) or str(keys.get("append")).lower() in TRUE


def _problem_of_values(keys: Mapping[str, object], which: str) -> str | None:
    priority = keys.get("priority", "debug")
    if str(priority).lower() not in PRIORITY_NAMES:
        return f"{which} has the unknown priority {describe_text(str(priority))}"
    if not isinstance(keys.get("items", ()), tuple):
        return f"{which} has items that are not a list"
    if not isinstance(keys.get("condition", ""), str):
        return f"{which} has a condition that is not a text"
    return None
