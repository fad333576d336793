"""Which stacks a change in the repository touches, so that a pull request previews those alone."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from falco_firelens.fleet.errors import FleetError
from falco_firelens.fleet.stacks import Stack
from falco_firelens.program import STACK_FILES, stack_of
from falco_firelens.settings.validation.raw import keys_of
from falco_firelens.settings.validation.yaml_text import DocumentError, stack_tree

LONGEST_PATH = 1024
"""Characters; a longer text names no file."""

PROGRAM = (
    "Pulumi.yaml",
    "__main__.py",
    "components",
    "falco_firelens",
    "pyproject.toml",
    "requirements.txt",
    "requirements-fleet.txt",
    "requirements-fleet.lock",
)
"""Files and folders of the project that make every stack: the program, and what a deployment runs and installs;
tests/unit/fleet holds this to what they import."""

BESIDE = (
    ".ci", ".gitignore", ".pre-commit-config.yaml", "LICENSE", "Makefile", "bench", "docs", "examples", "localcloud",
    "mkdocs.yml", "plugin", "requirements-dev.lock", "requirements-dev.txt", "standin", "testbed", "tests", "tools",
)  # fmt: skip
"""Files and folders of the project that no deployment runs. What is neither counts as the program, because Python
imports what lies in the project's folder, unless it is YAML, which is read where a stack names it, or Markdown."""

PIPELINES = (".github", ".gitlab", ".gitlab-ci.yml")
"""Files and folders of the repository that say what CI runs, with which credentials."""


YAML = (".yaml", ".yml")
"""What files end with that are data where a stack names them."""


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
    program = Program.of(project)
    changed = _changed(program.repository, since)
    if any(map(program.has, changed)) or _any_of(changed, program.named):
        found = tuple(stacks)
    else:
        found = tuple(stack for stack in stacks if _any_of(changed, _inputs(stack, project)))
    return Touched(found, tuple(sorted(_removed(changed, stacks, folders))))


@dataclass(frozen=True)
class Program:
    """What makes every stack.

    `main` is the folder of the program where the project file names one; `named` are paths that its values may be.
    """

    repository: Path
    project: Path
    main: Path | None
    named: frozenset[Path]

    @classmethod
    def of(cls, project: Path) -> "Program":
        """Return the program of a project. Raises FleetError where it is in no repository."""
        root = Path(git(project, "rev-parse", "--show-toplevel").rstrip("\n"))
        file = _project_file(project)
        main = file.get("main")  # https://www.pulumi.com/docs/iac/concepts/projects/project-file/
        folder = (project / str(main)).resolve() if main else None
        named = frozenset(_paths(file.get("config"), project))
        return cls(root, project.resolve(), folder if folder is None or folder.is_dir() else folder.parent, named)

    def has(self, file: Path) -> bool:
        """Return whether a file is part of it: code, what a deployment installs, or what CI runs."""
        if file.suffix == ".md":
            return False
        if any(_within(file, self.repository / name) for name in PIPELINES) or _within(file, self.main):
            return True
        if not _within(file, self.project):
            return False
        first = file.relative_to(self.project).parts[0]
        return first in PROGRAM or (first not in BESIDE and file.suffix not in YAML)


def _within(file: Path, folder: Path | None) -> bool:
    return folder is not None and (file == folder or folder in file.parents)


def _project_file(project: Path) -> Mapping[str, object]:
    try:
        return keys_of(stack_tree((project / "Pulumi.yaml").read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeError, DocumentError):
        return {}  # The engine says what is wrong with it.


def _any_of(changed: set[Path], files: Iterable[Path]) -> bool:
    """Return whether a file, or a folder that it is in, has changed: git names a submodule by its folder alone."""
    return any(file in changed or not changed.isdisjoint(file.parents) for file in files)


def _inputs(stack: Stack, project: Path) -> Iterator[Path]:
    """Yield the stack's file, and every path that a text in it may be: a value that is none matches no changed file."""
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
        if file.match(STACK_FILES) and file.parent in known and not file.exists():
            yield stack_of(file)


def _changed(root: Path, since: str) -> set[Path]:
    """Every changed file of the repository, also outside the project's folder; a link and what it leads to."""
    tracked = git(root, "diff", "--name-only", "--no-renames", "-z", "--merge-base", since, "--")
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    changed = {root / name for name in (tracked + new).split("\0") if name}
    return changed | {file.resolve() for file in changed}


def git(folder: Path, *arguments: str) -> str:
    """Run git, and return what it prints, whatever bytes a name has. Raises FleetError."""
    return git_bytes(folder, *arguments).decode(errors="surrogateescape")


def git_bytes(folder: Path, *arguments: str) -> bytes:
    """Run git, and return what it prints. Raises FleetError."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        raise FleetError("git is not on PATH: install it, or leave --since and --proposed out") from None
    if done.returncode:
        command = next(argument for argument in arguments if not argument.startswith("-"))
        raise FleetError(f"git {command}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
