"""Whether what the engine is about to do deletes or replaces something that holds events, without the word for it.

CrossGuard cannot see it: a resource policy is handed what is to be, a stack policy what is left at the end. The engine
tells its steps as events (Automation API, `--event-log`) and in `pulumi preview --json`; both are read here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import EngineEvent, StepEventMetadata

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


@dataclass(frozen=True)
class Violation:
    """Something that holds events and would be lost."""

    urn: str
    kind: str
    """What people call it, such as `log group`."""
    change: str
    """`deleted` or `replaced`."""
    reasons: tuple[str, ...] = ()
    policy: str = POLICY

    @property
    def name(self) -> str:
        """The logical name."""
        return name_of(self.urn)

    @property
    def message(self) -> str:
        """What was found, and what to write instead; one line."""
        because = f", because of {', '.join(self.reasons)}" if self.reasons else ""
        return (
            f"{self.kind} {self.name} would be {self.change}{because}, and what it holds be lost. Take the change back"
            f" or, if it may go, name it in the stack file: `falco-firelens:policy: {{mayLose: [{self.name}]}}`"
        )


def name_of(urn: str) -> str:
    """A resource's logical name: what is after the fourth `::` of `urn:pulumi:stack::project::types::name`."""
    return urn.split("::", 3)[-1]


def violations(steps: Iterable[Step], allowed: Collection[str] = ()) -> tuple[Violation, ...]:
    """One violation for each resource that would be lost, in the steps' order.

    `allowed` names by URN or logical name, exactly, what may be deleted or replaced.
    """
    # A replacement is told in up to three steps, one of them a deletion, and not all of them give the reasons.
    lost: dict[str, list[Step]] = {}
    for step in steps:
        if _loses(step) and step.urn not in allowed and name_of(step.urn) not in allowed:
            lost.setdefault(step.urn, []).append(step)
    return tuple(_violation(of_one) for of_one in lost.values())


def _loses(step: Step) -> bool:
    gone = step.operation in _REPLACED or (step.operation in _DELETED and not step.retained)
    return gone and step.type in HOLDS_EVENTS


def _violation(steps: Sequence[Step]) -> Violation:
    change = "replaced" if any(step.operation in _REPLACED for step in steps) else "deleted"
    reasons = next((step.reasons for step in steps if step.reasons), ())
    return Violation(steps[0].urn, HOLDS_EVENTS[steps[0].type], change, reasons)


def step_of(event: EngineEvent) -> Step | None:
    """The step that an engine event announces; None for every other event."""
    announced = event.resource_pre_event
    return _of_metadata(announced.metadata) if announced else None


def steps_of(events: Iterable[EngineEvent]) -> tuple[Step, ...]:
    """The steps of an operation's events."""
    return tuple(step for event in events if (step := step_of(event)))


def _of_metadata(metadata: StepEventMetadata) -> Step:
    retained = bool(metadata.old and metadata.old.retain_on_delete)
    return Step(str(metadata.op.value), metadata.urn, metadata.type, tuple(metadata.keys or ()), retained)


def steps_of_preview(preview: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps in what `pulumi preview --json` prints."""
    return tuple(_of_digest(step) for step in preview.get("steps", ()))


def _of_digest(step: Mapping[str, Any]) -> Step:
    old: Mapping[str, Any] = step.get("oldState") or {}
    state: Mapping[str, Any] = step.get("newState") or old
    reasons = tuple(step.get("replaceReasons") or ())
    return Step(step["op"], step["urn"], state.get("type", ""), reasons, bool(old.get("retainOnDelete")))
