"""Lets moto keep composite alarms: it has them in its model, and no PutCompositeAlarm.

What is refused is what AWS refuses: a rule that names alarms which are not there, and one that is too long or names too
many. A rule is not evaluated.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

import re
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse

from insight.alarms import LONGEST_RULE, MOST_CHILDREN


def install() -> None:
    """Make moto do so, in this process."""

    def put(self: Any) -> Any:
        rule: str = self._get_param("AlarmRule")
        children = set(re.findall(r'ALARM\("([^"]+)"\)', rule))
        there = {alarm.name for alarm in self.cloudwatch_backend.describe_alarms()}
        if missing := sorted(children - there):
            raise ValidationError(f"Could not save the composite alarm: no such alarms: {', '.join(missing)}")
        if len(rule) > LONGEST_RULE or len(children) > MOST_CHILDREN:
            raise ValidationError(f"AlarmRule has {len(rule)} characters and {len(children)} children")
        return self.put_metric_alarm()

    CloudWatchResponse.put_composite_alarm = put  # pyright: ignore[reportAttributeAccessIssue]
