"""What is done about events without a person: playbooks, and what they never touch."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails

from falco_firelens.contract import LEAST_CONCURRENCY, Priority
from falco_firelens.settings.types import ClusterName, RetentionDays
from falco_firelens.settings.validation.errors import at, mistake
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import Encrypted, items_of, keys_of
from falco_firelens.settings.validation.unique import unique

Pattern = Annotated[str, Field(min_length=1, max_length=256)]

PlaybookName = Annotated[
    str, Matching(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", "2 to 40 lower-case letters, digits and hyphens")
]

WorkloadPattern = Annotated[
    str, Matching(r"[^/\s]+/[^/\s]+", "NAMESPACE/WORKLOAD, on ECS CLUSTER/SERVICE; either may have * and ?")
]

SecurityGroupId = Annotated[
    str, Matching(r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "a security group's id, such as sg-0123456789abcdef0")
]


class PlaybookMatch(Model):
    """Which events a playbook answers: those that meet every key given here. Patterns may have `*` and `?`."""

    rules: tuple[Pattern, ...] = ()
    """Patterns of rules' names. Default: any."""

    tags: tuple[Pattern, ...] = ()
    """Patterns of tags, of which the rule has at least one. Default: any."""

    minimum_priority: Priority = "Debug"
    """Events of this priority or higher."""

    clusters: tuple[Pattern, ...] = ()
    """Patterns of clusters' names. Default: any of the stack."""

    namespaces: tuple[Pattern, ...] = ()
    """Patterns of namespaces; then only events of pods are answered. Default: any."""

    images: tuple[Pattern, ...] = ()
    """Patterns of images, with or without their tag. Default: any."""

    labels: dict[str, str] = Field(default_factory=dict[str, str], max_length=20)
    """Labels of the pod, all of which it has; their values are patterns. The function asks the cluster where the event
    has none."""


class SimpleAction(Model):
    """An action without settings."""


class Delete(Model):
    """Delete the pod."""

    grace_period_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    """The most seconds that the pod has to end by itself; 0 kills it. A pod that asks for less gets less, and one that
    asks for more gets no more: its author may be the attacker."""


class Taint(Model):
    """Taint the pod's node with `falco-firelens/contained`."""

    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """`NoExecute` makes the node's pods leave, those that tolerate every taint apart."""


class Quarantine(Model):
    """Move the network interfaces of the node's EC2 instance to a security group."""

    security_group_id: SecurityGroupId
    """The group, of the instance's VPC: one that has no rules lets nothing through."""


class Actions(Model):
    """What a playbook does, always in the order of this list. Each key has a mapping, which may be empty."""

    isolate: SimpleAction | None = None
    """Cut the pod off with a NetworkPolicy of its own."""

    cordon: SimpleAction | None = None
    """Keep new pods off the node."""

    evidence: SimpleAction | None = None
    """Keep the event, and the pod's manifest, events and logs, or the task's description, in S3."""

    taint: Taint | None = None
    """Taint the node."""

    quarantine: Quarantine | None = None
    """Move the network interfaces of the node's EC2 instance to a security group."""

    delete: Delete | None = None
    """Delete the pod."""

    stop_task: SimpleAction | None = None
    """Stop the ECS task that the event is about."""

    drain_instance: SimpleAction | None = None
    """Drain the container instance that the task runs on."""

    finding: SimpleAction | None = None
    """Open a Security Hub finding; Security Hub has to be enabled."""

    notify: SimpleAction | None = None
    """Notify the recipients in `notifications`, and the webhooks."""

    @property
    def names(self) -> tuple[str, ...]:
        """The actions that are given."""
        return tuple(self.model_dump(by_alias=True, exclude_none=True))


class Playbook(Model):
    """One answer to some events."""

    name: PlaybookName
    """What notices and logs call it; unique."""

    match: PlaybookMatch = PlaybookMatch()
    """Which events it answers. Default: all."""

    actions: Actions
    """What it does; at least one action."""

    dry_run: bool = True
    """Only report what the playbook would do."""

    most_targets: Annotated[int, Field(ge=1, le=1000)] = 10
    """Pods and tasks of a cluster that it acts on within `mostTargetsMinutes`, and as many nodes; the others are
    reported and left alone. What was only looked at does not count."""

    most_targets_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    """The period of `mostTargets`."""

    quiet_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """Minutes after an action in which it is not repeated for the same target. Events older than this are not answered
    by themselves."""

    @field_validator("actions")
    @classmethod
    def _any(cls, actions: Actions) -> Actions:
        if not actions.names:
            raise mistake("at least one action", found="none")
        return actions


class Protect(Model):
    """What no playbook touches, nor the nodes that it runs on. The sensors, `kube-system` and control planes are
    protected always."""

    namespaces: tuple[Pattern, ...] = ()
    """Patterns of namespaces."""

    workloads: tuple[WorkloadPattern, ...] = ()
    """Patterns of NAMESPACE/WORKLOAD, by the pod's name, its controller's or its Deployment's; on ECS CLUSTER/SERVICE
    or CLUSTER/FAMILY, the cluster by its name in the stack."""


class Webhook(Model):
    """A place on the web that notices are sent to."""

    url: SecretStr
    """The address, a secret, beginning with https://:
    `pulumi config set --secret --path 'falco-firelens:response.webhooks[0].url' https://…`."""

    format: Literal["slack", "json"] = "json"
    """A text as Slack takes it, or the notice with the whole event as JSON."""

    @field_validator("url")
    @classmethod
    def _https(cls, url: SecretStr) -> SecretStr:
        value = url.get_secret_value()
        good = value.startswith("https://") and value.isprintable() and " " not in value
        if not (good or isinstance(url, Encrypted)):
            raise mistake("a URL that begins with https://", found="a secret that is none")
        return url


class Response(Model):
    """What is done about events without a person."""

    playbooks: Annotated[tuple[Playbook, ...], Field(min_length=1, max_length=50), unique("name")]
    """The playbooks, at least one. The first that matches an event answers it."""

    protect: Protect = Protect()
    """What no playbook touches."""

    webhooks: Annotated[tuple[Webhook, ...], Field(max_length=10)] = ()
    """Where notices go beside those in `notifications`."""

    without_admission_policy: tuple[ClusterName, ...] = ()
    """Clusters older than Kubernetes 1.30, by name, in which no ValidatingAdmissionPolicy bounds what the function may
    write. In all others one does: of pods and nodes only what its playbooks change, and nothing in `kube-system`,
    `kube-public`, `kube-node-lease` and `falco`."""

    reserved_concurrency: Annotated[int, Field(ge=LEAST_CONCURRENCY, le=100)] = 5
    """Invocations of the function at the same time, kept for it and never exceeded: at least 2, which is the least that
    a queue can be read with. An account has to keep 100 for all its other functions: where its limit is lower, as a new
    account's can be, have it raised first."""

    evidence_lock_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Days in which nobody can delete evidence, not even the account's root. Only a new bucket can be given this, and
    it cannot be taken back."""

    evidence_days: Annotated[int, Field(ge=0, le=36500)] = 365
    """Days after which evidence and records set aside are deleted; 0 for never."""

    retention_days: RetentionDays = 90
    """Days that the function's own log is kept."""

    @field_validator("evidence_days")
    @classmethod
    def _after_the_lock(cls, days: int, info: ValidationInfo) -> int:
        lock = info.data.get("evidence_lock_days") or 0
        if 0 < days <= lock:
            raise mistake(f"more than evidenceLockDays ({lock}), or 0 for never")
        return days


def response_mistakes(tree: object) -> Iterator[InitErrorDetails]:
    """Mistakes of a response that lie in the rest of the stack file."""
    keys = keys_of(tree)
    if keys_of(keys.get("response")) and keys_of(keys.get("events")).get("cloudwatch") is False:
        error = mistake("this key only with events.cloudwatch true: the function reads the log group")
        yield at(("response",), keys["response"], error)
    known = [keys_of(one) for one in items_of(keys.get("clusters"))]
    bounded = [one.get("name") for one in known if one.get("platform") in ("eks", "kubernetes")]
    for index, name in enumerate(items_of(keys_of(keys.get("response")).get("withoutAdmissionPolicy"))):
        if isinstance(name, str) and name not in bounded:
            error = mistake("the name of a cluster of this stack with platform eks or kubernetes")
            yield at(("response", "withoutAdmissionPolicy", index), name, error)
