"""How stack files, kubeconfigs and rules files are read: as the engine, client-go and Falco read them.

tests/local/test_stack_files.py holds the first to the real engine.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from falco_firelens.settings import SettingsError, load, namespaced
from falco_firelens.settings.stack_files import document_of
from falco_firelens.settings.validation.raw import keys_of
from falco_firelens.settings.validation.yaml_text import (
    DocumentError,
    KeyTwice,
    kubeconfig_tree,
    rules_trees,
    stack_tree,
)

AS_THE_ENGINE = {
    "0o17": 15,
    "0755": 493,
    "0x1F": 31,
    "0b1": 1,
    "0b-1": -1,
    "1_000": 1000,
    "1e5": 100000,
    "685e3": 685000,
    "3.0": 3,
    "1e21": 1e21,
    "098765432109": 98765432109,
    "18446744073709551616": 18446744073709552000,
    "-.5e-3": -0.0005,
    ".5_5": 0.55,
    "1e999": "1e999",
    "0x": "0x",
    "12:30": "12:30",
    "1,000": "1,000",
    "yes": "yes",
    "On": "On",
    "n": "n",
    "=": "=",
    "~": None,
    "": None,
    "Null": None,
    "True": True,
    "2026-01-02": "2026-01-02 00:00:00 +0000 UTC",
    "2026-1-2T3:4:5.50+02:00": "2026-01-02 03:04:05.5 +0200 +0200",
    "2026-02-30": "2026-02-30",
    "! 12": 12,
    '! "12"': "12",
    "!!str 12": "12",
    '!!int "12"': 12,
    "!!float 12": 12,
    "!!binary aGk=": "hi",
    "!mine 12": "12",
    "'0755'": "0755",
    "|-\n  0755": "0755",
}


@pytest.mark.parametrize(("text", "expected"), AS_THE_ENGINE.items())
def test_a_scalar_is_what_the_engine_makes_of_it(text: str, expected: object) -> None:
    found = stack_tree(f"- {text}")
    assert found == [expected]
    assert isinstance(found, list)
    assert isinstance(found[0], bool) is isinstance(expected, bool)
    assert isinstance(found[0], float) is isinstance(expected, float)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "!!int five", "!!bool yes", "!!null 1", "!!binary ?"])
def test_a_scalar_that_the_engine_refuses(text: str) -> None:
    with pytest.raises(DocumentError, match="at line 2"):
        stack_tree(f"a: 1\nb: {text}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}", {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}),
        ("{<<: [{a: 1, b: 1}, {b: 2, c: 2}], c: 3}", {"a": 1, "b": 1, "c": 3}),
        ("a: &a 1\nb: &a 2\nc: *a", {"a": 1, "b": 2, "c": 2}),
        ("{8080: a, 1e6: b, true: c, 0o17: d}", {"8080": "a", "1e+06": "b", "true": "c", "15": "d"}),
        ("a:\t5", {"a": 5}),
        ("a: 1\n---\nb: 2", {"a": 1}),
        ("", None),
    ],
)
def test_a_document_is_what_the_engine_makes_of_it(text: str, expected: object) -> None:
    assert stack_tree(text) == expected


@pytest.mark.parametrize("read", [stack_tree, kubeconfig_tree, rules_trees])
@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "a: 1\n'b': 2\n\"a\": 3\n"])
def test_a_key_twice_is_refused_by_each_reader(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(KeyTwice, match='the key "a" twice, at lines 1 and 3'):
        read(text)


def test_keys_that_only_become_the_same_are_refused_too() -> None:
    with pytest.raises(KeyTwice):
        stack_tree("{1: a, 0x1: b}")


def test_what_unfolds_to_too_much_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(DocumentError, match="aliases that unfold to far too much"):
        stack_tree("\n".join(lines))


@pytest.mark.parametrize("text", ["a: *b", "a: &a [*a]", "a: [b?c]", "{<<: 5}", '{"<<": {a: 1}}', "{[a]: b}"])
def test_a_document_that_the_engine_refuses(text: str) -> None:
    with pytest.raises(DocumentError, match="at line 1"):
        stack_tree(text)


def test_a_kubeconfig_has_the_words_of_yaml_1_1() -> None:
    assert kubeconfig_tree("[yes, 'yes', off, 0755, 2026-01-02]") == [True, "yes", False, 493, "2026-01-02"]


def test_falco_reads_texts() -> None:
    assert rules_trees("[yes, 0755, 1e5, ~]\n---\n5") == [["yes", "0755", "1e5", None], "5"]


def test_keys_of_a_stack_file_are_whole_and_its_scalars_texts() -> None:
    given = "{account: 111122223333, aws:config:region: eu-west-1, a:b: , a:c: yes, a:d: true, a:e: 1e5}"
    assert document_of(f"config: {given}")["config"] == {
        "falco-firelens:account": "111122223333",
        "aws:region": "eu-west-1",
        "a:b": "",
        "a:c": "yes",
        "a:d": "true",
        "a:e": "100000",
    }


@pytest.mark.parametrize("written", ["0755", "0x1F", "1_000", "0o17", "1e5", "+5"])
def test_a_number_of_an_exception_that_falco_would_not_see_as_it_is_written_is_refused(written: str) -> None:
    text = f"""config:
  clusters: [{{name: apps, platform: eks}}]
  falco: {{exceptions: [{{rule: R, name: n, fields: [evt.arg.mode, proc.name], values: [[{written}, chmod]]}}]}}
"""
    config = keys_of(document_of(text)["config"])
    with pytest.raises(SettingsError) as caught:
        load(namespaced(config), file="Pulumi.dev.yaml", root=Path())
    assert f"values[0][0]: found {written}, expected a text: put it in quotes" in str(caught.value)
