"""A whole stack's outputs, as types for Pulumi's schema inference. The keys are those of the stack outputs.

`tests/unit/plugin/test_components.py` holds them to what `components.stack.deployment.Deployment` has.
"""

from typing import TypedDict


class LogGroupOutput(TypedDict, total=False):
    """The log group that every event goes to; empty where there is none."""

    name: str
    """Its name."""
    arn: str
    """Its ARN."""
    console: str
    """Its page in the AWS console."""


class InsightsOutput(TypedDict, total=False):
    """Alarms and the dashboard; empty where there is no log group."""

    topic: str
    """ARN of the SNS topic that alarms are sent to."""
    dashboard: str
    """The dashboard's page in the AWS console."""


class WatchOutput(TypedDict, total=False):
    """The function that watches the sensors; empty where `alarms.watch` is false."""

    function: str
    """Its name."""


class ResponseOutput(TypedDict, total=False):
    """The function that answers events; empty where nothing answers them."""

    function: str
    """Its name."""
    deadLetters: str
    """URL of the queue with the events that could not be answered."""
    bucket: str
    """Name of the bucket with the evidence."""
    topic: str
    """ARN of the SNS topic that notices are sent to."""
    playbooks: dict[str, str]
    """What each playbook does, by its name."""


class S3Output(TypedDict, total=False):
    """The archive in S3."""

    stream: str
    """Name of the Firehose stream."""
    bucket: str
    """Name of the bucket."""
    prefix: str
    """The folder with the events of this account and region."""
    database: str
    """The Glue database of the archive's table."""
    table: str
    """The Glue table."""
    workgroup: str
    """The Athena workgroup that may query it."""


class DomainOutput(TypedDict, total=False):
    """An OpenSearch domain."""

    arn: str
    """Its ARN."""
    endpoint: str
    """Its address, where the stack has created it."""


class OpenSearchOutput(TypedDict, total=False):
    """The destination OpenSearch."""

    stream: str
    """Name of the Firehose stream."""
    refused: str
    """Name of the bucket with the events that OpenSearch has refused."""
    domain: DomainOutput
    """The domain."""


class RedshiftOutput(TypedDict, total=False):
    """The destination Redshift."""

    stream: str
    """Name of the Firehose stream."""
    staging: str
    """Name of the bucket that Redshift copies from."""
    database: str
    """The database."""
    table: str
    """The table."""


class DestinationsOutput(TypedDict, total=False):
    """The destinations beside the log group, those that the stack has."""

    s3: S3Output
    """The archive in S3."""
    opensearch: OpenSearchOutput
    """OpenSearch."""
    redshift: RedshiftOutput
    """Redshift."""


class HubOutput(TypedDict, total=False):
    """What spokes need to know of a hub; empty where the stack is none."""

    bucketArn: str
    """ARN of the archive's bucket."""
    kmsKeyArn: str
    """ARN of the key that encrypts it."""
    format: str
    """What events are stored as: `parquet` or `json`."""
    spokes: dict[str, list[str]]
    """The regions of each account that may send."""
    sinkArns: dict[str, str]
    """ARN of the sink of each region that has one."""
    logDestinationArns: dict[str, dict[str, str]]
    """ARNs of the log destinations, by account and region."""
    dashboard: str
    """The dashboard's page in the AWS console; empty where there is none."""
    topic: str
    """ARN of the SNS topic that the hub's alarms are sent to; empty where there is none."""


class SensorOutput(TypedDict, total=False):
    """A cluster's sensor: a namespace with DaemonSets in Kubernetes, a service in ECS."""

    namespace: str
    """The namespace."""
    daemonSets: list[str]
    """Falco's DaemonSet and Fluent Bit's."""
    service: str
    """The ECS service."""
    taskDefinition: str
    """ARN of the task definition."""


class ClusterOutput(TypedDict, total=False):
    """A cluster of the stack."""

    platform: str
    """`eks`, `ecs` or `kubernetes`."""
    name: str
    """What AWS calls it, or the stack file."""
    sensor: SensorOutput
    """Its sensor."""
    console: str
    """Its page in the AWS console."""
