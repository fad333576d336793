"""Docker's fluentd log driver, as the ECS agent sets it up for FireLens: asynchronous and without acknowledgement.

Behaviour of https://github.com/moby/moby/tree/master/daemon/logger/fluentd and of the library under it: one forward
message a line over the unix socket; lines wait in a bounded queue while nobody answers; a failed write is repeated on
a new connection, while one that succeeded is forgotten whether or not it was read; stopping discards the queue.
"""

import queue
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgpack

LINE_SIZE = 16 * 1024
"""Docker's copier cuts longer lines and numbers the parts."""

BUFFER_LIMIT = 1024 * 1024
"""Lines that wait for the router (`log-driver-buffer-limit`); when full, new ones are dropped."""

_RETRY_SECONDS = 1.0


class LogDriver:
    """The log driver of one container."""

    def __init__(self, path: Path, tag: str, *, buffer_limit: int = BUFFER_LIMIT) -> None:
        """Send to the unix socket at the path, whether or not anyone listens there yet."""
        self._path = str(path)
        self._tag = tag
        self._container = {"container_id": uuid.uuid4().hex * 2, "container_name": "/ecs-falco-1-falco"}
        self._pending: queue.Queue[bytes | None] = queue.Queue(buffer_limit)
        self._connection: socket.socket | None = None
        self._stopping = threading.Event()
        self.dropped = 0
        self._sender = threading.Thread(target=self._run, daemon=True)
        self._sender.start()

    def write(self, line: str, *, stream: str = "stdout") -> None:
        """One line of the container's output."""
        for record in self._records(line, stream):
            try:
                self._pending.put_nowait(_message(self._tag, record))
            except queue.Full:
                self.dropped += 1

    def waiting(self) -> int:
        """Lines that have not been written to the socket."""
        return self._pending.qsize()

    def stop(self) -> None:
        """Stop the container, and discard what is still queued."""
        self._stopping.set()
        self._pending = queue.Queue()
        self._pending.put(None)
        self._sender.join(timeout=5)
        self._close()

    def _records(self, line: str, stream: str) -> Iterator[dict[str, str]]:
        data = line.encode()
        whole = {**self._container, "source": stream}
        if len(data) <= LINE_SIZE:
            yield {**whole, "log": line}
            return
        identity = uuid.uuid4().hex * 2
        parts = [data[start : start + LINE_SIZE] for start in range(0, len(data), LINE_SIZE)]
        for ordinal, part in enumerate(parts, 1):
            yield {
                **whole,
                "log": part.decode(errors="surrogateescape"),
                "partial_message": "true",
                "partial_id": identity,
                "partial_ordinal": str(ordinal),
                "partial_last": "true" if ordinal == len(parts) else "false",
            }

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                message = self._pending.get(timeout=0.5)
            except queue.Empty:
                continue
            if message is not None:
                self._send(message)

    def _send(self, message: bytes) -> None:
        """Repeat until a write succeeds: at once when the connection broke, in a while when none can be made."""
        while not self._stopping.is_set():
            try:
                connection = self._connection = self._connection or self._connect()
            except OSError:
                self._stopping.wait(_RETRY_SECONDS)
                continue
            try:
                connection.sendall(message)
                return
            except OSError:
                self._close()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(tag: str, record: dict[str, str]) -> bytes:
    """Message mode of the forward protocol with sub-second time:
    https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1.
    """
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    event_time = msgpack.ExtType(0, seconds.to_bytes(4, "big") + nanoseconds.to_bytes(4, "big"))
    return cast(bytes, msgpack.packb([tag, event_time, record, {}], unicode_errors="surrogateescape"))
