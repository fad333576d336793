"""Exceptions say what the stack file says, whatever characters it has: by a reader written after Falco's source."""

import itertools
import string
from dataclasses import replace

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from falco_firelens.sensor import falco
from falco_firelens.sensor.model import FalcoOptions, RuleException, SensorError
from falco_firelens.settings.exceptions import RuleException as Setting
from tests.falco_exceptions import CASES, Case
from tests.unit.sensor.falco_conditions import ParseError, silenced

RULE = "Shell"
LISTS = "- list: shell_binaries\n  items: [bash, sh, 'a b']\n- list: sleep\n  items: [x]\n"

WORDS = [
    "--config=/etc/x",
    "(sd-pam)",
    "a,b",
    "it's",
    'sh -c "sleep 5"',
    "^(a|b)$",
    "shell_binaries",
    "sleep",
    "or",
    "\\",
]
HOSTILE = st.lists(
    st.sampled_from([*WORDS, *" \t\r\n\b\f\x01\x7f\"'\\=,()[]{}$%#&*?|ü🦅\u2028\ufeff"]) | st.text(string.printable),
    min_size=1,
).map("".join)
TEXTS = (HOSTILE | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))).filter(bool)


def written(comp: str, *values: str | tuple[str, ...]) -> list[str]:
    """The rules files with an exception for each of the values."""
    exception = RuleException(RULE, "texts", ("proc.args",), (comp,), tuple((value,) for value in values))
    return [LISTS, falco.rules(FalcoOptions(rules={"lists.yaml": LISTS}, exceptions=(exception,)))["exceptions.yaml"]]


def is_silent(files: list[str], text: str) -> bool:
    return silenced(RULE, files, {"proc.args": text})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_an_exception_does_what_it_says(case: Case):
    Setting.model_validate(
        {"rule": RULE, "name": "a", "fields": ("proc.args",), "comps": (case.comp,), "values": ((case.value,),)}
    )
    files = written(case.comp, case.value)
    assert [text for text in (*case.silent, *case.loud) if is_silent(files, text)] == list(case.silent)


@given(TEXTS, TEXTS)
@example("C:\\", "C:")
@example("run shell_binaries now", "run bash now")
def test_any_text_is_itself_and_no_other(text: str, other: str):
    for comp, value in (("=", text), ("in", (text,)), ("in", ("first", text, "last"))):
        files = written(comp, value)
        assert is_silent(files, text)
        assert is_silent(files, other) == (other in (text, *(value if isinstance(value, tuple) else ())))
        assert not is_silent(files, f"{text} "), "nothing beside it"


@given(st.lists(TEXTS, min_size=2, max_size=4, unique=True))
def test_texts_of_one_list_stay_apart(texts: list[str]):
    files = written("in", tuple(texts))
    assert all(is_silent(files, text) for text in texts)
    assert is_silent(files, joined := ",".join(texts)) == (joined in texts)


@given(st.sampled_from(["contains", "startswith", "endswith"]), TEXTS)
def test_a_part_of_a_text_is_that_part(comp: str, text: str):
    files = written(comp, text)
    assert is_silent(files, text)
    around = {"contains": f"<{text}>", "startswith": f"{text}>", "endswith": f"<{text}"}[comp]
    assert is_silent(files, around)
    assert not is_silent(files, "")


def test_fields_are_compared_together():
    fields, comps = ("proc.name", "proc.args", "proc.pid"), ("=", "in", ">=")
    exception = RuleException(RULE, "both", fields, comps, (("sh", ("-c", "a,b"), "0x10"),))
    files = [falco.rules(FalcoOptions(exceptions=(exception,)))["exceptions.yaml"]]
    expected = {"proc.name": "sh", "proc.args": "a,b", "proc.pid": "17"}
    assert silenced(RULE, files, expected)
    for field, other in (("proc.name", "bash"), ("proc.args", "a"), ("proc.pid", "15")):
        assert not silenced(RULE, files, {**expected, field: other})


def test_only_texts_that_may_hold_a_lists_name_need_a_list():
    (_, plain), (_, named) = written("=", "sh -c x"), written("=", "run shell_binaries now", "go sleep on")
    assert [list(item) for item in yaml.safe_load(plain)] == [["rule", "exceptions", "override"]]
    assert [item.get("list") for item in yaml.safe_load(named)][:2] == [
        "falco_firelens_text_1",
        "falco_firelens_text_2",
    ]


@pytest.mark.parametrize(("comp", "text"), [("=", "a\0b"), ("<", "10 or evt.type exists"), (">=", ""), (">", '"1"')])
def test_what_cannot_be_written_is_refused(comp: str, text: str):
    with pytest.raises(SensorError, match="exception of a Falco rule, expected"):
        written(comp, text)


def test_the_reader_ends_where_falco_ends():
    """Values as they stood before: the reader would see it."""
    exception = {"name": "a", "fields": ["proc.args"], "comps": ["="]}
    for value in ("--config=/etc/x", "(sd-pam)", "a,b", "it's", 'sh -c "sleep 5"', "^(a|b)$", '"C:\\\\"', '"\\x20"'):
        document = [{"rule": RULE, "exceptions": [{**exception, "values": [[value]]}]}]
        with pytest.raises(ParseError):
            is_silent([yaml.safe_dump(document)], "x")
    swapped = [{"rule": RULE, "exceptions": [{**exception, "values": [['"run shell_binaries now"']]}]}]
    with pytest.raises(ParseError):
        is_silent([LISTS, yaml.safe_dump(swapped)], "run shell_binaries now")


COMPS = ("=", "contains", "glob", "regex", "in", "<")


@given(st.sampled_from(COMPS), TEXTS)
def test_whatever_the_check_takes_is_rendered_and_read(comp: str, text: str):
    value = (text,) if comp == "in" else text
    given_fields = {"rule": RULE, "name": "a", "fields": ("proc.args",), "comps": (comp,), "values": ((value,),)}
    try:
        setting = Setting.model_validate(given_fields)
    except ValidationError:
        assert comp in ("regex", "<")
        return
    exception = RuleException(setting.rule, setting.name, setting.fields, setting.comps, setting.values)
    silenced(RULE, [falco.rules(FalcoOptions(exceptions=(exception,)))["exceptions.yaml"]], {"proc.args": "7"})


def test_exceptions_keep_their_rules_apart():
    one = RuleException(RULE, "a", ("proc.args",), ("=",), (("a=b",),))
    files = [falco.rules(FalcoOptions(exceptions=(one, replace(one, rule="Other"))))["exceptions.yaml"]]
    assert [item["rule"] for item in yaml.safe_load(files[0])] == [RULE, "Other"]
    assert all(silenced(rule, files, {"proc.args": "a=b"}) for rule, _ in itertools.product((RULE, "Other"), files))
