"""Lets moto keep composite alarms: it has them in its model, and no PutCompositeAlarm.

What is refused is what AWS refuses: a rule that names alarms which are not there, one that is too long or names too
many, and to delete an alarm that a rule names. A rule is not evaluated.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html; the words for a deletion
are those of https://github.com/ekristen/aws-nuke/issues/462.
"""

import re
from collections.abc import Sequence
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

from falco_firelens.insight.alarms import LONGEST_RULE, MOST_CHILDREN

_CHILD = re.compile(r'ALARM\("([^"]+)"\)')


def install() -> None:
    """Make moto do so, in this process."""
    delete = CloudWatchBackend.delete_alarms

    def put(self: Any) -> Any:
        rule: str = self._get_param("AlarmRule")
        children = set(_CHILD.findall(rule))
        there = {alarm.name for alarm in self.cloudwatch_backend.describe_alarms()}
        if missing := sorted(children - there):
            raise ValidationError(f"Could not save the composite alarm: no such alarms: {', '.join(missing)}")
        if len(rule) > LONGEST_RULE or len(children) > MOST_CHILDREN:
            raise ValidationError(f"AlarmRule has {len(rule)} characters and {len(children)} children")
        return self.put_metric_alarm()

    def deleted(self: Any, alarm_names: Sequence[str]) -> None:
        rules = [alarm.rule for name, alarm in self.alarms.items() if name not in alarm_names and alarm.rule]
        children = {child for rule in rules for child in _CHILD.findall(rule)}
        if needed := sorted(children & {*alarm_names}):
            message = f"Cannot delete {','.join(needed)} as there are composite alarm(s) depending on it."
            raise ValidationError(message)
        delete(self, list(alarm_names))

    CloudWatchBackend.delete_alarms = deleted  # pyright: ignore[reportAttributeAccessIssue]
    CloudWatchResponse.put_composite_alarm = put  # pyright: ignore[reportAttributeAccessIssue]
