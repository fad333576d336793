"""What a log group sends to a function that has subscribed to it, and whether it may."""

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from localcloud.cloudwatch.filter_pattern import event_of, matcher

LOGS = "logs.amazonaws.com"
INVOKE = "lambda:InvokeFunction"

LogEvent = dict[str, Any]


def may_invoke(statements: Iterable[Mapping[str, Any]], service: str, source_arn: str, account: str) -> bool:
    """Whether a function's policy lets a service of AWS call it for a source.

    Of conditions those on the source's ARN and account are known; a statement with another one allows nothing.
    """
    values = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}

    def allows(statement: Mapping[str, Any]) -> bool:
        conditions = [pair for one in statement.get("Condition", {}).values() for pair in one.items()]
        return (
            statement["Effect"] == "Allow"
            and statement["Principal"] in (service, {"Service": service})
            and fnmatchcase(INVOKE, statement["Action"])
            and all(fnmatchcase(values.get(key.lower(), ""), wanted) for key, wanted in conditions)
        )

    return any(map(allows, statements))


def log_group_arn(account: str, region: str, name: str) -> str:
    """Return the source ARN with which CloudWatch Logs calls a function."""
    return f"arn:aws:logs:{region}:{account}:log-group:{name}:*"


def matching(pattern: str, events: Sequence[LogEvent]) -> list[LogEvent]:
    """Return the events that a filter's pattern lets through: all where it is empty. Raises PatternError."""
    if not pattern.strip():
        return list(events)
    matches = matcher(pattern)
    return [event for event in events if matches(event_of(event["message"]))]


def payload(owner: str, group: str, stream: str, filter_name: str, events: Sequence[LogEvent]) -> str:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-cloudwatchlogs.html"""
    batch = {
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [filter_name],
        "logEvents": list(events),
    }
    return json.dumps({"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()}})
