"""Previews a stack under its policies, and judges a preview that was made elsewhere."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pulumi.automation.events import EngineEvent

from falco_firelens.policy.changes import findings, steps_of, steps_of_preview
from falco_firelens.policy.configuration import PACK, pack_config
from falco_firelens.policy.finding import PolicyFinding
from falco_firelens.program import stack_of
from falco_firelens.settings import read_stack_file
from falco_firelens.settings.policy import Policy
from falco_firelens.settings.validation.inputs import InputError, object_of


def check_preview(file: Path, stack_file: Path | None) -> list[PolicyFinding]:
    """Judge what `pulumi preview --json` printed.

    Raises:
        SettingsError, InputError: a file cannot be used.
    """
    policy = read_stack_file(stack_file).policy if stack_file else Policy()
    return [*findings(steps_of_preview(_read(file)), policy)]


def _read(file: Path) -> Mapping[str, Any]:
    """Read a preview; one that has no steps at all is something else, which must not pass for harmless."""
    found: Mapping[str, Any] = object_of(file)
    if not isinstance(found.get("steps"), list):
        raise InputError(f"{file}: found no list `steps`, expected the output of `pulumi preview --json`")
    return found


def preview(file: Path, options: Iterable[str] = (), output: int | None = None) -> tuple[list[PolicyFinding], int]:
    """Run `pulumi preview` with the pack, and then judge its steps; return the engine's exit code too.

    What the engine prints goes to the file descriptor `output`, or to standard output.

    Raises:
        SettingsError: the stack file cannot be used.
        FileNotFoundError: there is no engine.
    """
    settings = read_stack_file(file)
    with tempfile.TemporaryDirectory() as folder:
        config, events = Path(folder, "levels.json"), Path(folder, "events.json")
        config.write_text(json.dumps(pack_config(settings)))
        events.touch()
        command = ["pulumi", "preview", "--stack", stack_of(file), "--config-file", str(file.resolve()), *options]
        pack = ["--policy-pack", str(PACK), "--policy-pack-config", str(config), "--event-log", str(events)]
        # The engine takes --event-log, which the Automation API is built on, with the first set only; the second is for
        # speed, and safe where nothing is saved: docs/performance.md.
        flags = {"PULUMI_DEBUG_COMMANDS": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        done = subprocess.run([*command, *pack], env={**os.environ, **flags}, stdout=output, check=False)
        steps = steps_of(EngineEvent.from_json(json.loads(line)) for line in events.read_text().splitlines())
    return [*findings(steps, settings.policy)], done.returncode
