"""Keeps evidence in S3 before it is gone: the pod's manifest, events and logs, or the task's description."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
from lightkube.resources.core_v1 import Event as KubernetesEvent

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.kubernetes import look_up_pod
from falco_firelens.responder.bounded_transport import TooLargeError
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.targets import Target

MOST_LOG_BYTES = 10 * 2**20
"""How much of each container's log is kept: its end."""

TAILS = (100_000, 1_000)
"""Lines of a log to ask for; the smaller number where the larger one needs more memory than the function has."""

FORBIDDEN = 403


def evidence(context: Context) -> Done:
    """Put all that can be read below one prefix; a file says what could not be read."""
    event = context.case.event
    prefix = f"evidence/{context.target.reference}/{event.iso_time}-{event.identity[:12]}"
    parts = {"event.json": json.dumps(event.raw, indent=2).encode(), **dict(_parts(context))}
    for name, body in parts.items():
        context.aws("s3").put_object(Bucket=context.environment.bucket, Key=f"{prefix}/{name}", Body=body)
    return Done(f"{len(parts)} files in s3://{context.environment.bucket}/{prefix}/")


def _parts(context: Context) -> Iterator[tuple[str, bytes]]:
    if context.target.kind == "pod":
        yield from _pod(context)
    elif context.target.kind == "task":
        found = context.aws("ecs").describe_tasks(cluster=context.cluster.name, tasks=[context.target.name])
        yield "task.json", json.dumps(found["tasks"], indent=2, default=str).encode()


def _pod(context: Context) -> Iterator[tuple[str, bytes]]:
    client, target = context.kubernetes, context.target
    pod = look_up_pod(context)
    if pod is None:
        yield "pod.txt", b"The pod was already gone.\n"
        return
    yield "pod.json", json.dumps(pod.to_dict(), indent=2, default=str).encode()
    about = {"involvedObject.name": target.name, "involvedObject.kind": "Pod"}
    events = [one.to_dict() for one in client.list(KubernetesEvent, namespace=target.namespace, fields=about)]
    yield "events.json", json.dumps(events, indent=2, default=str).encode()
    silent = ""
    # `kubectl debug` makes the ephemeral ones, and an attacker may have used it.
    spec = pod.spec
    for container in [*(spec.initContainers or ()), *spec.containers, *(spec.ephemeralContainers or ())]:
        try:
            log = silent.encode() or _log(client, target, container.name)
        except httpx2.TransportError as error:  # the next container of the node would take as long
            silent = f"The log could not be read: {type(error).__name__}: {error}\n"
            log = silent.encode()
        yield f"{container.name}.log", log


def _log(client: Any, target: Target, container: str) -> bytes:
    """Return a container's log, or why there is none: the rest of the evidence is kept either way."""
    for lines in TAILS:
        try:
            return _tail(client, target, container, lines)[-MOST_LOG_BYTES:]
        except TooLargeError:
            continue
        except httpx2.HTTPStatusError as error:
            if error.response.status_code == FORBIDDEN:
                raise
            return f"The log could not be read: {error}\n".encode()
    return b"The log could not be read: its lines are too long\n"


def _tail(client: Any, target: Target, container: str, lines: int) -> bytes:
    found = client.log(target.name, namespace=target.namespace, container=container, timestamps=True, tail_lines=lines)
    return "".join(found).encode()
