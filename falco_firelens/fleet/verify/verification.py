"""One stack's verification: an event of every cluster, or which of them stay silent."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from pulumi.automation import Stack as EngineStack
from pulumi.automation.errors import CommandError, StackNotFoundError

from falco_firelens.fleet.account import check_state
from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.credentials import Credentials, clients_of
from falco_firelens.fleet.engine import EngineCommand
from falco_firelens.fleet.errors import Cancelled, EngineFailed, SensorSilent, StackMissing
from falco_firelens.fleet.events import Diagnostic
from falco_firelens.fleet.recorder import OnProgress
from falco_firelens.fleet.stacks import Stack
from falco_firelens.fleet.task import FleetContext, Identity, Operation, StackTask
from falco_firelens.fleet.verify.triggers import TRIGGERS, Trigger, VerifiedCluster
from falco_firelens.fleet.workspace import Workspace

SECONDS = 120.0
"""How long an event may take: Fluent Bit flushes every few seconds, and CloudWatch Logs shows it some later."""

PAUSE = 2.0
"""Seconds between two looks; FilterLogEvents takes few calls a second of an account."""


class VerifyTask(StackTask):
    """Makes Falco fire on each cluster of one stack and waits for the events in its log group."""

    def __init__(
        self,
        stack: Stack,
        context: FleetContext,
        credentials: Credentials,
        on_progress: OnProgress,
        cancellation: Cancellation,
        *,
        seconds: float = SECONDS,
        triggers: Mapping[str, Trigger] = TRIGGERS,
    ) -> None:
        super().__init__(stack, Operation.VERIFY, context, credentials, on_progress, cancellation)
        self._seconds, self._triggers = seconds, triggers

    def _work(self) -> Mapping[str, Any]:
        identity = self._identify()
        environment = identity.environment
        outputs = self._outputs(identity)
        log_group = outputs.get("logGroup", {}).get("name")
        if not log_group:
            raise SensorSilent("the stack keeps no log group (`events.cloudwatch: false`), so there is nowhere to look")
        clients = clients_of(environment, self._stack.region)
        waiting: dict[str, str] = {}
        silent: list[str] = []
        since = int(time.time() * 1000) - 60_000
        for name, output in outputs["clusters"].items():
            token = f"verify-{secrets.token_hex(8)}"
            cluster = VerifiedCluster(name, output, outputs.get("kubeconfigs", {}).get(name), clients, environment)
            try:
                self._triggers[output["platform"]](cluster, token)
            except SensorSilent as error:
                silent.append(self._redact(str(error)))
            else:
                waiting[name] = token
        silent += self._wait(clients("logs"), log_group, waiting, since)
        if silent:
            raise SensorSilent("\n".join(silent))
        return {}

    def _wait(self, logs: Any, log_group: str, waiting: dict[str, str], since: int) -> list[str]:
        """Wait for the events; returns a line for each that does not come."""
        began = time.monotonic()
        while waiting and time.monotonic() - began < self._seconds:
            if self._cancellation.requested:
                raise Cancelled("cancelled while it waited for events")
            for name in [name for name, token in waiting.items() if _arrived(logs, log_group, name, token, since)]:
                del waiting[name]
                self._note(
                    f"{name}: Falco fired, and the event was in {log_group} {time.monotonic() - began:.0f} s later"
                )
            if waiting:
                time.sleep(PAUSE)
        return [
            f"{name}: Falco was made to fire, and no event was in {log_group} within {self._seconds:.0f} s"
            for name in waiting
        ]

    def _note(self, words: str) -> None:
        self._notes.append(words)
        self._on_progress(Diagnostic(self._stack.name, "verify", "info", words))

    def _outputs(self, identity: Identity) -> Mapping[str, Any]:
        """Return the stack's outputs, kubeconfigs opened. They stay in this process."""
        engine = EngineCommand(self._context.command, identity.environment)
        with self._context.work_directory(self._stack) as folder:
            workspace = Workspace(str(folder), pulumi_command=engine, env_vars={})
            check_state(self._stack, identity.account, engine, workspace, self._name, self._redact)
            try:
                found = EngineStack.select(self._name, workspace).outputs()
            except StackNotFoundError:
                raise StackMissing(f"the state backend has no stack {self._stack.name}") from None
            except CommandError as error:
                raise EngineFailed(self._redact(str(error))) from None
        if "clusters" not in found:
            raise StackMissing(f"stack {self._stack.name} has never been deployed to its end")
        return {name: output.value for name, output in found.items()}


def _arrived(logs: Any, log_group: str, cluster: str, token: str, since: int) -> bool:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group, logStreamNamePrefix=f"{cluster}/", startTime=since, filterPattern=f'"{token}"'
    )
    found = (event for page in pages for event in page["events"])
    return any(token in event["message"] and event["logStreamName"].startswith(f"{cluster}/") for event in found)
