"""The response of the local stack at work: `make demo-response`.

In each Kubernetes cluster an event is answered by a dry run, and another one for real: the pod is cut off, the evidence
is kept, the notice names the command that undoes it, and that command is run. In an ECS cluster a task is stopped.
"""

import json
import secrets
import sys
import textwrap
import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from lightkube import ApiError

from falco_firelens.responder.marks import ISOLATED
from localcloud.cloud import LocalCloud
from localcloud.console import say
from localcloud.deployed import Deployed
from localcloud.engine import Engine
from localcloud.errors import LocalCloudError
from localcloud.layout import Layout
from tools.response_scene import NODE, Pods, Response, Task, in_task

REHEARSAL, REAL = "rehearsal", "storefront"
"""Namespaces that the playbooks of Pulumi.local.yaml are for: one only reports, one acts."""

UNDO = "uvx falco-firelens undo "


def main() -> int:
    """Run the whole demonstration on the cloud of `make up`; 1 when something is not as it should be."""
    layout = LocalCloud().layout
    try:
        deployed = Deployed(layout)
        demonstrate(layout, deployed, Engine(layout).outputs())
    except (LocalCloudError, ApiError, BotoCoreError, ClientError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def demonstrate(layout: Layout, deployed: Deployed, outputs: Mapping[str, Any]) -> None:
    """Show it in every cluster of a stack, whose outputs these are.

    Raises:
        LocalCloudError: something is not as it should be; says what.
    """
    response = Response(layout, deployed, outputs)
    try:
        say("The playbooks: " + "; ".join(f"{name}: {does}" for name, does in response.playbooks.items()))
        clusters: Mapping[str, Mapping[str, Any]] = outputs["clusters"]
        for cluster, output in sorted(clusters.items(), key=lambda one: one[1]["platform"] == "ecs"):
            if output["platform"] == "ecs":
                _in_ecs(cluster, Task(deployed, output["name"]), response)
            else:
                _in_kubernetes(Pods(layout, cluster), response)
        say("\nEverything was as it should be.")
    finally:
        response.close()


def _in_kubernetes(pods: Pods, response: Response) -> None:
    name = f"web-{secrets.token_hex(2)}"  # a name of its own, by which its evidence is found
    say(f"\n{pods.cluster}: pods {REHEARSAL}/{name} and {REAL}/{name} run on {NODE}")
    try:
        pods.run(name, REHEARSAL, REAL)
        _rehearsed(pods, response, name)
        notice = _isolated(pods, response, name)
        _undone(pods, response, name, notice)
    finally:
        pods.remove(REHEARSAL, REAL)


def _rehearsed(pods: Pods, response: Response, name: str) -> None:
    """Show that a dry run reports what it would do, and does nothing."""
    reference = f"{pods.cluster}/{REHEARSAL}/{name}"
    say(f"\n{pods.cluster}: Falco sees a shell in {REHEARSAL}/{name}, for which there is a dry run")
    began = response.write_event(pods.cluster, NODE, pods.in_pod(REHEARSAL, name))
    notice = response.notice(reference)
    _show(f"The notice, {time.time() - began:.1f} s after the event:", notice)
    _hold("[dry run]" in notice and "would do" in notice, "the notice says that this is a dry run")
    _hold(UNDO not in notice, "the notice of a dry run has nothing to undo")
    changed = [*pods.policies(REHEARSAL), *response.evidence(reference)]
    _hold(not changed and ISOLATED not in pods.labels(REHEARSAL, name), f"a dry run changes nothing, found {changed}")
    say("  Nothing has changed: no NetworkPolicy, no label, no evidence.")


def _isolated(pods: Pods, response: Response, name: str) -> str:
    """For real the pod is cut off, and there is evidence; returns the notice."""
    reference = f"{pods.cluster}/{REAL}/{name}"
    say(f"\n{pods.cluster}: Falco sees a shell in {REAL}/{name}, for which there is no dry run")
    began = response.write_event(pods.cluster, NODE, pods.in_pod(REAL, name))
    response.wait(f"a NetworkPolicy in {REAL}", lambda: pods.policies(REAL))
    seconds = time.time() - began
    notice = response.notice(reference)
    uid = pods.labels(REAL, name).get(ISOLATED)
    described = pods.kubectl("describe", "networkpolicy", f"--namespace={REAL}")
    _hold(uid is not None and f"{ISOLATED}={uid}" in described, f"the policy selects {name}, found:\n{described}")
    _show(f"Isolated {seconds:.1f} s after the event. kubectl describe networkpolicy -n {REAL}:", described)
    _kept(response, reference, "pod.json")
    _show("The notice:", notice)
    return notice


def _undone(pods: Pods, response: Response, name: str, notice: str) -> None:
    """Run the command in the notice, which gives the pod its network back."""
    command = next((line.strip() for line in notice.splitlines() if line.strip().startswith(UNDO)), "")
    _hold(command.endswith(f" {pods.cluster}/{REAL}/{name}"), "the notice names the command that undoes it")
    said = response.undo(command)
    _hold(not pods.policies(REAL) and ISOLATED not in pods.labels(REAL, name), "the policy and the label are gone")
    left = pods.kubectl("get", "networkpolicy", f"--namespace={REAL}")
    _show(command, f"{said}\n{left}")


def _in_ecs(cluster: str, task: Task, response: Response) -> None:
    """Show that the task of an event is stopped, and described in the evidence."""
    try:
        say(f"\n{cluster}: Falco sees a shell in task {task.identity}, for which there is no dry run")
        _hold(task.described()["lastStatus"] == "RUNNING", f"the task runs, found {task.described()}")
        began = response.write_event(cluster, task.node, in_task(task.arn))
        response.wait("the end of the task", lambda: task.described()["lastStatus"] == "STOPPED")
        seconds = time.time() - began
        notice = response.notice(f"{cluster}/{task.identity}")
        reason = task.described().get("stoppedReason", "none")
        _hold(reason.startswith("falco-firelens: "), f"the playbook is why the task was stopped, found {reason}")
        _hold("cannot be brought back" in notice and UNDO not in notice, "the notice says that this cannot be undone")
        _show(
            f"Stopped {seconds:.1f} s after the event. aws ecs describe-tasks:", json.dumps(task.described(), indent=1)
        )
        _kept(response, f"{cluster}/{task.identity}", "task.json")
        _show("The notice:", notice)
    finally:
        task.remove()


def _kept(response: Response, reference: str, file: str) -> None:
    """Show the evidence about CLUSTER/NAMESPACE/POD or CLUSTER/TASK, to which a file of this name belongs."""
    kept = response.evidence(reference)
    _hold(any(key.endswith(f"/{file}") for key in kept), f"{file} is kept about {reference}, found {list(kept)}")
    _show(f"Evidence in s3://{response.bucket}:", "\n".join(f"{size:6} bytes  {key}" for key, size in kept.items()))


def _show(title: str, text: str) -> None:
    say(f"  {title}\n{textwrap.indent(text, '    | ', lambda _: True)}")


def _hold(true: bool, what: str) -> None:
    if not true:
        raise LocalCloudError(f"it should be so that {what}")


if __name__ == "__main__":
    sys.exit(main())
