"""The real Falco reads the forty exceptions, and each silences what it says and nothing else.

Falco replays a capture of executions that the test has written (capture.py): no probe is needed for that.
"""

import json
from pathlib import Path

import pytest
import yaml

from falco_firelens.sensor import falco
from falco_firelens.sensor.model import FalcoOptions, RuleException
from tests.falco_exceptions import CASES, Case
from tests.pipeline import capture
from tests.pipeline.test_falco import falco_program, run

RULE = "Anything"
BASE = f"""\
- list: shell_binaries
  items: [bash, sh, 'a b']
- list: sleep
  items: [x]
- rule: {RULE}
  desc: Every execution.
  condition: evt.type = execve
  output: seen
  priority: NOTICE
"""

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(not falco_program, reason="falco is not on PATH: https://falco.org/docs/setup/packages/"),
]


def loaded(folder: Path, exceptions: str) -> list[object]:
    """What Falco has against a rules file with exceptions for the rule above."""
    (folder / "falco.yaml").write_text(yaml.safe_dump({"engine": {"kind": "nodriver"}, "json_output": True}))
    (folder / "base.yaml").write_text(BASE)
    (folder / "exceptions.yaml").write_text(exceptions)
    result = run("-c", folder / "falco.yaml", "-V", folder / "base.yaml", "-V", folder / "exceptions.yaml")
    reports = json.loads(result.stdout)["falco_load_results"]
    return [error for report in reports for error in report["errors"]]


def written(*cases: Case) -> str:
    exceptions = tuple(
        RuleException(RULE, f"case_{number}", ("proc.args",), (case.comp,), ((case.value,),))
        for number, case in enumerate(cases)
    )
    return falco.rules(FalcoOptions(rules={"base.yaml": BASE}, exceptions=exceptions))["exceptions.yaml"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_an_exception_is_read(case: Case, tmp_path: Path):
    assert loaded(tmp_path, written(case)) == []


def test_all_of_them_are_read_at_once(tmp_path: Path):
    assert loaded(tmp_path, written(*CASES)) == []


@pytest.mark.parametrize("value", ["--config=/etc/x", "(sd-pam)", "a,b", '"ends\\\\"', '"\\q"'])
def test_a_value_that_is_not_written_so_would_show(value: str, tmp_path: Path):
    exception = {"name": "a", "fields": ["proc.args"], "comps": ["="], "values": [[value]]}
    document = [{"rule": RULE, "exceptions": [exception], "override": {"exceptions": "append"}}]
    assert loaded(tmp_path, yaml.safe_dump(document))


def test_each_does_what_it_says_on_events(tmp_path: Path):
    """One rule a case, all of them reported; a process for each text of any case."""
    texts = list(dict.fromkeys(text for case in CASES for text in (*case.silent, *case.loud)))
    capture.write(tmp_path / "executions.scap", texts)
    rules = [
        {
            "rule": f"case {number}",
            "desc": "Every execution.",
            "condition": "evt.type = execve and proc.args exists",
            "output": "seen %proc.pid",
            "priority": "NOTICE",
        }
        for number in range(len(CASES))
    ]
    (tmp_path / "base.yaml").write_text(f"{yaml.safe_dump([*yaml.safe_load(BASE)[:2], *rules])}")
    exceptions = tuple(
        RuleException(f"case {number}", "case", ("proc.args",), (case.comp,), ((case.value,),))
        for number, case in enumerate(CASES)
    )
    own = falco.rules(FalcoOptions(rules={"base.yaml": BASE}, exceptions=exceptions))["exceptions.yaml"]
    (tmp_path / "exceptions.yaml").write_text(own)
    settings = {
        "engine": {"kind": "replay", "replay": {"capture_file": str(tmp_path / "executions.scap")}},
        "rules_files": [str(tmp_path / "base.yaml"), str(tmp_path / "exceptions.yaml")],
        "rule_matching": "all",
        "json_output": True,
        "stdout_output": {"enabled": True},
        "syslog_output": {"enabled": False},
        "log_syslog": False,
    }
    (tmp_path / "falco.yaml").write_text(yaml.safe_dump(settings))
    result = run("-c", tmp_path / "falco.yaml")
    assert result.returncode == 0, result.stderr
    seen: set[tuple[str, str]] = {
        (event["rule"], texts[event["output_fields"]["proc.pid"] - capture.FIRST_PID])
        for event in (json.loads(line) for line in result.stdout.splitlines() if line.startswith("{"))
    }
    for number, case in enumerate(CASES):
        told = [text for text in (*case.silent, *case.loud) if (f"case {number}", text) in seen]
        assert told == list(case.loud), case.title
