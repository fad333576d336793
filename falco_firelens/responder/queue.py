"""What is to be tried again, as messages of a queue: each has all that is needed, and no other state."""

import json
from typing import Any

from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.event import parse_event
from falco_firelens.responder.grouping import UNDECIDED, Case
from falco_firelens.responder.outcome import FailedError, Outcome
from falco_firelens.responder.responder import TELLING, Answer
from falco_firelens.responder.targets import subject_of

VERSION = 1

MOST_BYTES = 900_000
"""A message may have 1 MiB: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


def message_of(answer: Answer) -> str:
    """The message for a case with failed actions. An event too large for a queue gives up its long output fields."""
    document: dict[str, Any] = {
        "version": VERSION,
        "playbook": answer.case.playbook.name,
        "actions": _again(answer),
        "count": answer.case.count,
        "reasons": {outcome.action: outcome.detail for outcome in answer.outcomes if outcome.again},
        "before": [one.document() for one in answer.outcomes if not one.again and one.action not in TELLING],
        "event": dict(answer.case.event.raw),
    }
    text = json.dumps(document)
    if len(text) <= MOST_BYTES:
        return text
    event: dict[str, Any] = document["event"]
    fields = event["output_fields"].items()
    event["output_fields"] = {name: value for name, value in fields if len(json.dumps(value)) < 1000}
    event["output"] = str(event.get("output", ""))[:1000]
    return json.dumps({**document, "event": {name: event[name] for name in _KEYS if name in event}})


_KEYS = ("cluster", "hostname", "output", "output_fields", "priority", "rule", "source", "tags", "time")


def case_of(text: str, configuration: Configuration) -> Case:
    """The case of a message.

    Raises:
        FailedError: it is not a message of ours, or the playbook is no more.
    """
    try:
        document = json.loads(text)
        event = parse_event(json.dumps(document["event"]))
        name, actions = document["playbook"], document["actions"]
        count = int(document["count"])
        before = tuple(Outcome.of(one, repeated=True) for one in document.get("before", ()))
        subject = subject_of(event)
        playbook = next((one for one in (UNDECIDED, *configuration.playbooks) if one.name == name), None)
        wanted = tuple(one for one in (playbook.actions if playbook else ()) if one in actions)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FailedError(f"not a message of the responder: {error}") from None
    if playbook is None:
        raise FailedError(f"there is no playbook {name} any more")
    return Case(playbook, subject, event, count, wanted, before)


def _again(answer: Answer) -> list[str]:
    """What failed, and the telling, which then has something new to say."""
    failed = set(answer.failed)
    return [action for action in answer.case.actions if action in failed or (failed and action in TELLING)]
