"""A work directory for one operation: the project and the stack file, with the program left where it is."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, cast

import yaml
from pulumi.automation import LocalWorkspace

from falco_firelens.fleet.engine import PID_FILE, EngineCommand
from falco_firelens.fleet.processes import Process
from falco_firelens.fleet.stacks import Stack, has_ciphertext
from falco_firelens.program import thin_program
from falco_firelens.settings import NAMESPACE
from falco_firelens.settings.stack_files import ALLOWED_ACCOUNTS
from falco_firelens.settings.validation.yaml_text import stack_tree

PREFIX = "falco-firelens-fleet-"

OWNER_FILE = "owner.json"
"""In the work directory: the process that made it."""


class _Dumper(yaml.SafeDumper):
    """Every text in quotes and on one line, so that the engine's YAML and ours cannot take it for anything else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Repeat what is there twice."""
        return True


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def written(document: Mapping[str, Any]) -> str:
    """Return a document as YAML that the engine reads back unchanged."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=sys.maxsize)


class Workspace(LocalWorkspace):
    """The Automation API's workspace, without a selected stack.

    Selecting writes a file into the engine's home for every work directory there ever was. Every command names its
    stack anyway.
    """

    def select_stack(self, stack_name: str) -> None:
        """Nothing: a stack that is missing shows when something is done with it."""

    def create_stack(self, stack_name: str) -> None:
        """Make the stack in the state backend, without selecting it."""
        provider = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        self.pulumi_command.run(["stack", "init", stack_name, "--no-select", *provider], self.work_dir, self.env_vars)


@contextlib.contextmanager
def work_directory(project: Path, stack: Stack, account: str = "", *, packaged: bool = False) -> Generator[Path]:
    """Yield a directory for one operation, which only this user can read, removed afterwards.

    `project` is the folder of Pulumi.yaml. The `packaged` program needs none: there it is where relative paths in the
    stack file start. With an `account`, the AWS provider refuses credentials of any other, unless the stack file has a
    list of its own.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        Process.of(os.getpid()).write(folder / OWNER_FILE)
        document = packaged_project() if packaged else _in_place(project)
        if packaged:
            (folder / "__main__.py").write_text(thin_program(project))
        (folder / "Pulumi.yaml").write_text(written(_for_account(document, account)))
        (folder / f"Pulumi.{stack.name}.yaml").write_text(_stack_file(stack))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Remove the work directories of processes that are known to be gone, except where an engine may still work."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = Process.read(folder / OWNER_FILE)
        if owner and owner.gone and not _engine_works(folder):
            shutil.rmtree(folder, ignore_errors=True)


def encrypt(workspace: LocalWorkspace, engine: EngineCommand, stack: Stack, name: str) -> None:
    """Add the values of a stack that are secret to its file in the work directory, encrypted."""
    for key in sorted(stack.secrets):
        command = ["config", "set", key, "--secret", "--stack", name]
        engine.run(command, workspace.work_dir, workspace.env_vars, stdin=json.dumps(stack.config[key]).encode())


def _engine_works(folder: Path) -> bool:
    if not (folder / PID_FILE).exists():
        return False
    engine = Process.read(folder / PID_FILE)
    return engine is None or not engine.gone


def read_project(project: Path) -> dict[str, Any]:
    """Return the project's file, as the engine reads it."""
    return cast("dict[str, Any]", stack_tree((project / "Pulumi.yaml").read_text(encoding="utf-8-sig")))


def _in_place(project: Path) -> Mapping[str, Any]:
    """Read the project's own file, and let it point at the program and its virtual environment where they are.

    The program runs in its own folder, so relative paths in a stack file mean what they always mean.
    """
    document = read_project(project)
    document["main"] = str(project / document.get("main", "."))
    options: dict[str, Any] = document["runtime"].get("options", {})
    if "virtualenv" in options:
        options["virtualenv"] = str(project / options["virtualenv"])
    return document


def packaged_project() -> Mapping[str, Any]:
    """Describe the program of this package as a project, which runs in the Python that runs now.

    The language host takes a `virtualenv` only where it has `bin/python`, and looks for Python on PATH without one:
    https://www.pulumi.com/docs/iac/languages-sdks/python/#toolchain-configuration
    """
    has_python = Path(sys.prefix, "bin", "python").exists()
    options = {"toolchain": "pip", "virtualenv": sys.prefix} if has_python else {}
    return {"name": NAMESPACE, "runtime": {"name": "python", "options": options}}


def _for_account(document: Mapping[str, Any], account: str) -> Mapping[str, Any]:
    if not account:
        return document
    # A value of the project is one of each of its stacks: the stack file stays as it is.
    return {**document, "config": {**(document.get("config") or {}), ALLOWED_ACCOUNTS: {"value": [account]}}}


def _stack_file(stack: Stack) -> str:
    if stack.file:
        return stack.file.read_text(encoding="utf-8-sig")
    config = {key: _handed_over(value) for key, value in stack.config.items() if key not in stack.secrets}
    return written({**stack.document, "config": config})


def _handed_over(value: object) -> object:
    """Return a structured value as the JSON that the engine would make of it, and hands over as it is.

    The engine rewrites a stack file before it reads it, and loses a line break that a text begins with.
    """
    if isinstance(value, Mapping | list | tuple) and not has_ciphertext(cast("object", value)):
        return json.dumps(value, default=str)
    return cast("object", value)
