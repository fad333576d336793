"""The registry of actions: the records agree with the rest, and one more record is all that one more action takes."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.response.role import ClusterActions, action_statements
from falco_firelens.cli.command import run
from falco_firelens.cli.response import undo_command
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.registry import ACTIONS, Action, Lazy, Resources, Undo, by_name
from falco_firelens.responder.commands.explain import explain
from falco_firelens.responder.configuration import from_document
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.permissions import needs, rules
from falco_firelens.responder.responder import Responder
from falco_firelens.responder.targets import Target
from falco_firelens.settings.response import Actions
from falco_firelens.settings.schema import stack_file_schema
from tests.unit.responder.events import CLUSTERS, TASK, MemoryLedger, event, playbook
from tests.unit.responder.made_up_cluster import MadeUpCluster

PLACE: Any = {"account": "123456789012", "region": "eu-west-1", "partition": "aws", "dns_suffix": "amazonaws.com"}
PAGE = Path(__file__).parents[3] / "docs" / "response.md"


def lazies() -> list[Lazy]:
    found = [action.run for action in ACTIONS.values()]
    undone = [action.undo.run for action in ACTIONS.values() if action.undo]
    return [one for one in (*found, *undone) if isinstance(one, Lazy)]


@pytest.mark.parametrize("function", lazies(), ids=lambda one: one.reference)
def test_each_record_names_functions_that_exist(function: Lazy) -> None:
    assert callable(function.load())


def test_a_stack_file_has_the_actions_of_the_registry_in_their_order() -> None:
    assert [field.alias or name for name, field in Actions.model_fields.items()] == list(ACTIONS)


def test_so_has_the_schema_of_stack_files() -> None:
    def models(schema: Any) -> Any:
        if isinstance(schema, dict):
            yield schema.get("properties", {})
            for one in schema.values():  # pyright: ignore[reportUnknownVariableType]
                yield from models(one)

    assert any(list(properties) == list(ACTIONS) for properties in models(stack_file_schema()))


def test_the_page_has_a_row_for_each_action() -> None:
    undone = {name: f"`undo {name}`" if one.undo else one.final for name, one in ACTIONS.items()}
    rows = [f"| `{name}` | {one.about} | {undone[name]} |" for name, one in ACTIONS.items()]
    assert "\n".join(["| action | done to | undone by |", "| --- | --- | --- |", *rows, ""]) in PAGE.read_text()


def test_the_program_reads_the_records_without_the_clients() -> None:
    """A preview does not wait for boto3, lightkube and what the function logs with."""
    code = (
        "import sys, falco_firelens.responder.permissions, falco_firelens.responder.configuration; "
        "print(*({'boto3', 'botocore', 'lightkube', 'aws_lambda_powertools', 'httpx2'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def _refused(name: str) -> Action:
    def fail(_: Context) -> Done:
        raise RuntimeError("refused")

    return replace(MORE[name], run=fail)


class NoTasks:
    """Clients of an ECS that has forgotten every task, for the guard."""

    def aws(self, service: str) -> Any:
        return self

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": []}


def _snapshot(context: Context) -> Done:
    return Done(f"snapshot of {context.target.name}", context.target.reference)


def _remove(client: Any, reference: str) -> str:
    return f"removed the snapshot of {reference} in {client('ec2').meta.region_name}"


SNAPSHOT = Action(
    "snapshot",
    phase="preserve",
    acts_on="workload",
    target=Target.task,
    run=_snapshot,
    words="take a snapshot of",
    about="the task's volumes",
    undo=Undo("aws", _remove),
    kubernetes=(("snapshot.storage.k8s.io", "volumesnapshots", "create"),),
    iam={
        Resources("Snapshots", "ecs", ("task/{cluster}/*",)): ("ecs:DescribeTasks",),
        Resources("Volumes", "ec2", ("volume/*",)): ("ec2:CreateSnapshot",),
    },
)
MORE = by_name([SNAPSHOT, *ACTIONS.values()])
"""One action more than there are: this record and its function are all that is written about it."""


def test_one_more_record_is_one_more_action(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answered = playbook(actions=["stopTask", "snapshot"])
    plan = from_document({"playbooks": [answered], "clusters": CLUSTERS}, MORE)
    found = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": TASK})

    assert list(plan.playbooks[0].actions) == ["snapshot", "stopTask"], "its place in the order"
    lines = list(explain(found, plan, actions=MORE))
    assert f"    take a snapshot of task jobs/{TASK.rpartition('/')[2]}" in lines

    actions = {**MORE, "stopTask": _refused("stopTask")}
    responder = Responder(plan, NoTasks(), MemoryLedger(), Environment(), actions=actions)  # pyright: ignore[reportArgumentType]
    (answer,) = responder.answer([found])
    assert [(one.action, one.state) for one in answer.outcomes] == [("snapshot", "done"), ("stopTask", "failed")]
    assert answer.outcomes[0].undo == (f"uvx falco-firelens undo snapshot jobs/{TASK.rpartition('/')[2]}",)
    failing = {**MORE, "snapshot": _refused("snapshot")}
    responder = Responder(plan, NoTasks(), MemoryLedger(), Environment(), actions=failing)  # pyright: ignore[reportArgumentType]
    (answer,) = responder.answer([found])
    assert answer.outcomes[1].detail == "waits for the evidence", "its phase"

    assert rules(needs(["snapshot"], actions=MORE)) == [
        {"apiGroups": ["snapshot.storage.k8s.io"], "resources": ["volumesnapshots"], "verbs": ["create"]}
    ]
    clusters = [ClusterActions("ecs", "jobs", frozenset({"snapshot"}), api=False)]
    assert [
        (one["Sid"], one["Action"], one["Resource"]) for one in action_statements(PLACE, clusters, "topic", {}, MORE)
    ] == [
        ("Snapshots", ["ecs:DescribeTasks"], ["arn:aws:ecs:eu-west-1:123456789012:task/jobs/*"]),
        ("Volumes", ["ec2:CreateSnapshot"], "arn:aws:ec2:eu-west-1:123456789012:volume/*"),
    ]

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert run(undo_command(lambda: MORE), ["snapshot", "jobs/1"]) == 0
    assert "removed the snapshot of jobs/1 in eu-west-1" in capsys.readouterr().out


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_done_to_a_node_is_declared_to_act_on_one(name: str) -> None:
    """By that the guard looks at everything that runs there."""
    targets = [
        ACTIONS[name].target(event(pod=None)),
        ACTIONS[name].target(event(pod=None, cluster="jobs", platform="ecs")),
        ACTIONS[name].target(event()),
    ]
    if ACTIONS[name].phase not in ("report", "preserve") and any(one and one.kind == "node" for one in targets):
        assert ACTIONS[name].acts_on == "node"


def test_an_action_cannot_be_made_without_the_guard() -> None:
    whole = {field.name: getattr(SNAPSHOT, field.name) for field in fields(SNAPSHOT)}
    with pytest.raises(TypeError, match="acts_on"):
        Action(**{key: value for key, value in whole.items() if key != "acts_on"})
    with pytest.raises(ValueError, match="only reports on nothing"):
        replace(SNAPSHOT, acts_on="nothing")


class Ledgers:
    """A cluster of one node with a protected pod, and an ECS instance with a protected task; the event is of others."""

    def __init__(self) -> None:
        self.cluster = MadeUpCluster("node-1")
        self.cluster.run("shop/web-0")
        self.cluster.run("shop/ledger-0")

    def kubernetes(self, _: Any) -> Any:
        return self.cluster

    def aws(self, service: str) -> Any:
        return self

    def get_paginator(self, name: str) -> Any:
        pages = {"list_tasks": {"taskArns": ["beside"]}, "list_container_instances": {"containerInstanceArns": ["one"]}}
        return SimpleNamespace(paginate=lambda **_: [pages[name]])

    def describe_tasks(self, tasks: list[str], **_: Any) -> dict[str, Any]:
        group = "service:ledger" if tasks == ["beside"] else "service:shop"
        return {"tasks": [{"taskArn": tasks[0], "group": group, "containerInstanceArn": "one"}]}


@pytest.mark.parametrize("reach", ["workload", "node"])
@pytest.mark.parametrize("platform", ["eks", "ecs"])
def test_the_guard_comes_before_any_action_whatever_it_does(reach: Any, platform: str) -> None:
    """An action that nobody has thought of yet: its record alone decides what it is kept from."""
    done = list[str]()

    def act(context: Context) -> Done:
        done.append(str(context.target))
        return Done("done")

    on_ecs = platform == "ecs"
    target = Target.node if reach == "node" else Target.task if on_ecs else Target.pod
    new = replace(SNAPSHOT, name="new", phase="contain", acts_on=reach, target=target, run=act)
    actions = by_name([new, *ACTIONS.values()])
    found = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": TASK}) if on_ecs else event()
    states: dict[str, str] = {}
    for workload in ("ledger*", "shop", "web-0", "x"):
        protect = {"workloads": [f"{'jobs' if on_ecs else 'shop'}/{workload}"]}
        document = {"playbooks": [playbook(actions=["new"])], "clusters": CLUSTERS, "protect": protect}
        one = Responder(from_document(document, actions), Ledgers(), MemoryLedger(), Environment(), actions=actions)
        states[workload] = one.answer([found])[0].outcomes[0].state

    own = "shop" if on_ecs else "web-0"
    expected = {own: "protected", "ledger*": "protected" if reach == "node" else "done"}
    assert states == {**dict.fromkeys(states, "done"), **expected}
    assert len(done) == list(states.values()).count("done")
