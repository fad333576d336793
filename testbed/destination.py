"""A CloudWatch Logs and Firehose endpoint that validates as AWS does, and fails on request.

moto cannot be made to refuse, to throttle or to take half a batch; everything else is better tried against moto.
Limits: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html and
https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html.
"""

import base64
import json
import socket
import ssl
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from testbed.certificate import self_signed
from testbed.placement import Endpoint

Fault = Literal["none", "refused", "silent", "error", "throttled", "partial"]
"""`refused`: nobody listens. `silent`: the connection is closed without an answer. `error`: 500. `throttled`: too many
requests. `partial`: Firehose takes half a batch."""

_DAY = 24 * 60 * 60 * 1000
_FUTURE = 2 * 60 * 60 * 1000
_MEBIBYTE = 1024 * 1024

_Answer = tuple[int, dict[str, Any]]

_ERRORS: dict[Fault, _Answer] = {
    "error": (500, {"__type": "InternalFailure", "message": "set fault"}),
    "throttled": (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
}


class Received(NamedTuple):
    """One event: `place` is `<group>:<stream>` or the delivery stream's name, `timestamp` milliseconds or None."""

    place: str
    timestamp: int | None
    message: str


class _RejectedError(Exception):
    """AWS would answer this with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Destination:
    """The endpoint. Use as a context manager; `fault` can be set at any time, for all services or one."""

    def __init__(self, directory: Path, *, groups: tuple[str, ...] = ("/falco/events",)) -> None:
        """Write the certificate into the directory. Log groups exist, streams must be created."""
        self._files = self_signed(directory)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*self._files)
        self.groups = set(groups)
        self._streams: set[tuple[str, str]] = set()
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self.any_time = False
        """Whether CloudWatch Logs also takes what is older than 14 days or ahead of its time."""
        self.received: list[Received] = []
        self.answers: Counter[str] = Counter()
        self._server = self._listen(0)
        self.endpoint = Endpoint("127.0.0.1", self._server.server_address[1], self._files.certificate)

    def __enter__(self) -> "Destination":
        return self

    def __exit__(self, *_: object) -> None:
        self._refuse()

    def set_fault(self, fault: Fault, service: str = "*") -> None:
        """From now on fail so. `service` is `Logs` or `Firehose`; a refused connection is always for both."""
        before = self._faults.get(service, "none")
        self._faults[service] = fault
        if fault == "refused":
            self._refuse()
        elif before == "refused":
            self._server = self._listen(self.endpoint.port)

    def messages(self, place: str | None = None) -> list[str]:
        """Return what has arrived, in order of arrival."""
        with self._lock:
            return [event.message for event in self.received if place in (None, event.place)]

    def answer(self, target: str, signed: bool, body: bytes) -> _Answer | None:
        """Status and JSON for one API call, after the fault that is set; None for no answer."""
        service, _, action = target.partition(".")
        service = service.partition("_")[0]
        fault = self._faults.get(service) or self._faults.get("*", "none")
        if fault == "silent":
            answer = None
        elif fault in _ERRORS:
            answer = _ERRORS[fault]
        else:
            answer = self._checked(action, signed, body, partial=fault == "partial")
        with self._lock:
            self.answers[f"{action} {answer[1].get('__type', answer[0]) if answer else fault}"] += 1
        return answer

    def _checked(self, action: str, signed: bool, body: bytes, *, partial: bool) -> _Answer:
        try:
            if not signed:
                raise _RejectedError("MissingAuthenticationTokenException", "request is not signed")
            request = _parsed(body)
            if action == "CreateLogStream":
                return 200, self._create_log_stream(request)
            if action == "PutLogEvents":
                return 200, self._put_log_events(request)
            if action == "PutRecordBatch":
                return 200, self._put_record_batch(request, partial=partial)
            raise _RejectedError("UnknownOperationException", action)
        except _RejectedError as rejection:
            return 400, _error(rejection.code, str(rejection))

    def _create_log_stream(self, request: dict[str, Any]) -> dict[str, Any]:
        stream = (str(request["logGroupName"]), str(request["logStreamName"]))
        if stream[0] not in self.groups:
            raise _RejectedError("ResourceNotFoundException", "The specified log group does not exist.")
        if not 1 <= len(stream[1]) <= 512 or ":" in stream[1] or "*" in stream[1]:
            raise _RejectedError("InvalidParameterException", f"log stream name {stream[1]!r}")
        with self._lock:
            if stream in self._streams:
                raise _RejectedError("ResourceAlreadyExistsException", "The specified log stream already exists")
            self._streams.add(stream)
        return {}

    def _put_log_events(self, request: dict[str, Any]) -> dict[str, Any]:
        stream = (str(request["logGroupName"]), str(request["logStreamName"]))
        events = [(int(event["timestamp"]), str(event["message"])) for event in request["logEvents"]]
        if stream not in self._streams:
            raise _RejectedError("ResourceNotFoundException", "The specified log stream does not exist.")
        times = [timestamp for timestamp, _ in events]
        size = sum(len(message.encode()) + 26 for _, message in events)
        if not 1 <= len(events) <= 10_000 or size > _MEBIBYTE:
            raise _RejectedError("InvalidParameterException", f"batch of {len(events)} events, {size} bytes")
        if times != sorted(times):
            raise _RejectedError("InvalidParameterException", "Log events in a single request must be in time order")
        if times[-1] - times[0] > _DAY:
            raise _RejectedError("InvalidParameterException", "The batch of log events spans more than 24 hours")
        now = int(time.time() * 1000)
        taken = [event for event in events if self.any_time or now - 14 * _DAY <= event[0] <= now + _FUTURE]
        with self._lock:
            self.received += [Received(":".join(stream), *event) for event in taken]
        return {
            "nextSequenceToken": "",
            "rejectedLogEventsInfo": {} if taken == events else {"tooOldLogEventEndIndex": 0},
        }

    def _put_record_batch(self, request: dict[str, Any], *, partial: bool) -> dict[str, Any]:
        stream = str(request["DeliveryStreamName"])
        records = [base64.b64decode(record["Data"]) for record in request["Records"]]
        if not 1 <= len(records) <= 500 or sum(map(len, records)) > 4 * _MEBIBYTE:
            raise _RejectedError("ValidationException", f"batch of {len(records)} records")
        if max(map(len, records)) > 1_024_000:
            raise _RejectedError("ValidationException", "record above 1,000 KiB")
        taken = records[: len(records) // 2] if partial else records
        with self._lock:
            self.received += [Received(stream, None, record.decode()) for record in taken]
        failed = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
        responses = [{"RecordId": uuid.uuid4().hex} if n < len(taken) else failed for n in range(len(records))]
        return {"FailedPutCount": len(records) - len(taken), "RequestResponses": responses}

    def _listen(self, port: int) -> ThreadingHTTPServer:
        destination = self

        class Handler(_Handler):
            owner = destination

        server = _Server(("127.0.0.1", port), Handler)
        server.context, server.connections = self._context, self._connections
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def _refuse(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    context: ssl.SSLContext
    connections: set[socket.socket]

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: TLS, then requests until it is closed."""
        connection = None
        try:
            connection = self.context.wrap_socket(request, server_side=True)
            self.connections.add(connection)
            super().finish_request(connection, client_address)
        except OSError:
            pass
        finally:
            if connection is not None:
                self.connections.discard(connection)
                with suppress(OSError):
                    connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Destination

    def do_POST(self) -> None:
        """One API call."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed
            self.close_connection = True
            return
        signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 ")
        answered = self.owner.answer(self.headers.get("X-Amz-Target", ""), signed, body)
        if answered is None:
            self.close_connection = True
            return
        status, answer = answered
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return cast(dict[str, Any], json.loads(body))
    except ValueError as error:  # the seed's configuration ships bytes of a damaged log as they are
        raise _RejectedError("SerializationException", str(error)) from None


def _error(code: str, message: str) -> dict[str, Any]:
    return {"__type": code, "message": message}
