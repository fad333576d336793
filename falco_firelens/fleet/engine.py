"""The Pulumi command line for one operation: its environment, its output, its end, and its cancellation."""

import contextlib
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import InvalidVersionError, create_command_error

from falco_firelens.fleet.errors import EngineKilled, EngineMissing
from falco_firelens.fleet.locks import written_down
from falco_firelens.fleet.processes import Process

PID_FILE = "engine.pid"
"""In the work directory: the engine that works in it, so that nobody clears the directory away below a living one."""


SKIP_CHECKPOINTS = "PULUMI_SKIP_CHECKPOINTS"
"""Set, an engine does not put the state together again after each resource, which takes most of a large preview's time.

Of an update there would then be no word of what it has made, were it killed: docs/performance.md.
"""


def environment_of(args: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: without checkpoints where nothing is saved, and with them elsewhere."""
    saves_nothing = args[0] == "preview" or "--preview-only" in args
    kept = {name: value for name, value in given.items() if name != SKIP_CHECKPOINTS}
    return {**kept, "PULUMI_AUTOMATION_API": "true", **({SKIP_CHECKPOINTS: "true"} if saves_nothing else {})}


class EngineCommand(PulumiCommand):
    """Runs commands for the Automation API, one at a time, so that the engine can be stopped.

    The engine is in a session of its own: Ctrl-C in a terminal reaches this process alone, which passes it on to each
    engine once. Its output goes to files: were it a pipe, the death of this process would kill the engine in the
    middle of an update.
    """

    def __init__(self, template: PulumiCommand, environment: Mapping[str, str]) -> None:
        # Without super(): it would run `pulumi version` once more for every operation.
        self.command, self.version = template.command, template.version
        self._environment = dict(environment)
        self._lock = threading.Lock()
        self._engine: subprocess.Popen[bytes] | None = None
        self._listens = False
        self._cancelled = 0

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
        *,
        stdin: bytes = b"",
    ) -> CommandResult:
        """Run a command to its end; `stdin` is for values that must not be seen in the list of processes.

        Raises:
            CommandError: it failed.
            EngineKilled: it was killed from outside.
        """
        environment = environment_of(args, {**self._environment, **additional_env})
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            process = subprocess.Popen(
                [self.command, "--non-interactive", *args],
                cwd=cwd,
                env=environment,
                stdin=given,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            with self._follow(process, cwd, args):
                code = process.wait()
                if code < 0:
                    raise EngineKilled(f"pulumi {args[0]} was killed by {signal.Signals(-code).name}")
            result = CommandResult(_text(out), _text(err), code)
        if code:
            raise create_command_error(result)
        return result

    def listening(self) -> None:
        """Note that the engine has sent its first event: from now on it takes SIGINT for a cancellation.

        Before, the signal would kill it, perhaps with the stack's lock in its hands.
        """
        with self._lock:
            if not self._listens:
                self._listens = True
                if self._cancelled:
                    self._interrupt()

    def cancel(self, *, now: bool = False) -> None:
        """Ask the engine to finish what it has begun, record it, and stop; with `now`, not to wait for the cloud."""
        with self._lock:
            self._cancelled += 2 if now else 1
            if self._listens:
                self._interrupt(2 if now else 1)

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled > 0

    def _interrupt(self, times: int = 1) -> None:
        for _ in range(times):
            if self._engine and self._engine.poll() is None:
                self._engine.send_signal(signal.SIGINT)

    @contextlib.contextmanager
    def _follow(self, process: "subprocess.Popen[bytes]", cwd: str, args: Sequence[str]) -> Any:
        if "--event-log" not in args:
            yield
            return
        Process.of(process.pid).write(Path(cwd) / PID_FILE)
        with self._lock:
            self._engine, self._listens = process, False
        try:
            with written_down(process.pid, args[args.index("--stack") + 1] if "--stack" in args else ""):
                yield
        finally:
            with self._lock:
                self._engine, self._listens = None, False


def _text(file: Any) -> str:
    file.seek(0)
    return cast("bytes", file.read()).decode(errors="replace").rstrip()


def pulumi() -> PulumiCommand:
    """Find the Pulumi CLI on PATH and check its version once.

    Raises:
        EngineMissing: there is none, or it is too old for the SDK.
    """
    try:
        return PulumiCommand()
    except OSError:
        raise EngineMissing("pulumi is not on PATH") from None
    except (InvalidVersionError, subprocess.CalledProcessError) as error:
        raise EngineMissing(f"pulumi on PATH cannot be used: {error}") from None
