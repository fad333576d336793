"""Gives moto's Firehose the object names of AWS: its prefixes' expressions are filled in, as Athena expects of them."""

import datetime
import re
import uuid

from moto.firehose.models import FirehoseBackend

_EXPRESSION = re.compile(r"!\{timestamp:([^}]+)\}")
_PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
"""Of Java's patterns those that a prefix has."""


def object_name(stream: str, version: str, prefix: str) -> str:
    """The name of an object that Firehose writes now.

    A prefix without expressions gets a folder for each hour; one with them says all of it.
    https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
    """
    now = datetime.datetime.now(datetime.UTC)
    filled = _EXPRESSION.sub(lambda match: _moment(now, match[1]), prefix)
    if filled == prefix:
        filled = f"{prefix}{now:%Y/%m/%d/%H}/"
    return f"{filled}{stream}-{version}-{now:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}"


def install() -> None:
    """Make moto name objects so, in this process."""
    FirehoseBackend._format_s3_object_path = staticmethod(object_name)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


def _moment(now: datetime.datetime, pattern: str) -> str:
    for java, python in _PATTERNS.items():
        pattern = pattern.replace(java, now.strftime(python))
    return pattern
