"""Lets moto's log groups do what CloudWatch Logs does with events that come in, and moto does not.

They send events to the log destination of another account: only to one whose target is a Firehose stream, which may be
in another region than the two, and whose policy lets the group's account; what the filter's pattern leaves out is sent
too. They have transformers, and metric filters make metrics of the events, transformed or not.
"""

import gzip
import json
import threading
import weakref
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.firehose.models import firehose_backends
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import Destination, LogsBackend, LogStream, logs_backends
from moto.logs.models import LogGroup as MotoLogGroup
from moto.logs.responses import LogsResponse

from localcloud.aws.resource_policy import Request, allows
from localcloud.cloudwatch.filter_pattern import PatternError, matcher
from localcloud.cloudwatch.metric_data import Arrival, MetricData, SwitchedOff
from localcloud.cloudwatch.transformer import LogGroup, Processor, TransformerError, check

SUBSCRIBE = "logs:PutSubscriptionFilter"


def install() -> None:
    """Make moto do so, in this process."""
    _destinations()
    _transformers()
    _metric_filters()


def _destinations() -> None:
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


_TRANSFORMERS: weakref.WeakKeyDictionary[MotoLogGroup, dict[str, Any]] = weakref.WeakKeyDictionary()
"""By log group, as GetTransformer has them; they go with their group."""


def _transformers() -> None:
    def put(self: Any) -> str:
        group, processors = _group(self), self._get_param("transformerConfig")
        try:
            check(processors)
        except TransformerError as error:
            raise InvalidParameterException(str(error)) from None
        now = int(datetime.now(UTC).timestamp() * 1000)
        created = _TRANSFORMERS.get(group, {}).get("creationTime", now)
        _TRANSFORMERS[group] = {
            "logGroupIdentifier": self._get_param("logGroupIdentifier"),
            "creationTime": created,
            "lastModifiedTime": now,
            "transformerConfig": processors,
        }
        return ""

    def get(self: Any) -> str:
        return json.dumps(_transformer(_group(self)))

    def delete(self: Any) -> str:
        group = _group(self)
        _transformer(group)
        del _TRANSFORMERS[group]
        return ""

    LogsResponse.put_transformer = put  # pyright: ignore[reportAttributeAccessIssue]
    LogsResponse.get_transformer = get  # pyright: ignore[reportAttributeAccessIssue]
    LogsResponse.delete_transformer = delete  # pyright: ignore[reportAttributeAccessIssue]


def _group(response: Any) -> MotoLogGroup:
    """Return the log group that a request names, or whose ARN it gives.

    Raises ResourceNotFoundException.
    """
    name = response._get_param("logGroupIdentifier").rpartition(":log-group:")[2].removesuffix(":*")
    if name not in response.logs_backend.groups:
        raise ResourceNotFoundException
    return response.logs_backend.groups[name]


def _transformer(group: MotoLogGroup) -> Mapping[str, Any]:
    if group not in _TRANSFORMERS:
        raise ResourceNotFoundException("The specified log group has no transformer.")
    return _TRANSFORMERS[group]


def _metric_filters() -> None:
    """Count what comes in; a pattern is checked when its filter is put."""
    put_filter, put_events = LogsResponse.put_metric_filter, LogStream.put_log_events
    switched_off: weakref.WeakKeyDictionary[MotoLogGroup, SwitchedOff] = weakref.WeakKeyDictionary()
    counting = threading.Lock()

    def put(self: Any) -> str:
        backend, name = self.logs_backend, self._get_param("logGroupName")
        if name not in backend.groups:
            raise ResourceNotFoundException
        try:
            matcher(self._get_param("filterPattern"))
        except PatternError as error:
            raise InvalidParameterException(f"The stand-in does not know this pattern: {error}") from None
        transformed = self._get_param("applyOnTransformedLogs")
        if transformed and backend.groups[name] not in _TRANSFORMERS:
            raise InvalidParameterException("applyOnTransformedLogs is for log groups with a transformer.")
        # moto adds a second filter of the same name.
        backend.delete_metric_filter(self._get_param("filterName"), name)
        answer = put_filter(self)
        backend.filters.metric_filters[-1]["applyOnTransformedLogs"] = bool(transformed)
        switched_off.pop(backend.groups[name], None)
        return answer

    def ingest(self: Any, log_events: list[dict[str, Any]]) -> str:
        answer = put_events(self, log_events)
        moto_group: MotoLogGroup = self.log_group
        filters = logs_backends[self.account_id][self.region].filters.get_matching_filters(
            log_group_name=moto_group.name
        )
        transformer: Sequence[Processor] = _TRANSFORMERS.get(moto_group, {}).get("transformerConfig", ())
        if filters or transformer:
            group = LogGroup(moto_group.name, self.account_id, self.region, transformer)
            with counting:
                data = MetricData(switched_off=switched_off.setdefault(moto_group, SwitchedOff()))
                arrivals = (
                    Arrival(one["timestamp"] / 1000, one["message"], self.log_stream_name) for one in log_events
                )
                data.ingest(group, filters, arrivals)
            _publish(group, data)
        return answer

    LogsResponse.put_metric_filter = put
    LogStream.put_log_events = ingest


def _publish(group: LogGroup, data: MetricData) -> None:
    cloudwatch: Any = cloudwatch_backends[group.account][group.region]
    for (namespace, name, pairs), values in data.values.items():
        dimensions = [{"Name": one, "Value": value} for one, value in pairs]
        cloudwatch.put_metric_data(
            namespace,
            [
                {
                    "MetricName": name,
                    "Dimensions": dimensions,
                    "Value": value,
                    # moto's own times are in UTC and do not say so.
                    "Timestamp": datetime.fromtimestamp(time, UTC).replace(tzinfo=None),
                }
                for time, value in values
            ],
        )
