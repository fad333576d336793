"""What a fleet's engines are started with."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import PulumiCommand, Stack

from falco_firelens.fleet.engine import SKIP_CHECKPOINTS, EngineCommand
from falco_firelens.fleet.engine_task import ENGINE_CALLS
from falco_firelens.fleet.task import Operation
from falco_firelens.fleet.workspace import Workspace

PROGRAM = """#!{python}
import json, os, sys
if sys.argv[1:] == ["version"]:
    sys.exit(print("v3.274.1"))
print(json.dumps([sys.argv[2:], os.environ.get("{variable}")]))
sys.exit(1)
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Operation], tuple[list[str], str | None]]:
    """Runs an operation with a program in the engine's place: its arguments, and the variable that it had."""
    program = tmp_path / "pulumi"
    program.write_text(PROGRAM.format(python=sys.executable, variable=SKIP_CHECKPOINTS))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")

    def run(operation: Operation) -> tuple[list[str], str | None]:
        engine = EngineCommand(PulumiCommand(), {"PATH": str(tmp_path), SKIP_CHECKPOINTS: "true"})
        workspace = Workspace(str(tmp_path), pulumi_command=engine)
        with pytest.raises(Exception, match="code: 1") as failed:
            ENGINE_CALLS[operation](Stack.select("s", workspace), (), None, False)
        return json.loads(str(failed.value).split("stdout: ")[1].splitlines()[0])

    return run


@pytest.mark.parametrize("operation", [Operation.PREVIEW, Operation.DRIFT])
def test_what_saves_no_state_makes_no_checkpoints(operation: Operation, started: Any) -> None:
    arguments, skips = started(operation)

    assert arguments[0] == "preview" or "--preview-only" in arguments
    assert skips == "true"


@pytest.mark.parametrize("operation", [Operation.UP, Operation.REFRESH, Operation.DESTROY])
def test_what_changes_the_state_makes_them_even_where_the_environment_says_otherwise(
    operation: Operation, started: Any
) -> None:
    arguments, skips = started(operation)

    assert arguments[0] == str(operation) and "--preview-only" not in arguments
    assert skips is None
