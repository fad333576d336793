"""Calls for whose end nobody waits: queued, repeated when they fail, and in the end told to a destination.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from localcloud.aws.functions.function import Answer, Function
from localcloud.aws.functions.runtime import Runtime
from localcloud.console import say

RETRY_SECONDS = (2, 4)
"""Before the second and the third try. Lambda waits one minute and then two."""


class AsynchronousCalls:
    """What is under way. It is lost when this process ends, which Lambda's would not be."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def accept(self, known: LambdaFunction, payload: str) -> None:
        """Take a call and return at once."""
        arguments = (known.account_id, known.region, known.function_arn, payload)
        threading.Thread(target=self._work, args=arguments, daemon=True).start()

    def _work(self, account: str, region: str, arn: str, payload: str) -> None:
        identity, began = str(uuid.uuid4()), time.monotonic()
        tries = 0
        while True:
            known: Any = get_backend(account, region).get_function_by_arn(arn)
            if known is None:
                return
            function, config = Function.of(known), _config(known)
            if time.monotonic() - began > config.get("MaximumEventAgeInSeconds", 21600):
                answer, condition = Answer("null", failed=True), "EventAgeExceeded"
                break
            answer = self._runtime.call(function, payload, wait=True, identity=identity)
            tries += 1
            if not answer.failed:
                return
            condition = "RetriesExhausted"
            if tries > config.get("MaximumRetryAttempts", 2):
                break
            time.sleep(RETRY_SECONDS[tries - 1])
        destination = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if destination:
            self._tell(function, destination, _record(function, payload, answer, identity, condition, tries))

    def _tell(self, function: Function, destination: str, record: Mapping[str, Any]) -> None:
        _, _, service, _, account, name = destination.split(":", 5)
        if service != "sqs":
            say(f"{function.name}: the stand-in for Lambda reports failures to queues, not to {destination}")
            return
        sqs = self._runtime.client(function, "sqs")
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(record))


def _config(known: Any) -> Mapping[str, Any]:
    """Return the function's FunctionEventInvokeConfig; moto keeps the one that was put last at the end."""
    return known.event_invoke_config[-1].config if known.event_invoke_config else {}


def _record(
    function: Function, payload: str, answer: Answer, identity: str, condition: str, tries: int
) -> Mapping[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
    return {
        "version": "1.0",
        "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "requestContext": {
            "requestId": identity,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": tries,
        },
        "requestPayload": json.loads(payload),
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": json.loads(answer.payload),
    }
