"""Turns the engine's events into progress and into what a result says, with secrets left out of both."""

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

from pulumi.automation.events import EngineEvent, StepEventMetadata, StepEventStateMetadata

from falco_firelens.fleet.events import Diagnostic, Event, Step, Violation
from falco_firelens.fleet.results import PARTS_OF_A_REPLACEMENT, SECRET, UNCHANGED, Change
from falco_firelens.policy.changes import PlannedStep, step_of
from falco_firelens.policy.finding import PolicyFinding, name_of, of_pack

OnProgress = Callable[[Event], None]

REDACTED = "[redacted]"

_NOISE = ("using pulumi-", "an unhandled error occurred: program exited with non-zero exit code")
"""What the engine says of every plugin that it finds on PATH, and after the program has said what is wrong."""

_NOT_IN_THE_CLOUD = ("pulumi:pulumi:", "pulumi:providers:")
"""Types of what stands for the stack itself and its providers."""


_SIGN, _SIGN_OF_A_SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""How the engine marks a secret among other values:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go"""


def _without_signs(value: Any) -> Any:
    """Return a value in which a secret is one word; the engine sends some as an object with that word as its
    ciphertext.
    """
    if isinstance(value, dict):
        keys = cast("dict[str, Any]", value)
        if keys.get(_SIGN) == _SIGN_OF_A_SECRET:
            return SECRET
        return {key: _without_signs(item) for key, item in keys.items()}
    if isinstance(value, list):
        return [_without_signs(item) for item in cast("list[Any]", value)]
    return value


class Redactor:
    """Takes values that are shown nowhere out of texts. The engine has already taken out the stack's own secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text


class Recorder:
    """Listens to one engine. `planning`: it says what it would do, so a step counts when it begins."""

    def __init__(
        self, stack: str, operation: str, redact: Redactor, on_progress: OnProgress, *, planning: bool
    ) -> None:
        self._stack, self.operation = stack, operation
        self._redact, self._on_progress = redact, on_progress
        self._planning = planning
        self._lock = threading.Lock()
        self._changes: dict[str, Change] = {}
        self.findings: list[PolicyFinding] = []
        self.steps: list[PlannedStep] = []
        self.errors: list[str] = []

    @property
    def changes(self) -> tuple[Change, ...]:
        """What happens to each resource, one entry a resource, in the engine's order."""
        return tuple(self._changes.values())

    def __call__(self, event: EngineEvent) -> None:
        """Take one event; the Automation API calls this from a thread of its own."""
        with self._lock:
            if event.resource_pre_event:
                self._plan(event)
                self._step(event.resource_pre_event.metadata, "begun", counts=self._planning)
            elif event.res_outputs_event:
                self._step(event.res_outputs_event.metadata, "done", counts=True)
            elif event.res_op_failed_event:
                self._step(event.res_op_failed_event.metadata, "failed", counts=False)
            elif event.diagnostic_event:
                self._diagnostic(event.diagnostic_event)
            elif event.policy_event:
                self.find(of_pack(event.policy_event))

    def _step(self, step: StepEventMetadata, phase: str, *, counts: bool) -> None:
        op = str(step.op.value)
        state = step.new or step.old
        if op in UNCHANGED or step.type.startswith(_NOT_IN_THE_CLOUD) or not (state and state.custom):
            return
        if counts:
            self._record(op, step)
        if not (self._planning and phase == "done"):
            name = name_of(step.urn)
            self._say(Step(self._stack, self.operation, op=op, type=step.type, name=name, phase=phase))

    def _plan(self, event: EngineEvent) -> None:
        step = step_of(event) if self._planning else None
        if step and step.operation not in UNCHANGED:
            self.steps.append(step)

    def _record(self, op: str, step: StepEventMetadata) -> None:
        known = self._changes.get(step.urn)
        replaced = op == "replace" or op in PARTS_OF_A_REPLACEMENT
        change = Change(
            "replace" if replaced else op,
            step.urn,
            step.type,
            {path: str(diff.diff_kind.value) for path, diff in (step.detailed_diff or {}).items()}
            or dict.fromkeys(step.diffs or (), "update"),
            self._values(step.old),
            self._values(step.new),
            str(state.id or "") if (state := step.old or step.new) else "",
        )
        if known and replaced and known.new and known.old:
            return
        self._changes[step.urn] = change

    def _values(self, state: StepEventStateMetadata | None) -> dict[str, Any]:
        """Return a resource's inputs; for drift, also the values that only the cloud reports."""
        inputs, outputs = (state.inputs, state.outputs) if state else (None, None)
        values = {**((outputs or {}) if self.operation == "drift" else {}), **(inputs or {})}
        return {key: _without_signs(value) for key, value in values.items()}

    def _diagnostic(self, diagnostic: Any) -> None:
        message = self._redact(diagnostic.message).strip()
        if diagnostic.severity == "debug" or diagnostic.ephemeral or not message or message.startswith(_NOISE):
            return
        if diagnostic.severity == "error":
            self.errors.append(message)
        resource = name_of(diagnostic.urn or "")
        self._say(Diagnostic(self._stack, self.operation, diagnostic.severity, message, resource))

    def find(self, found: PolicyFinding) -> None:
        """Keep and report a finding."""
        finding = replace(found, message=self._redact(found.message).strip())
        self.findings.append(finding)
        self._say(
            Violation(self._stack, self.operation, finding.policy, finding.mandatory, finding.message, finding.resource)
        )

    def _say(self, event: Event) -> None:
        # A listener's own mistake must not end the operation that it listens to.
        with contextlib.suppress(Exception):
            self._on_progress(event)
