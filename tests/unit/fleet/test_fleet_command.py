"""The command line of the fleet: what it prints, and how it ends when something given to it is wrong."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from falco_firelens.cli import main
from falco_firelens.fleet import Change, Fleet, Result, Status, display, fleet
from falco_firelens.fleet.display import stack_table, summary
from falco_firelens.fleet.exits import Exit
from falco_firelens.fleet.stacks import Stack, discover
from tests.repositories import Repository

CLUSTERS = [{"name": "shop", "platform": "ecs", "existing": {"cluster": "shop"}}]
Printed = tuple[int, str, str]
Command = Callable[..., Printed]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command on a folder of three stacks, on a machine without any program."""
    monkeypatch.setenv("PATH", "")
    (tmp_path / "Pulumi.yaml").write_text("name: falco-firelens\nruntime: python\n")
    _write(tmp_path, "hub", hub={}, tags={"team": "security", "cost center": "47 11"})
    _write(tmp_path, "prod-eu", spoke={"hub": "acme/falco-firelens/" + "h" * 80})
    _write(tmp_path, "prod-us", account="any")

    def run(*arguments: str) -> Printed:
        code = main(["fleet", *arguments, "--project", str(tmp_path)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def _write(folder: Path, name: str, **keys: object) -> None:
    own = {"account": "111122223333", "clusters": CLUSTERS, **keys}
    config = {"aws:region": "eu-west-1", **{f"falco-firelens:{key}": value for key, value in own.items()}}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))


ENGINE = ("preview", "up", "drift", "verify", "diff", "destroy --yes")
NO_ENGINE = ("list", "matrix")


@pytest.mark.parametrize("words", ENGINE)
def test_a_missing_cli_is_one_line_and_not_one_for_each_stack(command: Command, words: str) -> None:
    code, out, err = command(*words.split())

    assert (code, out) == (Exit.WRONG_COMMAND, "")
    assert err == ("error: pulumi is not on PATH; install the Pulumi CLI: https://www.pulumi.com/docs/install/\n")


@pytest.mark.parametrize("words", NO_ENGINE)
def test_what_needs_no_engine_needs_no_cli(command: Command, words: str) -> None:
    assert command(words)[0] == Exit.DONE


@pytest.mark.parametrize("words", [*ENGINE, *NO_ENGINE])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("prd-*",), "found no stack that matches prd-*, expected some of those in"),
        (("--account", "999999999999"), "found no stack that matches account 999999999999"),
        (("--label", "team=shop", "--region", "x"), "found no stack that matches region x and label team=shop"),
        (("prod",), "found no stack prod, expected some of hub, prod-eu, prod-us"),
        (("--label", "team"), "--label: found team, expected KEY=VALUE"),
        (("--folder", "/nonexistent"), "/nonexistent: found no such folder"),
        (("--concurrency", "0"), "concurrency: found 0, expected at least 1"),
        (("--concurrency", "-1"), "concurrency: found -1, expected at least 1"),
        (("--concurrency", "x"), "Invalid value for '--concurrency': 'x' is not a valid integer"),
        (("--role", "arn:aws:iam::{acount}:role/x"), "--role: found arn:aws:iam::{acount}:role/x, expected {account}"),
        (("--profile", "{0}"), "--profile: found {0}, expected {account}"),
        (("--profile", "{stack.name}"), "--profile: found {stack.name}, expected {account}"),
        (("--role", "{"), "--role: found {, expected {account}"),
        (("--policy-pack-config", "x.json"), "policy-pack"),
        (("--nonsense",), "No such option '--nonsense'"),
    ],
)
def test_a_wrong_command_line_is_said_before_anything_begins(
    command: Command, words: str, wrong: tuple[str, ...], said: str
) -> None:
    code, out, err = command(*words.split(), *wrong)

    assert (code, out) == (Exit.WRONG_COMMAND, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "--canary", "-1"), "canary: found -1, expected at least 0"),
        (("up", "--few", "-1"), "few: found -1, expected at least 0"),
        (("matrix", "--few", "-1"), "few: found -1, expected at least 0"),
        (("up", "--max-failures", "-1"), "max-failures: found -1, expected at least 0"),
        (("destroy", "--yes", "--max-failures", "-1"), "max-failures: found -1, expected at least 0"),
        (("verify", "--timeout", "0"), "timeout: found 0, expected at least 1"),
        (("verify", "--timeout", "nan"), "timeout: found nan, expected at least 1"),
        (("destroy",), "Missing option '--yes'"),
        (("diff", "--since", "main"), "git is not on PATH"),
        (("matrix", "--since", "main"), "git is not on PATH"),
    ],
)
def test_so_is_what_only_some_commands_take(command: Command, words: tuple[str, ...], said: str) -> None:
    code, out, err = command(*words)

    assert (code, out) == (Exit.WRONG_COMMAND, "")
    assert said in err


def test_no_stack_is_success_where_that_was_asked_for(command: Command) -> None:
    assert command("list", "prd-*", "--allow-none") == (Exit.DONE, "", "")
    assert command("list", "prd-*", "--allow-none", "--json") == (Exit.DONE, "[]\n", "")


def test_a_project_without_a_project_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", "list", "--project", str(tmp_path)]) == Exit.WRONG_COMMAND
    assert "found no Pulumi.yaml" in capsys.readouterr().err


def test_a_listed_stack_is_one_whole_line_however_wide_the_terminal(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    heading, hub, eu, us = command("list")[1].splitlines()

    assert heading.split() == ["stack", "account", "region", "hub", "labels"]
    assert hub.endswith(
        "is a hub" + " " * (len("acme/falco-firelens/") + 80 - len("is a hub")) + "  cost center='47 11' team=security"
    )
    assert eu.endswith("  acme/falco-firelens/" + "h" * 80)
    assert us.split() == ["prod-us", "any", "eu-west-1"]


def test_a_program_gets_labels_one_by_one_and_a_hub_apart_from_its_spokes(command: Command) -> None:
    hub, eu, us = json.loads(command("list", "--json")[1])

    assert hub["labels"] == {"team": "security", "cost center": "47 11"}
    assert [(row["isHub"], row["hub"]) for row in (hub, us)] == [(True, None), (False, None)]
    assert (eu["isHub"], eu["hub"]) == (False, "acme/falco-firelens/" + "h" * 80)


def test_no_stacks_are_a_heading_alone(tmp_path: Path) -> None:
    assert stack_table(discover([tmp_path])) == "stack  account  region  hub  labels"


def drifted(*changes: Change) -> Result:
    return Result("prod", "drift", Status.SUCCEEDED, changes)


LOG_GROUP = Change(
    "update",
    "urn:pulumi:prod::p::aws:cloudwatch/logGroup:LogGroup::events",
    "aws:cloudwatch/logGroup:LogGroup",
    {"retentionInDays": "update", "tags.team": "delete", "kmsKeyId": "update"},
    {"retentionInDays": 30, "tags": {"team": "shop"}, "kmsKeyId": "[secret]"},
    {"retentionInDays": 7, "tags": {}, "kmsKeyId": "[secret]"},
    "/falco/events",
)
GONE = Change("delete", "urn:pulumi:prod::p::aws:sns/topic:Topic::alarms", "aws:sns/topic:Topic", id="arn:topic")


def test_drift_is_described_with_both_values_and_how_to_mend_it() -> None:
    assert summary([drifted(LOG_GROUP, GONE)], "drift").splitlines() == [
        "1 stack: 1 succeeded",
        "",
        "prod: 2 resources drifted",
        "  LogGroup events (/falco/events): - in the state, + in the cloud",
        "    ! kmsKeyId: [secret], changed",
        "    - retentionInDays: 30",
        "    + retentionInDays: 7",
        "    - tags.team: shop",
        "  Topic alarms (arn:topic): gone from the cloud",
        "  -> to set it back: falco-firelens fleet up --refresh prod",
    ]


def test_a_program_gets_both_values_too() -> None:
    changed, gone = drifted(LOG_GROUP, GONE).as_dict()["changes"]

    assert changed["differences"] == [
        {"path": "kmsKeyId", "state": "[secret]", "cloud": "[secret]"},
        {"path": "retentionInDays", "state": 30, "cloud": 7},
        {"path": "tags.team", "state": "shop", "cloud": None},
    ]
    assert (gone["op"], gone["id"], gone["differences"]) == ("delete", "arn:topic", [])


def test_no_value_of_a_property_is_in_what_another_operation_says() -> None:
    (change,) = Result("prod", "preview", Status.SUCCEEDED, [LOG_GROUP]).as_dict()["changes"]

    assert "differences" not in change
    assert "30" not in json.dumps(change)


@pytest.mark.parametrize(("number", "said"), [(1, "1 stack: 1 succeeded"), (2, "2 stacks: 2 succeeded")])
def test_one_stack_is_not_several(number: int, said: str) -> None:
    assert summary([Result("a", "up", Status.SUCCEEDED)] * number, "up") == said


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_a_terminal_shows_how_it_ended_in_colors_and_whole_lines(
    no_color: str, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    text = "prod: failed\n  " + "long " * 40 + "[bold]\n  succeeded"

    screen, file = Screen(), io.StringIO()
    display.show(text, screen)
    display.show(text, file)

    assert file.getvalue() == f"{text}\n"
    assert ("\x1b[31mfailed\x1b[0m" in screen.getvalue()) == colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()) == f"{text}\n"


def test_a_diff_reads_the_stack_files_once(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(fleet, "discover", lambda folders: read.append(folders) or discover(folders))
    monkeypatch.setattr(Fleet, "preview", lambda *_, **__: [])

    assert command("diff")[0] == Exit.DONE
    assert len(read) == 1


def test_what_a_commit_proposes_is_printed_and_nothing_is_previewed_without_an_approval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Repository(tmp_path / "project")
    made.write("Pulumi.yaml", "name: falco-firelens\nruntime: python\n")
    made.stack("a")
    made.stack("b")
    made.commit()
    made.git("checkout", "-b", "proposed")
    made.stack("a", tags={"x": "y"})
    (made.folder / "Pulumi.b.yaml").unlink()
    made.commit()
    made.git("checkout", "main")
    project = ["--project", str(made.folder), "--proposed"]

    assert main(["fleet", "proposal", *project, "proposed"]) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    made.git("checkout", "--force", "main")
    made.git("clean", "-f")
    previewed: list[list[Stack]] = []
    monkeypatch.setattr(Fleet, "preview", lambda _, stacks, **__: previewed.append(list(stacks)) or [])
    assert main(["fleet", "diff", *project, "proposed"]) == Exit.DONE
    commented = capsys.readouterr().out

    assert (told["program"], told["stacks"], told["removed"]) == ([], [], ["b"])
    assert "not under a KMS key" in told["waiting"]["a"]
    assert "> Not previewed until somebody approves it:\n> - `a`: `its secrets are not under" in commented
    assert "No stack file any more: `b`." in commented
    assert previewed == [[]]
