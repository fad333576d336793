"""A stack of this project's program on the local cloud, driven by the real engine's command line."""

import copy
import json
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.local.gate import Gate
from tests.waiting import PATIENCE

PROJECT = Path(__file__).resolve().parents[2]

SAVED_AT_THE_END = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""Halves the time of an update: the engine writes its state once, and not after each resource. Only an engine that is
killed loses it; `interrupt_up`, which stops one, does without."""


@dataclass(frozen=True)
class Step:
    """What the engine would do with one resource, which is named as by `named`."""

    op: str
    resource: str
    changed: frozenset[str] = field(default=frozenset())


class PulumiError(Exception):
    """A command of the engine failed; the message is all it printed."""


class Stack:
    """One stack with its own stack file."""

    def __init__(self, name: str, env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._env = env
        self._file = folder / f"Pulumi.{name}.yaml"
        self.configure({})

    @property
    def file(self) -> Path:
        """The stack file."""
        return self._file

    @property
    def env(self) -> dict[str, str]:
        """The environment in which the engine runs, with the stack's state backend."""
        return dict(self._env)

    def configure(
        self, values: Mapping[str, Any], region: str = "eu-west-1", provider: Mapping[str, Any] | None = None
    ) -> None:
        """Write the stack file; `values` are this project's keys, `provider` further ones of the AWS provider."""
        own = {f"falco-firelens:{key}": value for key, value in values.items()}
        config = {"aws:region": region, **{f"aws:{key}": value for key, value in (provider or {}).items()}, **own}
        before = yaml.safe_load(self._file.read_text()) if self._file.exists() else {}
        self._file.write_text(yaml.safe_dump({**before, "config": config}))

    def acting_with(self, changes: Mapping[str, str]) -> "Stack":
        """The same stack, with some variables of the environment changed."""
        other = copy.copy(self)
        other._env = {**self._env, **changes}
        return other

    def up(self, *options: str) -> str:
        """Deploy; returns what was printed."""
        return self._run("up", "--yes", "--skip-preview", *options)

    def preview(self, *options: str) -> list[Step]:
        """The steps of a preview that change something, components left out."""
        shown = json.loads(self._run("preview", "--json", *options))
        steps = (_step(step) for step in shown["steps"])
        return [step for step in steps if step.op not in ("same", "read", "refresh")]

    def refresh(self) -> str:
        """Take over what the cloud has."""
        return self._run("refresh", "--yes", "--skip-preview")

    def destroy(self, *options: str) -> str:
        """Delete everything, or what the options target."""
        return self._run("destroy", "--yes", "--skip-preview", *options)

    def outputs(self, *, secrets: bool = False) -> dict[str, Any]:
        """The stack's outputs."""
        shown = self._run("stack", "output", "--json", *(["--show-secrets"] if secrets else []), config=False)
        return json.loads(shown)

    def resources(self) -> list[str]:
        """URNs in the state."""
        return [resource["urn"] for resource in self.exported()]

    def exported(self) -> list[dict[str, Any]]:
        """What the state has of each resource, secrets in plain text."""
        exported = json.loads(self._run("stack", "export", "--show-secrets", config=False))
        return exported["deployment"].get("resources", [])

    def ids(self) -> dict[str, str]:
        """The ids of resources in the state, by URN; components have none."""
        return {resource["urn"]: resource["id"] for resource in self.exported() if "id" in resource}

    def bring(self, state: Path) -> None:
        """Take over a state that was exported before."""
        self._run("stack", "import", "--file", str(state), config=False)

    def expect_no_drift(self) -> None:
        """Compare the state with the cloud. Raises PulumiError where they differ."""
        self._run("refresh", "--preview-only", "--expect-no-changes")

    def interrupt_up(self, aws: Gate, operation: str) -> None:
        """Deploy, and stop it as Ctrl-C does while AWS is asked for something: the engine ends and saves what it has
        begun. The request is held until the engine has said that it has understood.
        """
        aws.hold(operation)
        with subprocess.Popen(
            self._command("up", "--yes", "--skip-preview"),
            cwd=PROJECT,
            env={**self._env, "AWS_ENDPOINT_URL": aws.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as update:
            aws.wait(lambda: update.poll() is None)
            update.send_signal(signal.SIGINT)
            assert update.stdout and any("cancelling" in line for line in update.stdout)
            aws.open()
            update.communicate(timeout=PATIENCE)

    def init(self) -> None:
        """Make the stack in the state backend, in a folder where the engine finds and completes its stack file."""
        shutil.copy(PROJECT / "Pulumi.yaml", self._file.parent)
        self._run("stack", "init", "--no-select", self.name, config=False, select=False, cwd=self._file.parent)

    def remove(self) -> None:
        """Forget the stack with whatever its state still has."""
        self._run("stack", "rm", "--yes", "--force", "--preserve-config", config=False)

    def _run(self, *command: str, config: bool = True, select: bool = True, cwd: Path = PROJECT) -> str:
        done = subprocess.run(
            self._command(*command, config=config, select=select),
            cwd=cwd,
            env={**self._env, **SAVED_AT_THE_END},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        if done.returncode:
            raise PulumiError(f"pulumi {' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _command(self, *command: str, config: bool = True, select: bool = True) -> list[str]:
        options = ["--config-file", str(self._file)] if config else []
        return ["pulumi", *command, "--non-interactive", *(["--stack", self.name] if select else []), *options]


def named(urn: str) -> str:
    """A resource by its type's and its own last name, such as `LogGroup events`."""
    kind, name = urn.rsplit("::", 2)[1:]
    return f"{kind.split('$')[-1].split(':')[-1]} {name}"


def _step(step: Mapping[str, Any]) -> Step:
    changed = frozenset(step.get("detailedDiff") or step.get("diffReasons") or ())
    return Step(step["op"], named(step["urn"]), changed)
