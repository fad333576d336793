"""The log group where every event arrives."""

from typing import Literal

from settings.aws import KmsKeyArn, LogGroupName, RetentionDays
from settings.base import Model

Priority = Literal["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"]
"""Falco's priorities, the gravest first: https://falco.org/docs/concepts/rules/basic-elements/#priority"""


class Events(Model):
    """Where the events of all clusters go, and which."""

    log_group: LogGroupName = "/falco/events"
    """Name of the CloudWatch log group that the stack makes."""

    retention_days: RetentionDays = 90
    """Days that CloudWatch keeps an event; it takes these values and no others."""

    kms_key_arn: KmsKeyArn | None = None
    """ARN of the KMS key that encrypts the log group; its policy must let CloudWatch Logs use it. Default: a key that
    the stack makes."""

    minimum_priority: Priority = "Notice"
    """Falco reports rules of this priority and graver ones."""

    protect: bool = False
    """Refuse to delete the log group, and the stack with it, until this is false again."""
