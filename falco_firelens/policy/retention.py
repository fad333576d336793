"""Retention: a log group says how long it keeps what it gets."""

from collections.abc import Iterator

from falco_firelens.policy.rule import Finding, Resource, Rule, show


def _retention(resource: Resource) -> Iterator[Finding]:
    days = resource.props.get("retentionInDays")
    if not days:  # to AWS, 0 is for ever too
        yield Finding("retentionInDays", f"{show(days)}, which is for ever", "a number of days, such as 90")


RULES = (Rule("log-retention", "Log groups keep logs for a time.", {"aws:cloudwatch/logGroup:LogGroup": _retention}),)
