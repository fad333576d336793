"""From events to outcomes: each case is checked, counted against its rate limit, acted on once, and reported."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from falco_firelens.responder import guards
from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.clients import Clients
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import Event
from falco_firelens.responder.grouping import UNDECIDED, Case, group
from falco_firelens.responder.ledger import Ledger
from falco_firelens.responder.outcome import RUNNING, BusyError, FailedError, Outcome
from falco_firelens.responder.targets import ECS, Target

log = logging.getLogger("responder")

LATE = "no time was left in this invocation"

LOOKUP_SECONDS = 10
"""How long label lookups in one cluster may take in an invocation: no event is answered before all labels are known."""

MOST_TEXT = 500
"""Characters of an error that are kept."""


@dataclass(frozen=True)
class Answer:
    """A case and the outcome of each of its actions."""

    case: Case
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The actions to try again."""
        return tuple(outcome.action for outcome in self.outcomes if outcome.unfinished)


@dataclass
class Responder:
    """Answers events. `out_of_time` says that no other action may start in this invocation."""

    configuration: Configuration
    clients: Clients
    ledger: Ledger
    environment: Environment
    out_of_time: Callable[[], bool] = lambda: False
    actions: Mapping[str, Action] = field(default_factory=lambda: ACTIONS)
    unreachable: dict[str, str] = field(default_factory=dict[str, str])
    """Clusters whose API did not answer in this invocation, and the error: later calls to them are skipped."""

    def answer(self, events: Iterable[Event], *, any_age: bool = False) -> Iterator[Answer]:
        """Answer each case of some events; those that no time is left for fail, and are tried again later.

        `any_age` is for a person who wants old events answered too.
        """
        labels = _LabelLookup(self)
        found = group(events, self.configuration, labels, None if any_age else time.time())
        if found.stale:
            # `components/response/alarms.py` counts by this key.
            log.warning("events came too late to be answered without a person", extra={"too_late": len(found.stale)})
        for case, reason in found.undecided:
            yield Answer(case, tuple(self._outcomes(case, case.actions, "failed", reason)))
        for case in found.cases:
            yield self.answer_case(case)

    def retry_case(self, case: Case) -> Iterator[Answer]:
        """Try a case again; one whose playbook was unknown is looked up again."""
        if case.playbook == UNDECIDED:
            yield from self.answer([case.event], any_age=True)
        else:
            yield self.answer_case(case)

    def answer_case(self, case: Case) -> Answer:
        """Act on one case and report it. An action that raises does not stop the others."""
        if self.out_of_time():
            return Answer(case, tuple(self._outcomes(case, case.actions, "failed", LATE)))
        acting = [name for name in case.actions if not self._reports(name)]
        now = time.time()
        try:
            guards.check(case.event, self.configuration)
            admission = self.ledger.admit(case, now)
            if admission == "refused":
                done = list(self._outcomes(case, acting, "held back", "beyond the playbook's rate limit"))
                return self._report(case, done, limited=True)
        except guards.ProtectedError as error:
            return self._report(case, list(self._outcomes(case, acting, "protected", str(error))))
        except Exception as error:
            return Answer(case, tuple(self._outcomes(case, case.actions, "failed", _words(error))))
        done = self._act(case)
        if admission == "new" and not any(_counts(one) for one in done):
            self._release(case, now)
        return self._report(case, done)

    def _release(self, case: Case, now: float) -> None:
        """Count the target against the rate limit no longer. Where this fails it counts, and nothing else is lost."""
        try:
            self.ledger.release(case, now)
        except Exception as error:
            log.warning("%s still counts against the rate limit: %s", case.subject, _words(error))

    def _reports(self, name: str) -> bool:
        return self.actions[name].phase == "report"

    def _act(self, case: Case) -> list[Outcome]:
        """Run every action but the reporting ones, in order; of those that ran earlier, take the earlier outcome."""
        before = {one.action: one for one in case.before}
        done = list[Outcome]()
        for name in case.playbook.actions:
            if self._reports(name):
                continue
            if name not in case.actions:
                done += [before[name]] if name in before else []
            elif self.actions[name].phase == "destroy" and self._is_missing_evidence(done):
                done += self._outcomes(case, [name], "failed", "waits for the evidence")
            elif self.out_of_time():
                done += self._outcomes(case, [name], "failed", LATE)
            else:
                done.append(self._run_once(case, name, done))
        return done

    def _is_missing_evidence(self, done: Sequence[Outcome]) -> bool:
        return any(self.actions[one.action].phase == "preserve" and one.unfinished for one in done)

    def _report(self, case: Case, done: list[Outcome], *, limited: bool = False) -> Answer:
        """Report once per set of outcomes, including those of an invocation that died before it could report.

        What is protected or held back is reported once per quiet time, for each target or for the whole playbook.
        Another invocation that is running an action reports it; the report is tried again in case that one died.
        """
        reporting = [name for name in case.actions if self._reports(name)]
        if any(one.state == "in progress" for one in done):
            return Answer(case, (*done, *self._outcomes(case, reporting, "in progress", RUNNING)))
        if self.out_of_time():
            return Answer(case, (*done, *self._outcomes(case, reporting, "failed", LATE)))
        about = Target("node", case.subject.cluster, "rate-limit") if limited else case.subject
        key = "+".join(f"{one.action}={one.state}" for one in done if one.state != "unchanged")
        reports = [self._run_once(case, name, done, f"{about.identity}#{key}") for name in reporting]
        return Answer(case, (*done, *reports))

    def _run_once(self, case: Case, name: str, done: Sequence[Outcome], about: str | None = None) -> Outcome:
        """Run an action unless the ledger says that it ran for the same target, or for `about`."""
        target = self.actions[name].target(case.event)
        if target is None:
            return Outcome(name, str(case.subject), "nothing to do", "the event names nothing that this is done to")
        if target.cluster in self.unreachable and not self._reports(name):
            return Outcome(name, str(target), "failed", self.unreachable[target.cluster])
        dry = "dry" if case.playbook.dry_run else "real"
        key = f"{case.playbook.name}#{dry}#{name}#{about or target.identity}"
        try:
            document, now = self.ledger.once(
                key, case.playbook.quiet_minutes, lambda: self._run(case, name, target, done, key).document()
            )
        except guards.ProtectedError as error:
            return Outcome(name, str(target), "protected", str(error))
        except BusyError as error:
            return Outcome(name, str(target), "in progress", str(error))
        except Exception as error:
            self.note_unreachable(target, error)
            log.warning("%s of %s failed: %s", name, target, _words(error))
            return Outcome(name, str(target), "failed", _words(error))
        return Outcome.of(document, repeated=not now)

    def _run(self, case: Case, name: str, target: Target, done: Sequence[Outcome], key: str) -> Outcome:
        from falco_firelens.responder.actions.context import Context

        action = self.actions[name]
        if case.playbook.dry_run and not action.in_dry_run:
            return Outcome(name, str(target), "would do", "nothing was done: the playbook is a dry run")

        def run_part(part: str, act: Callable[[], None]) -> None:
            self.ledger.once(f"{key}#{part}", case.playbook.quiet_minutes, lambda: {"done": act() is None})

        settings = case.playbook.actions[name]
        context = Context(
            case, target, settings, self.configuration, self.clients, self.environment, tuple(done), run_part
        )
        return Outcome.from_done(name, target, action.run(context))

    def _outcomes(self, case: Case, names: Iterable[str], state: Any, detail: str) -> Iterator[Outcome]:
        """Return the same outcome for several actions; an undecided case has one that is no action."""
        for name in names:
            target = self.actions[name].target(case.event) if name in self.actions else None
            yield Outcome(name, str(target or case.subject), state, detail)

    def note_unreachable(self, target: Target, error: Exception) -> None:
        """Remember a cluster that does not answer: each further call would cost seconds of this invocation."""
        module = type(error).__module__.partition(".")[0]
        if module in ("httpx2", "httpcore2") and not hasattr(error, "response"):
            self.unreachable[target.cluster] = f"cluster {target.cluster} does not answer: {_words(error)}"


class _LabelLookup:
    """Looks up the labels of pods, each pod once, even after a failure, and each cluster for `LOOKUP_SECONDS`."""

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
            return FailedError(f"cluster {cluster} is slow to return the labels of pods")
        try:
            client = responder.clients.kubernetes(responder.configuration.clusters[cluster])
            pod = client.get(Pod, target.name, namespace=target.namespace)
        except Exception as error:
            if isinstance(error, ApiError) and error.status.code == 404:
                return None
            responder.note_unreachable(target, error)
            return FailedError(f"the labels of {target} could not be looked up: {_words(error)}")
        return (pod.metadata and pod.metadata.labels) or {}


def _counts(outcome: Outcome) -> bool:
    """Return whether something was done now, or may have been."""
    return not outcome.repeated and outcome.state in ("done", "would do", "failed", "in progress")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_TEXT]
