"""What `--json` prints is what docs/commands.md says of it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from components.stack.response_configuration import response_configuration
from falco_firelens.cli import answers, command_line, main
from falco_firelens.cli.command import Command
from falco_firelens.cli.reference import reference
from falco_firelens.fleet import Change, EngineFailed, PolicyFinding, Result, Status
from falco_firelens.responder.commands.replay import Replayed
from falco_firelens.settings import read_stack_file
from tests.unit.cli.test_help import ALL
from tests.unit.responder.events import document
from tests.unit.test_wrong_input import STACK_FILE

ROOT = Path(__file__).resolve().parents[3]
Answer = Callable[..., Any]

WITHOUT = {"completion", "reference", "schema"}
"""Commands that print one thing, for a program already or for a person only."""


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "commands.md").read_text() == reference(command_line), "run: make generate"


def test_every_command_that_reports_something_does_so_for_a_program() -> None:
    silent = {
        path.removeprefix("falco-firelens ")
        for path, command in ALL.items()
        if isinstance(command, Command) and command.answer is None
    }
    printing = {"destinations opensearch-template", "destinations opensearch-dashboard", "destinations redshift-table"}
    assert silent == WITHOUT | printing | {"policy config", "policy reference"}


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, with the keys of a mapping and no others."""
    kind = get_args(kind)[0] if str(get_origin(kind)).endswith(("Annotated'>", "NotRequired")) else kind
    if kind is Any:
        return True
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        keys = isinstance(value, dict) and kind.__required_keys__ <= value.keys() <= hints.keys()
        return keys and all(fits(item, hints[key]) for key, item in value.items())
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(item, arguments[1]) for item in value.values())
    if "Literal" in str(origin):
        return value in arguments
    if arguments:
        return any(fits(value, one) for one in arguments)
    return isinstance(value, (int, float) if kind is float else kind)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"done": 1}, answers.Undone),
        ({}, answers.Undone),
        ({"done": "x", "more": 1}, answers.Undone),
        ([{"what": "x", "state": "lost", "detail": ""}], list[answers.Letter]),
    ],
)
def test_what_does_not_fit_is_seen(value: object, kind: object) -> None:
    assert not fits(value, kind)


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Run a command with --json in a folder of files, and return what it printed, held to what it says it prints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: falco-firelens\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK_FILE)
    (tmp_path / "Pulumi.bad.yaml").write_text("config: {'falco-firelens:x': 1}")
    (tmp_path / "event.json").write_text(json.dumps(document()))
    settings = read_stack_file(tmp_path / "Pulumi.prod.yaml")
    assert settings.response
    (tmp_path / "response.json").write_text(response_configuration(settings, settings.response).to_json())
    log_group = {"op": "delete", "urn": "urn:pulumi:prod::p::aws:cloudwatch/logGroup:LogGroup::events"}
    step = {**log_group, "oldState": {"type": "aws:cloudwatch/logGroup:LogGroup"}}
    (tmp_path / "preview.json").write_text(json.dumps({"steps": [step]}))

    def run(words: str, code: int = 0) -> Any:
        assert main([*words.split(), "--json"]) == code
        found = json.loads(capsys.readouterr().out)
        path = next(path for path in sorted(ALL, reverse=True) if f"falco-firelens {words} ".startswith(f"{path} "))
        command = ALL[path]
        assert isinstance(command, Command)
        assert fits(found, command.answer), found
        return found

    return run


def test_check(answer: Answer) -> None:
    good, bad = answer("check Pulumi.prod.yaml Pulumi.bad.yaml", 1)

    assert good["clusters"] == [{"name": "apps", "platform": "eks", "created": False}]
    assert (good["good"], bad["good"]) == (True, False)
    assert good["sizes"] and [one["path"] for one in bad["mistakes"]] == ["clusters", "x"]


def test_cost(answer: Answer) -> None:
    bill = answer("cost Pulumi.prod.yaml --nodes 3")

    assert bill["nodes"] == 3
    assert bill["dollars"] == pytest.approx(sum(line["dollars"] for line in bill["lines"]))


@pytest.mark.parametrize("source", ["--stack Pulumi.prod.yaml", "--config response.json"])
def test_explain(answer: Answer, source: str) -> None:
    found = answer(f"explain event.json {source}")

    assert (found["playbook"], found["lines"][0]) == ("find", found["event"])


def test_show(answer: Answer) -> None:
    assert answer("show Pulumi.prod.yaml")["config"]["falco-firelens:alarms"]["silentMinutes"] == 60


def test_policy_findings(answer: Answer) -> None:
    (found,) = answer("policy check-preview preview.json", 1)

    assert (found["policy"], found["mandatory"], found["resource"]) == ("events-kept", True, "events")


def test_replay(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = [Replayed("contain of apps", "waiting"), Replayed("x of apps", "failed", "why")]
    monkeypatch.setattr("falco_firelens.cli.response._replay", lambda *_: iter(letters))

    assert [one["state"] for one in answer("replay --function f --queue u")] == ["waiting", "failed"]


def test_undo(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("falco_firelens.cli.response._undo", lambda *_: "apps/shop/web-0 has its network back")

    assert answer("undo isolate apps/shop/web-0") == {"done": "apps/shop/web-0 has its network back"}


CHANGE = Change("update", "urn:pulumi:p::p::aws:sns/topic:Topic::t", "aws:sns/topic:Topic", {"name": "update"}, {}, {})
RESULTS = {
    "succeeded": Result("prod", "up", Status.SUCCEEDED, [CHANGE], notes=["a note"]),
    "drifted": Result("prod", "drift", Status.SUCCEEDED, [CHANGE]),
    "failed": Result(
        "prod", "up", Status.FAILED, findings=[PolicyFinding("tags", True, "m")], error=EngineFailed("it failed")
    ),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_result_of_a_stack(result: Result) -> None:
    assert fits(json.loads(json.dumps(result.as_dict())), answers.StackResult)


FLEET: Mapping[str, str] = {
    "list": "fleet list prod --folder .",
    "matrix": "fleet matrix prod --folder .",
    "diff": "fleet diff prod --folder .",
    "preview": "fleet preview prod --folder .",
}


@pytest.mark.parametrize("words", FLEET.values(), ids=FLEET)
def test_the_fleet(answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("falco_firelens.fleet.Fleet.preview", lambda *_, **__: [RESULTS["succeeded"]])

    assert answer(f"{words} --project .")
