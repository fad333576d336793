"""Lets moto's log groups send their events to the log destination of another account, as CloudWatch Logs does.

Only to one whose target is a Firehose stream, which may be in another region than the two, and whose policy lets the
group's account; what the filter's pattern leaves out is sent too.
"""

import gzip
import json
from typing import Any

from moto.firehose.models import firehose_backends
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import Destination, LogsBackend, LogStream, logs_backends

from localcloud.aws.resource_policy import Request, allows

SUBSCRIBE = "logs:PutSubscriptionFilter"


def install() -> None:
    """Make moto do so, in this process."""
    put_filter = LogsBackend.put_subscription_filter
    send = LogStream._send_log_events  # pyright: ignore[reportPrivateUsage]

    def put(
        self: Any, log_group_name: str, filter_name: str, filter_pattern: str, destination_arn: str, role_arn: str
    ) -> None:
        if ":destination:" not in destination_arn:
            put_filter(self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn)
            return
        destination = _destination(destination_arn)
        request = Request(self.account_id, SUBSCRIBE, destination_arn)
        if destination_arn.split(":")[3] != self.region_name or not destination:
            raise InvalidParameterException("Could not find the destination: it has to be in the log group's region.")
        if self.account_id != destination_arn.split(":")[4] and not allows(destination.access_policy, request):
            raise InvalidParameterException(f"The destination's policy does not allow {SUBSCRIBE} to this account.")
        self.groups[log_group_name].put_subscription_filter(filter_name, filter_pattern, destination_arn, role_arn)

    def deliver(
        self: Any, service: str, destination_arn: str, filter_name: str, log_events: list[dict[str, Any]]
    ) -> None:
        destination = _destination(destination_arn) if ":destination:" in destination_arn else None
        if destination is None:
            send(self, service, destination_arn, filter_name, log_events)
            return
        batch = {
            "messageType": "DATA_MESSAGE",
            "owner": self.account_id,
            "logGroup": self.log_group.name,
            "logStream": self.log_stream_name,
            "subscriptionFilters": [filter_name],
            "logEvents": log_events,
        }
        _, _, _, region, account, stream = destination.target_arn.split(":", 5)
        firehose: Any = firehose_backends[account][region]
        firehose.put_record_batch(stream.rpartition("/")[2], [{"Data": gzip.compress(json.dumps(batch).encode())}])

    LogsBackend.put_subscription_filter = put
    LogStream._send_log_events = deliver  # pyright: ignore[reportPrivateUsage]


def _destination(arn: str) -> Destination | None:
    _, _, _, region, account, _, _ = arn.split(":", 6)
    logs: Any = logs_backends[account][region]
    return logs.destinations.get(arn)
