"""ResponseAlarms: notifications when the function fails, is late, or has given something up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch

from falco_firelens.insight.metrics import NAMESPACE

LATE_SECONDS = 300
"""An event should be answered seconds after it came in; minutes are what retries take."""

TOO_LATE = "ResponseTooLate"
"""The metric of events that the function did not answer because of their age, as its log says."""

HELD_BACK = "ResponseHeldBack"
"""The metric of targets to which nothing was done because of a playbook's rate limit, as the function's log says."""

COUNTED = (("unanswered", "too_late", TOO_LATE), ("held-back", "held_back", HELD_BACK))
"""A name, the key of a line of the function's log that has a number, and the metric that sums it up."""


class ResponseAlarmsArgs(TypedDict):
    """`prefix` begins the alarms' names; the queues and the function's own log group are given by name."""

    prefix: str
    function: str
    dead_letters: pulumi.Input[str]
    retries: pulumi.Input[str]
    log_group: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class _Alarm:
    """An alarm that is on while a minute's metric is above the threshold.

    The record of `falco_firelens.insight.alarms` compares with metric math, which these plain metrics do not need.
    """

    name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    statistic: str = "Sum"
    threshold: int = 0


class ResponseAlarms(pulumi.ComponentResource):
    """Eight alarms of the stack's topic."""

    def __init__(self, name: str, args: ResponseAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:ResponseAlarms", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        for suffix, key, metric in COUNTED:
            cloudwatch.LogMetricFilter(
                f"{name}-{suffix}",
                name=f"{args['prefix']}-response-{suffix}",
                log_group_name=args["log_group"],
                pattern=f"{{ $.{key} > 0 }}",
                metric_transformation={"name": metric, "namespace": NAMESPACE, "value": f"$.{key}"},
                opts=child,
            )
        for alarm in _alarms(args):
            cloudwatch.MetricAlarm(
                f"{name}-{alarm.name}",
                name=f"{args['prefix']}-response-{alarm.name}",
                alarm_description=alarm.description,
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                dimensions=alarm.dimensions,
                statistic=alarm.statistic,
                period=60,
                evaluation_periods=1,
                threshold=alarm.threshold,
                comparison_operator="GreaterThanThreshold",
                treat_missing_data="notBreaching",
                alarm_actions=[args["topic_arn"]],
                tags=args["tags"],
                opts=child,
            )
        self.register_outputs({})


def _alarms(args: ResponseAlarmsArgs) -> Iterator[_Alarm]:
    """Yield the alarms on the function, its queues and its log.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    function = {"FunctionName": args["function"]}
    yield _Alarm("failures", "The response function failed as a whole", "AWS/Lambda", "Errors", function)
    yield _Alarm("throttles", "The response function had to wait", "AWS/Lambda", "Throttles", function)
    yield _Alarm(
        "late",
        f"A delivery waited for more than {LATE_SECONDS} seconds for the response function",
        "AWS/Lambda",
        "AsyncEventAge",
        function,
        statistic="Maximum",
        threshold=LATE_SECONDS * 1000,
    )
    yield _Alarm(
        "dead-letters",
        "Something was given up: falco-firelens replay shows it, and runs it again",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": args["dead_letters"]},
        statistic="Maximum",
    )
    yield _Alarm(
        "lost",
        "A delivery that was given up could not be put into the dead-letter queue: the log group still has it",
        "AWS/Lambda",
        "DestinationDeliveryFailures",
        function,
    )
    yield _Alarm(
        "retries",
        f"An action has been failing for more than {LATE_SECONDS} seconds",
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"QueueName": args["retries"]},
        statistic="Maximum",
        threshold=LATE_SECONDS,
    )
    yield _Alarm("held-back", "A playbook's rate limit held something back: mostTargets", NAMESPACE, HELD_BACK)
    yield _Alarm("unanswered", "Events came too late to be answered, see docs/response.md", NAMESPACE, TOO_LATE)
