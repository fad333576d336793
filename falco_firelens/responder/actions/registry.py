"""Every action of the response as one record, in the order in which a playbook's actions run.

Whatever names actions is derived from `ACTIONS`: order, targets, permissions in Kubernetes and AWS, `explain`, `undo`
and the table of docs/response.md. The program reads the records too, so loading them loads neither boto3 nor lightkube.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from falco_firelens.responder.event import Event
from falco_firelens.responder.marks import TAGS
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.targets import Target, kubernetes_node_of, subject_of

if TYPE_CHECKING:
    from falco_firelens.responder.actions.context import Context

Phase = Literal["contain", "preserve", "restrict", "destroy", "report"]
"""When an action runs, in this order. What contains is quick and spoils no evidence, so it comes first, for all cases
of a delivery. What destroys waits for what preserves. What reports comes after all cases of a delivery, and again
whenever the outcomes change."""

Reach = Literal["nothing", "workload", "node"]
"""What an action may disturb: the event's pod or task, everything on its node, or nothing, as a report does."""

Need = tuple[str, str, str]
"""A permission in Kubernetes: API group, resource, verb."""


@dataclass(frozen=True)
class Lazy:
    """A function of this room, `module:name`, whose module is loaded when it is first called."""

    reference: str

    def load(self) -> Callable[..., Any]:
        """Load the module and return the function."""
        module, _, name = self.reference.partition(":")
        return getattr(importlib.import_module(f"falco_firelens.responder.{module}"), name)

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        return self.load()(*arguments)


@dataclass(frozen=True)
class Resources:
    """What one statement of the function's IAM policy is about. `ends` are the ends of ARNs of a service, or `*`.

    `{cluster}` stands for each cluster whose platform is the service, by its name in AWS; `{group}` for each security
    group of a quarantine; `{account}` for the account; `{topic}` for the name of the response's topic. `conditions` are
    operator, key and value; in a value `{vpc}` stands for the ARN of each VPC of those security groups.
    """

    sid: str
    service: str
    ends: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Undo:
    """How a person undoes an action: `run` takes the cluster's client, or a function that makes AWS clients.

    Its other argument is the target as the notice names it.
    """

    where: Literal["kubernetes", "aws"]
    run: Callable[[Any, str], str]


@dataclass(frozen=True)
class Action:
    """One action. `target` finds what it is done to, None where the event names nothing of the kind.

    `acts_on` is how far it reaches, by which `protection.py` guards it: an action cannot be made without it.
    """

    name: str
    phase: Phase
    acts_on: Reach
    target: Callable[[Event], Target | None]
    run: Callable[["Context"], Done]
    words: str
    """What it does to its target, in the words of `explain`."""
    about: str
    """The same for docs/response.md, with what it is done to."""
    undo: Undo | None = None
    final: str = "cannot be"
    """What docs/response.md says of undoing an action that has no `undo`."""
    kubernetes: tuple[Need, ...] = ()
    iam: Mapping[Resources, tuple[str, ...]] = field(default_factory=dict[Resources, tuple[str, ...]])
    in_dry_run: bool = False
    """Whether it runs in a dry run too."""
    restore: Callable[["Context"], Done | None] | None = None
    """Does it again for a later event where somebody has undone it, and returns None where nobody has."""

    def __post_init__(self) -> None:
        """Refuse a record by which an action would escape the guard. Raises ValueError."""
        if (self.acts_on == "nothing") != (self.phase == "report"):
            raise ValueError(
                f"action {self.name} of phase {self.phase} acts on {self.acts_on}: only reports on nothing"
            )


TASKS = Resources("Tasks", "ecs", ("task/{cluster}/*",))
CONTAINER_INSTANCES = Resources("Instances", "ecs", ("container-instance/{cluster}/*",))
ECS_CLUSTERS = Resources("EcsClusters", "ecs", ("cluster/{cluster}",))
"""Listing is allowed on a cluster, describing and draining on its container instances:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html"""

ALL_INTERFACES = Resources("FindInterfaces", "ec2", ("*",))
_IN_THE_VPC = ("ArnLike", "ec2:Vpc", "{vpc}")
MOVED_INTERFACES = Resources(
    "Move", "ec2", ("network-interface/*", "security-group/{group}"), conditions=(_IN_THE_VPC,)
)
TAGGED_INTERFACES = Resources(
    "WriteDown",
    "ec2",
    ("network-interface/*",),
    # Of no tags at all ForAllValues is true.
    conditions=(
        _IN_THE_VPC,
        ("ForAllValues:StringLike", "aws:TagKeys", f"{TAGS}*"),
        ("Null", "aws:TagKeys", "false"),
    ),
)
"""EC2 knows no resource for looking up, and both the interface and the group for moving. Both have the condition key
`ec2:Vpc`, as has an interface that is tagged:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""

FINDINGS = Resources("Findings", "securityhub", ("product/{account}/default",))
TOPIC = Resources("Notify", "sns", ("{topic}",))

GET_POD: Need = ("", "pods", "get")
LIST_PODS: Need = ("", "pods", "list")
GET_NODE: Need = ("", "nodes", "get")
_PATCH_NODE: Need = ("", "nodes", "patch")
_NETWORKING = "networking.k8s.io"


def by_name(actions: Iterable[Action]) -> dict[str, Action]:
    """Return actions by their names, in their order."""
    return {action.name: action for action in actions}


ACTIONS: Mapping[str, Action] = by_name(
    (
        Action(
            "isolate",
            phase="contain",
            acts_on="workload",
            target=Target.pod,
            run=Lazy("actions.kubernetes:isolate"),
            restore=Lazy("actions.kubernetes:isolate_again"),
            words="isolate",
            about="pod: a label with its uid, and a NetworkPolicy for that label that allows nothing and goes with "
            "the pod",
            undo=Undo("kubernetes", Lazy("commands.undo:isolate")),
            kubernetes=(
                GET_POD,
                ("", "pods", "patch"),
                (_NETWORKING, "networkpolicies", "create"),
                (_NETWORKING, "networkpolicies", "list"),
            ),
        ),
        Action(
            "cordon",
            phase="contain",
            acts_on="node",
            target=kubernetes_node_of,
            run=Lazy("actions.kubernetes:cordon"),
            words="cordon",
            about="the pod's node",
            undo=Undo("kubernetes", Lazy("commands.undo:cordon")),
            kubernetes=(GET_NODE, _PATCH_NODE),
        ),
        Action(
            "evidence",
            phase="preserve",
            acts_on="workload",
            target=subject_of,
            run=Lazy("actions.evidence:evidence"),
            words="keep evidence of",
            about="pod: manifest, events, logs; task: description; in S3",
            final="stays",
            kubernetes=(GET_POD, ("", "pods/log", "get"), ("", "events", "list")),
            iam={TASKS: ("ecs:DescribeTasks",)},
        ),
        Action(
            "taint",
            phase="restrict",
            acts_on="node",
            target=kubernetes_node_of,
            run=Lazy("actions.kubernetes:taint"),
            words="taint",
            about="the pod's node",
            undo=Undo("kubernetes", Lazy("commands.undo:taint")),
            kubernetes=(GET_NODE, _PATCH_NODE),
        ),
        Action(
            "quarantine",
            phase="restrict",
            acts_on="node",
            target=Target.node,
            run=Lazy("actions.ec2:quarantine"),
            words="move to the quarantine security group",
            about="all network interfaces of the node's EC2 instance: moved to a security group that you name",
            undo=Undo("aws", Lazy("commands.undo:quarantine")),
            kubernetes=(GET_NODE,),
            iam={
                TASKS: ("ecs:DescribeTasks",),
                CONTAINER_INSTANCES: ("ecs:DescribeContainerInstances", "ecs:ListTasks"),
                ECS_CLUSTERS: ("ecs:ListContainerInstances",),
                ALL_INTERFACES: ("ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"),
                MOVED_INTERFACES: ("ec2:ModifyNetworkInterfaceAttribute",),
                TAGGED_INTERFACES: ("ec2:CreateTags",),
            },
        ),
        Action(
            "delete",
            phase="destroy",
            acts_on="workload",
            target=Target.pod,
            run=Lazy("actions.kubernetes:delete"),
            words="delete",
            about="pod",
            final="cannot be; its controller makes another",
            kubernetes=(GET_POD, ("", "pods", "delete")),
        ),
        Action(
            "stopTask",
            phase="destroy",
            acts_on="workload",
            target=Target.task,
            run=Lazy("actions.ecs:stop_task"),
            words="stop",
            about="the ECS task of the event's container (`ecs.task.arn`), never Falco's own",
            final="cannot be; its service starts another",
            iam={TASKS: ("ecs:DescribeTasks", "ecs:StopTask")},
        ),
        Action(
            "drainInstance",
            phase="destroy",
            acts_on="node",
            target=Target.task,
            run=Lazy("actions.ecs:drain_instance"),
            words="drain the container instance of",
            about="the container instance of that task",
            undo=Undo("aws", Lazy("commands.undo:drain_instance")),
            iam={
                TASKS: ("ecs:DescribeTasks",),
                CONTAINER_INSTANCES: (
                    "ecs:DescribeContainerInstances",
                    "ecs:ListTasks",
                    "ecs:PutAttributes",
                    "ecs:UpdateContainerInstancesState",
                ),
            },
        ),
        Action(
            "finding",
            phase="report",
            acts_on="nothing",
            target=subject_of,
            run=Lazy("actions.notifications:finding"),
            words="open a Security Hub finding about",
            about="a Security Hub finding about the container, task or instance, and its cluster",
            final="in Security Hub",
            iam={FINDINGS: ("securityhub:BatchImportFindings",)},
        ),
        Action(
            "notify",
            phase="report",
            acts_on="nothing",
            target=subject_of,
            run=Lazy("actions.notifications:notify"),
            words="notify about",
            about="the stack's `notifications`, and `webhooks`",
            iam={TOPIC: ("sns:Publish",)},
            in_dry_run=True,
        ),
    )
)
"""Every action, in the order in which they run. Tests pass others to what takes `actions`."""
