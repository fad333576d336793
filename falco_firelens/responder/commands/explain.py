"""Explains which playbook would answer an event, what it would do, and why the others would not."""

from collections.abc import Iterator, Mapping

from falco_firelens.responder import guards
from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.configuration import Configuration, Playbook
from falco_firelens.responder.event import Event
from falco_firelens.responder.notice import one_line
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.playbooks import Labels, Verdict, judge
from falco_firelens.responder.targets import subject_of


def no_labels() -> None:
    """Stand in for the labels where no cluster may be called."""
    raise FailedError("it depends on the pod's labels: pass --context CONTEXT to look them up in the cluster")


def explain(
    event: Event,
    configuration: Configuration,
    labels: Labels = no_labels,
    actions: Mapping[str, Action] = ACTIONS,
) -> Iterator[str]:
    """Yield lines about every playbook up to the one that answers; nothing in the event steers a terminal."""
    yield from (one_line(line) for line in _lines(event, configuration, labels, actions))


def _lines(event: Event, configuration: Configuration, labels: Labels, actions: Mapping[str, Action]) -> Iterator[str]:
    yield f"{event.priority} {event.rule}, {subject_of(event)}, node {event.node}, {event.iso_time}"
    for playbook in configuration.playbooks:
        try:
            verdict = judge(event, playbook, labels)
        except FailedError as error:
            yield f"playbook {playbook.name}: unknown: {error}"
            return
        yield from _verdict(verdict)
        if verdict.met:
            yield from _doings(event, playbook, configuration, actions)
            return
    yield "no playbook answers this event"


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"playbook {verdict.playbook.name}: {'answers' if verdict.met else 'not for this event'}"
    for reason in verdict.reasons:
        yield f"  {'yes' if reason.met else 'no '} {reason}"


def _doings(
    event: Event, playbook: Playbook, configuration: Configuration, actions: Mapping[str, Action]
) -> Iterator[str]:
    try:
        guards.check(event, configuration)
    except guards.ProtectedError as error:
        yield f"  it would only notify: {error}"
        return
    yield "  dry run, so it would only report that it would:" if playbook.dry_run else "  it would:"
    for name in playbook.actions:
        target = actions[name].target(event)
        yield f"    {actions[name].words} {target}" if target else f"    {name}: nothing, the event names no target"
    limit = f"{playbook.most_targets} targets in {playbook.most_targets_minutes} minutes"
    yield f"  at most {limit}; once in {playbook.quiet_minutes} minutes for each target"
