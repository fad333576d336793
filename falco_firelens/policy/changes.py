"""Whether what the engine is about to do loses events without the word for it: what holds them would be deleted or
replaced, or would keep them less long.

CrossGuard cannot see it: a resource policy is handed what is to be, a stack policy what is left at the end. The engine
tells its steps as events (Automation API, `--event-log`) and in `pulumi preview --json`; both are read here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation.events import EngineEvent, StepEventMetadata

from falco_firelens.policy.keeping import KEEPS, Shortened, shortened

POLICY = "events-kept"
"""The policy's name, as in the stack file's `policy.advisory`."""

HOLDS_EVENTS: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
    "aws:kms/key:Key": "KMS key",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": "delivery stream",
    "aws:kinesis/stream:Stream": "data stream",
    "aws:opensearch/domain:Domain": "OpenSearch domain",
    "aws:opensearch/serverlessCollection:ServerlessCollection": "OpenSearch collection",
    "aws:redshift/cluster:Cluster": "Redshift cluster",
    "aws:redshiftserverless/namespace:Namespace": "Redshift namespace",
    "aws:sqs/queue:Queue": "queue",
    "aws:eks/cluster:Cluster": "EKS cluster",
    "aws:ecs/cluster:Cluster": "ECS cluster",
}
"""Pulumi types of what events are in, or cannot be read or made without, and what messages call them."""

_REPLACED = frozenset(("replace", "create-replacement", "read-replacement", "import-replacement"))
_DELETED = frozenset(("delete", "delete-replaced"))


@dataclass(frozen=True)
class Step:
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


@dataclass(frozen=True)
class Violation:
    """Something that holds events and would be lost, or keep them less long."""

    urn: str
    kind: str
    """What people call it, such as `log group`."""
    change: str
    """`deleted`, `replaced` or `shortened`."""
    reasons: tuple[str, ...] = ()
    shorter: tuple[Shortened, ...] = ()
    policy: str = POLICY

    @property
    def name(self) -> str:
        """The logical name."""
        return name_of(self.urn)

    @property
    def message(self) -> str:
        """What was found, and what to write instead; one line."""
        what = self._shorter() if self.shorter else self._gone()
        return (
            f"{self.kind} {self.name}{what}. Take the change back or, if it may go, name it in the stack file:"
            f" `falco-firelens:policy: {{mayLose: [{self.name}]}}`"
        )

    def _gone(self) -> str:
        because = f", because of {', '.join(self.reasons)}" if self.reasons else ""
        return f" would be {self.change}{because}, and what it holds be lost"

    def _shorter(self) -> str:
        said = ", ".join(f"{one.path} would be {one.after} instead of {one.before}" for one in self.shorter)
        return f": {said}, and what is kept until now could be lost"


def name_of(urn: str) -> str:
    """A resource's logical name: what is after the fourth `::` of `urn:pulumi:stack::project::types::name`."""
    return urn.split("::", 3)[-1]


def violations(steps: Iterable[Step], allowed: Collection[str] = ()) -> tuple[Violation, ...]:
    """One violation for each resource that would be lost or keep less, in the steps' order.

    `allowed` names by URN or logical name, exactly, what may be deleted, replaced or shortened.
    """
    # A replacement is told in up to three steps, one of them a deletion, and not all of them give the reasons.
    lost: dict[str, list[Step]] = {}
    for step in steps:
        if (_loses(step) or _shortened(step)) and step.urn not in allowed and name_of(step.urn) not in allowed:
            lost.setdefault(step.urn, []).append(step)
    return tuple(_violation(of_one) for of_one in lost.values())


def _shortened(step: Step) -> tuple[Shortened, ...]:
    forgotten = step.operation in _DELETED and step.retained
    return () if forgotten else shortened(step.type, step.operation, step.old, step.new)


def _loses(step: Step) -> bool:
    gone = step.operation in _REPLACED or (step.operation in _DELETED and not step.retained)
    return gone and step.type in HOLDS_EVENTS


def _violation(steps: Sequence[Step]) -> Violation:
    first = steps[0]
    if not any(map(_loses, steps)):
        return Violation(first.urn, KEEPS[first.type].name, "shortened", shorter=_shortened(first))
    change = "replaced" if any(step.operation in _REPLACED for step in steps) else "deleted"
    reasons = next((step.reasons for step in steps if step.reasons), ())
    return Violation(first.urn, HOLDS_EVENTS[first.type], change, reasons)


def step_of(event: EngineEvent) -> Step | None:
    """The step that an engine event announces; None for every other event."""
    announced = event.resource_pre_event
    return _of_metadata(announced.metadata) if announced else None


def steps_of(events: Iterable[EngineEvent]) -> tuple[Step, ...]:
    """The steps of an operation's events."""
    return tuple(step for event in events if (step := step_of(event)))


def _of_metadata(metadata: StepEventMetadata) -> Step:
    old, new = metadata.old, metadata.new
    return Step(
        str(metadata.op.value),
        metadata.urn,
        metadata.type,
        tuple(metadata.keys or ()),
        bool(old and old.retain_on_delete),
        _inputs(metadata.type, old.inputs if old else None),
        _inputs(metadata.type, new.inputs if new else None),
    )


def _inputs(kind: str, inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """What has to be known of a resource: nothing of most, since a step of a large stack may hold much."""
    return inputs or {} if kind in KEEPS else {}


def steps_of_preview(preview: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps in what `pulumi preview --json` prints."""
    return tuple(_of_digest(step) for step in preview.get("steps", ()))


def _of_digest(step: Mapping[str, Any]) -> Step:
    old: Mapping[str, Any] = step.get("oldState") or {}
    new: Mapping[str, Any] = step.get("newState") or {}
    kind: str = (new or old).get("type", "")
    reasons = tuple(step.get("replaceReasons") or ())
    inputs = [_inputs(kind, state.get("inputs")) for state in (old, new)]
    return Step(step["op"], step["urn"], kind, reasons, bool(old.get("retainOnDelete")), *inputs)
