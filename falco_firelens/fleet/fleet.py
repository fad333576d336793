"""Fleet: operations on many stacks at once, for the command line and for services."""

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path

from pulumi.automation import PulumiCommand

from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.credentials import CredentialsOf, from_environment
from falco_firelens.fleet.engine import pulumi
from falco_firelens.fleet.engine_task import EngineTask
from falco_firelens.fleet.errors import Cancelled, FleetError, Skipped, require_at_least
from falco_firelens.fleet.events import Ended, Event, Started
from falco_firelens.fleet.packs import Packs
from falco_firelens.fleet.recorder import OnProgress
from falco_firelens.fleet.results import Result, Status
from falco_firelens.fleet.stacks import Selection, Stack, discover, hub_of, select
from falco_firelens.fleet.task import FleetContext, Operation, StackTask, skipped
from falco_firelens.fleet.verify import VerifyTask
from falco_firelens.fleet.verify.verification import SECONDS
from falco_firelens.fleet.waves import Waves, backwards
from falco_firelens.fleet.workspace import sweep
from falco_firelens.program import CLONE

EVERYTHING = Selection()
CAREFUL = Waves()


def _silent(_: Event) -> None:
    pass


class Fleet:
    """All stacks of a project, and what can be done with any of them.

    One object can serve many threads: at most `concurrency` engines run at any time, for all callers, and never
    two on one stack. Every method blocks until all its stacks are done and has one result for each; nothing that
    happens to a stack is raised.
    """

    def __init__(
        self,
        project: Path | None = None,
        *,
        folders: Sequence[Path] = (),
        credentials: CredentialsOf = from_environment,
        concurrency: int | None = None,
        organization: str | None = None,
        secrets_provider: str | None = None,
        policy: bool = True,
        policy_packs: Sequence[Path] = (),
        policy_config: Sequence[Path] = (),
        command: PulumiCommand | None = None,
    ) -> None:
        """`project` is the folder of a Pulumi.yaml whose program deploys every stack.

        By default the program of this package does, and the folder is the clone's, or the current one where the package
        is installed. Relative paths in stack files start at that folder. `folders` are where stack files are, that one
        by default.

        Every preview and every update runs with the project's policy pack at each stack's own levels; `policy=False`
        leaves it out. `policy_packs` are further ones, `policy_config` their configurations, one each.
        `concurrency` is by default the machine's number of cores: an engine with its plugins keeps one busy and takes
        some 600 MiB.

        The Pulumi CLI is looked for when the first operation begins: to list stacks needs none.

        Raises:
            FleetError: the project's folder has no Pulumi.yaml, a folder is missing, there are more or fewer
                configurations than packs, or `concurrency` is less than 1.
        """
        self._packaged = project is None and CLONE is None
        self.project = (project or CLONE or Path.cwd()).resolve()
        self.folders = [folder.resolve() for folder in folders] or [self.project]
        if not self._packaged and not (self.project / "Pulumi.yaml").is_file():
            raise FleetError(f"{self.project}: found no Pulumi.yaml, expected the project's folder")
        if missing := [str(folder) for folder in self.folders if not folder.is_dir()]:
            raise FleetError(f"{', '.join(missing)}: found no such folder, expected one with stack files")
        self._credentials = credentials
        self.concurrency = (os.cpu_count() or 2) if concurrency is None else concurrency
        require_at_least(1, "concurrency", self.concurrency)
        self._slots = threading.BoundedSemaphore(self.concurrency)
        self._stack_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._command, self._packs = command, Packs(policy_packs, policy_config, own=policy)
        self._organization, self._secrets_provider = organization, secrets_provider
        sweep()

    @cached_property
    def _context(self) -> FleetContext:
        command = self._command or pulumi()
        return FleetContext(
            self.project,
            command,
            self._packs,
            self._organization,
            self._secrets_provider,
            packaged=self._packaged,
        )

    def stacks(self, selection: Selection = EVERYTHING) -> list[Stack]:
        """Return the stacks of the stack files, by name.

        Raises:
            FleetError: a stack file cannot be read, or a selected name is none of a stack.
        """
        return select(discover(self.folders), selection)

    def preview(
        self,
        stacks: Sequence[Stack],
        *,
        on_progress: OnProgress = _silent,
        cancellation: Cancellation | None = None,
    ) -> list[Result]:
        """Return what an update would do. A stack that does not exist yet is previewed in a temporary state and not
        created.
        """
        return self._all([list(stacks)], Operation.PREVIEW, on_progress, cancellation)

    def up(
        self,
        stacks: Sequence[Stack],
        *,
        waves: Waves = CAREFUL,
        refresh: bool = False,
        on_progress: OnProgress = _silent,
        cancellation: Cancellation | None = None,
    ) -> list[Result]:
        """Deploy, hubs first and then in waves; stacks that are not there are made.

        `refresh` reads each resource from the cloud first, so that drift is fixed too.

        Raises:
            FleetError: stacks are each other's hub.
        """
        task = partial(EngineTask, operation=Operation.UP, refresh=refresh)
        return self._all(waves.of(stacks), Operation.UP, on_progress, cancellation, waves.max_failures, task)

    def refresh(
        self, stacks: Sequence[Stack], *, on_progress: OnProgress = _silent, cancellation: Cancellation | None = None
    ) -> list[Result]:
        """Take over into the state what the cloud has."""
        return self._all([list(stacks)], Operation.REFRESH, on_progress, cancellation)

    def drift(
        self, stacks: Sequence[Stack], *, on_progress: OnProgress = _silent, cancellation: Cancellation | None = None
    ) -> list[Result]:
        """Return the results, whose changes are the drift: how the cloud differs from the state. Changes nothing."""
        return self._all([list(stacks)], Operation.DRIFT, on_progress, cancellation)

    def destroy(
        self,
        stacks: Sequence[Stack],
        *,
        max_failures: int = 0,
        on_progress: OnProgress = _silent,
        cancellation: Cancellation | None = None,
    ) -> list[Result]:
        """Delete everything of the stacks, spokes before their hubs.

        Raises:
            FleetError: stacks are each other's hub.
        """
        require_at_least(0, "max-failures", max_failures)
        return self._all(backwards(stacks), Operation.DESTROY, on_progress, cancellation, max_failures)

    def verify(
        self,
        stacks: Sequence[Stack],
        *,
        seconds: float = SECONDS,
        on_progress: OnProgress = _silent,
        cancellation: Cancellation | None = None,
    ) -> list[Result]:
        """Make Falco fire a harmless rule on each cluster, and wait up to `seconds` for the events in the log groups.

        Needs kubectl on PATH for Kubernetes.
        """
        require_at_least(1, "timeout", seconds)
        task = partial(VerifyTask, seconds=seconds)
        return self._all([list(stacks)], Operation.VERIFY, on_progress, cancellation, task=task)

    def _all(
        self,
        waves: Iterable[Sequence[Stack]],
        operation: Operation,
        on_progress: OnProgress,
        cancellation: Cancellation | None,
        max_failures: int | None = None,
        task: Callable[..., StackTask] | None = None,
    ) -> list[Result]:
        task = task or partial(EngineTask, operation=operation)
        _ = self._context  # So that a missing CLI is one error, and not one for each stack.
        progress = _Progress(operation, on_progress, cancellation or Cancellation(), max_failures)
        for wave in waves:
            progress.begin(wave)
            with ThreadPoolExecutor(max(1, min(len(wave), self.concurrency))) as pool:
                for future in [pool.submit(self._one, stack, task, progress) for stack in wave]:
                    future.result()
        return progress.in_order()

    def _one(self, stack: Stack, task: Callable[..., StackTask], progress: "_Progress") -> None:
        with self._stack_locks[stack.name], self._slots:
            reason = progress.why_not(stack)
            if reason:
                progress.end(skipped(stack, progress.operation, reason))
                return
            progress.say(Started(stack.name, str(progress.operation)))
            try:
                credentials = self._credentials(stack)
            except FleetError as error:
                progress.end(skipped(stack, progress.operation, error))
                return
            one = task(
                stack=stack,
                context=self._context,
                credentials=credentials,
                on_progress=progress.say,
                cancellation=progress.cancellation,
            )
            progress.end(one.result())


class _Progress:
    """The results of one call so far."""

    def __init__(
        self, operation: Operation, on_progress: OnProgress, cancellation: Cancellation, max_failures: int | None
    ) -> None:
        self.operation, self.cancellation = operation, cancellation
        self._on_progress, self._max_failures = on_progress, max_failures
        self._lock = threading.Lock()
        self._stacks: list[Stack] = []
        self.results: list[Result] = []

    def begin(self, wave: Sequence[Stack]) -> None:
        """Add a further wave."""
        self._stacks += wave

    def in_order(self) -> list[Result]:
        """Return a result for each stack, in the order in which they were to begin."""
        places = {stack.name: place for place, stack in enumerate(self._stacks)}
        return sorted(self.results, key=lambda result: places[result.stack])

    def why_not(self, stack: Stack) -> FleetError | None:
        """Why a stack must not be begun; None if it may."""
        if self.cancellation.requested:
            return Cancelled("cancelled before it began")
        bad = [result.stack for result in self.results if result.status is Status.FAILED]
        if self._max_failures is not None and len(bad) > self._max_failures:
            return Skipped(f"not begun, since {', '.join(bad)} failed")
        hub = hub_of(stack, self._stacks) if self.operation is Operation.UP else None
        if hub and not any(result.stack == hub.name and result.ok for result in self.results):
            return Skipped(f"not begun, since its hub {hub.name} was not deployed")
        return None

    def say(self, event: Event) -> None:
        """Forward an event, one at a time; a listener's own mistake does not end what it listens to."""
        with self._lock, suppress(Exception):
            self._on_progress(event)

    def end(self, result: Result) -> None:
        """Keep a result."""
        self.results.append(result)
        self.say(Ended(result.stack, result.operation, result))
