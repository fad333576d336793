"""The workflows run other people's actions, so each is pinned to a commit, everywhere to the same.

`make check` runs zizmor, which was not written here, over them; that its options let nothing pass is shown here.
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
GITHUB = PROJECT / ".github"
GITLAB = PROJECT / "examples" / "gitlab-ci.yml"
PINNED = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # (?P<version>v\d+\.\d+\.\d+)\b")


def files() -> list[Path]:
    found = [*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.yaml")]
    assert len(found) >= 4
    return found


def used(tree: object) -> Iterator[str]:
    """Every `uses` of a document, wherever it is and however it is written."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "uses" and not value.startswith("./"):
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


def judged(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make check` says of workflows."""
    (line,) = re.findall(r"/zizmor (.*) \.github$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    command = [str(Path(sys.executable).with_name("zizmor")), *shlex.split(line), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_workflows_are_safe() -> None:
    found = judged(GITHUB)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("file", "before", "after", "audit"),
    [
        ("test", r"\n        with:\n          persist-credentials: false", "", "artipacked"),
        ("deploy", r"setup-python@\w{40}", "setup-python@v7", "unpinned-uses"),
        ("preview", r"    environment: preview\n", "", "secrets-outside-env"),
        ("preview", r"\n  pull_request:", "\n  pull_request_target:", "dangerous-triggers"),
        ("preview", r'"\$GITHUB_SHA" --more', '"${{ github.head_ref }}" --more', "template-injection"),
        ("drift", r"\npermissions: {}", "\npermissions: write-all", "excessive-permissions"),
    ],
)
def test_what_is_unsafe_in_a_workflow_fails_the_check(
    tmp_path: Path, file: str, before: str, after: str, audit: str
) -> None:
    shutil.copytree(GITHUB, tmp_path / ".github")
    changed = tmp_path / ".github/workflows" / f"{file}.yml"
    text, count = re.subn(before, after, changed.read_text(), count=1)
    assert count == 1
    changed.write_text(text)

    found = judged(tmp_path / ".github")

    assert found.returncode != 0 and audit in found.stdout


def test_what_deploys_installs_by_hash_alone_and_the_same_engine_everywhere() -> None:
    files_that_deploy = [file for file in [*files(), GITLAB] if "falco-firelens fleet" in file.read_text()]
    engines: set[str] = set()
    for file in files_that_deploy:
        text = file.read_text()
        installs = re.findall(r"pip install ([^&\n]*)", text)
        assert installs, file.name
        assert {install.strip() for install in installs} == {
            "--quiet --require-hashes --requirement requirements-fleet.lock",
            "--quiet --no-deps --no-build-isolation --editable .",
        }
        assert text.count("uses: pulumi/actions@") == text.count("pulumi-version: "), file.name
        engines |= set(re.findall(r"pulumi-version: (\S+)|pulumi-python-3\.11:([\w.]+)", text))
    assert len(files_that_deploy) == 4
    assert len({"".join(engine) for engine in engines}) == 1
