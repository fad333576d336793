"""The real Pulumi engine on a local stack."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from localcloud.console import say
from localcloud.environment import environment
from localcloud.errors import LocalCloudError
from localcloud.layout import CHECKOUT, Layout
from localcloud.stacks import LOCAL, LocalStack

_NOISE = re.compile(r"@ updating|warning: using pulumi-|(creating|updating|deleting|replacing) \(\d+s\)\s*$")
"""Lines of the engine without information: a heartbeat, that plugins are found on PATH as they are meant to be, and
that an operation goes on. Its end is shown, and so is what it waits for."""


class Engine:
    """Deploys a local stack, and says what it consists of."""

    def __init__(self, layout: Layout, stack: LocalStack = LOCAL, *, prefix: str = "") -> None:
        """`prefix` begins each line of the engine's that is shown, where several engines show theirs at once."""
        self._layout = layout
        self._stack = stack.name
        self._environment = environment(layout, stack)
        self._prefix = prefix

    def up(self) -> None:
        """Deploy; the engine's own output is shown.

        Raises:
            LocalCloudError: the engine failed; its output says why.
        """
        if self._stack not in self._stacks():
            self._run("stack", "init", self._stack, "--no-select")
        recover = self._break_stale_lock()
        color = "always" if sys.stdout.isatty() else "never"
        self._show("up", "--yes", "--skip-preview", f"--color={color}", *(["--refresh"] if recover else []))

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets hidden.

        Raises:
            LocalCloudError: the stack has not been deployed.
        """
        return json.loads(self._run("stack", "output", "--json", "--stack", self._stack))

    def _stacks(self) -> list[str]:
        stacks: list[Mapping[str, Any]] = json.loads(self._run("stack", "ls", "--json"))
        return [stack["name"].rpartition("/")[2] for stack in stacks]

    def _break_stale_lock(self) -> bool:
        """Cancel the update of an engine that was killed; its operations may be half done, so a refresh is needed."""
        locks = list((self._layout.state / ".pulumi" / "locks").glob(f"**/{self._stack}/*.json"))
        if not locks or any(map(_is_held, locks)):
            return False
        say("an earlier deployment was killed: going on from what it left")
        self._run("cancel", "--yes", "--stack", self._stack)
        return True

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            self._command(*arguments), cwd=CHECKOUT, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LocalCloudError(f"pulumi {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout

    def _show(self, *arguments: str) -> None:
        with subprocess.Popen(
            [*self._command(*arguments), "--stack", self._stack],
            cwd=CHECKOUT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout
            try:
                for line in process.stdout:
                    if not _NOISE.search(line):
                        say(self._prefix + line.rstrip("\n"))
            except KeyboardInterrupt:
                # The terminal has interrupted the engine too: let it finish what it has begun and save the state.
                say(process.stdout.read())
                raise
        if process.returncode:
            raise LocalCloudError(f"`pulumi {arguments[0]}` failed with exit code {process.returncode}; see above")

    def _command(self, *arguments: str) -> list[str | Path]:
        return [self._layout.bin / "pulumi", *arguments, "--non-interactive"]


def _is_held(lock: Path) -> bool:
    """Whether the engine that wrote the lock file is alive."""
    pid = json.loads(lock.read_text()).get("pid", os.getpid())
    return psutil.pid_exists(pid)
