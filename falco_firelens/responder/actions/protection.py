"""Asks the cluster what an action would touch, and refuses it where the settings protect any of that.

This is the one guard of all actions. `Responder` calls it before it runs one, and the action's record says how far the
action reaches: no action has to remember it.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from falco_firelens.contract import SENSOR_SERVICE
from falco_firelens.responder import guards
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.targets import ECS, Target

if TYPE_CHECKING:
    from falco_firelens.responder.actions.context import Context
    from falco_firelens.responder.actions.registry import Action

PAGE = 15
"""Pods of a node that one request asks for. A pod's author can make it 1.5 MiB large, which is etcd's limit, and an
answer may have `clients.MOST_BYTES`: https://etcd.io/docs/v3.6/dev-guide/limit/"""

TASKS = 100
"""Tasks of an instance that one request asks for: ECS describes no more at once."""

FINISHED = ("Succeeded", "Failed")
"""Phases of pods whose containers have ended: nothing on the node disturbs them."""


def asks(action: "Action", configuration: Configuration, platform: str) -> bool:
    """Return whether the cluster has to be asked before an action."""
    if action.acts_on == "nothing":
        return False
    return platform == ECS or action.acts_on == "node" or bool(configuration.protect.workloads)


def check(context: "Context", action: "Action") -> None:
    """Refuse an action on a protected workload, or on a node that carries one. A case asks each question once.

    Raises:
        ProtectedError: the settings protect something that the action would touch.
    """
    event, configuration = context.case.event, context.configuration
    if not asks(action, configuration, event.platform):
        return
    on_ecs = event.platform == ECS
    if context.case.subject.kind != "node":
        _once(context, "workload", _task if on_ecs else _pod)
    if action.acts_on == "node":
        _once(context, f"{context.target.kind}'s node", _instance if on_ecs else _node)


def _once(context: "Context", question: str, ask: Callable[["Context"], None]) -> None:
    """Raise the same answer again where the case has asked already; what failed is asked again."""
    answers = context.seen.answers
    if question not in answers:
        try:
            ask(context)
            answers[question] = ""
        except guards.ProtectedError as error:
            answers[question] = str(error)
    if answers[question]:
        raise guards.ProtectedError(answers[question])


def _pod(context: "Context") -> None:
    """Check the event's pod by its controllers; its own name and namespace are in the event."""
    from falco_firelens.responder.actions.kubernetes import find_pod, owners

    if context.configuration.protect.workloads and (pod := find_pod(context)) is not None:
        guards.check_workload(context.configuration, context.case.subject.namespace, owners(pod))


def _node(context: "Context") -> None:
    """Check the node's own role, and every pod on it that has not ended."""
    from lightkube.resources.core_v1 import Pod

    from falco_firelens.responder.actions.kubernetes import find_node, owners

    configuration, name = context.configuration, Target.node(context.case.event).name
    node = find_node(context, name)
    if node is None:
        return
    if any(label in (node.metadata.labels or {}) for label in guards.CONTROL_PLANE):
        raise guards.ProtectedError(f"node {name} runs the control plane")
    if not configuration.protects:
        return
    fields = {"spec.nodeName": name}
    for pod in context.kubernetes.list(Pod, namespace="*", fields=fields, chunk_size=PAGE):
        if context.seconds_left() <= 0:
            raise FailedError("no time was left to look at all pods of the node")
        if pod.status and pod.status.phase in FINISHED:
            continue
        namespace = pod.metadata.namespace
        try:
            guards.check_namespace(configuration, namespace)
            guards.check_workload(configuration, namespace, [pod.metadata.name, *owners(pod)])
        except guards.ProtectedError as error:
            raise guards.ProtectedError(f"pod {namespace}/{pod.metadata.name} runs on the node, and {error}") from None


def _task(context: "Context") -> None:
    """Check the event's task, which must not be the sensor's own."""
    from falco_firelens.responder.actions.ecs import find_task

    task = find_task(context, context.case.subject.name)
    if task is not None:
        if _service(task) == SENSOR_SERVICE:
            raise guards.ProtectedError("the task is the sensor's own")
        guards.check_workload(context.configuration, context.target.cluster, _names(task))


def _instance(context: "Context") -> None:
    """Check every task on the container instance but the sensor's, which every instance has."""
    if not context.configuration.protects:
        return
    for task in _tasks_beside(context):
        if _service(task) != SENSOR_SERVICE:
            try:
                guards.check_workload(context.configuration, context.target.cluster, _names(task))
            except guards.ProtectedError as error:
                identity = str(task["taskArn"]).rpartition("/")[2]
                raise guards.ProtectedError(f"task {identity} runs on the instance, and {error}") from None


def _tasks_beside(context: "Context") -> Iterator[dict[str, Any]]:
    """Yield the tasks that ECS wants to run on the container instance that the action acts on."""
    ecs, cluster = context.aws("ecs"), context.cluster.name
    pages = ecs.get_paginator("list_tasks")
    for instance in _instances(context):
        for page in pages.paginate(
            cluster=cluster, containerInstance=instance, desiredStatus="RUNNING", maxResults=TASKS
        ):
            if page["taskArns"]:
                described = ecs.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]
                if len(described) < len(page["taskArns"]):
                    raise FailedError("ECS did not say what all tasks of the instance are")
                yield from described


def _instances(context: "Context") -> list[str]:
    """Return the container instance of the action's task, or that of its EC2 instance."""
    from falco_firelens.responder.actions.ecs import container_instances, find_task

    if context.target.kind != "task":
        return container_instances(context, context.target.name)
    task = find_task(context, context.target.name) or {}
    return [str(task["containerInstanceArn"])] if task.get("containerInstanceArn") else []


def _service(task: dict[str, Any]) -> str:
    kind, _, name = str(task.get("group", "")).partition(":")
    return name if kind == "service" else ""


def _names(task: dict[str, Any]) -> tuple[str, str]:
    """Return the names by which the settings may protect a task: its service or group, and its family."""
    family = str(task.get("taskDefinitionArn", "")).rpartition("/")[2].partition(":")[0]
    return str(task.get("group", "")).partition(":")[2], family
