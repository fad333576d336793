"""Previews a stack under its policies, and judges a preview that was made elsewhere.

falco-firelens policy preview Pulumi.prod.yaml [options of `pulumi preview`]
falco-firelens policy check-preview preview.json --stack-file Pulumi.prod.yaml    of `pulumi preview --json`; - is stdin
falco-firelens policy config Pulumi.prod.yaml > levels.json                       for --policy-pack-config
falco-firelens policy reference > docs/policy.md
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi.automation.events import EngineEvent

from falco_firelens.policy.changes import findings, steps_of, steps_of_preview
from falco_firelens.policy.configuration import PACK, pack_config
from falco_firelens.policy.finding import PolicyFinding
from falco_firelens.policy.reference import reference
from falco_firelens.settings import Settings, SettingsError, read_stack_file
from falco_firelens.settings.policy import Policy
from falco_firelens.settings.validation.inputs import InputError, object_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 when a mandatory policy is broken, or a file cannot be used."""
    chosen, options = _parser().parse_known_args(arguments)
    if options and chosen.command != "preview":
        _parser().error(f"unrecognized arguments: {' '.join(options)}")
    if chosen.command == "reference":
        sys.stdout.write(reference())
        return 0
    try:
        if chosen.command == "config":
            print(json.dumps(pack_config(read_stack_file(chosen.file)), indent=2))
            return 0
        if chosen.command == "check-preview":
            policy = read_stack_file(chosen.stack_file).policy if chosen.stack_file else Policy()
            return _report(findings(steps_of_preview(_read(chosen.file)), policy))
        return preview(chosen.file, read_stack_file(chosen.file), options)
    except (SettingsError, InputError) as error:
        print(error, file=sys.stderr)
    except FileNotFoundError:
        print("pulumi is not on PATH; install the Pulumi CLI: https://www.pulumi.com/docs/install/", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="falco-firelens policy", description="Policies of stacks; docs/policy.md.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("preview", "preview a stack under its policies"),
        ("config", "print the pack's configuration"),
    ):
        commands.add_parser(name, help=about).add_argument("file", type=Path, metavar="Pulumi.<stack>.yaml")
    check = commands.add_parser("check-preview", help="say what the changes of a preview would lose")
    check.add_argument("file", type=Path, help="what `pulumi preview --json` printed; - for standard input")
    check.add_argument("--stack-file", type=Path, help="whose levels and mayLose hold; all is mandatory without it")
    commands.add_parser("reference", help="print docs/policy.md")
    return parser


def _read(file: Path) -> Mapping[str, Any]:
    """Read a preview; one that has no steps at all is something else, which must not pass for harmless."""
    found: Mapping[str, Any] = object_of(file)
    if not isinstance(found.get("steps"), list):
        raise InputError(f"{file}: found no list `steps`, expected the output of `pulumi preview --json`")
    return found


def preview(file: Path, settings: Settings, options: Iterable[str] = ()) -> int:
    """Run `pulumi preview` with the pack, and then judge its steps; the engine's exit code where it failed itself."""
    with tempfile.TemporaryDirectory() as folder:
        config, events = Path(folder, "levels.json"), Path(folder, "events.json")
        config.write_text(json.dumps(pack_config(settings)))
        events.touch()
        stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        command = ["pulumi", "preview", "--stack", stack, "--config-file", str(file.resolve()), *options]
        pack = ["--policy-pack", str(PACK), "--policy-pack-config", str(config), "--event-log", str(events)]
        # The engine takes --event-log, which the Automation API is built on, with the first set only; the second is for
        # speed, and safe where nothing is saved: docs/performance.md.
        flags = {"PULUMI_DEBUG_COMMANDS": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        done = subprocess.run([*command, *pack], env={**os.environ, **flags}, check=False)
        steps = steps_of(EngineEvent.from_json(json.loads(line)) for line in events.read_text().splitlines())
    return _report(findings(steps, settings.policy)) or done.returncode


def _report(found: Sequence[PolicyFinding]) -> int:
    for one in found:
        print(f"[{'mandatory' if one.mandatory else 'advisory'}] {one.policy}: {one.message}")
    return int(any(one.mandatory for one in found))
