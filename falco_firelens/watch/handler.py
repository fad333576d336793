"""What Lambda calls, by the stack's schedule."""

import functools
from datetime import datetime
from typing import Any, Protocol

import boto3
from botocore.config import Config

from falco_firelens.watch.configuration import load
from falco_firelens.watch.watch import Watch

AWS = Config(connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})
"""Throttled calls are tried again: FilterLogEvents takes as few as five a second in some regions, for all callers of
the account together. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""

RESERVE_SECONDS = 30.0
"""Kept for writing the metrics."""


class Context(Protocol):
    """Of Lambda's context, what is asked for."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        ...


def handle(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Look at all clusters. `time` in the event is the schedule's, so a repeated call looks at the same moment."""
    now = datetime.fromisoformat(event["time"]).timestamp()
    found = Watch(load(), client, now).run(context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)
    return {cluster: dict(finding.values) for cluster, finding in found.items()}


@functools.cache
def client(service: str) -> Any:
    """Return a boto3 client, made when first used."""
    clients: Any = boto3
    return clients.client(service, config=AWS)
