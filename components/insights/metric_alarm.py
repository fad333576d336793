"""A metric alarm from its description in `falco_firelens.insight.alarms`."""

from collections.abc import Mapping

import pulumi
from pulumi_aws import cloudwatch

from falco_firelens.insight.alarms import Alarm

METRIC = "metric"
"""The id of an alarm's metric in its expression."""


def metric_alarm(
    name: str, wanted: Alarm, topic_arn: pulumi.Input[str], tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> "cloudwatch.MetricAlarm":
    """Return the alarm of this logical name, which publishes to a topic."""
    metric: cloudwatch.MetricAlarmMetricQueryMetricArgsDict = {
        "metric_name": wanted.metric.name,
        "namespace": wanted.metric.namespace,
        "dimensions": dict(wanted.metric.dimensions),
        "period": wanted.period,
        "stat": wanted.metric.statistic,
    }
    filled = f"FILL({METRIC}, {wanted.fill:g})"
    return cloudwatch.MetricAlarm(
        name,
        name=wanted.name,
        alarm_description=wanted.description,
        metric_queries=[
            {"id": METRIC, "metric": metric, "return_data": False},
            {"id": "filled", "expression": filled, "label": wanted.metric.name, "return_data": True},
        ],
        comparison_operator=wanted.comparison,
        threshold=wanted.threshold,
        evaluation_periods=wanted.periods,
        datapoints_to_alarm=wanted.datapoints,
        treat_missing_data=wanted.missing,
        alarm_actions=[topic_arn],
        tags=tags,
        opts=opts,
    )
