"""What people are told: which event, what was done, what was not, and how it is undone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from falco_firelens.responder.outcome import Outcome

if TYPE_CHECKING:
    from falco_firelens.responder.actions.context import Context

LONGEST_SUBJECT = 100
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII of one line, at most 100 characters."""

LONGEST_OUTPUT = 2000

LONGEST_LINE = 1000
"""Of what an action or an AWS error says."""


@dataclass(frozen=True)
class Notice:
    """The same thing for a mailbox and for a program."""

    subject: str
    text: str
    document: dict[str, Any]


def notice_of(context: "Context") -> Notice:
    """The notice of a case, after its other actions."""
    case, event, places = context.case, context.case.event, context.places
    dry = "[dry run] " if case.playbook.dry_run else ""
    subject = _ascii(f"{dry}{event.priority}: {event.rule} in {case.subject.reference}")[:LONGEST_SUBJECT]
    lines = [
        f"{dry}{event.rule}"[:LONGEST_LINE],
        f"priority {event.priority}, {event.iso_time}, {case.subject}, node {event.node}",
        f"cluster {event.cluster} ({event.platform}), account {places.account}, region {places.region}",
        f"playbook {case.playbook.name}, {case.count} event{'s' if case.count > 1 else ''}",
        "",
        str(event.raw.get("output", ""))[:LONGEST_OUTPUT],
        "",
        *(_line(outcome) for outcome in context.outcomes),
        *_undo(context.outcomes),
    ]
    document = {
        "dryRun": case.playbook.dry_run,
        "playbook": case.playbook.name,
        "subject": str(case.subject),
        "account": places.account,
        "region": places.region,
        "events": case.count,
        "outcomes": [outcome.document() for outcome in context.outcomes],
        "event": event.raw,
    }
    return Notice(subject, "\n".join(one_line(line) for line in lines), document)


def _undo(outcomes: "tuple[Outcome, ...] | list[Outcome] | Any") -> Iterator[str]:
    commands = [command for outcome in outcomes for command in outcome.undo]
    if commands:
        yield from ("", "To undo:", *(f"  {command}" for command in commands))


def _line(outcome: Outcome) -> str:
    return f"- {outcome.action} {outcome.target}: {outcome.state}: {outcome.detail[:LONGEST_LINE]}"


def one_line(text: str) -> str:
    """Texts of processes and files come from whoever attacks: no line of theirs may look like one of ours.

    Nor may they steer a terminal, or turn the direction of writing.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def _ascii(text: str) -> str:
    return one_line(text.encode("ascii", "replace").decode())
