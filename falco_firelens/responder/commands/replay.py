"""Runs dead letters, or events of a file, again: through the function, with its permissions."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from botocore.config import Config

from falco_firelens.responder.event import pack
from falco_firelens.responder.handler import REPLAY
from falco_firelens.responder.notice import one_line

Aws = Callable[[str], Any]

VISIBILITY_SECONDS = 300
"""How long a message stays hidden from others while it runs again."""

LONGEST_SECONDS = 150
"""How long to wait for the function: longer than it may run, as a test checks."""

INVOKE = Config(read_timeout=LONGEST_SECONDS, tcp_keepalive=True, retries={"total_max_attempts": 1})
"""An invocation whose answer is late or lost still acts, so the client must not repeat it."""

QUEUE = Config(retries={"mode": "standard", "total_max_attempts": 3})
"""A message that is received twice comes back, and deleting it twice does no harm."""


def clients(session: Any) -> Aws:
    """Return a function that makes the clients of a replay, by service."""
    return lambda service: session.client(service, config=INVOKE if service == "lambda" else QUEUE)


@dataclass(frozen=True)
class Replayed:
    """A dead letter, or the events of one cluster, and its outcome; nothing in it steers a terminal."""

    what: str
    state: Literal["waiting", "done", "failed"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what}\n  {self.state}: {self.detail}" if self.detail else self.what


class ReplayError(Exception):
    """A message that failed and stays in the queue, or events that cannot be read; says why."""


def messages(sqs: Any, queue: str) -> Iterator[dict[str, Any]]:
    """Yield every visible message once."""
    seen = set[str]()
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue,
            MaxNumberOfMessages=10,
            VisibilityTimeout=VISIBILITY_SECONDS,
            MessageAttributeNames=["All"],
        )
        fresh = [one for one in answer.get("Messages", ()) if one["MessageId"] not in seen]
        if not fresh:
            return
        seen.update(one["MessageId"] for one in fresh)
        yield from fresh


def payload_of(body: str) -> dict[str, Any]:
    """Return the payload for a dead letter: a case, or a whole delivery that Lambda gave up.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    document = json.loads(body)
    if "requestPayload" in document:
        request = document["requestPayload"]
        return {**request, REPLAY: True} if isinstance(request, Mapping) else {REPLAY: True}
    record: dict[str, Any] = {
        "messageId": "replay",
        "eventSource": "aws:sqs",
        "body": body,
        "attributes": {},
        "messageAttributes": {},
    }
    return {"Records": [record]}


def summary(body: str) -> str:
    """Return one line about a dead letter; nothing in it steers a terminal."""
    return one_line(_summary(body))


def _summary(body: str) -> str:
    document = json.loads(body)
    if "requestPayload" in document:
        condition = document.get("requestContext", {}).get("condition", "unknown")
        return f"a whole delivery ({condition})"
    event = document["event"]
    reasons = "; ".join(f"{action}: {why}" for action, why in document["reasons"].items())
    return f"{document['playbook']} of {event['cluster']['name']}, {event['rule']}: {reasons}"


def run(aws: Aws, function: str, payload: Mapping[str, Any]) -> str:
    """Invoke the function, wait, and return its answer.

    Raises:
        ReplayError: the function or the case failed.
    """
    answer = aws("lambda").invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    said = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise ReplayError(said)
    if json.loads(said or "{}").get("batchItemFailures"):
        raise ReplayError("it failed again; the function's log says why")
    return said


def replay_queue(aws: Aws, function: str, queue: str, *, act: bool) -> Iterator[Replayed]:
    """Show each dead letter, and with `act` run it again; those that succeed leave the queue."""
    sqs = aws("sqs")
    for message in messages(sqs, queue):
        letter = Replayed(summary(message["Body"]), "waiting")
        if act:
            try:
                letter = replace(letter, state="done", detail=run(aws, function, payload_of(message["Body"])))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            except ReplayError as error:
                letter = replace(letter, state="failed", detail=str(error))
        else:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        yield letter


def replay_events(aws: Aws, function: str, lines: Iterable[str]) -> Iterator[Replayed]:
    """Send events, one a line, to the function, in one delivery for each cluster."""
    by_cluster: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            by_cluster.setdefault(_cluster_of(line, number), []).append(line)
    if not by_cluster:
        raise ReplayError("found no event, expected one a line")
    for cluster, events in by_cluster.items():
        answer = run(aws, function, {**pack(events, f"{cluster}/replay"), REPLAY: True})
        yield Replayed(one_line(f"{len(events)} events of {cluster}"), "done", answer)


def _cluster_of(line: str, number: int) -> str:
    try:
        return str(json.loads(line)["cluster"]["name"])
    except (ValueError, LookupError, TypeError):
        raise ReplayError(f"line {number}: found no event with cluster.name") from None
