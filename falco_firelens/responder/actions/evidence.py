"""Keeps evidence in S3 before it is gone: the pod's manifest, events and logs, or the task's description.

Each file is uploaded as soon as it is there, so that neither memory nor an invocation that dies loses the others. How
much there is of it is the pod's author's choice, so that its bytes and seconds are bounded.
"""

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
from lightkube.resources.core_v1 import Event as KubernetesEvent

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.kubernetes import ISOLATED, find_pod
from falco_firelens.responder.bounded_transport import TooLargeError
from falco_firelens.responder.outcome import Done
from falco_firelens.responder.targets import Target

MOST_LOG_BYTES = 10 * 2**20
"""How much of each container's log is kept: its end. A kubelet has no more of it by default:
https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-rotation"""

MOST_BYTES = 100 * 2**20
"""How much of all logs of a pod is kept."""

MOST_SECONDS = 40.0
"""How long the logs of a pod may take."""

SHARE = 0.5
"""How much of the invocation's time they may take at most: what follows must begin in this invocation, too."""

TAILS = (100_000, 1_000)
"""Lines of a log to ask for; the smaller number where the larger one needs more memory than the function has."""

FORBIDDEN = 403

NOT_KEPT = "(not kept)"
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation with the whole manifest as somebody applied it."""


def evidence(context: Context) -> Done:
    """Put all that can be read below one prefix; a file says what could not be read."""
    event, target = context.case.event, context.target
    files = _Files(context, f"evidence/{target.reference}/{event.iso_time}-{event.identity[:12]}")
    files.put("event.json", _json(event.raw))
    notes = list[str]()
    if target.kind == "pod":
        notes += _pod(context, files)
    elif target.kind == "task":
        found = context.aws("ecs").describe_tasks(cluster=context.cluster.name, tasks=[target.name])
        files.put("task.json", _json([without_values(task) for task in found["tasks"]]))
    return Done(", but ".join([f"{files.number} files in s3://{context.environment.bucket}/{files.prefix}/", *notes]))


class _Files:
    """Files below a prefix of the bucket."""

    def __init__(self, context: Context, prefix: str) -> None:
        self._context, self.prefix, self.number = context, prefix, 0

    def put(self, name: str, body: bytes) -> None:
        """Upload one."""
        bucket = self._context.environment.bucket
        self._context.aws("s3").put_object(Bucket=bucket, Key=f"{self.prefix}/{name}", Body=body)
        self.number += 1


class _Budget:
    """What the logs of a pod may still take."""

    def __init__(self, context: Context) -> None:
        self.left = MOST_BYTES
        self._seconds = min(MOST_SECONDS, context.seconds_left() * SHARE)
        self._until = time.monotonic() + self._seconds

    @property
    def spent(self) -> str:
        """What is spent, or nothing."""
        if self.left <= 0:
            return f"{MOST_BYTES // 2**20} MiB"
        return f"{self._seconds:.0f} seconds" if time.monotonic() > self._until else ""


def _pod(context: Context, files: _Files) -> Iterator[str]:
    """Keep the pod as it was before anything was done to it, its events and its logs; yield what is not kept."""
    client, target = context.kubernetes, context.target
    pod = context.seen.pod or find_pod(context)
    if pod is None:
        files.put("pod.txt", b"The pod was already gone.\n")
        return
    files.put("pod.json", _json(without_values(pod.to_dict())))
    if ISOLATED in (pod.metadata.labels or {}):
        yield "pod.json is of after the isolation"
    about = {"involvedObject.name": target.name, "involvedObject.kind": "Pod"}
    found = client.list(KubernetesEvent, namespace=target.namespace, fields=about)
    files.put("events.json", _json([one.to_dict() for one in found]))
    yield from _logs(context, files, pod)


def _logs(context: Context, files: _Files, pod: Any) -> Iterator[str]:
    """Keep the containers' logs, that of the event's own container first, until the budget is spent."""
    budget, silent, names = _Budget(context), "", _containers(pod, context.case.event.text("container.id"))
    for number, name in enumerate(names):
        if budget.spent:
            missing = names[number:]
            files.put("missing.txt", "".join(f"{one}.log: the budget was spent\n" for one in missing).encode())
            yield f"the logs of {len(missing)} of {len(names)} containers are missing: {budget.spent} were spent"
            return
        try:
            log = silent.encode() or _log(context.kubernetes, context.target, name, min(MOST_LOG_BYTES, budget.left))
        except httpx2.TransportError as error:  # the next container of the node would take as long
            silent = f"The log could not be read: {type(error).__name__}: {error}\n"
            log = silent.encode()
        files.put(f"{name}.log", log)
        budget.left -= len(log)


def _containers(pod: Any, event_container: str) -> list[str]:
    """Return the names of the pod's containers. `kubectl debug` makes ephemeral ones, as an attacker may have."""
    spec, status = pod.spec, pod.status
    names = [one.name for one in [*(spec.initContainers or ()), *spec.containers, *(spec.ephemeralContainers or ())]]
    statuses: list[Any] = []
    if status:
        for some in (status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses):
            statuses += some or ()
    own = {
        one.name for one in statuses if event_container and f"//{event_container}" in (one.containerID or "")
    }  # such as containerd://3ad7b26ded6d…, of which the event has the beginning
    return sorted(names, key=lambda name: name not in own)


def _log(client: Any, target: Target, container: str, most: int) -> bytes:
    """Return the end of a container's log, or why there is none: the rest of the evidence is kept either way."""
    for lines in TAILS:
        try:
            found = client.log(
                target.name, namespace=target.namespace, container=container, timestamps=True, tail_lines=lines
            )
            return _end(found, most)
        except TooLargeError:
            continue
        except httpx2.HTTPStatusError as error:
            if error.response.status_code == FORBIDDEN:
                raise
            return f"The log could not be read: {error}\n".encode()
    return b"The log could not be read: its lines are too long\n"


def _end(lines: Iterable[str], most: int) -> bytes:
    """Return the last bytes of some lines, and hold few more."""
    kept, size = deque[bytes](), 0
    for line in lines:
        kept.append(line.encode())
        size += len(kept[-1])
        while size - len(kept[0]) >= most:
            size -= len(kept.popleft())
    return b"".join(kept)[-most:]


def without_values(described: dict[str, Any]) -> dict[str, Any]:
    """Return a pod or a task without the values of environment variables, which may be secrets; their names stay."""
    return {key: _without_values(key, value) for key, value in described.items()}


def _without_values(key: str, value: Any) -> Any:
    if key in ("env", "environment") and isinstance(value, list):
        return [
            {**one, "value": NOT_KEPT} if isinstance(one, dict) and one.get("value") is not None else one
            for one in value  # pyright: ignore[reportUnknownVariableType]
        ]
    if key == APPLIED:
        return NOT_KEPT
    if isinstance(value, dict):
        return without_values(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list):
        return [_without_values("", one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, default=str).encode()
