"""ECS: stop the task that an event is about, or drain its container instance."""

from typing import Any

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.outcome import Done, FailedError

DRAINED = {"name": "falco-firelens/drained", "value": "true"}
"""Attribute of a container instance that a playbook drained, so that undoing never undoes what a person did."""

GONE = ("STOPPED", "DEPROVISIONING", "STOPPING", "DEACTIVATING")


def stop_task(context: Context) -> Done:
    """Stop the task; a service starts another in its place."""
    task = find_task(context)
    if task is None or task["lastStatus"] in GONE or task.get("desiredStatus") == "STOPPED":
        return Done("the task has stopped", changed=False)
    event = context.case.event
    reason = f"falco-firelens: {event.rule} ({context.case.playbook.name})"[:255]
    context.aws("ecs").stop_task(cluster=context.cluster.name, task=context.target.name, reason=reason)
    return Done(f"stopped, of {task.get('group', 'no service')}. A stopped task cannot be brought back")


def drain_instance(context: Context) -> Done:
    """Let the container instance take no new tasks; a service's tasks move away."""
    task = find_task(context)
    instance = (task or {}).get("containerInstanceArn")
    if not instance:
        return Done("the task is gone, and its container instance is not known", changed=False)
    ecs, cluster = context.aws("ecs"), context.cluster.name
    found = ecs.describe_container_instances(cluster=cluster, containerInstances=[instance])["containerInstances"]
    reference = f"{cluster}/{instance.rpartition('/')[2]}"
    if found and found[0]["status"] == "DRAINING":
        return Done("already draining", reference if was_drained_here(found[0]) else "", changed=False)
    ecs.put_attributes(cluster=cluster, attributes=[{**DRAINED, "targetId": instance}])
    done = ecs.update_container_instances_state(cluster=cluster, containerInstances=[instance], status="DRAINING")
    if done.get("failures"):
        raise FailedError(f"ECS refused to drain {instance}: {done['failures'][0].get('reason')}")
    return Done(f"container instance {instance.rpartition('/')[2]} is draining", reference)


def was_drained_here(instance: dict[str, Any]) -> bool:
    """Return whether a playbook drained a container instance, given as ECS describes it."""
    return any(one["name"] == DRAINED["name"] for one in instance.get("attributes", ()))


def find_task(context: Context, arn: str = "") -> dict[str, Any] | None:
    """Return a task, that of the action unless another is named; None when ECS has forgotten it."""
    tasks = [arn or context.target.name]
    found = context.aws("ecs").describe_tasks(cluster=context.cluster.name, tasks=tasks)["tasks"]
    return found[0] if found else None


def container_instances(context: Context, instance: str) -> list[str]:
    """Return the ARNs of the cluster's container instances that are this EC2 instance: one, or none."""
    pages = context.aws("ecs").get_paginator("list_container_instances")
    found = pages.paginate(cluster=context.cluster.name, filter=f"ec2InstanceId == {instance}")
    return [arn for page in found for arn in page["containerInstanceArns"]]
