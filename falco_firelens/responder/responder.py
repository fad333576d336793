"""From events to outcomes: each case is guarded, counted against its rate limit, acted on once, and told."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from falco_firelens.responder import guards
from falco_firelens.responder.clients import Clients
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.environment import Places
from falco_firelens.responder.event import Event
from falco_firelens.responder.grouping import UNDECIDED, Case, sort
from falco_firelens.responder.ledger import Ledger
from falco_firelens.responder.outcome import BusyError, Done, FailedError, Outcome
from falco_firelens.responder.targets import ECS, Target, target_of

log = logging.getLogger("responder")

TELLING = ("finding", "notify")
"""Actions that tell what the others did, and so come after them, and anew when that has changed."""

DESTROYING = ("delete", "stopTask")
"""Actions that wait for the evidence, where the playbook keeps any."""

LATE = "no time was left in this invocation"

LOOKUP_SECONDS = 10
"""How long a cluster may be asked for labels in an invocation: until all are known, no event is answered."""

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
        return tuple(outcome.action for outcome in self.outcomes if outcome.again)


@dataclass
class Responder:
    """Answers events. `out_of_time` says that no other action can be begun in this invocation."""

    configuration: Configuration
    clients: Clients
    ledger: Ledger
    places: Places
    out_of_time: Callable[[], bool] = lambda: False
    unreachable: dict[str, str] = field(default_factory=dict[str, str])
    """Clusters whose API did not answer in this invocation, and what was wrong: they are not asked again and again."""

    def answer(self, events: Iterable[Event], *, old_too: bool = False) -> Iterator[Answer]:
        """Answer each case of some events; those that no time is left for fail, to be tried again.

        `old_too` is for a person who wants events answered whatever their age.
        """
        labels = _LabelLookup(self)
        found = sort(events, self.configuration, labels, None if old_too else time.time())
        if found.stale:
            # `components/response/alarms.py` counts by this key.
            log.warning("events came too late to be answered without a person", extra={"too_late": len(found.stale)})
        for case, reason in found.undecided:
            yield Answer(case, tuple(_outcomes(case, case.actions, "failed", reason)))
        for case in found.cases:
            yield self.handle(case)

    def again(self, case: Case) -> Iterator[Answer]:
        """Try a case again; where its playbook was not known, what the event leads to now."""
        if case.playbook == UNDECIDED:
            yield from self.answer([case.event], old_too=True)
        else:
            yield self.handle(case)

    def handle(self, case: Case) -> Answer:
        """Do what is to be done about one case. Nothing that an action raises ends the others."""
        if self.out_of_time():
            return Answer(case, tuple(_outcomes(case, case.actions, "failed", LATE)))
        acting = [action for action in case.actions if action not in TELLING]
        try:
            guards.check(case.event, self.configuration)
            if not self.ledger.admit(case, time.time()):
                done = list(_outcomes(case, acting, "held back", "beyond the playbook's rate limit"))
                return self._told(case, done, limited=True)
        except guards.ProtectedError as error:
            return self._told(case, list(_outcomes(case, acting, "protected", str(error))))
        except Exception as error:
            return Answer(case, tuple(_outcomes(case, case.actions, "failed", _words(error))))
        return self._told(case, self._act(case))

    def _act(self, case: Case) -> list[Outcome]:
        """Every action but the telling ones, in order, with what became earlier of those that are not to be done."""
        before = {one.action: one for one in case.before}
        done = list[Outcome]()
        for action in case.playbook.actions:
            if action in TELLING:
                continue
            if action not in case.actions:
                done += [before[action]] if action in before else []
            elif action in DESTROYING and any(one.action == "evidence" and one.again for one in done):
                done += _outcomes(case, [action], "failed", "waits for the evidence")
            elif self.out_of_time():
                done += _outcomes(case, [action], "failed", LATE)
            else:
                done.append(self._once(case, action, done))
        return done

    def _told(self, case: Case, done: list[Outcome], *, limited: bool = False) -> Answer:
        """Tell, once for the same outcomes: also what was done by an invocation that died before it could tell.

        What is protected or held back is told once a quiet time for each target, or for the whole playbook. What
        another invocation is at is for that one to tell; it is tried again in case that one died.
        """
        telling = [action for action in case.actions if action in TELLING]
        if any(one.state == "in progress" for one in done):
            return Answer(case, (*done, *_outcomes(case, telling, "in progress", "another invocation is at it")))
        if self.out_of_time():
            return Answer(case, (*done, *_outcomes(case, telling, "failed", LATE)))
        about = Target("node", case.subject.cluster, "rate-limit") if limited else case.subject
        key = "+".join(f"{one.action}={one.state}" for one in done if one.state != "unchanged")
        told = [self._once(case, action, done, f"{about.identity}#{key}") for action in telling]
        return Answer(case, (*done, *told))

    def _once(self, case: Case, action: str, done: Sequence[Outcome], about: str | None = None) -> Outcome:
        target = target_of(case.event, action)
        if target is None:
            return Outcome(action, str(case.subject), "nothing to do", "the event names nothing that this is done to")
        if target.cluster in self.unreachable and action not in TELLING:
            return Outcome(action, str(target), "failed", self.unreachable[target.cluster])
        dry = "dry" if case.playbook.dry_run else "real"
        key = f"{case.playbook.name}#{dry}#{action}#{about or target.identity}"
        try:
            document, now = self.ledger.once(
                key, case.playbook.quiet_minutes, lambda: self._do(case, action, target, done, key).document()
            )
        except guards.ProtectedError as error:
            return Outcome(action, str(target), "protected", str(error))
        except BusyError as error:
            return Outcome(action, str(target), "in progress", str(error))
        except Exception as error:
            self.note(target, error)
            log.warning("%s of %s failed: %s", action, target, _words(error))
            return Outcome(action, str(target), "failed", _words(error))
        return Outcome.of(document, repeated=not now)

    def _do(self, case: Case, action: str, target: Target, done: Sequence[Outcome], key: str) -> Outcome:
        from falco_firelens.responder.actions import ACTIONS, Context

        if case.playbook.dry_run and action != "notify":
            return Outcome(action, str(target), "would do", "nothing was done: the playbook is a dry run")

        def once(part: str, act: Callable[[], None]) -> None:
            self.ledger.once(f"{key}#{part}", case.playbook.quiet_minutes, lambda: {"done": act() is None})

        settings = case.playbook.actions[action]
        context = Context(case, target, settings, self.configuration, self.clients, self.places, tuple(done), once)
        outcome: Done = ACTIONS[action](context)
        return Outcome.from_done(action, target, outcome)

    def note(self, target: Target, error: Exception) -> None:
        """A cluster that does not answer would cost seconds an action: it is asked again in the next invocation."""
        module = type(error).__module__.partition(".")[0]
        if module in ("httpx2", "httpcore2") and not hasattr(error, "response"):
            self.unreachable[target.cluster] = f"cluster {target.cluster} does not answer: {_words(error)}"


class _LabelLookup:
    """The labels of events' pods, each pod asked for once, also where that failed, and each cluster for so long."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._known: dict[Target, Mapping[str, str] | FailedError | None] = {}
        self._spent: dict[str, float] = {}

    def __call__(self, event: Event) -> Mapping[str, str] | None:
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
            return FailedError(f"cluster {cluster} is slow in saying the labels of pods")
        try:
            client = responder.clients.kubernetes(responder.configuration.clusters[cluster])
            pod = client.get(Pod, target.name, namespace=target.namespace)
        except Exception as error:
            if isinstance(error, ApiError) and error.status.code == 404:
                return None
            responder.note(target, error)
            return FailedError(f"the labels of {target} could not be looked up: {_words(error)}")
        return (pod.metadata and pod.metadata.labels) or {}


def _outcomes(case: Case, actions: Iterable[str], state: Any, detail: str) -> Iterator[Outcome]:
    for action in actions:
        yield Outcome(action, str(target_of(case.event, action) or case.subject), state, detail)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_TEXT]
