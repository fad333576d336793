"""The journeys of docs/architecture.md: the recorded ones run, and every function that they name is there."""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lightkube.models.core_v1 import PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod
from lightkube.resources.networking_v1 import NetworkPolicy
from pulumi_kubernetes import core

from falco_firelens.responder import handler
from falco_firelens.sensor import falco
from falco_firelens.settings import events as events_settings
from tests.unit.components.test_program import run
from tests.unit.responder.account import Account, LambdaContext, deliver, moto_account
from tests.unit.responder.events import configuration, document, playbook

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
PRODUCT = ("__main__.py", "components/", "falco_firelens/")

Stack = list[str]
"""Functions from the outermost to the innermost, each as `file:name`."""


def listed(name: str) -> Stack:
    """The functions of the list that follows `<!-- journey: NAME -->`."""
    found = re.search(rf"<!-- journey: {re.escape(name)} -->\n\n((?:\d+\. .*\n)+)", PAGE)
    assert found, f"docs/architecture.md lacks the journey {name}"
    return re.findall(r"^\d+\. `([^`]+)`", found[1], re.MULTILINE)


def markdown(functions: Stack) -> str:
    return "\n".join(f"{number}. `{function}`" for number, function in enumerate(functions, 1))


def here() -> Stack:
    """The functions of the product that are running, without those that have no name."""
    found: Stack = []
    frame = sys._getframe(1)
    while frame:
        file, name = Path(frame.f_code.co_filename), frame.f_code.co_qualname
        relative = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else ""
        if relative.startswith(PRODUCT) and not name.endswith(">"):
            found.append(f"{relative}:{name}")
        elif relative == "__main__.py":
            found.append(relative)
        frame = frame.f_back
    return found[::-1]


def recording(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Stack]:
    """The stacks at each call of a function of a module."""
    stacks: list[Stack] = []
    real: Callable[..., Any] = getattr(owner, name)

    def recorded(*args: Any, **named: Any) -> Any:
        stacks.append(here())
        return real(*args, **named)

    monkeypatch.setattr(owner, name, recorded)
    return stacks


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Stack]:
    """How the least priority of a stack file becomes a ConfigMap of an EKS cluster."""
    read = recording(monkeypatch, events_settings, "with_mistakes")
    rendered = recording(monkeypatch, falco, "settings")
    registered = recording(monkeypatch, core.v1, "ConfigMap")
    clusters = [{"name": "web", "platform": "eks", "create": {"endpointAccess": "private"}}]
    config = {"clusters": json.dumps(clusters), "events": json.dumps({"minimumPriority": "Critical"})}
    run({**{f"falco-firelens:{key}": value for key, value in config.items()}, "aws:region": "eu-west-1"}, monkeypatch)
    falcos = [stack for stack in registered if stack[-1].endswith(":_workload")]
    return {"a value, read": read[0], "a value, rendered": rendered[0], "a value, registered": falcos[-1]}


@pytest.mark.parametrize("name", ["a value, read", "a value, rendered", "a value, registered"])
def test_a_value_of_the_stack_file_takes_the_listed_way(deployed: dict[str, Stack], name: str) -> None:
    assert listed(name) == deployed[name], f"write into docs/architecture.md:\n{markdown(deployed[name])}"


class Cluster:
    """A cluster with one pod; `created` is the way to its API when a policy was created."""

    created: Stack | None = None

    def get(self, kind: Any, name: str, **_: Any) -> Any:
        return Pod(
            metadata=ObjectMeta(name=name, uid=UID, labels={}, creationTimestamp=LONG_AGO), spec=PodSpec(containers=[])
        )

    def list(self, *_: Any, **__: Any) -> Iterator[Any]:
        return iter(())

    def create(self, policy: NetworkPolicy) -> None:
        self.created = here()

    def patch(self, *_: Any, **__: Any) -> None:
        """Take it."""


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
UID = "0a1b2c3d-0000-4000-8000-000000000000"


def test_an_event_takes_the_listed_way_to_an_isolated_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    with moto_account(monkeypatch):
        account = Account(eks=cluster)
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(handler, "_configuration", lambda: configuration(playbook(actions=["isolate"])))
        monkeypatch.setattr(handler, "_clients", lambda: account)

        handler.handle(deliver(document()), LambdaContext(120, lambda: 0.0))

    assert cluster.created
    assert listed("an event, answered") == cluster.created, f"write into docs:\n{markdown(cluster.created)}"


def functions(file: Path) -> set[str]:
    """Every function of a file by its qualified name, and every class."""

    def inside(node: ast.AST, prefix: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield prefix + child.name
                yield from inside(child, f"{prefix}{child.name}.")

    return set(inside(ast.parse(file.read_text()), ""))


def test_every_function_that_the_page_names_is_there() -> None:
    named = re.findall(r"`((?:components|falco_firelens)/[\w/]+\.(?:py|lua)):([\w.]+)`", PAGE)

    assert len(named) > 40
    for file, function in named:
        path = ROOT / file
        found = functions(path) if path.suffix == ".py" else set(re.findall(r"function (\w+)", path.read_text()))
        assert re.sub(r"\.<locals>", "", function) in found, f"{file}:{function}"
