"""Which stacks a change in the repository touches, so that a pull request previews those alone."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fleet.errors import FleetError
from fleet.stacks import Stack

PROGRAM = (
    "Pulumi.yaml",
    "__main__.py",
    "components",
    "cost",
    "insight",
    "policy",
    "requirements.txt",
    "responder",
    "sensor",
    "settings",
    "storage",
)
"""Files and folders of the program, which every stack is made of; tests/unit/fleet holds this to what it imports."""


@dataclass(frozen=True)
class Touched:
    """What a change touches. `removed` are stacks whose file is gone, while what they deployed may be there."""

    stacks: tuple[Stack, ...]
    removed: tuple[str, ...] = ()


def touched(stacks: Sequence[Stack], project: Path, since: str) -> Touched:
    """The stacks that may have become others since a commit: since where the branch left it, if it is a branch.

    A stack is touched by its stack file, by the files that it names, and by the program. Work that is not committed
    counts too.

    Raises:
        FleetError: git does not know the commit.
    """
    changed = {(project / name).resolve() for name in _changed(project, since)}
    program = [project / name for name in PROGRAM]
    if any(file == part or part in file.parents for file in changed for part in program if file.suffix != ".md"):
        found = tuple(stacks)
    else:
        found = tuple(stack for stack in stacks if changed & set(_inputs(stack, project)))
    return Touched(found, tuple(sorted(_removed(changed, stacks))))


def _inputs(stack: Stack, project: Path) -> Iterator[Path]:
    """The stack's file, and every path that a text in it may be: a value that is none matches no changed file."""
    if stack.file:
        yield stack.file.resolve()
    for text in _texts(stack.config):
        if "\n" not in text and len(text) < 1024:
            yield (project / Path(text)).resolve()


def _texts(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for value in cast("Mapping[object, object]", tree).values():
            yield from _texts(value)
    elif isinstance(tree, list | tuple):
        for value in cast("Sequence[object]", tree):
            yield from _texts(value)


def _removed(changed: set[Path], stacks: Sequence[Stack]) -> Iterator[str]:
    folders = {stack.file.resolve().parent for stack in stacks if stack.file}
    for file in changed:
        is_stack_file = file.name.startswith("Pulumi.") and file.suffix == ".yaml" and file.name != "Pulumi.yaml"
        if is_stack_file and file.parent in folders and not file.exists():
            yield file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def _changed(project: Path, since: str) -> list[str]:
    """Paths relative to the project's folder."""
    tracked = _git(project, "diff", "--name-only", "--relative", "--no-renames", "-z", "--merge-base", since, "--")
    new = _git(project, "ls-files", "--others", "--exclude-standard", "-z")
    return [name for name in (tracked + new).split("\0") if name]


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FleetError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
