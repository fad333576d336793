"""FilterLogEvents as CloudWatch Logs answers it: by JSON patterns, and by the beginning of a stream's name.

moto knows neither: it ignores the one, and matches the words of the other. A pattern without braces stays moto's.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

import json
from typing import Any

from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogStream
from moto.logs.responses import LogsResponse

from localcloud.aws.functions.subscription import matching
from localcloud.cloudwatch.filter_pattern import PatternError


def install() -> None:
    """Make moto do so, in this process."""
    respond = LogsResponse.filter_log_events
    search = LogStream.filter_log_events

    def filtered(self: Any) -> str:
        prefix: str | None = self._get_param("logStreamNamePrefix")
        if prefix is not None:
            if self._get_param("logStreamNames"):
                raise InvalidParameterException("logStreamNamePrefix and logStreamNames: only one can be given")
            group = self.logs_backend.groups.get(self._get_param("logGroupName"))
            names = [name for name in (group.streams if group else ()) if name.startswith(prefix)]
            if group and not names:
                return json.dumps({"events": [], "searchedLogStreams": []})
            given = {key: value for key, value in json.loads(self.body).items() if key != "logStreamNamePrefix"}
            self.body = json.dumps({**given, "logStreamNames": names})
        return respond(self)

    def found(self: Any, start_time: int, end_time: int, filter_pattern: str) -> list[dict[str, Any]]:
        if not (filter_pattern or "").strip().startswith("{"):
            return search(self, start_time, end_time, filter_pattern)
        try:
            return matching(filter_pattern, search(self, start_time, end_time, ""))
        except PatternError as error:
            raise InvalidParameterException(f"The stand-in does not know this pattern: {error}") from None

    LogsResponse.filter_log_events = filtered
    LogStream.filter_log_events = found
