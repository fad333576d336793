"""The table of types is what policies, comment and docs look into: a new entry changes all of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from falco_firelens.policy.keeping import KEEPS
from falco_firelens.policy.kinds import HOLDS_EVENTS, KINDS, NOUNS

ROOT = Path(__file__).parents[3]
ENTRY = 'Kind("aws:test/ledger:Ledger", "ledger", holds_events=True, document="rules", takes_tags=True),'

WITH_ENTRY = """
import json, sys, types
from pathlib import Path

name, entry = "falco_firelens.policy.kinds", sys.argv[1]
table = sys.modules[name] = types.ModuleType(name)
source = Path("falco_firelens/policy/kinds.py").read_text()
begin = "KINDS: Final = ("
assert source.count(begin) == 1
exec(source.replace(begin, begin + entry), table.__dict__)

from falco_firelens.fleet.comment import comment
from falco_firelens.fleet.results import Change, Result, Status
from falco_firelens.policy.changes import PlannedStep, findings
from falco_firelens.policy.reference import reference
from falco_firelens.policy.rule import Resource, Rule
from falco_firelens.policy.rules import RULES
from falco_firelens.settings.policy import Policy

kind, urn = "aws:test/ledger:Ledger", "urn:pulumi:s::p::aws:test/ledger:Ledger::it"
rules = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "test:*", "Resource": "*"}]}
seen = Resource(kind, "it", urn, {"rules": json.dumps(rules)}, config={"required": ["owner"]})
change = Change("delete", urn, kind, old={"rules": json.dumps(rules)})
print(json.dumps({
    "rules": [rule.name for rule in RULES if isinstance(rule, Rule) and list(rule.findings(seen))],
    "changes": [str(finding) for finding in findings([PlannedStep("delete", urn, kind)], Policy())],
    "comment": comment([Result("s", "preview", Status.SUCCEEDED, (change,))]),
    "docs": reference(),
}))
"""


def test_a_new_entry_is_seen_by_the_policies_the_comment_and_the_docs() -> None:
    command = [sys.executable, "-c", WITH_ENTRY, ENTRY]
    seen: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)

    assert seen["rules"] == ["no-iam-wildcard", "no-public-principal", "required-tags"]
    (lost,) = seen["changes"]
    assert lost.startswith("policy events-kept, it: ledger it would be deleted")
    assert "**ledger deleted**: `it` of `s`" in seen["comment"]
    assert "Ledger `it`:\n- **no longer allowed**: `test:*`" in seen["comment"]
    assert "\nledger, log group, " in seen["docs"]
    assert seen["docs"].count("`test.Ledger`") == 3


def test_each_type_is_in_the_table_once() -> None:
    assert len({kind.type for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", sorted({*HOLDS_EVENTS, *KEEPS}))
def test_what_messages_speak_of_has_a_noun(kind: str) -> None:
    assert NOUNS[kind]
