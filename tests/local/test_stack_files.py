"""Stack files are read here as the real engine reads them, and what a fleet writes it reads back unchanged."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from falco_firelens.fleet import Stack
from falco_firelens.fleet.workspace import work_directory
from falco_firelens.settings.stack_files import document_of
from falco_firelens.settings.validation.raw import keys_of
from falco_firelens.settings.validation.yaml_text import DocumentError
from tests.local.stack import PROJECT

pytestmark = pytest.mark.local

SCALARS = (
    *("0o17", "0755", "0x1F", "0b1", "0b-1", "-0b1", "1_000", "0_7", "1e5", "685e3", "3.0", "-.5e-3", ".5_5", "1e999"),
    *(
        "098765432109",
        "012345670123",
        "18446744073709551616",
        "-9223372036854775809",
        "1e21",
        "0x",
        "+5",
        "-0",
        "1.",
        "-",
    ),
    *(
        "yes",
        "On",
        "n",
        "True",
        "~",
        "",
        "Null",
        "=",
        "12:30",
        "1,000",
        "<<",
        ".",
        "...x",
        "@",
        "`",
        "%x",
        "a: b",
        "a #b",
    ),
    *("2026-01-02", "2026-1-2T3:4:5.50+02:00", "2026-01-02 03:04:05", "2026-02-30", "2026-01-02t03:04:05Z"),
    *("! 12", '! "12"', "!!str 12", '!!int "12"', "!!float 12", "!!binary aGk=", "!mine 12", "!!timestamp 2026-01-02"),
    *(
        ".inf",
        ".nan",
        "!!int five",
        "!!bool yes",
        "!!null 1",
        "'0755'",
        '"\\u00e9\\x7f\\N"',
        "|\n      a\n      b",
        ">-\n      a\n      b",
    ),
    *(
        "{a: 1, a: 2}",
        "{1: a, true: b, 1e6: c, 2026-01-02: d}",
        "[a?b]",
        "a?b",
        "[*x]",
        "&x [*x]",
        "{<<: {a: 1}, b: 2}",
    ),
)

DOCUMENTS = (
    "config:\n  a:x: &x {a: 1, b: 2}\n  a:y: {<<: *x, b: 3}\n  a:z: {<<: [*x, {c: 4}]}\n",
    "config:\n  a:x: {k: 1}\n  a:x: {k: 2}\n",
    "config:\n  a:x:\n    k: 1\n    'k': 2\n",
    "config: {account: 111122223333, a:config:b: c, a:d: }\n",
    "config: {a:b:c: d}\n",
    "config: [1]\n",
    "- config\n",
    "",
    "\ufeffconfig: {a:b: c}\n---\nnot: {read\n",
    "config:\n\ta:b: c\n",
    "config:\n  a:b:\t[1,\t2]\n",
    "config:\r\n  a:b: |\r\n    x\r\n    y\r\n",
)


class Engine:
    """`pulumi config`, which reads a stack file without decrypting or deploying anything."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder, self._env = folder, env
        (folder / "Pulumi.yaml").write_text("name: falco-firelens\nruntime: python\n")
        self._run("stack", "init", "files", "--no-select", "--secrets-provider", "passphrase")

    def values(self, text: str) -> dict[str, Any] | None:
        """Its configuration as a program gets it, JSON opened; None where it refuses the file."""
        (self._folder / "Pulumi.files.yaml").write_bytes(text.encode())
        done = self._run(
            "config", "--json", "--stack", "files", "--config-file", str(self._folder / "Pulumi.files.yaml")
        )
        if done.returncode:
            return None
        return {key: found.get("objectValue", found["value"]) for key, found in json.loads(done.stdout).items()}

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"], cwd=self._folder, env=self._env, capture_output=True, text=True
        )


@pytest.fixture(scope="module")
def engine(local_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("stack-files"), local_env)


def ours(text: str) -> dict[str, Any] | None:
    try:
        return dict(keys_of(document_of(text.removeprefix("\ufeff")).get("config")))
    except DocumentError:
        return None


@pytest.mark.parametrize("text", DOCUMENTS)
def test_a_file_is_read_as_the_engine_reads_it(engine: Engine, text: str) -> None:
    assert ours(text) == engine.values(text)


def test_scalars_are_read_as_the_engine_reads_them(engine: Engine) -> None:
    """All that the engine takes in one file; what it refuses, each in a file of its own."""
    single = {f"a:k{number}": f"config:\n  a:k{number}:\n    - {text}\n" for number, text in enumerate(SCALARS)}
    taken = {key: text for key, text in single.items() if ours(text) is not None}
    together = "config:\n" + "".join(text.removeprefix("config:\n") for text in taken.values())

    assert ours(together) == engine.values(together)
    refused = {key: engine.values(text) for key, text in single.items() if key not in taken}
    assert refused == dict.fromkeys(refused)


PLAIN = st.text("0123456789abcdefoxXBOETZtz_+-.:", min_size=1, max_size=9)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(SCALARS) | PLAIN
VALUES = st.recursive(
    TEXTS | st.integers(-(2**53), 2**53) | st.booleans() | st.none(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=20,
)
MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Each example asks the engine once, about many values."""


@MANY
@given(texts=st.lists(PLAIN, min_size=40, max_size=40))
def test_any_plain_scalar_is_read_as_the_engine_reads_it(engine: Engine, texts: list[str]) -> None:
    taken = [text for text in texts if ours(f"config:\n  a:b:\n    - {text}\n") is not None]
    text = "config:\n  a:b:\n" + "".join(f"    - {one}\n" for one in taken)

    assert ours(text) == engine.values(text)


@MANY
@given(values=st.lists(VALUES, min_size=20, max_size=20))
def test_what_a_fleet_writes_the_engine_reads_back_unchanged(engine: Engine, values: list[object]) -> None:
    stack = Stack.of("files", "eu-west-1", {"account": "098765432109", "tags": values})
    with work_directory(PROJECT, stack) as folder:
        text = (folder / "Pulumi.files.yaml").read_text(encoding="utf-8")

    read = engine.values(text)

    assert read is not None
    assert read == ours(text)
    assert read["falco-firelens:account"] == "098765432109"
    assert json.loads(read["falco-firelens:tags"]) == values
