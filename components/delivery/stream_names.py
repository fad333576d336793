"""What a stack's delivery streams are called, for Fluent Bit is told of them before anything is made."""

import hashlib
import re

from falco_firelens.settings import Destinations

LONGEST_SLUG = 40
"""Stream names have at most 64 characters, and a destination's is added."""


def slug_of(log_group: str) -> str:
    """What streams, bucket, database and workgroup are called after: the log group's name, as they all can have it."""
    slug = re.sub(r"[^a-z0-9]+", "-", log_group.lower()).strip("-") or "events"
    return slug if len(slug) <= LONGEST_SLUG else shortened(slug, log_group, LONGEST_SLUG)


def shortened(name: str, whole: str, longest: int) -> str:
    """The beginning of a name, with a digest of the whole that it stands for, so that no two become one."""
    return f"{name[: longest - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def stream_names(settings: Destinations, log_group: str) -> dict[str, str]:
    """The streams of a stack by destination."""
    given = {"s3": settings.s3, "opensearch": settings.opensearch, "redshift": settings.redshift}
    return {name: f"{slug_of(log_group)}-{name}" for name, destination in given.items() if destination}


def received_stream(log_group: str, account: str, region: str) -> str:
    """A hub's stream for what one account's log group in one region sends; `*` stands for any."""
    return f"{slug_of(log_group)[:34].strip('-')}-{account}-{region}"
