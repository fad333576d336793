"""Writes cases to try again as messages of a queue, and reads them: a message holds all that a case needs."""

import json
from collections.abc import Mapping
from typing import Any

from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.event import parse_event
from falco_firelens.responder.grouping import UNDECIDED, Case
from falco_firelens.responder.outcome import FailedError, Outcome
from falco_firelens.responder.targets import subject_of
from falco_firelens.responder.work import Answer

VERSION = 1

MOST_BYTES = 900_000
"""A message may have 1 MiB: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


def message_of(answer: Answer, actions: Mapping[str, Action] = ACTIONS) -> str:
    """Return the message for a case with failed actions. An event too large for a queue loses long output fields."""
    failed, reports = set(answer.failed), {name for name, action in actions.items() if action.phase == "report"}
    document: dict[str, Any] = {
        "version": VERSION,
        "playbook": answer.case.playbook.name,
        # What reports runs again too: it then has something new to say.
        "actions": [name for name in answer.case.actions if name in failed or (failed and name in reports)],
        "count": answer.case.count,
        "reasons": {outcome.action: outcome.detail for outcome in answer.outcomes if outcome.unfinished},
        "before": [one.document() for one in answer.outcomes if not one.unfinished and one.action not in reports],
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
    """Return the case of a message.

    Raises:
        FailedError: `message_of` did not write it, or the playbook is gone.
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
        raise FailedError(f"not a message of the response function: {error}") from None
    if playbook is None:
        raise FailedError(f"playbook {name} is gone")
    return Case(playbook, subject, event, count, wanted, before)
