"""From events to outcomes: each case is checked, counted against its rate limit, acted on once, and reported."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from falco_firelens.responder import guards
from falco_firelens.responder.actions.registry import ACTIONS, Action, Phase
from falco_firelens.responder.clients import Clients
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import Event
from falco_firelens.responder.grouping import Case, fairly, group
from falco_firelens.responder.labels import LabelLookup
from falco_firelens.responder.ledger import Ledger
from falco_firelens.responder.outcome import RUNNING, BusyError, Outcome, State, words
from falco_firelens.responder.targets import Target
from falco_firelens.responder.work import Answer, Unit, Work

log = logging.getLogger("responder")

LATE = "no time was left in this invocation"
HELD_BACK = "beyond the playbook's rate limit"

STAGES: Sequence[frozenset[Phase]] = (frozenset({"contain"}), frozenset({"preserve", "restrict", "destroy"}))
"""What is done for all cases before anything of the next stage. What reports comes after both."""


@dataclass
class Responder:
    """Answers events. `seconds_left` returns how long actions may still start; none starts after that."""

    configuration: Configuration
    clients: Clients
    ledger: Ledger
    environment: Environment
    seconds_left: Callable[[], float] = lambda: math.inf
    actions: Mapping[str, Action] = field(default_factory=lambda: ACTIONS)
    unreachable: dict[str, str] = field(default_factory=dict[str, str])
    """Clusters whose API did not answer in this invocation, and the error: later calls to them are skipped."""

    def answer(self, events: Iterable[Event], *, any_age: bool = False) -> Sequence[Answer]:
        """Answer each case of some events; those that no time is left for fail, and are tried again later.

        `any_age` is for a person who wants old events answered too.
        """
        works = self._works(events, None if any_age else time.time())
        self._finish(works)
        return [work.answer for work in works]

    def retry(self, cases: Mapping[str, Case]) -> Mapping[str, Sequence[Answer]]:
        """Try cases again; those whose playbook was unknown are looked up again."""
        works = {
            name: [Work(case)] if case.decided else self._works([case.event], None) for name, case in cases.items()
        }
        self._finish([work for found in works.values() for work in found])
        return {name: [work.answer for work in found] for name, found in works.items()}

    def _works(self, events: Iterable[Event], now: float | None) -> list[Work]:
        found = group(events, self.configuration, self._labels, now)
        if found.stale:
            # `components/response/alarms.py` counts by this key.
            log.warning("events came too late to be answered without a person", extra={"too_late": len(found.stale)})
        undecided = [
            Work(case, done=list(self._outcomes(case, case.actions, "failed", reason)))
            for case, reason in found.undecided
        ]
        return [*undecided, *(Work(case) for case in found.cases)]

    @cached_property
    def _labels(self) -> LabelLookup:
        return LabelLookup(self)

    def _finish(self, works: Sequence[Work]) -> None:
        """Contain all cases first, then do the rest of each, then report all: no case waits for another's evidence."""
        decided = [work for work in works if work.case.decided]
        for phases in STAGES:
            for work in decided:
                work.seen.answers.clear()  # what was unprotected may have changed since
            for work in fairly(decided, lambda one: one.case.subject.cluster):
                self._advance(work, phases)
        for work in decided:
            self._release(work)
        self._report(decided)

    def _advance(self, work: Work, phases: frozenset[Phase]) -> None:
        """Run the actions of these phases, in order; of those that ran earlier, take the earlier outcome."""
        case = work.case
        before = {one.action: one for one in case.before}
        for name in case.playbook.actions:
            if self.actions[name].phase not in phases:
                continue
            if name not in case.actions:
                work.done += [before[name]] if name in before else []
                continue
            try:
                work.done.append(self._step(work, name))
            except Exception as error:
                work.broken = words(error)
                work.done += self._outcomes(case, [name], "failed", work.broken)

    def _step(self, work: Work, name: str) -> Outcome:
        """Run an action unless something forbids it. What this raises ends the case, as does a ledger that fails."""
        case, action = work.case, self.actions[name]
        target = action.target(case.event)

        def not_run(state: State, detail: str) -> Outcome:
            return Outcome(name, str(target or case.subject), state, detail)

        if work.broken:
            return not_run("failed", work.broken)
        if action.phase == "destroy" and self._is_missing_evidence(work.done):
            return not_run("failed", "waits for the evidence")
        if self._out_of_time():
            return not_run("failed", LATE)
        try:
            guards.check(case.event, self.configuration)
        except guards.ProtectedError as error:
            return not_run("protected", str(error))
        if target is None:
            return not_run("nothing to do", "the event names nothing that this is done to")
        if target.cluster in self.unreachable:
            return not_run("failed", self.unreachable[target.cluster])
        unit = _unit(action, case)
        if self._admitted(work, unit) == "refused":
            return not_run("held back", HELD_BACK)
        outcome = self._run_once(work, name, target)
        if not outcome.repeated and outcome.state in ("done", "would do", "failed", "in progress"):
            work.used.add(unit)
        return outcome

    def _out_of_time(self) -> bool:
        return self.seconds_left() <= 0

    def _is_missing_evidence(self, done: Sequence[Outcome]) -> bool:
        return any(self.actions[one.action].phase == "preserve" and one.unfinished for one in done)

    def _admitted(self, work: Work, unit: Unit) -> str:
        """Count the unit against the rate limit, once in a case."""
        if unit not in work.admitted:
            counter, target = unit
            work.admitted[unit] = self.ledger.admit(work.case, target, counter, work.began)
        return work.admitted[unit]

    def _release(self, work: Work) -> None:
        """Count no longer what nothing was done to. Where this fails it counts, and nothing else is lost."""
        for unit, admission in work.admitted.items():
            if admission == "new" and unit not in work.used:
                counter, target = unit
                try:
                    self.ledger.release(work.case, target, counter, work.began)
                except Exception as error:
                    log.warning("%s still counts against the rate limit: %s", target, words(error))

    def _report(self, works: Sequence[Work]) -> None:
        """Report each case to which something was done, and the others together, so that nobody can flood people.

        A case that another invocation is at is reported by that one; the report is tried again in case that one died.
        """
        alone, crowds = list[Work](), dict[tuple[str, str], list[Work]]()
        for work in works:
            if not self._reporting(work):
                continue
            if "in progress" in work.states:
                work.reports += self._outcomes(work.case, self._reporting(work), "in progress", RUNNING)
            elif work.broken or self._out_of_time():
                work.reports += self._outcomes(work.case, self._reporting(work), "failed", work.broken or LATE)
            elif crowd := self._crowd(work):
                crowds.setdefault((work.case.playbook.name, crowd), []).append(work)
            else:
                alone.append(work)
        for work in alone:
            self._report_one(work, f"{work.case.subject.identity}#{work.key}")
        for (_, crowd), (first, *others) in crowds.items():
            self._report_one(first, crowd, len(others))
            for work in others:
                state = "unchanged" if "protected" in work.states else "held back"
                detail = f"reported together with {first.case.subject}"
                work.reports += self._outcomes(work.case, self._reporting(work), state, detail)

    def _reporting(self, work: Work) -> list[str]:
        return [name for name in work.case.actions if self.actions[name].phase == "report"]

    def _crowd(self, work: Work) -> str:
        """Return what a case is reported together with, or nothing where it gets a report of its own.

        Cases to which nothing was done are as many as an attacker likes: their targets need not even exist. Those that
        are protected, or beyond the rate limit, have one report in each cluster and quiet time. The others, of which
        too little is known, have one each up to the number of the rate limit, which counts them by themselves.
        """
        known = work.case.event.cluster in self.configuration.clusters
        cluster = work.case.event.cluster if known else "(not in this stack)"
        if work.acted:
            return ""
        for state in ("protected", "held back"):
            if state in work.states:
                return f"{cluster} {state}"
        try:
            admission = self._admitted(work, ("reported", work.case.subject))
        except Exception as error:
            log.warning("%s is reported together with others: %s", work.case.subject, words(error))
            return f"{cluster} uncounted"
        return f"{cluster} held back" if admission == "refused" else ""

    def _report_one(self, work: Work, about: str, others: int = 0) -> None:
        """Report a case once per `about`, including what an invocation did that died before it could report."""
        for name in self._reporting(work):
            if self._out_of_time():
                work.reports += self._outcomes(work.case, [name], "failed", LATE)
                continue
            target = self.actions[name].target(work.case.event) or work.case.subject
            work.reports.append(self._run_once(work, name, target, about, others))

    def _run_once(self, work: Work, name: str, target: Target, about: str = "", others: int = 0) -> Outcome:
        """Run an action unless the ledger says that it ran for the same target, or for `about`."""
        playbook = work.case.playbook
        dry = "dry" if playbook.dry_run else "real"
        key = f"{playbook.name}#{dry}#{name}#{about or target.identity}"
        try:
            document, now = self.ledger.once(
                key, playbook.quiet_minutes, lambda: self._run(work, name, target, key, others).document()
            )
        except guards.ProtectedError as error:
            return Outcome(name, str(target), "protected", str(error))
        except BusyError as error:
            return Outcome(name, str(target), "in progress", str(error))
        except Exception as error:
            self.note_unreachable(target, error)
            log.warning("%s of %s failed: %s", name, target, words(error))
            return Outcome(name, str(target), "failed", words(error))
        outcome = Outcome.of(document, repeated=not now)
        return outcome if now else self._restored(work, target, outcome)

    def _run(self, work: Work, name: str, target: Target, key: str, others: int) -> Outcome:
        from falco_firelens.responder.actions import protection

        action, playbook = self.actions[name], work.case.playbook

        def run_part(part: str, act: Callable[[], None]) -> None:
            self.ledger.once(f"{key}#{part}", playbook.quiet_minutes, lambda: {"done": act() is None})

        context = replace(self._context(work, name, target), run_part=run_part, others=others)
        protection.check(context, action)
        if playbook.dry_run and not action.in_dry_run:
            return Outcome(name, str(target), "would do", "nothing was done: the playbook is a dry run")
        return Outcome.from_done(name, target, action.run(context))

    def _restored(self, work: Work, target: Target, before: Outcome) -> Outcome:
        """Do an action again where somebody has undone it since. Where this fails the next event tries it again."""
        from falco_firelens.responder.actions import protection

        action = self.actions[before.action]
        if action.restore is None or before.state not in ("done", "unchanged") or target.cluster in self.unreachable:
            return before
        try:
            context = self._context(work, action.name, target)
            protection.check(context, action)
            done = action.restore(context)
        except guards.ProtectedError:
            return before
        except Exception as error:
            self.note_unreachable(target, error)
            log.warning("%s of %s could not be checked: %s", action.name, target, words(error))
            return before
        return before if done is None else replace(Outcome.from_done(action.name, target, done), state="restored")

    def _context(self, work: Work, name: str, target: Target) -> Any:
        from falco_firelens.responder.actions.context import Context

        return Context(
            work.case,
            target,
            work.case.playbook.actions[name],
            self.configuration,
            self.clients,
            self.environment,
            tuple(work.done),
            seconds_left=self.seconds_left,
            seen=work.seen,
        )

    def _outcomes(self, case: Case, names: Iterable[str], state: State, detail: str) -> Iterator[Outcome]:
        """Return the same outcome for several actions; an undecided case has one that is no action."""
        for name in names:
            target = self.actions[name].target(case.event) if name in self.actions else None
            yield Outcome(name, str(target or case.subject), state, detail)

    def note_unreachable(self, target: Target, error: Exception) -> None:
        """Remember a cluster that does not answer: each further call would cost seconds of this invocation."""
        module = type(error).__module__.partition(".")[0]
        if module in ("httpx2", "httpcore2") and not hasattr(error, "response"):
            self.unreachable[target.cluster] = f"cluster {target.cluster} does not answer: {words(error)}"


def _unit(action: Action, case: Case) -> Unit:
    """Return what the rate limit counts for an action: the node where it acts on one, else what the event is about."""
    target = Target.node(case.event) if action.acts_on == "node" else case.subject
    return ("nodes" if target.kind == "node" else "targets"), target
