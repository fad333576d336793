"""Reads queues for functions, as their event source mappings say.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, sqs_backends

from localcloud.aws.functions.function import Answer, Function, ThrottledError
from localcloud.aws.functions.runtime import Runtime

POLL_SECONDS = 0.25
MOST_BATCHES = 5
"""At the same time for a mapping that does not say how many."""


class QueuePolling:
    """One thread that looks for messages, and one more for each batch that a function is at.

    A message that the function fails on, or is throttled for, comes back when its queue's visibility timeout is over;
    after as many tries as the queue's redrive policy says, moto puts it into the dead-letter queue.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._mappings: dict[str, LambdaBackend] = {}
        self._batches: dict[str, int] = {}
        threading.Thread(target=self._poll, daemon=True).start()

    def add(self, backend: LambdaBackend, mapping: EventSourceMapping) -> None:
        """Read a mapping's queue from now on, until the mapping is deleted."""
        with self._lock:
            self._mappings[mapping.uuid] = backend

    def _poll(self) -> None:
        while True:
            time.sleep(POLL_SECONDS)
            with self._lock:
                mappings = dict(self._mappings)
            for uuid, backend in mappings.items():
                mapping = backend.get_event_source_mapping(uuid)
                if mapping is None:
                    with self._lock:
                        del self._mappings[uuid]
                elif mapping.enabled:
                    with suppress(QueueDoesNotExist):
                        self._look(backend, mapping)

    def _look(self, backend: LambdaBackend, mapping: EventSourceMapping) -> None:
        queue = _queue(mapping)
        known = backend.get_function_by_arn(mapping.function_arn)
        scaling: Mapping[str, int] = mapping.scaling_config or {}
        most = scaling.get("MaximumConcurrency", MOST_BATCHES)
        if queue is None or known is None or self._batches.get(mapping.uuid, 0) >= most:
            return
        settings: Any = queue
        messages = sqs_backends[mapping.account_id][mapping.region].receive_message(
            queue.name, min(mapping.batch_size, 10), 0, settings.visibility_timeout
        )
        if messages:
            with self._lock:
                self._batches[mapping.uuid] = self._batches.get(mapping.uuid, 0) + 1
            arguments = (Function.of(known), mapping, queue, messages)
            threading.Thread(target=self._batch, args=arguments, daemon=True).start()

    def _batch(
        self, function: Function, mapping: EventSourceMapping, queue: Queue, messages: Sequence[Message]
    ) -> None:
        try:
            records = [_record(message, queue, mapping.region) for message in messages]
            answer = self._runtime.call(function, json.dumps({"Records": records}), wait=False)
            partial = "ReportBatchItemFailures" in (mapping.function_response_types or ())
            failed = failed_items(answer, [message.id for message in messages], partial=partial)
            for message in messages:
                if message.id not in failed:
                    with suppress(ReceiptHandleIsInvalid):  # the function took longer than the message was hidden
                        queue.delete_message(message.receipt_handle or "")
        except ThrottledError:
            pass
        finally:
            with self._lock:
                self._batches[mapping.uuid] -= 1


def failed_items(answer: Answer, identities: Sequence[str], *, partial: bool) -> set[str]:
    """Which messages of a batch are to come again. With `partial` the function says which of them; an answer that
    cannot be understood, or names another message, means all.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    everything = set(identities)
    if answer.failed:
        return everything
    said = json.loads(answer.payload)
    if not partial or not said:
        return set()
    if not isinstance(said, dict):
        return everything
    try:
        failed: set[str] = {one["itemIdentifier"] for one in said.get("batchItemFailures") or ()}  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    except (TypeError, KeyError):
        return everything
    return failed if failed <= everything else everything


def _queue(mapping: EventSourceMapping) -> Queue | None:
    queues = sqs_backends[mapping.account_id][mapping.region].queues
    return next((queue for queue in list(queues.values()) if queue.queue_arn == mapping.event_source_arn), None)


def _record(message: Message, queue: Queue, region: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event"""
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": region,
    }
