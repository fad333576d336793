"""Explains which playbook would answer an event, what it would do, and why the others would not."""

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING

from falco_firelens.responder import guards
from falco_firelens.responder.actions import protection
from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.configuration import Configuration, Playbook
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import Event
from falco_firelens.responder.grouping import Case
from falco_firelens.responder.notice import one_line
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.playbooks import Labels, Verdict, judge
from falco_firelens.responder.targets import ECS, Target, subject_of
from falco_firelens.responder.work import Seen

if TYPE_CHECKING:
    from falco_firelens.responder.clients import Clients


def no_labels() -> None:
    """Stand in for the labels where no cluster may be called."""
    raise FailedError("it depends on the pod's labels: pass --context CONTEXT to look them up in the cluster")


def explain(
    event: Event,
    configuration: Configuration,
    labels: Labels = no_labels,
    actions: Mapping[str, Action] = ACTIONS,
    clients: "Clients | None" = None,
) -> Generator[str, None, str | None]:
    """Yield lines about every playbook up to the one that answers; nothing in the event steers a terminal.

    Return that one's name, None where none answers or it is not known.

    `clients` ask the cluster what is protected there; without them the lines say that this is not known.
    """
    guard = _Guard(event, configuration, clients)
    lines = _lines(event, configuration, labels, actions, guard)
    while True:
        try:
            yield one_line(next(lines))
        except StopIteration as end:
            return end.value


class _Guard:
    """Asks what the function's guard would say about each action."""

    def __init__(self, event: Event, configuration: Configuration, clients: "Clients | None") -> None:
        self._event, self._configuration, self._clients = event, configuration, clients
        self._seen = Seen()

    def unknown(self, action: Action) -> bool:
        """Return whether the answer depends on what only the cluster knows, and nobody may ask it."""
        asks = protection.asks(action, self._configuration, self._event.platform)
        return asks and (self._clients is None or self._event.platform == ECS)

    def refusal(self, playbook: Playbook, action: Action, target: Target) -> str:
        """Return why the action would not run, or nothing."""
        from falco_firelens.responder.actions.context import Context

        if self._clients is None or self.unknown(action):
            return ""
        case = Case(playbook, subject_of(self._event), self._event, 1, ())
        settings = playbook.actions[action.name]
        context = Context(case, target, settings, self._configuration, self._clients, Environment(), seen=self._seen)
        try:
            protection.check(context, action)
        except guards.ProtectedError as error:
            return str(error)
        return ""


def _lines(
    event: Event, configuration: Configuration, labels: Labels, actions: Mapping[str, Action], guard: _Guard
) -> Generator[str, None, str | None]:
    yield f"{event.priority} {event.rule}, {subject_of(event)}, node {event.node}, {event.iso_time}"
    for playbook in configuration.playbooks:
        try:
            verdict = judge(event, playbook, labels)
        except FailedError as error:
            yield f"playbook {playbook.name}: unknown: {error}"
            return None
        yield from _verdict(verdict)
        if verdict.met:
            yield from _doings(event, playbook, configuration, actions, guard)
            return playbook.name
    yield "no playbook answers this event"
    return None


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"playbook {verdict.playbook.name}: {'answers' if verdict.met else 'not for this event'}"
    for reason in verdict.reasons:
        yield f"  {'yes' if reason.met else 'no '} {reason}"


def _doings(
    event: Event, playbook: Playbook, configuration: Configuration, actions: Mapping[str, Action], guard: _Guard
) -> Iterator[str]:
    try:
        guards.check(event, configuration)
    except guards.ProtectedError as error:
        yield f"  it would only notify: {error}"
        return
    yield "  dry run, so it would only report that it would:" if playbook.dry_run else "  it would:"
    unknown = list[str]()
    for name in playbook.actions:
        action, target = actions[name], actions[name].target(event)
        if target is None:
            yield f"    {name}: nothing, the event names no target"
        elif refusal := guard.refusal(playbook, action, target):
            yield f"    {name}: nothing, {refusal}"
        else:
            unknown += [name] if guard.unknown(action) else []
            yield f"    {action.words} {target}"
    if unknown:
        how = "only the function asks it" if event.platform == ECS else "pass --context CONTEXT to ask it"
        yield f"  {', '.join(unknown)} only if the cluster shows nothing that is protected: {how}"
    limit = f"{playbook.most_targets} targets and nodes in {playbook.most_targets_minutes} minutes"
    yield f"  at most {limit}; once in {playbook.quiet_minutes} minutes for each target"
