"""ResponseAlarms: somebody is told when the function fails, is late, or has given something up."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch

from falco_firelens.insight.metrics import NAMESPACE

LATE_SECONDS = 300
"""An event should be answered seconds after it came in; minutes are what retries take."""


class ResponseAlarmsArgs(TypedDict):
    """`prefix` begins the alarms' names; the queues and the function's own log group are given by name."""

    prefix: str
    function: str
    dead_letters: pulumi.Input[str]
    retries: pulumi.Input[str]
    log_group: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class ResponseAlarms(pulumi.ComponentResource):
    """Seven alarms of the stack's topic.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """

    def __init__(self, name: str, args: ResponseAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:ResponseAlarms", name, {}, opts)
        self._name, self._args = name, args
        function = {"FunctionName": args["function"]}
        self._alarm("failures", "AWS/Lambda", "Errors", "Sum", 0, function, "The response function failed as a whole")
        self._alarm("throttles", "AWS/Lambda", "Throttles", "Sum", 0, function, "The response function had to wait")
        late = f"A delivery waited for more than {LATE_SECONDS} seconds for the response function"
        self._alarm("late", "AWS/Lambda", "AsyncEventAge", "Maximum", LATE_SECONDS * 1000, function, late)
        dead = {"QueueName": args["dead_letters"]}
        given_up = "Something was given up: falco-firelens replay shows it, and runs it again"
        self._alarm("dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0, dead, given_up)
        lost = "A delivery that was given up could not be put into the dead-letter queue: the log group still has it"
        self._alarm("lost", "AWS/Lambda", "DestinationDeliveryFailures", "Sum", 0, function, lost)
        retries = {"QueueName": args["retries"]}
        old = f"An action has been failing for more than {LATE_SECONDS} seconds"
        self._alarm("retries", "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", LATE_SECONDS, retries, old)
        unanswered = "Events came too late to be answered, see docs/response.md"
        self._alarm("unanswered", NAMESPACE, self._too_late(), "Sum", 0, {}, unanswered)
        self.register_outputs({})

    def _too_late(self) -> str:
        """The metric of events that the function left alone for their age, as its log says."""
        metric = "ResponseTooLate"
        cloudwatch.LogMetricFilter(
            f"{self._name}-unanswered",
            name=f"{self._args['prefix']}-response-unanswered",
            log_group_name=self._args["log_group"],
            pattern="{ $.too_late > 0 }",
            metric_transformation={"name": metric, "namespace": NAMESPACE, "value": "$.too_late"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return metric

    def _alarm(
        self,
        name: str,
        namespace: str,
        metric: str,
        statistic: str,
        threshold: int,
        dimensions: Mapping[str, pulumi.Input[str]],
        description: str,
    ) -> None:
        cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            name=f"{self._args['prefix']}-response-{name}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic=statistic,
            period=60,
            evaluation_periods=1,
            threshold=threshold,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self._args["topic_arn"]],
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
