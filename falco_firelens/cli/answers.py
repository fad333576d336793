"""What `--json` prints, command by command; docs/commands.md is made from it."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

StackFileDocument = dict[str, Any]
"""A stack file's document, as docs/configuration.md describes it."""


class FoundCluster(TypedDict):
    """A cluster of a stack file."""

    name: Annotated[str, "its name in the stack"]
    platform: Annotated[str, "`eks`, `ecs` or `kubernetes`"]
    created: Annotated[bool, "false if it exists already and is adopted"]


class FoundMistake(TypedDict):
    """A mistake in a stack file."""

    path: Annotated[str, "where it is, empty for the file as a whole"]
    found: Annotated[str, "what is there"]
    expected: Annotated[str, "what to write instead"]


class DocumentSize(TypedDict):
    """The size of a document of the sensor."""

    cluster: Annotated[str, "whose sensor"]
    document: Annotated[str, "a ConfigMap or the task definition"]
    bytes: Annotated[int, "its size"]
    most: Annotated[int, "the most that Kubernetes or ECS takes"]


class CheckedFile(TypedDict):
    """What `check` says about a stack file."""

    file: Annotated[str, "the stack file"]
    good: Annotated[bool, "whether it can be used"]
    clusters: Annotated[list[FoundCluster], "its clusters; none if it cannot be used"]
    sizes: Annotated[list[DocumentSize], "what the sensors' documents take"]
    mistakes: Annotated[list[FoundMistake], "everything that is wrong with it"]
    warnings: Annotated[list[str], "what should be changed, though the file can be used"]


class BillLine(TypedDict):
    """A line of a bill."""

    destination: Annotated[str, "where events go, or what is done about them"]
    item: Annotated[str, "what is paid for"]
    dollars: Annotated[float, "US dollars a month"]


class Bill(TypedDict):
    """What the events of a stack cost."""

    nodes: Annotated[int, "of all clusters together"]
    eventsPerNodeDay: Annotated[float, "as given"]
    lines: Annotated[list[BillLine], "each charge"]
    dollars: Annotated[float, "the sum, US dollars a month"]


class Explanation(TypedDict):
    """Which playbook answers an event."""

    event: Annotated[str, "priority, rule, subject, node and time"]
    playbook: Annotated[str | None, "the one that answers; null if none does, or if it is not known"]
    lines: Annotated[list[str], "the explanation, as it is printed without `--json`"]


class Undone(TypedDict):
    """What was undone."""

    done: Annotated[str, "what is as it was before"]


class Letter(TypedDict):
    """A dead letter, or the events of one cluster."""

    what: Annotated[str, "the playbook, cluster, rule and reason, or whose events"]
    state: Annotated[Literal["waiting", "done", "failed"], "`waiting` if it was only shown"]
    detail: Annotated[str, "the function's answer, or why it failed"]


class Finding(TypedDict):
    """A policy that a resource or the stack breaks."""

    policy: Annotated[str, "the policy's name"]
    mandatory: Annotated[bool, "whether it fails the preview"]
    message: Annotated[str, "what was found and what to write instead"]
    resource: Annotated[str, "the logical name, empty for the stack as a whole"]


class ListedStack(TypedDict):
    """A stack."""

    stack: Annotated[str, "its name"]
    account: Annotated[str, "twelve digits, or `any`"]
    region: Annotated[str, "empty if the environment says it"]
    isHub: Annotated[bool, "whether it collects the events of others"]
    hub: Annotated[str | None, "the stack that its events go to"]
    labels: Annotated[dict[str, str], "its tags"]


class Difference(TypedDict):
    """A value that has drifted."""

    path: Annotated[str, "the property"]
    state: Annotated[Any, "its value in the state"]
    cloud: Annotated[Any, "its value in the cloud"]


class ChangedResource(TypedDict):
    """A resource that changes, has changed or has drifted."""

    op: Annotated[str, "`create`, `update`, `replace`, `delete` and the engine's rarer words"]
    type: Annotated[str, "the type of the resource"]
    name: Annotated[str, "the logical name"]
    properties: Annotated[dict[str, str], "paths of what changes, and how"]
    id: NotRequired[Annotated[str, "of drift: the provider's id"]]
    differences: NotRequired[Annotated[list[Difference], "of drift: both values"]]


class Failure(TypedDict):
    """Why an operation failed."""

    kind: Annotated[str, "a word for programs, such as `StackLocked`"]
    message: Annotated[str, "what happened"]
    advice: Annotated[str, "what to do about it"]


class StackResult(TypedDict):
    """One operation on one stack."""

    stack: Annotated[str, "its name"]
    operation: Annotated[str, "`preview`, `up`, `drift`, `verify` or `destroy`"]
    status: Annotated[Literal["succeeded", "failed", "cancelled", "skipped"], "how it ended"]
    seconds: Annotated[float, "how long it took"]
    new: Annotated[bool, "whether the state backend does not have it yet"]
    counts: Annotated[dict[str, int], "resources, by what happens to them"]
    changes: Annotated[list[ChangedResource], "what a preview would do, an update did, or what drifted"]
    findings: Annotated[list[Finding], "what policies found"]
    notes: Annotated[list[str], "what a person should know"]
    error: Annotated[Failure | None, "why it did not succeed"]


class Comment(TypedDict):
    """A pull request's comment, and what it is made from."""

    comment: Annotated[str, "the Markdown"]
    results: Annotated[list[StackResult], "each stack's preview"]


class ProposedStacks(TypedDict):
    """What a commit proposes."""

    program: Annotated[list[str], "changed files that are more than data; nothing is taken over then"]
    stacks: Annotated[list[str], "stacks whose data was taken over"]
    waiting: Annotated[dict[str, str], "stacks that somebody has to approve first, and why"]
    removed: Annotated[list[str], "stacks whose file is gone"]


class MatrixEntry(TypedDict):
    """A job of a matrix."""

    stack: Annotated[str, "the stack"]
    account: Annotated[str, "its account"]
    region: Annotated[str, "its region"]


class Matrix(TypedDict):
    """The waves of an update, each for a matrix of its own."""

    hubs: Annotated[list[MatrixEntry], "the hubs"]
    canary: Annotated[list[MatrixEntry], "the first wave"]
    few: Annotated[list[MatrixEntry], "the second wave"]
    rest: Annotated[list[MatrixEntry], "all others"]


class LeftOut(TypedDict):
    """A cluster that cannot be adopted."""

    name: Annotated[str, "its name in AWS"]
    platform: Annotated[str, "`eks` or `ecs`"]
    reason: Annotated[str, "why, and what to do about it"]


class Initialized(TypedDict):
    """What `init` wrote."""

    file: Annotated[str, "the stack file"]
    account: Annotated[str, "the account of the credentials"]
    region: Annotated[str, "the region"]
    adopted: Annotated[list[FoundCluster], "the clusters in the file"]
    leftOut: Annotated[list[LeftOut], "clusters that are not in it"]
    notes: Annotated[list[str], "what a person should know about the adopted ones"]
    written: Annotated[list[str], "every file that was written"]
