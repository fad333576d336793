"""From events to outcomes: each case is guarded, counted against its rate limit, acted on once, and told."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from responder import guards
from responder.cases import Case, sort
from responder.clients import Clients
from responder.configuration import Configuration
from responder.event import Event
from responder.once import Ledger
from responder.outcome import Done, Outcome
from responder.targets import ECS, Target, target_of

log = logging.getLogger("responder")

TELLING = ("finding", "notify")
"""Actions that tell what the others did, and so come after them, and anew when that has changed."""

DESTROYING = ("delete", "stopTask")
"""Actions that wait for the evidence, where the playbook keeps any."""

MOST_TEXT = 500
"""Characters of an error that are kept."""


@dataclass(frozen=True)
class Answer:
    """A case and what became of each of its actions."""

    case: Case
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The actions that have to be tried again."""
        return tuple(outcome.action for outcome in self.outcomes if outcome.state == "failed")


@dataclass
class Responder:
    """Answers events. `act` does an action, given its name, target, case and the outcomes so far."""

    configuration: Configuration
    clients: Clients
    ledger: Ledger
    places: Any
    unreachable: dict[str, str] = field(default_factory=dict[str, str])
    """Clusters whose API did not answer in this invocation, and what was wrong: they are not asked again and again."""

    def answer(
        self, events: Iterable[Event], out_of_time: Callable[[], bool] = lambda: False, *, old_too: bool = False
    ) -> Iterator[Answer]:
        """Answer each case of some events; those that no time is left for fail, to be tried again.

        `old_too` is for a person who wants events answered whatever their age.
        """
        self.unreachable.clear()
        labels = _LabelLookup(self)
        found = sort(events, self.configuration, labels, None if old_too else time.time())
        if found.stale:
            log.warning("%d events are too old to be answered without a person", len(found.stale))
        for case in found.cases:
            yield self.late(case) if out_of_time() else self.handle(case)

    def late(self, case: Case) -> Answer:
        """A case that no time is left for."""
        return Answer(case, tuple(_outcomes(case, case.actions, "failed", "no time was left in this invocation")))

    def handle(self, case: Case) -> Answer:
        """Do what is to be done about one case. Nothing that an action raises ends the others."""
        acting = [action for action in case.actions if action not in TELLING]
        try:
            guards.check(case.subject, self.configuration)
            if not self.ledger.admit(case, time.time()):
                done = list(_outcomes(case, acting, "held back", "beyond the playbook's rate limit"))
                return self._told(case, done, limited=True)
        except guards.ProtectedError as error:
            return self._told(case, list(_outcomes(case, acting, "protected", str(error))))
        except Exception as error:
            return Answer(case, tuple(_outcomes(case, case.actions, "failed", _words(error))))
        done = list[Outcome]()
        for action in acting:
            if action in DESTROYING and any(one.action == "evidence" and one.state == "failed" for one in done):
                done += _outcomes(case, [action], "failed", "waits for the evidence")
            else:
                done.append(self._once(case, action, done))
        return self._told(case, done)

    def _told(self, case: Case, done: list[Outcome], *, limited: bool = False) -> Answer:
        """Tell, unless nothing has happened now that was not told before.

        What is protected or held back is told once a quiet time for each target, or for the whole playbook.
        """
        telling = [action for action in case.actions if action in TELLING]
        if done and all(one.repeated for one in done):
            return Answer(case, tuple(done))
        about = Target("node", case.subject.cluster, "rate-limit") if limited else case.subject
        key = "+".join(f"{one.action}={one.state}" for one in done if one.state != "unchanged")
        told = [self._once(case, action, done, f"{about}#{key}") for action in telling]
        return Answer(case, (*done, *told))

    def _once(self, case: Case, action: str, done: Sequence[Outcome], about: str | None = None) -> Outcome:
        target = target_of(case.event, action)
        if target is None:
            return Outcome(action, str(case.subject), "nothing to do", "the event names nothing that this is done to")
        if target.cluster in self.unreachable and target.kind != "task" and action not in TELLING:
            return Outcome(action, str(target), "failed", self.unreachable[target.cluster])
        dry = "dry" if case.playbook.dry_run else "real"
        key = f"{case.playbook.name}#{dry}#{action}#{about or target}"
        try:
            document, now = self.ledger.once(
                key, case.playbook.quiet_minutes, lambda: self._do(case, action, target, done).document()
            )
        except guards.ProtectedError as error:
            return Outcome(action, str(target), "protected", str(error))
        except Exception as error:
            self._note(target, error)
            log.warning("%s of %s failed: %s", action, target, _words(error))
            return Outcome(action, str(target), "failed", _words(error))
        return Outcome.of(document, repeated=not now)

    def _do(self, case: Case, action: str, target: Target, done: Sequence[Outcome]) -> Outcome:
        from responder.actions import ACTIONS, Context

        if case.playbook.dry_run and action != "notify":
            return Outcome(action, str(target), "would do", "nothing was done: the playbook is a dry run")
        context = Context(
            case, target, case.playbook.actions[action], self.configuration, self.clients, self.places, tuple(done)
        )
        outcome: Done = ACTIONS[action](context)
        return Outcome.from_done(action, target, outcome)

    def _note(self, target: Target, error: Exception) -> None:
        """A cluster that does not answer would cost ten seconds an action: it is asked again in the next invocation."""
        module = type(error).__module__.partition(".")[0]
        if module in ("httpx2", "httpcore2") and not hasattr(error, "response"):
            self.unreachable[target.cluster] = f"cluster {target.cluster} does not answer: {_words(error)}"


class _LabelLookup:
    """The labels of events' pods, each pod asked for once."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._known: dict[Target, Mapping[str, str] | None] = {}

    def __call__(self, event: Event) -> Mapping[str, str] | None:
        target = Target.pod(event)
        if target is None or event.platform == ECS or target.cluster not in self._responder.configuration.clusters:
            return None
        if target not in self._known:
            self._known[target] = self._ask(target)
        return self._known[target]

    def _ask(self, target: Target) -> Mapping[str, str] | None:
        from lightkube import ApiError
        from lightkube.resources.core_v1 import Pod

        cluster = self._responder.configuration.clusters[target.cluster]
        try:
            pod = self._responder.clients.kubernetes(cluster).get(Pod, target.name, namespace=target.namespace)
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise
        return (pod.metadata and pod.metadata.labels) or {}


def _outcomes(case: Case, actions: Iterable[str], state: Any, detail: str) -> Iterator[Outcome]:
    for action in actions:
        yield Outcome(action, str(target_of(case.event, action) or case.subject), state, detail)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_TEXT]


def only(case: Case, actions: Sequence[str]) -> Case:
    """A case with these actions alone, in its playbook's order."""
    return replace(case, actions=tuple(action for action in case.playbook.actions if action in actions))
