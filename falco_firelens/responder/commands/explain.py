"""Says in words which playbook would answer an event, what it would do, and why not the others."""

from collections.abc import Iterator, Mapping

from falco_firelens.responder import guards
from falco_firelens.responder.configuration import Configuration, Playbook
from falco_firelens.responder.event import Event
from falco_firelens.responder.notice import one_line
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.playbooks import Labels, Verdict, judge
from falco_firelens.responder.targets import subject_of, target_of

WHAT: Mapping[str, str] = {
    "evidence": "keep evidence of",
    "isolate": "isolate",
    "delete": "delete",
    "cordon": "cordon",
    "taint": "taint",
    "stopTask": "stop",
    "drainInstance": "drain the container instance of",
    "quarantine": "move to the quarantine security group",
    "finding": "open a Security Hub finding about",
    "notify": "notify about",
}


def not_asked() -> None:
    """Labels where no cluster is asked."""
    raise FailedError("the function would ask the cluster for the pod's labels: so does this with --context CONTEXT")


def explain(event: Event, configuration: Configuration, labels: Labels = not_asked) -> Iterator[str]:
    """Line by line, every playbook up to and with the one that answers; nothing in the event steers a terminal."""
    yield from (one_line(line) for line in _lines(event, configuration, labels))


def _lines(event: Event, configuration: Configuration, labels: Labels) -> Iterator[str]:
    yield f"{event.priority} {event.rule}, {subject_of(event)}, node {event.node}, {event.iso_time}"
    for playbook in configuration.playbooks:
        try:
            verdict = judge(event, playbook, labels)
        except FailedError as error:
            yield f"playbook {playbook.name}: cannot be told: {error}"
            return
        yield from _verdict(verdict)
        if verdict.met:
            yield from _doings(event, playbook, configuration)
            return
    yield "no playbook answers this event"


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"playbook {verdict.playbook.name}: {'answers' if verdict.met else 'not for this event'}"
    for reason in verdict.reasons:
        yield f"  {'yes' if reason.met else 'no '} {reason}"


def _doings(event: Event, playbook: Playbook, configuration: Configuration) -> Iterator[str]:
    try:
        guards.check(event, configuration)
    except guards.ProtectedError as error:
        yield f"  nothing would be done, but notices: {error}"
        return
    yield "  dry run, so it would only say that it would:" if playbook.dry_run else "  it would:"
    for action in playbook.actions:
        target = target_of(event, action)
        yield f"    {WHAT[action]} {target}" if target else f"    {action}: nothing, the event names no target for it"
    limit = f"{playbook.most_targets} targets in {playbook.most_targets_minutes} minutes"
    yield f"  at most {limit}; once in {playbook.quiet_minutes} minutes for each target"
