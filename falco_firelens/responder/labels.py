"""Looks up the labels of pods, where a playbook asks for them and the event does not have them."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from falco_firelens.responder.event import Event
from falco_firelens.responder.outcome import FailedError, words
from falco_firelens.responder.targets import ECS, Target

if TYPE_CHECKING:
    from falco_firelens.responder.responder import Responder

LOOKUP_SECONDS = 10
"""How long label lookups in one cluster may take in an invocation: no event is answered before all labels are known."""


class LabelLookup:
    """Looks up the labels of pods, each pod once, even after a failure, and each cluster for `LOOKUP_SECONDS`."""

    def __init__(self, responder: "Responder") -> None:
        self._responder = responder
        self._known: dict[Target, Mapping[str, str] | FailedError | None] = {}
        self._spent: dict[str, float] = {}

    def __call__(self, event: Event) -> Mapping[str, str] | None:
        """Return the labels of an event's pod; None where there is no such pod. Raises FailedError."""
        target = Target.pod(event)
        if target is None or event.platform == ECS or target.cluster not in self._responder.configuration.clusters:
            return None
        if target not in self._known:
            began = time.monotonic()
            self._known[target] = self._ask(target)
            self._spent[target.cluster] = self._spent.get(target.cluster, 0.0) + time.monotonic() - began
        found = self._known[target]
        if isinstance(found, FailedError):
            raise found
        return found

    def _ask(self, target: Target) -> Mapping[str, str] | FailedError | None:
        from lightkube import ApiError
        from lightkube.resources.core_v1 import Pod

        responder, cluster = self._responder, target.cluster
        if cluster in responder.unreachable:
            return FailedError(responder.unreachable[cluster])
        if self._spent.get(cluster, 0.0) > LOOKUP_SECONDS:
            return FailedError(f"cluster {cluster} is slow to return the labels of pods")
        try:
            client = responder.clients.kubernetes(responder.configuration.clusters[cluster])
            pod = client.get(Pod, target.name, namespace=target.namespace)
        except Exception as error:
            if isinstance(error, ApiError) and error.status.code == 404:
                return None
            responder.note_unreachable(target, error)
            return FailedError(f"the labels of {target} could not be looked up: {words(error)}")
        return (pod.metadata and pod.metadata.labels) or {}
