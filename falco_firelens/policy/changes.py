"""Finds planned steps that would lose stored events without permission: deletions, replacements, shorter retention.

CrossGuard cannot see them: a resource policy gets the desired resources, a stack policy those that are there at
the end. The engine reports its steps as events (Automation API, `--event-log`) and in `pulumi preview --json`; both are
read here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation.events import EngineEvent, StepEventMetadata

from falco_firelens.policy.finding import PolicyFinding, name_of
from falco_firelens.policy.keeping import KEEPS, Shortened, shortened
from falco_firelens.policy.kinds import HOLDS_EVENTS, NOUNS
from falco_firelens.settings.policy import Policy

POLICY = "events-kept"
"""The policy's name, as in the stack file's `policy.advisory`."""

_REPLACED = frozenset(("replace", "create-replacement", "read-replacement", "import-replacement"))
_DELETED = frozenset(("delete", "delete-replaced"))


@dataclass(frozen=True)
class PlannedStep:
    """One thing that the engine would do to one resource.

    `operation` is the engine's word, such as `create-replacement`; `reasons` are the properties that make it replace.
    """

    operation: str
    urn: str
    type: str
    reasons: tuple[str, ...] = ()
    retained: bool = False
    """Whether Pulumi only forgets the resource when it deletes it (`retain_on_delete`)."""
    old: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """Inputs before and after it, of types that say how long they keep something."""
    new: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


def findings(steps: Iterable[PlannedStep], policy: Policy) -> tuple[PolicyFinding, ...]:
    """One finding for each resource that would be lost or keep less, in the steps' order.

    What `policy.mayLose` names, by URN or logical name and exactly, may be deleted, replaced or shortened.
    """
    # The engine reports a replacement in up to three steps, one of them a deletion, and not all give the reasons.
    lost: dict[str, list[PlannedStep]] = {}
    for step in steps:
        may_go = step.urn in policy.may_lose or name_of(step.urn) in policy.may_lose
        if (_loses(step) or _shortened(step)) and not may_go:
            lost.setdefault(step.urn, []).append(step)
    mandatory = policy.level(POLICY) == "mandatory"
    return tuple(PolicyFinding(POLICY, mandatory, _message(of_one), urn) for urn, of_one in lost.items())


def _shortened(step: PlannedStep) -> tuple[Shortened, ...]:
    forgotten = step.operation in _DELETED and step.retained
    return () if forgotten else shortened(step.type, step.operation, step.old, step.new)


def _loses(step: PlannedStep) -> bool:
    gone = step.operation in _REPLACED or (step.operation in _DELETED and not step.retained)
    return gone and step.type in HOLDS_EVENTS


def _message(steps: Sequence[PlannedStep]) -> str:
    """Say what was found in the steps of one resource, and what to write instead; one line."""
    first, name = steps[0], name_of(steps[0].urn)
    what = _gone(steps) if any(map(_loses, steps)) else _shorter(_shortened(first))
    return (
        f"{NOUNS[first.type]} {name}{what}. Take the change back or, if it may go, name it in the stack file:"
        f" `falco-firelens:policy: {{mayLose: [{name}]}}`"
    )


def _gone(steps: Sequence[PlannedStep]) -> str:
    change = "replaced" if any(step.operation in _REPLACED for step in steps) else "deleted"
    reasons = next((step.reasons for step in steps if step.reasons), ())
    because = f", because of {', '.join(reasons)}" if reasons else ""
    return f" would be {change}{because}, and what it holds be lost"


def _shorter(found: Sequence[Shortened]) -> str:
    said = ", ".join(f"{one.path} would be {one.after} instead of {one.before}" for one in found)
    return f": {said}, and what is kept until now could be lost"


def step_of(event: EngineEvent) -> PlannedStep | None:
    """Return the step that an engine event announces; None for every other event."""
    announced = event.resource_pre_event
    return _of_metadata(announced.metadata) if announced else None


def steps_of(events: Iterable[EngineEvent]) -> tuple[PlannedStep, ...]:
    """Return the steps of an operation's events."""
    return tuple(step for event in events if (step := step_of(event)))


def _of_metadata(metadata: StepEventMetadata) -> PlannedStep:
    old, new = metadata.old, metadata.new
    return PlannedStep(
        str(metadata.op.value),
        metadata.urn,
        metadata.type,
        tuple(metadata.keys or ()),
        bool(old and old.retain_on_delete),
        _inputs(metadata.type, old.inputs if old else None),
        _inputs(metadata.type, new.inputs if new else None),
    )


def _inputs(kind: str, inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the inputs that the policies need: none of most types, since a step of a large stack may hold much."""
    return inputs or {} if kind in KEEPS else {}


def steps_of_preview(preview: Mapping[str, Any]) -> tuple[PlannedStep, ...]:
    """Return the steps in what `pulumi preview --json` prints."""
    return tuple(_of_digest(step) for step in preview.get("steps", ()))


def _of_digest(step: Mapping[str, Any]) -> PlannedStep:
    old: Mapping[str, Any] = step.get("oldState") or {}
    new: Mapping[str, Any] = step.get("newState") or {}
    kind: str = (new or old).get("type", "")
    reasons = tuple(step.get("replaceReasons") or ())
    inputs = [_inputs(kind, state.get("inputs")) for state in (old, new)]
    return PlannedStep(step["op"], step["urn"], kind, reasons, bool(old.get("retainOnDelete")), *inputs)
