"""Reads the events that CloudWatch Logs delivers: checks each one, and sets aside what is not a sensor's event."""

import base64
import binascii
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, cast

from falco_firelens.contract import PLATFORMS, PRIORITIES

HOST = "host"
"""Falco's `container.id` for a process outside of any container."""

NOT_KNOWN = "<NA>"
"""How Falco writes a field that it does not know, where it does not leave the field out or write null."""

_INSIDE = ("k8s.ns.name", "k8s.pod.name", "k8s.pod.uid", "ecs.task.arn")
"""Fields that only a process in a container has."""

MOST_BYTES = 64 * 2**20
"""The most that a delivery may unpack to. CloudWatch Logs packs about 1 MiB; what is far larger is no delivery."""

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z", re.ASCII)
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = rf"{_LABEL}(\.{_LABEL})*"

_FORMS: Mapping[str, re.Pattern[str]] = {
    "k8s.ns.name": re.compile(_LABEL),
    "k8s.pod.name": re.compile(rf"(?=.{{1,253}}\Z){_NAME}"),
    # For a static pod it is the hash of its manifest.
    "k8s.pod.uid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}"),
    "ecs.task.arn": re.compile(r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:task/[0-9A-Za-z_-]{1,255}/[0-9a-f-]{32,36}"),
    "container.id": re.compile(r"host|[0-9a-f]{12,64}"),
}
"""Values that go into selectors, URLs and calls must have exactly the form that their system gives them.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
"""

_NODE = re.compile(rf"(?=.{{1,253}}\Z)({_NAME}|i-[0-9a-f]{{8,17}})")
_CLUSTER = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")


class MalformedError(ValueError):
    """A record that is not an event of a stack's sensor; says why."""


@dataclass(frozen=True)
class Event:
    """One event of Falco, and the cluster that it comes from. `time` is in nanoseconds since 1970."""

    rule: str
    priority: str
    time: int
    cluster: str
    platform: str
    node: str
    tags: frozenset[str] = frozenset()
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @cached_property
    def identity(self) -> str:
        """A hash that stays the same when the event is delivered again, whatever the order of its keys."""
        text = json.dumps(self.raw, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def text(self, name: str) -> str:
        """Return an output field that is a text; empty where Falco did not know it, or where it is something else."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value != NOT_KNOWN else ""

    @property
    def on_host(self) -> bool:
        """Whether the process is known to have been in no container. An event that does not say so may be of any."""
        return self.text("container.id") == HOST and not any(self.text(name) for name in _INSIDE)

    @property
    def image(self) -> str:
        """The container's image with its tag, or empty."""
        repository, tag = self.text("container.image.repository"), self.text("container.image.tag")
        return f"{repository}:{tag}" if repository and tag else repository

    @property
    def iso_time(self) -> str:
        """The time to the second, as people read it."""
        return f"{datetime.fromtimestamp(self.time // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class SetAside:
    """A whole record that could not be used, and why."""

    reason: str
    record: str


@dataclass(frozen=True)
class Delivery:
    """What one delivery of a subscription filter holds."""

    events: tuple[Event, ...] = ()
    set_aside: tuple[SetAside, ...] = ()


def parse_event(text: str, stream: str | None = None) -> Event:
    """Read one event.

    `stream` is the log stream that it came in. A sensor can only write to its own cluster's streams, so an event that
    names another cluster is refused.

    Raises:
        MalformedError: it is not an event of a sensor, or a name in it is malformed.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedError("not JSON") from None
    if not isinstance(value, dict):
        raise MalformedError("not a JSON object")
    raw = cast("dict[str, Any]", value)
    cluster = _mapping(raw, "cluster")
    name = _text(cluster, "cluster.name", "name")
    if not _CLUSTER.fullmatch(name):
        raise MalformedError("cluster.name is malformed")
    if stream is not None and stream.partition("/")[0] != name:
        raise MalformedError(f"cluster.name is {name}, but the event came in another cluster's log stream")
    platform = _text(cluster, "cluster.platform", "platform")
    if platform not in PLATFORMS:
        raise MalformedError("cluster.platform is not a known platform")
    priority = _text(raw, "priority", "priority")
    if priority not in PRIORITIES:
        raise MalformedError("priority is not one of Falco's")
    event = Event(
        rule=_text(raw, "rule", "rule"),
        priority=priority,
        time=_nanoseconds(_text(raw, "time", "time")),
        cluster=name,
        platform=platform,
        node=_text(cluster, "cluster.node", "node"),
        tags=_tags(raw.get("tags")),
        fields=_mapping(raw, "output_fields"),
        raw=raw,
    )
    _check_names(event)
    return event


def parse_delivery(payload: object) -> Delivery:
    """Read what a subscription filter sends to Lambda; what is not an event is set aside, and the rest is read.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
    """
    try:
        delivery = _unpack(payload)
    except MalformedError as error:
        return Delivery(set_aside=(SetAside(str(error), _as_text(payload)),))
    if delivery.get("messageType") == "CONTROL_MESSAGE":
        return Delivery()
    stream = delivery.get("logStream")
    return _read(_records(delivery), stream if isinstance(stream, str) else "")


def _read(records: Iterable[object], stream: str) -> Delivery:
    events, aside = list[Event](), list[SetAside]()
    for record in records:
        try:
            events.append(parse_event(_message(record), stream))
        except MalformedError as error:
            aside.append(SetAside(str(error), _as_text(record)))
    return Delivery(tuple(events), tuple(aside))


def _unpack(payload: object) -> dict[str, Any]:
    try:
        packed = base64.b64decode(cast("Any", payload)["awslogs"]["data"], validate=True)
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        text = inflate.decompress(packed, MOST_BYTES)
        if inflate.unconsumed_tail:
            raise MalformedError(f"unpacks to more than {MOST_BYTES} bytes")
        delivery = json.loads(text)
    except MalformedError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error, zlib.error):
        raise MalformedError("not a delivery of a CloudWatch Logs subscription filter") from None
    if not isinstance(delivery, dict):
        raise MalformedError("not a delivery of a CloudWatch Logs subscription filter")
    return cast("dict[str, Any]", delivery)


def pack(messages: Iterable[str], stream: str, log_group: str = "/falco/events") -> dict[str, Any]:
    """Pack a delivery as CloudWatch Logs does: for replays, tests and benchmarks."""
    events = [{"id": str(number), "timestamp": 0, "message": message} for number, message in enumerate(messages)]
    body = {"messageType": "DATA_MESSAGE", "logGroup": log_group, "logStream": stream, "logEvents": events}
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(body).encode(), mtime=0)).decode()}}


def _records(delivery: Mapping[str, Any]) -> Iterator[object]:
    records = delivery.get("logEvents")
    yield from cast("list[object]", records) if isinstance(records, list) else [delivery]


def _message(record: object) -> str:
    message = cast("dict[str, object]", record).get("message") if isinstance(record, dict) else None
    if not isinstance(message, str):
        raise MalformedError("a record without a message")
    return message


def _text(holder: Mapping[str, Any], path: str, key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"{path} is missing or not a text")
    return value


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    if not isinstance(value, dict):
        raise MalformedError(f"{key} is missing or not an object")
    return cast("dict[str, Any]", value)


def _tags(value: object) -> frozenset[str]:
    """Return the tags; Falco's internal events have none."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return frozenset(item for item in items if isinstance(item, str))


def _nanoseconds(time: str) -> int:
    match = _TIME.fullmatch(time)
    if not match:
        raise MalformedError("time is malformed")
    try:
        seconds = datetime.fromisoformat(f"{match[1]}+00:00").timestamp()
    except ValueError:
        raise MalformedError("time is malformed") from None
    return int(seconds) * 10**9 + int((match[2] or "").ljust(9, "0"))


def _check_names(event: Event) -> None:
    if not _NODE.fullmatch(event.node):
        raise MalformedError("cluster.node is malformed")
    for name, form in _FORMS.items():
        value = event.fields.get(name)
        if value not in (None, "", NOT_KNOWN) and not (isinstance(value, str) and form.fullmatch(value)):
            raise MalformedError(f"{name} is malformed")


def _as_text(value: object) -> str:
    """Return a record's message where it has one, else all of it."""
    message = cast("dict[str, object]", value).get("message") if isinstance(value, dict) else None
    return message if isinstance(message, str) else json.dumps(value, default=repr)
