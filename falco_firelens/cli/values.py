"""Values of the command line, and how a shell completes them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

PATTERN = "Pulumi.*.yaml"
"""The names of stack files."""


class StackFile(click.ParamType[Path]):
    """A stack file, which the command itself reads, since its errors say more than that there is no such file."""

    name = "stack file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Make a path of it."""
        return Path(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the stack files of the folder, or whatever files there are."""
        folder, slash, _ = incomplete.rpartition("/")
        files = (f"{folder}{slash}{file.name}" for file in stack_files(Path(folder + slash)))
        found = [CompletionItem(name) for name in matching(files, incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


class StackName(click.ParamType[str]):
    """A stack of the folder, by name or pattern."""

    name = "stack"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """List the stacks of the folders that the command line names."""
        folders: Iterable[Path] = ctx.params.get("folder") or [ctx.params.get("project") or Path()]
        names = {stack_of(file) for folder in folders for file in stack_files(folder)}
        return [CompletionItem(name) for name in matching(sorted(names), incomplete)]


def stack_files(folder: Path) -> list[Path]:
    """Find the stack files of a folder."""
    return sorted(folder.glob(PATTERN))


def stack_of(file: Path) -> str:
    """Take the stack's name from that of its file."""
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def matching(names: Iterable[str], incomplete: str) -> Iterator[str]:
    """Keep those that begin with what has been typed."""
    return (name for name in names if name.startswith(incomplete))


FILE = click.Path(path_type=Path)
"""Any file, which the command itself reads."""

FOLDER = click.Path(path_type=Path, file_okay=False)

STACK_FILE = StackFile()
STACK = StackName()
