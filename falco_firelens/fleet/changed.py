"""Which stacks a change in the repository touches, so that a pull request previews those alone."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from falco_firelens.fleet.errors import FleetError
from falco_firelens.fleet.stacks import Stack
from falco_firelens.settings.validation.raw import keys_of
from falco_firelens.settings.validation.yaml_text import DocumentError, stack_tree

LONGEST_PATH = 1024
"""Characters; a longer text names no file."""

PROGRAM = (
    "Pulumi.yaml",
    "__main__.py",
    "components",
    "falco_firelens",
    "requirements.txt",
)
"""Files and folders of the program, which every stack is made of; tests/unit/fleet holds this to what it imports."""


@dataclass(frozen=True)
class Touched:
    """What a change touches. `removed` are stacks whose file is gone, while what they deployed may be there."""

    stacks: tuple[Stack, ...]
    removed: tuple[str, ...] = ()


def touched(stacks: Sequence[Stack], project: Path, since: str, folders: Iterable[Path] = ()) -> Touched:
    """Find the stacks that a change touches since a commit; since where the branch left it, if it is a branch.

    A stack is touched by its stack file, by the files that it names, and by the program, wherever in the repository
    they are. Work that is not committed counts too. `folders` are where stack files are; those of the stacks count
    anyway.

    Raises:
        FleetError: git is missing, the project is in no repository, or git does not know the commit.
    """
    changed = _changed(project, since)
    if _program_touched(changed, project):
        found = tuple(stacks)
    else:
        found = tuple(stack for stack in stacks if _any_of(changed, _inputs(stack, project)))
    return Touched(found, tuple(sorted(_removed(changed, stacks, folders))))


def _program_touched(changed: set[Path], project: Path) -> bool:
    """Tell whether what all stacks share has changed: the program, the project file and what that names."""
    project_file = _project_file(project)
    parts = [(project / name).resolve() for name in PROGRAM]
    if main := project_file.get("main"):  # https://www.pulumi.com/docs/iac/concepts/projects/project-file/
        program = (project / str(main)).resolve()
        parts.append(program if program.is_dir() else program.parent)
    shared = set(_paths(project_file.get("config"), project))
    code = {file for file in changed if file.suffix != ".md"}
    return any(file == part or part in file.parents for file in code for part in parts) or _any_of(changed, shared)


def _project_file(project: Path) -> Mapping[str, object]:
    try:
        return keys_of(stack_tree((project / "Pulumi.yaml").read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeError, DocumentError):
        return {}  # The engine says what is wrong with it.


def _any_of(changed: set[Path], files: Iterable[Path]) -> bool:
    """Tell whether a file, or a folder that it is in, has changed: git names a submodule by its folder alone."""
    return any(file in changed or not changed.isdisjoint(file.parents) for file in files)


def _inputs(stack: Stack, project: Path) -> Iterator[Path]:
    """The stack's file, and every path that a text in it may be: a value that is none matches no changed file."""
    if stack.file:
        yield stack.file.resolve()
    yield from _paths(stack.config, project)


def _paths(tree: object, project: Path) -> Iterator[Path]:
    for text in _texts(tree):
        if "\n" not in text and "\0" not in text and len(text) < LONGEST_PATH:
            yield (project / _expanded(text)).resolve()


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # The home of a user that this machine does not have.
        return Path(text)


def _texts(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        # The engine takes a section as a JSON text too.
        opened = _json(tree) if tree[:1] in ("{", "[") else None
        yield from _texts(opened) if opened is not None else (tree,)
    elif isinstance(tree, Mapping):
        for value in cast("Mapping[object, object]", tree).values():
            yield from _texts(value)
    elif isinstance(tree, list | tuple):
        for value in cast("Sequence[object]", tree):
            yield from _texts(value)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _removed(changed: set[Path], stacks: Sequence[Stack], folders: Iterable[Path]) -> Iterator[str]:
    known = {folder.resolve() for folder in folders} | {stack.file.resolve().parent for stack in stacks if stack.file}
    for file in changed:
        is_stack_file = file.name.startswith("Pulumi.") and file.suffix == ".yaml" and file.name != "Pulumi.yaml"
        if is_stack_file and file.parent in known and not file.exists():
            yield file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def _changed(project: Path, since: str) -> set[Path]:
    """Every changed file of the repository, also outside the project's folder."""
    root = Path(_git(project, "rev-parse", "--show-toplevel").rstrip("\n"))
    tracked = _git(root, "diff", "--name-only", "--no-renames", "-z", "--merge-base", since, "--")
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return {(root / name).resolve() for name in (tracked + new).split("\0") if name}


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise FleetError("git is not on PATH: install it, or leave --since out") from None
    if done.returncode:
        raise FleetError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
