"""What can be done about an event. Each action takes a `Context`, is safe to repeat, and says how it is undone."""

from collections.abc import Callable, Mapping

from falco_firelens.responder.actions import ec2, ecs, kubernetes, notifications
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.evidence import evidence
from falco_firelens.responder.outcome import Done

ACTIONS: Mapping[str, Callable[[Context], Done]] = {
    "evidence": evidence,
    "isolate": kubernetes.isolate,
    "delete": kubernetes.delete,
    "cordon": kubernetes.cordon,
    "taint": kubernetes.taint,
    "stopTask": ecs.stop_task,
    "drainInstance": ecs.drain_instance,
    "quarantine": ec2.quarantine,
    "finding": notifications.finding,
    "notify": notifications.notify,
}

__all__ = ["ACTIONS", "Context"]
