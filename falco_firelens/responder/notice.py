"""Writes the notice of a case: which event, what was done, what was not, and how to undo it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from falco_firelens.responder.outcome import Outcome

if TYPE_CHECKING:
    from falco_firelens.responder.actions.context import Context

LONGEST_SUBJECT = 100
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII of one line, at most 100 characters."""

LONGEST_OUTPUT = 2000

LONGEST_LINE = 1000
"""The most of an outcome's detail."""


@dataclass(frozen=True)
class Notice:
    """A notice, as text for people and as a document for programs."""

    subject: str
    text: str
    document: dict[str, Any]


def notice_of(context: "Context") -> Notice:
    """Return the notice of a case, after its other actions."""
    case, event, environment = context.case, context.case.event, context.environment
    dry = "[dry run] " if case.playbook.dry_run else ""
    subject = _ascii(f"{dry}{event.priority}: {event.rule} in {case.subject.reference}")[:LONGEST_SUBJECT]
    lines = [
        f"{dry}{event.rule}"[:LONGEST_LINE],
        f"priority {event.priority}, {event.iso_time}, {case.subject}, node {event.node}",
        f"cluster {event.cluster} ({event.platform}), account {environment.account}, region {environment.region}",
        f"playbook {case.playbook.name}, {case.count} event{'s' if case.count > 1 else ''}",
        "",
        str(event.raw.get("output", ""))[:LONGEST_OUTPUT],
        "",
        *(_line(outcome) for outcome in context.outcomes),
        *_others(context.others),
        *_undo(context.outcomes),
    ]
    document = {
        "dryRun": case.playbook.dry_run,
        "playbook": case.playbook.name,
        "subject": str(case.subject),
        "account": environment.account,
        "region": environment.region,
        "events": case.count,
        "others": context.others,
        "outcomes": [outcome.document() for outcome in context.outcomes],
        "event": event.raw,
    }
    return Notice(subject, "\n".join(one_line(line) for line in lines), document)


def _others(number: int) -> Iterator[str]:
    """Say that the notice is about more targets than it names: nothing was done to any of them."""
    if number:
        yield f"- and nothing was done to {number} other target{'s' if number > 1 else ''} for the same reason"


def _undo(outcomes: Sequence[Outcome]) -> Iterator[str]:
    commands = [command for outcome in outcomes for command in outcome.undo]
    if commands:
        yield from ("", "To undo:", *(f"  {command}" for command in commands))


def _line(outcome: Outcome) -> str:
    return f"- {outcome.action} {outcome.target}: {outcome.state}: {outcome.detail[:LONGEST_LINE]}"


def one_line(text: str) -> str:
    """Return a text on one line that cannot steer a terminal, nor change the direction of writing.

    Names of processes and files are an attacker's: none may look like a line of the notice.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def _ascii(text: str) -> str:
    return one_line(text.encode("ascii", "replace").decode())
