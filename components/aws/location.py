"""Where a stack is deployed, and the ARNs and links that follow from it."""

from typing import TypedDict
from urllib.parse import quote


class AwsLocation(TypedDict):
    """One account in one region. `dns_suffix` is the partition's, such as `amazonaws.com.cn`."""

    account: str
    region: str
    partition: str
    dns_suffix: str


def arn(location: AwsLocation, service: str, resource: str) -> str:
    """Return the ARN of a regional resource of this account."""
    return f"arn:{location['partition']}:{service}:{location['region']}:{location['account']}:{resource}"


def global_arn(location: AwsLocation, service: str, resource: str, account: str | None = None) -> str:
    """Return the ARN of a resource of a service without regions, such as IAM; `account` may be `aws`, for AWS's own."""
    return f"arn:{location['partition']}:{service}::{account or location['account']}:{resource}"


_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-cn": "console.amazonaws.cn",
}
"""https://docs.aws.amazon.com/awsconsolehelpdocs/latest/gsg/regions.html; other partitions have no public console."""


def _console(location: AwsLocation, path: str) -> str:
    host = _CONSOLES.get(location["partition"], _CONSOLES["aws"])
    region = location["region"]
    service, _, fragment = path.partition("#")
    return f"https://{region}.{host}/{service}?region={region}" + (f"#{fragment}" if fragment else "")


def log_group_link(location: AwsLocation, log_group: str) -> str:
    """Return the console's page of a log group, whose name is percent-encoded twice and then has `$` for each `%`."""
    name = quote(quote(log_group, safe=""), safe="").replace("%", "$")
    return _console(location, f"cloudwatch/home#logsV2:log-groups/log-group/{name}")


def dashboard_link(location: AwsLocation, dashboard: str) -> str:
    """Return the console's page of a CloudWatch dashboard."""
    return _console(location, f"cloudwatch/home#dashboards/dashboard/{quote(dashboard, safe='')}")


def eks_link(location: AwsLocation, cluster: str) -> str:
    """Return the console's page of an EKS cluster."""
    return _console(location, f"eks/home#/clusters/{quote(cluster, safe='')}")


def ecs_link(location: AwsLocation, cluster: str, service: str) -> str:
    """Return the console's page of an ECS service."""
    return _console(location, f"ecs/v2/clusters/{quote(cluster, safe='')}/services/{quote(service, safe='')}/health")
