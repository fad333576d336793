"""Puts the stand-in in moto's place: whatever calls a function in moto calls it here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend, LogStream
from moto.sqs.models import sqs_backends

from localcloud.aws.functions.asynchronous import AsynchronousCalls
from localcloud.aws.functions.function import Function, ThrottledError
from localcloud.aws.functions.polling import QueuePolling
from localcloud.aws.functions.runtime import Runtime
from localcloud.aws.functions.schedule import Schedules
from localcloud.aws.functions.subscription import LOGS, log_group_arn, matching, may_invoke, payload
from localcloud.aws.functions.trusted import TrustedCode
from localcloud.cloudwatch.filter_pattern import PatternError
from localcloud.console import say

NO_PERMISSION = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
    "function."
)
"""What PutSubscriptionFilter says, https://repost.aws/knowledge-center/cloudwatch-error-code-log-subscription"""


class _TooManyRequestsError(JsonRESTError):
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors"""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


def install(deployer: Mapping[str, str], folder: Path, trusted: Path) -> None:
    """Make moto run functions here.

    `deployer` is an environment with the AWS that they see and somebody who may assume their roles, `folder` where
    their code is unpacked, and `trusted` the folder that names further code to run.
    """
    say("Lambda functions run in processes of this machine's Python: a stand-in, see docs/localcloud.md")
    runtime = Runtime(deployer, folder, TrustedCode(trusted))
    calls = AsynchronousCalls(runtime)
    _calls(runtime, calls)
    _mappings(QueuePolling(runtime))
    _subscriptions(calls)
    Schedules(calls).start()


def _calls(runtime: Runtime, calls: AsynchronousCalls) -> None:
    def invoke(self: LambdaFunction, body: str, request_headers: Any, response_headers: dict[str, str]) -> bytes:
        given = body.decode() if isinstance(body, bytes) else body
        kind = request_headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "Event":
            calls.accept(self, given or "{}")
        if kind != "RequestResponse":
            return b""
        try:
            answer = runtime.call(Function.of(self), given or "{}", wait=False)
        except ThrottledError:
            raise _TooManyRequestsError from None
        if answer.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return answer.payload.encode()

    delete: Callable[..., None] = LambdaBackend.delete_function

    def forget(self: LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        if qualifier is None:
            runtime.forget(arn)

    LambdaFunction.invoke = invoke
    LambdaBackend.delete_function = forget


def _mappings(polling: QueuePolling) -> None:
    create: Callable[..., Any] = LambdaBackend.create_event_source_mapping

    def polled(self: LambdaBackend, spec: dict[str, Any]) -> Any:
        queues = sqs_backends[self.account_id][self.region_name].queues
        _check_visibility(self.get_function(spec["FunctionName"]), queues.get(spec["EventSourceArn"].split(":")[-1]))
        mapping = create(self, spec)
        for queue in queues.values():
            if queue.lambda_event_source_mappings.pop(mapping.function_arn, None):
                # moto would call the function from within SendMessage.
                polling.add(self, mapping)
        return mapping

    LambdaBackend.create_event_source_mapping = polled


def _check_visibility(function: LambdaFunction, queue: Any) -> None:
    """Else a message would be seen again while the function is still at it.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    if queue and queue.visibility_timeout < function.timeout:
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {queue.visibility_timeout} seconds is less than "
            f"Function timeout: {function.timeout} seconds"
        )


def _subscriptions(calls: AsynchronousCalls) -> None:
    put_filter: Callable[..., None] = LogsBackend.put_subscription_filter
    send: Callable[..., None] = LogStream._send_log_events  # pyright: ignore[reportPrivateUsage]

    def put(
        self: Any, log_group_name: str, filter_name: str, filter_pattern: str, destination_arn: str, role_arn: str
    ) -> None:
        if destination_arn.split(":")[2] == "lambda":
            try:
                matching(filter_pattern, [])
            except PatternError as error:
                raise InvalidParameterException(f"The stand-in does not know this pattern: {error}") from None
            if log_group_name in self.groups and not _function(self, log_group_name, destination_arn):
                raise InvalidParameterException(NO_PERMISSION)
        put_filter(self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn)

    def deliver(
        self: Any, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
    ) -> None:
        if service != "lambda":
            send(self, service, destination_arn, filter_name, log_events)
            return
        group = self.log_group
        events = matching(group.subscription_filters[filter_name].filter_pattern, log_events)
        function = _function(self, group.name, destination_arn)
        if events and function:
            calls.accept(function, payload(self.account_id, group.name, self.log_stream_name, filter_name, events))

    LogsBackend.put_subscription_filter = put
    LogStream._send_log_events = deliver  # pyright: ignore[reportPrivateUsage]


def _function(logs: Any, group: str, arn: str) -> LambdaFunction | None:
    """Return a function of a log group's account and region, if it is there and lets the group call it."""
    region: str = getattr(logs, "region_name", None) or logs.region
    function = get_backend(logs.account_id, region).get_function_by_arn(arn)
    source = log_group_arn(logs.account_id, region, group)
    if function and may_invoke(function.policy.statements, LOGS, source, logs.account_id):
        return function
    return None
