"""What a stack's delivery streams are called, since Fluent Bit is rendered before any of them is made."""

import hashlib
import re
from collections.abc import Iterable

LONGEST_SLUG = 40
"""Stream names have at most 64 characters, and a destination's is added."""


def slug_of(log_group: str) -> str:
    """Return what streams, bucket, database and workgroup are named after: the log group's name in a form that all
    accept.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", log_group.lower()).strip("-") or "events"
    return slug if len(slug) <= LONGEST_SLUG else shortened(slug, log_group, LONGEST_SLUG)


def shortened(name: str, whole: str, longest: int) -> str:
    """Return the beginning of a name, with a digest of the whole that it stands for, so that no two become one."""
    return f"{name[: longest - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def stream_names(destinations: Iterable[str], log_group: str) -> dict[str, str]:
    """Return the streams of a stack by destination, such as `s3`."""
    return {name: f"{slug_of(log_group)}-{name}" for name in destinations}


def received_stream(log_group: str, account: str, region: str) -> str:
    """Return the name of the hub's stream for the log group of an account in a region; `*` stands for any."""
    return f"{slug_of(log_group)[:34].strip('-')}-{account}-{region}"
