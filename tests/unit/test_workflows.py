"""The workflows run other people's actions, so each is pinned to a commit, everywhere to the same."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml

GITHUB = Path(__file__).resolve().parents[2] / ".github"
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)\b")


def files() -> list[Path]:
    found = [*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.yaml")]
    assert len(found) >= 4
    return found


def used(tree: object) -> Iterator[str]:
    """Every `uses` of a document, wherever it is and however it is written."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "uses":
                yield value
            yield from used(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from used(item)


def test_every_action_is_pinned_by_its_whole_commit_and_says_its_version() -> None:
    for file in files():
        text = file.read_text()
        pinned = [f"{found['action']}@{found['commit']}" for found in PINNED.finditer(text)]

        assert pinned == list(used(yaml.safe_load(text))), file.name


def test_an_action_has_the_same_commit_in_every_file() -> None:
    pins: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for file in files():
        for found in PINNED.finditer(file.read_text()):
            pins[found["action"]].add((found["commit"], found["version"]))

    assert {"actions/checkout", "actions/setup-python"} <= pins.keys()
    assert {action: found for action, found in pins.items() if len(found) > 1} == {}
