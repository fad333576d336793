"""Real git repositories with stack files, for what compares commits."""

import subprocess
from pathlib import Path

import yaml

from falco_firelens.fleet.changed import touched
from falco_firelens.fleet.stacks import discover


class Repository:
    """A repository on the branch `main`; its folder is the project's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        for arguments in (("init", "-b", "main"), ("config", "user.email", "a@b.c"), ("config", "user.name", "a")):
            self.git(*arguments)

    def git(self, *arguments: str) -> str:
        """Run git, and return what it prints."""
        done = subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        """Write a file, and the folders that it is in."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def stack(self, name: str, **keys: object) -> None:
        """Write a stack file with these keys of the project's own."""
        config = {f"falco-firelens:{key}": value for key, value in keys.items()}
        self.write(f"Pulumi.{name}.yaml", yaml.safe_dump({"config": config}))

    def commit(self) -> None:
        """Commit all that has changed."""
        self.git("add", "--all")
        self.git("commit", "-m", "change")

    def touched(self, since: str = "main") -> list[str]:
        """The stacks that what has changed since a commit touches."""
        return [stack.name for stack in touched(discover([self.folder]), self.folder, since).stacks]
