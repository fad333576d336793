"""Operations that the engine does on one stack: a work directory, an engine, what it reports."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi.automation import Stack as EngineStack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from falco_firelens.fleet.account import check_state
from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.credentials import Credentials
from falco_firelens.fleet.engine import EngineCommand
from falco_firelens.fleet.errors import (
    Cancelled,
    EngineFailed,
    EngineKilled,
    FleetError,
    InvalidSettings,
    PolicyViolated,
    StackLocked,
    StackMissing,
)
from falco_firelens.fleet.locks import Holder, holders
from falco_firelens.fleet.packs import Pack
from falco_firelens.fleet.recorder import OnProgress, Recorder
from falco_firelens.fleet.results import Change
from falco_firelens.fleet.stacks import Stack
from falco_firelens.fleet.task import PLANNING, FleetContext, Operation, StackTask
from falco_firelens.fleet.workspace import Workspace, encrypt
from falco_firelens.policy.changes import findings
from falco_firelens.policy.finding import PolicyFinding
from falco_firelens.settings import Settings, SettingsError

ATTEMPTS = 3
"""The first, one after the stack was made, one after a dead engine's lock was taken away."""

JUDGED = frozenset((Operation.PREVIEW, Operation.UP))
"""Operations that run with the policy packs."""


class EngineTask(StackTask):
    """An operation that the engine does: in a work directory, again where a lock or a missing stack allows it."""

    def __init__(
        self,
        stack: Stack,
        operation: Operation,
        context: FleetContext,
        credentials: Credentials,
        on_progress: OnProgress,
        cancellation: Cancellation,
        *,
        refresh: bool = False,
    ) -> None:
        super().__init__(stack, operation, context, credentials, on_progress, cancellation)
        self._refresh = refresh
        self._recorders: list[Recorder] = []
        self._settings: Settings | None = None

    def _work(self) -> Mapping[str, Any]:
        self._check_settings()
        identity = self._identify()
        engine = EngineCommand(self._context.command, identity.environment)
        with self._context.work_directory(self._stack, identity.account) as folder:
            self._cancellation.add(engine)
            try:
                return self._with_retries(engine, folder, identity.account)
            except StackMissing as missing:
                if self._operation is Operation.DESTROY:  # It is gone, as it should be.
                    self._notes.append(str(missing))
                    return {}
                raise
            finally:
                self._cancellation.remove(engine)

    def _changes(self) -> Sequence[Change]:
        """Return what was recorded last. The preview that an update begins with changes nothing."""
        return next((one.changes for one in self._recorders[-1:] if one.operation == self._operation), ())

    def _findings(self) -> Sequence[PolicyFinding]:
        """Those of every recording: only the preview before an update sees what would be lost."""
        return tuple(dict.fromkeys(finding for one in self._recorders for finding in one.findings))

    def _check_settings(self) -> None:
        if self._operation is Operation.DESTROY:
            return  # A stack goes without its program, so a stack file that has become wrong does not hold it up.
        try:
            self._settings = self._stack.check(self._context.project)
        except SettingsError as error:
            raise InvalidSettings(str(error)) from None

    def _with_retries(self, engine: EngineCommand, folder: Path, account: str) -> Mapping[str, Any]:
        """Make a missing stack, take over the lock of a killed engine, and do it then."""
        workspace = Workspace(
            str(folder), secrets_provider=self._context.secrets_provider, pulumi_command=engine, env_vars={}
        )
        check_state(self._stack, account, engine, workspace, self._name, self._redact)
        stack = EngineStack.select(self._name, workspace)
        refresh = self._refresh
        for _ in range(ATTEMPTS):
            if self._cancellation.requested:
                raise Cancelled("cancelled before it began")
            try:
                if self._stack.secrets:
                    encrypt(workspace, engine, self._stack, self._name)
                return self._under_policy(stack, engine, refresh=refresh)
            except StackNotFoundError:
                self._make(workspace)
            except ConcurrentUpdateError as error:
                self._take_over(stack, holders(str(error)))
                refresh = True
            except EngineKilled as killed:
                if engine.cancelled:
                    raise Cancelled("cancelled; the engine had to be ended") from None
                raise killed from None
            except CommandError as error:
                raise self._failure(engine, str(error)) from None
        raise StackLocked(f"{self._stack.name} is locked again and again by operations that end at once")

    def _make(self, workspace: Workspace) -> None:
        """Make the stack where it may be made; a preview has one in its own work directory, with an empty state."""
        if self._operation is Operation.PREVIEW:
            self._new = True
            state = Path(workspace.work_dir) / "state"
            state.mkdir()
            workspace.env_vars = {"PULUMI_BACKEND_URL": state.as_uri()}
        elif self._operation is not Operation.UP:
            raise StackMissing(f"the state backend has no stack {self._stack.name}")
        with contextlib.suppress(CommandError):  # made by another operation just now
            workspace.create_stack(self._name)

    def _take_over(self, stack: EngineStack, by: Sequence[Holder]) -> None:
        """Take away the lock of an engine that was killed.

        Raises:
            StackLocked: another operation holds it, or nobody knows which.
        """
        if not by or not all(holder.dead for holder in by):
            said = ", ".join(map(str, by)) or "another operation"
            raise StackLocked(f"{self._stack.name} is being worked on by {said}", [str(holder) for holder in by])
        stack.cancel()
        self._notes.append(f"took away the lock of a killed engine, {by[0]}, and refreshed")

    def _under_policy(self, stack: EngineStack, engine: EngineCommand, *, refresh: bool) -> Mapping[str, Any]:
        """Preview an update before it, so that a policy refuses it before anything is made."""
        if self._operation is Operation.UP and self._context.packs:
            # The update itself is judged once more, since it knows more than a preview:
            # https://www.pulumi.com/docs/insights/policy/.
            self._recorded(Operation.PREVIEW, stack, engine, refresh=refresh)
            if self._cancellation.requested:
                raise Cancelled("cancelled before it began")
        return self._recorded(self._operation, stack, engine, refresh=refresh)

    def _recorded(
        self, operation: Operation, stack: EngineStack, engine: EngineCommand, *, refresh: bool = False
    ) -> Mapping[str, Any]:
        """Call the engine once, record what it reports, and judge that."""
        recorder = Recorder(
            self._stack.name, operation, self._redact, self._on_progress, planning=operation in PLANNING
        )
        self._recorders.append(recorder)
        packs: Sequence[Pack] = ()
        if operation in JUDGED and self._settings:
            packs = self._context.packs.of_stack(self._settings, Path(stack.workspace.work_dir))

        def on_event(event: Any) -> None:
            engine.listening()
            recorder(event)

        outputs = ENGINE_CALLS[operation](stack, packs, on_event, refresh)
        self._judge(recorder)
        if operation in JUDGED and _mandatory(recorder):
            raise _violated(recorder)
        return outputs

    def _judge(self, recorder: Recorder) -> None:
        """Judge what no policy pack sees: whether the engine would delete or replace what holds events."""
        if recorder.operation == Operation.PREVIEW and self._settings:
            for one in findings(recorder.steps, self._settings.policy):
                recorder.find(one)

    def _failure(self, engine: EngineCommand, printed: str) -> FleetError:
        """Return what a failed command means, in the words of its error messages where the engine has sent any."""
        recorder = self._recorders[-1] if self._recorders else None
        if engine.cancelled:
            return Cancelled("cancelled; what the engine had begun was ended and written down")
        if recorder:
            self._judge(recorder)
            if _mandatory(recorder):
                return _violated(recorder)
        said = "\n".join(recorder.errors) if recorder and recorder.errors else _said(self._redact(printed))
        return EngineFailed(said)


def _mandatory(recorder: Recorder) -> list[PolicyFinding]:
    return [finding for finding in recorder.findings if finding.mandatory]


def _violated(recorder: Recorder) -> PolicyViolated:
    found = _mandatory(recorder)
    return PolicyViolated("\n".join(map(str, found)), partly=recorder.operation == Operation.UP)


def _up(stack: EngineStack, packs: Sequence[Pack], on_event: Any, refresh: bool) -> Mapping[str, Any]:
    done = stack.up(
        on_event=on_event,
        policy_packs=[pack.path for pack in packs],
        policy_pack_configs=[pack.config for pack in packs],
        refresh=refresh or None,
        color="never",
        show_secrets=False,
        suppress_progress=True,
    )
    return {name: output.value for name, output in done.outputs.items() if not output.secret}


def _preview(stack: EngineStack, packs: Sequence[Pack], on_event: Any, refresh: bool) -> Mapping[str, Any]:
    stack.preview(
        on_event=on_event,
        policy_packs=[pack.path for pack in packs],
        policy_pack_configs=[pack.config for pack in packs],
        refresh=refresh or None,
        color="never",
        suppress_progress=True,
    )
    return {}


def _drift(stack: EngineStack, packs: Sequence[Pack], on_event: Any, refresh: bool) -> Mapping[str, Any]:
    stack.preview_refresh(
        on_event=on_event, color="never", show_secrets=False, suppress_progress=True, run_program=False
    )
    return {}


def _refresh(stack: EngineStack, packs: Sequence[Pack], on_event: Any, refresh: bool) -> Mapping[str, Any]:
    stack.refresh(on_event=on_event, color="never", show_secrets=False, suppress_progress=True, run_program=False)
    return {}


def _destroy(stack: EngineStack, packs: Sequence[Pack], on_event: Any, refresh: bool) -> Mapping[str, Any]:
    stack.destroy(
        on_event=on_event,
        color="never",
        show_secrets=False,
        suppress_progress=True,
        refresh=refresh or None,
        run_program=False,
    )
    return {}


ENGINE_CALLS: Mapping[Operation, Callable[[EngineStack, Sequence[Pack], Any, bool], Mapping[str, Any]]] = {
    Operation.UP: _up,
    Operation.PREVIEW: _preview,
    Operation.DRIFT: _drift,
    Operation.REFRESH: _refresh,
    Operation.DESTROY: _destroy,
}
"""How the engine is called."""


def _said(printed: str, count: int = 20) -> str:
    """Return the end of what a failed command printed: of its standard error, where it wrote there.

    The Automation API puts exit code, output and error one after the other into one text.
    """
    output, _, error = printed.partition("\n stderr: ")
    text = error if error.strip() else output.partition("\n stdout: ")[2] or output
    return "\n".join([line for line in text.splitlines() if line.strip()][-count:]).removeprefix("error: ")
