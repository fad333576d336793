"""When somebody is notified: the thresholds of the alarms, and where notifications go."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from falco_firelens.contract import Priority
from falco_firelens.settings.types import ClusterName
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import Encrypted

LONGEST_WINDOW_MINUTES = 1440
"""An alarm looks back a day at most: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""

QuietMinutes = Annotated[int, Field(ge=30, le=LONGEST_WINDOW_MINUTES, multiple_of=15)]
"""Falco's heartbeat comes every 15 minutes, so that a window shorter than two of them would be empty by chance."""

DroppedPercent = Annotated[int, Field(ge=1, le=100)]

SilentNodes = Annotated[int, Field(ge=1, le=1000)]

MOST_MEBIBYTES = 1_048_576
"""A tebibyte an hour, some 9,000 dollars a day."""


class ClusterAlarms(Model):
    """Thresholds of one cluster; what is left out is as for all clusters."""

    minimum_priority: Priority | None = None
    """Events of this priority or higher fire an alarm."""

    silent_minutes: QuietMinutes | None = None
    """Minutes without any heartbeat after which the cluster counts as silent, a multiple of 15."""

    silent_nodes: SilentNodes | None = None
    """How many nodes must be silent at the same time to fire an alarm."""

    dropped_percent: DroppedPercent | None = None
    """Share of a second's system calls that Falco may fail to see before it says so."""


class Alarms(Model):
    """Thresholds of the alarms."""

    minimum_priority: Priority = "Critical"
    """Events of this priority or higher fire an alarm."""

    silent_minutes: QuietMinutes = 60
    """Minutes without any heartbeat of a cluster after which it counts as silent, a multiple of 15."""

    silent_nodes: SilentNodes = 1
    """How many nodes of a cluster must be silent at the same time to fire an alarm. A node is silent when it runs
    but has sent no heartbeat for 40 minutes."""

    watch: bool = True
    """Compare every 15 minutes, by a function of the stack's own, the heartbeats with the nodes that there are and with
    the files that were deployed. Without it, one silent node among many goes unnoticed."""

    hourly_mebibytes: Annotated[int, Field(ge=1, le=MOST_MEBIBYTES)] = 1024
    """Mebibytes in an hour above which the log group fires an alarm. The default is about 12 dollars a day."""

    dropped_percent: DroppedPercent = 5
    """Share of a second's system calls that Falco may fail to see before it says so. Falco itself compares, so a
    change here rolls its pods."""

    delivery_late_minutes: QuietMinutes = 30
    """Minutes in which nothing may come into the log group, and which a stream may be behind, before delivery counts
    as late; a multiple of 15."""

    clusters: dict[ClusterName, ClusterAlarms] = Field(default_factory=dict[str, ClusterAlarms])
    """Thresholds of single clusters, by the cluster's name."""

    def of(self, cluster: str) -> "Alarms":
        """Return the thresholds of a cluster."""
        own = self.clusters.get(cluster, ClusterAlarms()).model_dump(exclude_none=True)
        return self.model_copy(update=own)


Protocol = Literal["email", "https", "sqs", "lambda", "sms"]

_ENDPOINTS: Mapping[str, tuple[str, str]] = {
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address"),
    "https": (r"https://[^\s/]+(/\S*)?", "a URL that begins with https://"),
    "sqs": (r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[0-9A-Za-z_-]{1,80}", "the ARN of a queue"),
    "lambda": (
        r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[0-9A-Za-z_-]{1,64}(:[0-9A-Za-z_-]+)?",
        "the ARN of a function",
    ),
    "sms": (r"\+[1-9][0-9]{6,14}", "a telephone number such as +15550100123"),
}
"""https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html; a FIFO queue cannot subscribe to a standard topic."""


class Notification(Model):
    """One place where the alarms' notifications go."""

    protocol: Protocol
    """How the notification is sent."""

    endpoint: Annotated[SecretStr, Field(min_length=1)]
    """Where to: an address, a URL, a telephone number or an ARN, as the protocol wants it. A secret, since a URL may
    hold a key: `pulumi config set --secret --path 'falco-firelens:notifications[0].endpoint' https://…`."""

    @field_validator("endpoint")
    @classmethod
    def _fits_the_protocol(cls, endpoint: SecretStr, info: ValidationInfo) -> SecretStr:
        pattern, expected = _ENDPOINTS.get(info.data.get("protocol", ""), (".*", ""))
        if not (isinstance(endpoint, Encrypted) or re.fullmatch(pattern, endpoint.get_secret_value())):
            raise mistake(f"{expected}, because protocol is {info.data['protocol']}")
        return endpoint
