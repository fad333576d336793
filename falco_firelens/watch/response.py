"""Whether the response is called: its subscription filter is as deployed, and events that it should get get to it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from falco_firelens.watch.configuration import Response
from falco_firelens.watch.heartbeats import Clock

LATE_SECONDS = 5 * 60
"""How long an event may take to the function."""

SPAN_SECONDS = 30 * 60
"""Which events are looked at: two runs see each."""

PERIOD = 300


def missing(clients: Mapping[str, Any], log_group: str, response: Response, now: float, clock: Clock) -> str:
    """Return why events do not get to the response function; nothing where they do.

    `clients` has those of CloudWatch Logs and of CloudWatch.
    """
    logs = clients["logs"]
    found = logs.describe_subscription_filters(logGroupName=log_group, filterNamePrefix=response.function)
    filters: Sequence[Mapping[str, Any]] = found["subscriptionFilters"]
    ours = next((one for one in filters if one["filterName"] == response.function), None)
    if ours is None:
        return "the subscription filter is gone"
    if ours["filterPattern"] != response.pattern:
        return "the subscription filter has another pattern"
    if ours["destinationArn"].rpartition(":")[2] != response.function:
        return "the subscription filter calls something else"
    # What came before the filter, it does not get.
    start = max(now - LATE_SECONDS - SPAN_SECONDS, ours["creationTime"] / 1000)
    if start >= now - LATE_SECONDS or not _came(logs, log_group, response.pattern, (start, now - LATE_SECONDS), clock):
        return ""
    if _invocations(clients["cloudwatch"], response.function, start, now):
        return ""
    return "events came that a playbook can answer, and the function was not called"


def _came(logs: Any, log_group: str, pattern: str, span: tuple[float, float], clock: Clock) -> bool:
    """Return whether an event came that matches; the search ends with the first one."""
    start, end = span
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group,
        filterPattern=pattern,
        startTime=int(start * 1000),
        endTime=int(end * 1000),
        limit=1,
    )
    for page in pages:
        if page["events"]:
            return True
        clock.check()
    return False


def _invocations(cloudwatch: Any, function: str, start: float, end: float) -> float:
    """Return how often the function was called. Periods are those of the clock, so the first begins earlier."""
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
    }
    query = {"Id": "calls", "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": "Sum"}}
    first = start - start % PERIOD
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query],
        StartTime=datetime.fromtimestamp(first, UTC),
        EndTime=datetime.fromtimestamp(end + PERIOD, UTC),
    )
    return sum(answer["MetricDataResults"][0]["Values"])
