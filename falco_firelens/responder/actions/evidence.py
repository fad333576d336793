"""Keeps what will be gone later: the pod's manifest, events and logs, or the task's description, in S3."""

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
"""Of each container's log, the latest."""

TAILS = (100_000, 1_000)
"""Lines of a log that are asked for; the fewer ones where the others are more than the function has memory for."""

FORBIDDEN = 403


def evidence(context: Context) -> Done:
    """Put everything that can be had below one prefix; what cannot be had is said in its place."""
    event = context.case.event
    prefix = f"evidence/{context.target.reference}/{event.iso_time}-{event.identity[:12]}"
    parts = {"event.json": json.dumps(event.raw, indent=2).encode(), **dict(_parts(context))}
    for name, body in parts.items():
        context.aws("s3").put_object(Bucket=context.places.bucket, Key=f"{prefix}/{name}", Body=body)
    return Done(f"{len(parts)} files in s3://{context.places.bucket}/{prefix}/")


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
        yield "pod.txt", b"The pod was gone already.\n"
        return
    yield "pod.json", json.dumps(pod.to_dict(), indent=2, default=str).encode()
    about = {"involvedObject.name": target.name, "involvedObject.kind": "Pod"}
    events = [one.to_dict() for one in client.list(KubernetesEvent, namespace=target.namespace, fields=about)]
    yield "events.json", json.dumps(events, indent=2, default=str).encode()
    silent = ""
    # The ephemeral ones are those of `kubectl debug`, which an attacker may have come in by.
    spec = pod.spec
    for container in [*(spec.initContainers or ()), *spec.containers, *(spec.ephemeralContainers or ())]:
        try:
            log = silent.encode() or _log(client, target, container.name)
        except httpx2.TransportError as error:  # the node's next container would be waited for as long
            silent = f"The log could not be had: {type(error).__name__}: {error}\n"
            log = silent.encode()
        yield f"{container.name}.log", log


def _log(client: Any, target: Target, container: str) -> bytes:
    """A container's log. One that has none yet, or whose node does not answer, is no reason to keep nothing."""
    for lines in TAILS:
        try:
            return _tail(client, target, container, lines)[-MOST_LOG_BYTES:]
        except TooLargeError:
            continue
        except httpx2.HTTPStatusError as error:
            if error.response.status_code == FORBIDDEN:
                raise
            return f"The log could not be had: {error}\n".encode()
    return b"The log could not be had: its lines are too long\n"


def _tail(client: Any, target: Target, container: str, lines: int) -> bytes:
    found = client.log(target.name, namespace=target.namespace, container=container, timestamps=True, tail_lines=lines)
    return "".join(found).encode()
