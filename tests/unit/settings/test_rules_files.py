# ruff: noqa: E501
"""What passes for Falco rules, judged by what Falco's own loader needs."""

import pytest

from falco_firelens.settings.rules_files import problem_of

RULE = "- rule: R\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: {priority}\n"

GOOD = {
    "a rule": RULE.format(priority="WARNING"),
    "a priority in lower case": RULE.format(priority="informational"),
    "a macro and a list": "- macro: m\n  condition: evt.type = open\n- list: l\n  items: [a, 22]\n",
    "an empty list": "- list: l\n  items: []\n",
    "versions": "- required_engine_version: 0.57.0\n- required_plugin_versions: [{name: container, version: 0.4.0}]\n",
    "several documents": f"---\n{RULE.format(priority='ERROR')}---\n{RULE.format(priority='ERROR')}",
    "a rule that is switched off": "- rule: R\n  enabled: false\n",
    "an addition to a rule": "- rule: R\n  condition: and proc.name = a\n  override: {condition: append}\n",
    "the old form of an addition": "- macro: m\n  append: true\n  condition: or a = b\n",
    "a name that is a number": "- rule: 7\n  enabled: false\n",
    "a tab after a colon": "- rule:\tR\n  enabled:\tfalse\n",
    "a tag of somebody's own": "- !mine {macro: m, condition: a = b}\n",
    "an equality sign as a value": RULE.format(priority="DEBUG")
    + "  exceptions: [{name: e, fields: [a.b], comps: [=]}]\n",
}

BAD = {
    "nothing": ("", "which is empty"),
    "a comment": ("# rules\n", "which is empty"),
    "a mapping": ("rule: R\n", "which is not a list of rules, macros and lists"),
    "a text": ("rules\n", "which is not a list of rules, macros and lists"),
    "a list of texts": ("- a\n", "whose item 1 has none of the keys rule, macro, list, required_engine_version, required_plugin_versions"),
    "something else": ("- list: l\n  items: []\n- name: n\n", "whose item 2 has none of the keys rule, macro, list, required_engine_version, required_plugin_versions"),
    "a rule without most": ("- rule: R\n  condition: c\n", 'whose rule "R" has no output, desc, priority'),
    "a rule with tags only": ("- rule: R\n  tags: [t]\n", 'whose rule "R" has no condition, output, desc, priority'),
    "a macro without a condition": ("- macro: m\n", 'whose macro "m" has no condition'),
    "a list without items": ("- list: l\n", 'whose list "l" has no items'),
    "items that are no list": ("- list: l\n  items: a\n", 'whose list "l" has items that are not a list'),
    "a rule without a name": ("- rule:\n  enabled: true\n", "whose item 1 has no name at rule"),
    "an unknown priority": (RULE.format(priority="HIGH"), 'whose rule "R" has the unknown priority "HIGH"'),
    "a condition that is a list": ("- macro: m\n  condition: [a]\n", 'whose macro "m" has a condition that is not a text'),
    "a tab": ("- rule: R\n\tdesc: d\n", "which is not YAML: found a tab character that violates indentation at line 2"),
    "a merge key": ("- &a {macro: m, condition: c}\n- {<<: *a, macro: n}\n", "with a merge key (<<) at line 2, which Falco does not follow"),
    "a key twice": ("- macro: m\n  condition: a\n  condition: b\n", 'with the key "condition" twice, at lines 2 and 3'),
    "an appendix that is none": ("- macro: m\n  append: false\n", 'whose macro "m" has no condition'),
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_falco_rules(text: str) -> None:
    assert problem_of(text) is None


@pytest.mark.parametrize(("text", "problem"), BAD.values(), ids=BAD.keys())
def test_not_falco_rules(text: str, problem: str) -> None:
    assert problem_of(text) == problem
