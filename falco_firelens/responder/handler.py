"""The function that Lambda calls: with deliveries of the subscription filter, and with messages of the retry queue.

CloudWatch Logs calls the function asynchronously, at least once, and ignores what it returns. So no single case is left
to the retry of a whole delivery: each case that fails becomes a message of the retry queue, whose messages fail and
return one by one, and end in the dead-letter queue. Only where that queue cannot be written to does the invocation fail
as a whole; Lambda then repeats it twice, and sends the whole delivery to the dead-letter queue.
"""

import functools
import json
import logging
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from aws_lambda_powertools import Logger

from falco_firelens.responder.actions.registry import ACTIONS, Action
from falco_firelens.responder.clients import AwsClients, Clients
from falco_firelens.responder.configuration import Configuration, load
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import SetAside, parse_delivery
from falco_firelens.responder.grouping import Case
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.queue import case_of, message_of
from falco_firelens.responder.responder import Responder
from falco_firelens.responder.work import Answer

logger = Logger(service="falco-firelens-responder")
logging.getLogger("responder").parent = logging.getLogger("falco-firelens-responder")

RESERVE_MILLISECONDS = 30_000
"""With less time left no action starts: the rest is enough for the longest one, and to queue what is left.

The longest are a call of AWS that is not answered (24 seconds, `clients.AWS`) and four of a cluster that is not (28).
`evidence` and `notify`, which make more calls, look at the time themselves.
"""

FIRST_RETRY_SECONDS = 15

REPLAY = "replay"
"""Key of a delivery that a person sends again: its events are answered whatever their age."""


@functools.cache
def _configuration() -> Configuration:
    return load()


@functools.cache
def _clients() -> Clients:
    return AwsClients()


def handle(payload: Any, context: Any) -> dict[str, Any]:
    """Answer one invocation; return the queue's partial failures, or counts for a person who invokes it by hand."""
    invocation = Invocation(_configuration(), _clients(), Environment.of(os.environ), context)
    return invocation.retry_messages(payload) if _from_queue(payload) else invocation.answer_delivery(payload)


def _from_queue(payload: object) -> bool:
    """Return whether it is a batch of the retry queue: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    records = cast("dict[str, Any]", payload).get("Records") if isinstance(payload, dict) else None
    wanted = ("messageId", "body")
    return isinstance(records, list) and all(
        isinstance(one, dict) and all(isinstance(cast("dict[str, Any]", one).get(key), str) for key in wanted)
        for one in cast("list[object]", records)
    )


class Invocation:
    """One invocation of the function."""

    def __init__(
        self,
        configuration: Configuration,
        clients: Clients,
        environment: Environment,
        context: Any,
        actions: Mapping[str, Action] = ACTIONS,
    ) -> None:
        from falco_firelens.responder.ledger import DynamoDbLedger

        self._clients, self._environment, self._context = clients, environment, context
        self._configuration, self._actions = configuration, actions
        ledger = DynamoDbLedger(environment.table, clients.aws("dynamodb"), context)
        self._responder = Responder(configuration, clients, ledger, environment, self._seconds_left, actions)

    def answer_delivery(self, payload: object) -> dict[str, Any]:
        """Answer the events of a delivery. Raises only where something could neither be done nor queued."""
        found = parse_delivery(payload)
        any_age = isinstance(payload, dict) and REPLAY in payload
        answers = self._responder.answer(found.events, any_age=any_age)
        failed = [answer for answer in answers if answer.failed]
        for answer in failed:
            self._queue(answer)
        _log(answers)
        if found.set_aside:  # last, so that a bucket that cannot be written to leaves no event unanswered
            self._set_aside(found.set_aside)
        return {"events": len(found.events), "setAside": len(found.set_aside), **_counts(answers)}

    def retry_messages(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Try the cases of messages again; those that fail stay in the queue, which counts how often."""
        cases, failed = dict[str, Case](), list[str]()
        for record in payload["Records"]:
            try:
                cases[record["messageId"]] = case_of(record["body"], self._configuration)
            except FailedError as error:
                logger.error(
                    "a message cannot be tried again", extra={"record": record["messageId"], "reason": str(error)}
                )
                failed.append(record["messageId"])
        for identity, answers in self._responder.retry(cases).items():
            _log(answers)
            if any(answer.failed for answer in answers):
                failed.append(identity)
        return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}

    def _queue(self, answer: Answer) -> None:
        self._clients.aws("sqs").send_message(
            QueueUrl=self._environment.retries,
            MessageBody=message_of(answer, self._actions),
            DelaySeconds=FIRST_RETRY_SECONDS,
        )

    def _set_aside(self, records: Iterable[SetAside]) -> None:
        """Keep a delivery's records in one object with a unique name."""
        lines = [json.dumps({"reason": one.reason, "record": one.record}) for one in records]
        now = time.time_ns()
        request = getattr(self._context, "aws_request_id", "by-hand")
        key = f"set-aside/{datetime.fromtimestamp(now // 10**9, UTC):%Y/%m/%d}/{now}-{request}.jsonl"
        self._clients.aws("s3").put_object(
            Bucket=self._environment.bucket, Key=key, Body="\n".join(lines).encode(), ContentType="application/jsonl"
        )
        logger.warning("records that are not events were set aside", extra={"records": len(lines), "key": key})

    def _seconds_left(self) -> float:
        remaining = getattr(self._context, "get_remaining_time_in_millis", None)
        return math.inf if remaining is None else (remaining() - RESERVE_MILLISECONDS) / 1000


def _log(answers: Sequence[Answer]) -> None:
    """Log a line for each case in which something happened now, and how many targets were held back."""
    held_back = sum(any(outcome.state == "held back" for outcome in answer.outcomes) for answer in answers)
    if held_back:
        # `components/response/alarms.py` counts by this key.
        logger.warning("targets were held back by a rate limit", extra={"held_back": held_back})
    for answer in answers:
        if all(outcome.repeated for outcome in answer.outcomes):
            continue
        logger.info(
            "answered",
            extra={
                "playbook": answer.case.playbook.name,
                "dry_run": answer.case.playbook.dry_run,
                "subject": str(answer.case.subject),
                "rule": answer.case.event.rule,
                "event": answer.case.event.identity,
                "events": answer.case.count,
                "outcomes": [outcome.document() for outcome in answer.outcomes],
            },
        )


def _counts(answers: Iterable[Answer]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for answer in answers:
        for outcome in answer.outcomes:
            state = "repeated" if outcome.repeated else outcome.state
            counts[state] = counts.get(state, 0) + 1
    return counts
