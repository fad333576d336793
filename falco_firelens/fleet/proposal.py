"""What a commit proposes to the checked-out program: data, which that may preview, or more than data.

A pull request's job checks out the base commit, and its program reads the proposed commit here, from git's objects. The
commit's own code never runs. Whatever is not known to be data is not.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from falco_firelens.fleet.changed import YAML, Program, git, git_bytes, touched
from falco_firelens.fleet.errors import FleetError
from falco_firelens.fleet.stacks import Stack, discover
from falco_firelens.fleet.trust import reason_to_wait

REGULAR = "100644"
"""Git's mode of a file that is no link, no submodule and not executable."""

ABSENT = "000000"

MOST_BYTES = 1 << 20
"""Of one file of data: stack files and rules files have some kilobytes."""

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""A part of a path that is not hidden and leads nowhere else."""

_STACK_FILE = re.compile(r"Pulumi\.[A-Za-z0-9][A-Za-z0-9_.-]*\.yaml")


@dataclass(frozen=True)
class Proposal:
    """What a commit proposes.

    `program` are changed files that are more than data; nothing is taken over then. `stacks` are those that the
    checked-out program may preview. `waiting` are the others that are touched, and why somebody has to approve their
    preview first. `removed` are stacks whose file is gone.
    """

    program: tuple[str, ...] = ()
    stacks: tuple[Stack, ...] = ()
    waiting: Mapping[str, str] = field(default_factory=dict[str, str])
    removed: tuple[str, ...] = ()


def take_over(project: Path, folders: Sequence[Path], commit: str) -> Proposal:
    """Write a commit's data into the working tree, merged with what is checked out, and say what it is.

    `folders` are where stack files are.

    Raises:
        FleetError: the commit is not known or cannot be merged, something in the working tree has changed, or a stack
            file cannot be read.
    """
    merged = _Merged(Program.of(project), tuple(folder.resolve() for folder in folders), commit)
    changes = list(merged.changes())
    if more := sorted(change.name for change in changes if not merged.is_data(change) and merged.matters(change)):
        return Proposal(program=tuple(more))
    before = {stack.name: stack for stack in discover(folders)}
    for change in changes:
        if merged.is_data(change):
            merged.write(change)
    found = touched(discover(folders), project, "HEAD", folders)
    reasons = {stack.name: reason_to_wait(before.get(stack.name), stack, merged.is_regular) for stack in found.stacks}
    waiting = {name: reason for name, reason in reasons.items() if reason}
    return Proposal((), tuple(stack for stack in found.stacks if stack.name not in waiting), waiting, found.removed)


@dataclass(frozen=True)
class _Change:
    """A changed file, by its path in the repository, with git's modes and the new content's object."""

    name: str
    modes: tuple[str, str]
    content: str


@dataclass(frozen=True)
class _Merged:
    """What the working tree would be after a merge, without one: nothing is checked out."""

    program: Program
    folders: tuple[Path, ...]
    commit: str

    @cached_property
    def tree(self) -> str:
        """The merged tree. Raises FleetError."""
        root = self.program.repository
        if changed := git(root, "status", "--porcelain", "--untracked-files=no").strip():
            raise FleetError(f"found changes in the working tree: {changed}; expected a fresh checkout")
        commit = git(root, "rev-parse", "--verify", "--end-of-options", f"{self.commit}^{{commit}}").strip()
        try:
            return git(root, "merge-tree", "--write-tree", "HEAD", commit).split("\n")[0]
        except FleetError as error:
            raise FleetError(f"{self.commit} cannot be merged with what is checked out: rebase it ({error})") from None

    def changes(self) -> Iterator[_Change]:
        """Yield what differs from what is checked out."""
        arguments = ("-r", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD", self.tree)
        fields = iter(git(self.program.repository, "diff-tree", *arguments).split("\0")[:-1])
        for status, name in zip(fields, fields, strict=True):  # https://git-scm.com/docs/diff-format#_raw_output_format
            before, after, _, content, _ = status.removeprefix(":").split(" ")
            yield _Change(name, (before, after), content)

    def is_data(self, change: _Change) -> bool:
        """Return whether a change is of a stack file, or of a file that a stack could name, and of nothing else."""
        file = self.program.repository / change.name
        named_well = all(map(_PART.fullmatch, Path(change.name).parts))
        if not named_well or not all(mode in (REGULAR, ABSENT) for mode in change.modes):
            return False
        if change.modes[1] != ABSENT and self._size(change) > MOST_BYTES:
            return False
        if file.name.lower().startswith("pulumi"):
            return file.parent in self.folders and bool(_STACK_FILE.fullmatch(file.name))
        below = file.is_relative_to(self.program.project)
        return below and file.suffix in YAML and not self.program.has(file)

    def matters(self, change: _Change) -> bool:
        """Return whether a deployment could use any of it: what it cannot use is not taken over either."""
        file = self.program.repository / change.name
        looks_like_data = file.name.lower().startswith("pulumi") or file.suffix in YAML
        below = file.is_relative_to(self.program.project) or file.parent in self.folders
        return self.program.has(file) or (below and looks_like_data) or file in self.program.named

    def is_regular(self, name: str) -> bool:
        """Return whether a path below the project's folder is a regular YAML file of the merged tree."""
        if Path(name).suffix not in YAML or not all(map(_PART.fullmatch, Path(name).parts)):
            return False
        path = (self.program.project.relative_to(self.program.repository) / name).as_posix()
        listed = git(self.program.repository, "--literal-pathspecs", "ls-tree", "-z", self.tree, "--", path)
        return listed.split(" ")[0] == REGULAR

    def write(self, change: _Change) -> None:
        """Put the new content where it belongs. Raises FleetError where a link in the working tree leads elsewhere."""
        file = self.program.repository / change.name
        if file.parent.resolve() != file.parent or file.is_symlink():
            raise FleetError(f"{change.name}: found a link on the way to it, expected a fresh checkout")
        if change.modes[1] == ABSENT:
            file.unlink()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        content = git_bytes(self.program.repository, "cat-file", "blob", change.content)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644), "wb") as opened:
            opened.write(content)

    def _size(self, change: _Change) -> int:
        return int(git(self.program.repository, "cat-file", "-s", change.content))
