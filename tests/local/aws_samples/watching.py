"""Samples of logs, alarms, dashboards and notifications."""

import json
from collections.abc import Callable

import boto3

from tests.local.aws_samples.sample import KEY, LOG_GROUP, ROLE, TAGS, Sample, World, of, policy, sample

TARGET = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/events"
TRANSFORMER = "aws:cloudwatch/logTransformer:LogTransformer"
DESTINATION = "aws:cloudwatch/logDestination:LogDestination"
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "aws:sns/topic:Topic"


def widgets(title: str) -> str:
    """A dashboard's body."""
    return json.dumps({"widgets": [{"type": "text", "properties": {"markdown": title}}]})


def publishing(source: str) -> Callable[[World], str]:
    """A policy of the topic, by which alarms publish."""

    def text(world: World) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": world(TOPIC)["arn"],
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:123456789012:{source}"}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return text


def stream(world: World) -> str:
    """The ARN of a Kinesis stream; moto refuses to subscribe what is not there."""
    region = world(LOG_GROUP)["region"]
    kinesis = boto3.client("kinesis", region, aws_access_key_id="test", aws_secret_access_key="test")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    return kinesis.describe_stream(StreamName="events")["StreamDescription"]["StreamARN"]


WATCHING: dict[str, Sample] = {
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": sample(
        {"pattern": "{ $.event.priority = Error }"},
        logGroupName=lambda world: world(TRANSFORMER)["logGroupArn"].rpartition(":")[2],
        pattern="{ $.event.priority = Critical }",
        applyOnTransformedLogs=True,
        metricTransformation={"name": "Critical", "namespace": "Falco", "value": "1", "dimensions": {"by": "$.by"}},
    ),
    TRANSFORMER: sample(
        {"transformerConfigs": [{"parseJsons": [{"destination": "said"}]}]},
        logGroupArn=of(LOG_GROUP, "arn"),
        transformerConfigs=[
            {"parseJsons": [{"destination": "event"}]},
            {"copyValue": {"entries": [{"source": "@accountId", "target": "by", "overwriteIfExists": True}]}},
            {"substituteStrings": [{"entries": [{"source": "by", "from": "([0-9]*)", "to": "account $1"}]}]},
        ],
    ),
    DESTINATION: sample({"targetArn": f"{TARGET}-2"}, roleArn=of(ROLE, "arn"), targetArn=TARGET),
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": sample(
        {"accessPolicy": policy("logs:PutSubscriptionFilter")},
        destinationName=of(DESTINATION, "name"),
        accessPolicy=policy("logs:PutLogEvents"),
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": sample(
        {"policyDocument": policy("logs:CreateLogStream")}, policyDocument=policy("logs:PutLogEvents")
    ),
    METRIC_ALARM: sample(
        {"threshold": 5, "tags": {"team": "red"}},
        metricName="Critical",
        namespace="Falco",
        statistic="Sum",
        comparisonOperator="GreaterThanThreshold",
        evaluationPeriods=1,
        period=60,
        threshold=1,
        dimensions={"rule": "x"},
        alarmActions=["arn:aws:sns:eu-west-1:123456789012:alarms"],
    ),
    COMPOSITE_ALARM: sample(
        {"alarmDescription": "new", **TAGS},
        alarmName="attention",
        alarmDescription="old",
        alarmRule=lambda world: f'ALARM("{world(METRIC_ALARM)["name"]}")',
        okActions=["arn:aws:sns:eu-west-1:123456789012:alarms"],
    ),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": sample(
        {"filterPattern": "{ $.priority = Error }"},
        logGroup=of(LOG_GROUP, "name"),
        destinationArn=stream,
        filterPattern="",
    ),
    "aws:cloudwatch/dashboard:Dashboard": sample(
        {"dashboardBody": widgets("new")}, dashboardName="falco", dashboardBody=widgets("old")
    ),
    "aws:cloudwatch/logStream:LogStream": sample(logGroupName=of(LOG_GROUP, "name")),
    TOPIC: sample({"displayName": "new", **TAGS}, kmsMasterKeyId=of(KEY, "arn"), displayName="old"),
    "aws:sns/topicPolicy:TopicPolicy": sample(
        {"policy": publishing("alarm:red-*")}, arn=of(TOPIC, "arn"), policy=publishing("alarm:blue-*")
    ),
    "aws:sns/topicSubscription:TopicSubscription": sample(
        topic=of(TOPIC, "arn"), protocol="email", endpoint="soc@example.com"
    ),
}
