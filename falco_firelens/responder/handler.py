"""What Lambda calls: deliveries of the subscription filter, and messages about what has to be tried again.

CloudWatch Logs calls the function asynchronously, at least once, and does not look at what it returns. So nothing is
left to a delivery's own retry that can be told apart: each case that fails becomes a message of the retry queue, whose
items fail and return one by one, and end in the dead-letter queue. Only where not even that can be written down does
the invocation fail as a whole; Lambda then repeats it twice, and hands the whole delivery to that dead-letter queue.
"""

import functools
import json
import logging
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from aws_lambda_powertools import Logger

from falco_firelens.responder.clients import AwsClients, Clients
from falco_firelens.responder.configuration import Configuration, load
from falco_firelens.responder.environment import Places
from falco_firelens.responder.event import SetAside, parse_delivery
from falco_firelens.responder.grouping import Case, fairly
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.queue import case_of, message_of
from falco_firelens.responder.responder import Answer, Responder

logger = Logger(service="falco-firelens-responder")
logging.getLogger("responder").parent = logging.getLogger("falco-firelens-responder")

RESERVE_MILLISECONDS = 30_000
"""With less time left no action is begun: it is enough for the longest one, and to write down what was not done."""

FIRST_RETRY_SECONDS = 15

REPLAY = "replay"
"""Key of a delivery that a person sends again: its events are answered however old they are."""


@functools.cache
def _configuration() -> Configuration:
    return load()


@functools.cache
def _clients() -> Clients:
    return AwsClients()


def handle(payload: Any, context: Any) -> dict[str, Any]:
    """Answer one invocation. What it returns is for whoever tries it by hand, and for the queue's partial failures."""
    function = Function(_configuration(), _clients(), Places.of(os.environ), context)
    return function.again(payload) if _from_queue(payload) else function.delivery(payload)


def _from_queue(payload: object) -> bool:
    """Whether it is a batch of the retry queue: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    records = cast("dict[str, Any]", payload).get("Records") if isinstance(payload, dict) else None
    wanted = ("messageId", "body")
    return isinstance(records, list) and all(
        isinstance(one, dict) and all(isinstance(cast("dict[str, Any]", one).get(key), str) for key in wanted)
        for one in cast("list[object]", records)
    )


class Function:
    """One invocation."""

    def __init__(self, configuration: Configuration, clients: Clients, places: Places, context: Any) -> None:
        from falco_firelens.responder.ledger import DynamoDbLedger

        self._clients, self._places, self._context = clients, places, context
        self._configuration = configuration
        ledger = DynamoDbLedger(places.table, clients.aws("dynamodb"), context)
        self._responder = Responder(configuration, clients, ledger, places, self._out_of_time)

    def delivery(self, payload: object) -> dict[str, Any]:
        """Answer the events of a delivery. Raises only where something could be neither done nor written down."""
        found = parse_delivery(payload)
        old_too = isinstance(payload, dict) and REPLAY in payload
        answers = list(self._responder.answer(found.events, old_too=old_too))
        failed = [answer for answer in answers if answer.failed]
        for answer in failed:
            self._retry(answer)
        _log(answers)
        if found.set_aside:  # last, since a bucket that cannot be written to is no reason to leave events unanswered
            self._set_aside(found.set_aside)
        return {"events": len(found.events), "setAside": len(found.set_aside), **_counts(answers)}

    def again(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Try messages again; those that fail once more stay in the queue, which counts how often."""
        cases, failed = dict[str, Case](), list[str]()
        for record in payload["Records"]:
            try:
                cases[record["messageId"]] = case_of(record["body"], self._configuration)
            except FailedError as error:
                logger.error("not to be tried again", extra={"record": record["messageId"], "reason": str(error)})
                failed.append(record["messageId"])
        for identity in fairly(cases, lambda one: cases[one].subject.cluster):
            if not self._tried(cases[identity]):
                failed.append(identity)
        return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}

    def _tried(self, case: Case) -> bool:
        """Whether a case has succeeded now. Nothing that it raises fails the other messages."""
        try:
            answers = list(self._responder.again(case))
        except Exception:
            logger.exception("a case could not be tried again", extra={"subject": str(case.subject)})
            return False
        _log(answers)
        return not any(answer.failed for answer in answers)

    def _retry(self, answer: Answer) -> None:
        self._clients.aws("sqs").send_message(
            QueueUrl=self._places.retries, MessageBody=message_of(answer), DelaySeconds=FIRST_RETRY_SECONDS
        )

    def _set_aside(self, records: Iterable[SetAside]) -> None:
        """One object with all of a delivery's; its name does not repeat, so that nothing overwrites another."""
        lines = [json.dumps({"reason": one.reason, "record": one.record}) for one in records]
        now = time.time_ns()
        request = getattr(self._context, "aws_request_id", "by-hand")
        key = f"set-aside/{datetime.fromtimestamp(now // 10**9, UTC):%Y/%m/%d}/{now}-{request}.jsonl"
        self._clients.aws("s3").put_object(
            Bucket=self._places.bucket, Key=key, Body="\n".join(lines).encode(), ContentType="application/jsonl"
        )
        logger.warning("records that are no events were set aside", extra={"records": len(lines), "key": key})

    def _out_of_time(self) -> bool:
        remaining = getattr(self._context, "get_remaining_time_in_millis", None)
        return remaining is not None and remaining() < RESERVE_MILLISECONDS


def _log(answers: Iterable[Answer]) -> None:
    """A line for each case in which something happened now."""
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
