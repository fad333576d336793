"""Checks stack files, and prints the reference and the JSON schema that are made from the models.

falco-firelens check Pulumi.dev.yaml …
falco-firelens reference > docs/configuration.md
falco-firelens schema > falco_firelens/settings/schema.json
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from falco_firelens.errors import StackError
from falco_firelens.program import component
from falco_firelens.settings.loader import config_of, read_stack_file
from falco_firelens.settings.reference import reference
from falco_firelens.settings.schema import stack_file_schema
from falco_firelens.settings.stack import Settings
from falco_firelens.settings.stack_files import guard_warning
from falco_firelens.settings.validation.errors import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 when a stack file cannot be used, 0 also where there is a warning."""
    parser = argparse.ArgumentParser(prog="falco-firelens", description="Settings of stacks.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say whether stack files can be used, and list every mistake")
    check.add_argument("files", nargs="+", type=Path, metavar="Pulumi.<stack>.yaml")
    commands.add_parser("reference", help="print the configuration reference")
    commands.add_parser("schema", help="print the JSON schema of stack files")
    chosen = parser.parse_args(arguments)
    if chosen.command == "check":
        return max([_check(file) for file in chosen.files])
    sys.stdout.write(reference() if chosen.command == "reference" else schema_text())
    return 0


def schema_text() -> str:
    """The JSON schema as it stands in falco_firelens/settings/schema.json."""
    return json.dumps(stack_file_schema(), indent=2) + "\n"


def _check(file: Path) -> int:
    try:
        settings = read_stack_file(file)
        measured = component("stack.sizes").sizes(settings)
    except StackError as error:
        print(error if isinstance(error, SettingsError) else f"{file.name}: {error}", file=sys.stderr)
        return 1
    print("\n".join([f"{file}: {_summary(settings)}", *(f"  {size}" for size in measured)]))
    warning = guard_warning(config_of(file))
    if warning:
        print(f"{file.name}: warning: {warning}", file=sys.stderr)
    return 0


def _summary(settings: Settings) -> str:
    clusters = [
        f"{cluster.name} ({cluster.platform}, {'created' if getattr(cluster, 'create', None) else 'existing'})"
        for cluster in settings.clusters
    ]
    said = [", ".join(clusters)] if clusters else []
    said += [f"events to {settings.events.log_group}"] if clusters else []
    said += [f"a hub of {len(settings.hub.spokes)} accounts"] if settings.hub else []
    said += [f"sends to {settings.spoke.hub or 'a hub'}"] if settings.spoke else []
    return f"good: {'; '.join(said)}"
