"""What every operation on one stack has in common: who it acts as, how long it takes, a result in place of errors."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pulumi.automation import PulumiCommand, fully_qualified_stack_name

from falco_firelens.fleet.account import acting_account
from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.credentials import Credentials, process_environment, secrets_of
from falco_firelens.fleet.errors import FleetError
from falco_firelens.fleet.packs import Packs
from falco_firelens.fleet.recorder import OnProgress, Redactor
from falco_firelens.fleet.results import Change, Result, Status
from falco_firelens.fleet.stacks import Stack
from falco_firelens.fleet.workspace import packaged_project, read_project, work_directory
from falco_firelens.policy.finding import PolicyFinding


class Operation(StrEnum):
    """What can be done with a stack."""

    PREVIEW = "preview"
    UP = "up"
    REFRESH = "refresh"
    DRIFT = "drift"
    DESTROY = "destroy"
    VERIFY = "verify"


PLANNING = frozenset((Operation.PREVIEW, Operation.DRIFT))
"""Operations that change nothing."""


@dataclass(frozen=True)
class FleetContext:
    """What all operations of a fleet share.

    `project` is the folder of a Pulumi.yaml, or the one where stack files are if the `packaged` program deploys them.
    `secrets_provider` is that of stacks that are made: https://www.pulumi.com/docs/iac/concepts/secrets/.
    """

    project: Path
    command: PulumiCommand
    packs: Packs
    organization: str | None = None
    secrets_provider: str | None = None
    packaged: bool = False

    def name_of(self, stack: Stack) -> str:
        """Return what the state backend calls a stack."""
        if self.organization is None:
            return stack.name
        return fully_qualified_stack_name(self.organization, self.document["name"], stack.name)

    @property
    def document(self) -> Mapping[str, Any]:
        """The project file, as the engine reads it."""
        return packaged_project() if self.packaged else read_project(self.project)

    def work_directory(self, stack: Stack, account: str = "") -> AbstractContextManager[Path]:
        """Make a directory for one operation; see `falco_firelens.fleet.workspace.work_directory`."""
        return work_directory(self.project, stack, account, packaged=self.packaged)


@dataclass(frozen=True)
class Identity:
    """Who an operation acts as: the environment of its engine, and the account that AWS says it is."""

    environment: Mapping[str, str]
    account: str


class StackTask(ABC):
    """One operation on one stack, done once."""

    def __init__(
        self,
        stack: Stack,
        operation: Operation,
        context: FleetContext,
        credentials: Credentials,
        on_progress: OnProgress,
        cancellation: Cancellation,
    ) -> None:
        self._stack, self._operation = stack, operation
        self._context, self._credentials = context, credentials
        self._on_progress, self._cancellation = on_progress, cancellation
        self._redact = Redactor(())
        self._notes: list[str] = []
        self._new = False

    def result(self) -> Result:
        """Do it; every failure is in the result."""
        started = time.monotonic()
        outputs: Mapping[str, Any] = {}
        error: FleetError | None = None
        try:
            outputs = self._work()
        except FleetError as failure:
            error = failure
        return Result(
            self._stack.name,
            str(self._operation),
            status_of(error) if error else Status.SUCCEEDED,
            self._changes(),
            self._findings(),
            error,
            outputs,
            time.monotonic() - started,
            self._new,
            tuple(self._notes),
        )

    @abstractmethod
    def _work(self) -> Mapping[str, Any]:
        """Do what the operation is; returns the stack's outputs, where the operation has any.

        Raises:
            FleetError: it failed.
        """

    def _changes(self) -> Sequence[Change]:
        return ()

    def _findings(self) -> Sequence[PolicyFinding]:
        return ()

    def _identify(self) -> Identity:
        """Get the credentials, and check that they are the stack's account's. From here on no message shows them."""
        environment = self._credentials.environment(process_environment())
        self._redact = Redactor(secrets_of(environment))
        return Identity(environment, acting_account(self._stack, environment))

    @property
    def _name(self) -> str:
        return self._context.name_of(self._stack)


def skipped(stack: Stack, operation: Operation, error: FleetError) -> Result:
    """Return the result of an operation that was not begun."""
    return Result(stack.name, str(operation), status_of(error), error=error)


def status_of(error: FleetError) -> Status:
    """How an operation that ended with an error is reported to have ended."""
    kinds = {"Cancelled": Status.CANCELLED, "Skipped": Status.SKIPPED}
    return kinds.get(error.kind, Status.FAILED)
