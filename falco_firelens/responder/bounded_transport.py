"""Bounds a whole answer of an HTTP API, in time and size; httpx's own timeouts bound each piece of it alone."""

import time
from collections.abc import Iterator

import httpx2


class TooLargeError(Exception):
    """The answer is too large."""


class BoundedTransport(httpx2.BaseTransport):
    """A transport whose answers may take at most some seconds, counted from the request, and have some bytes.

    Reading a longer one raises httpx2.ReadTimeout or TooLargeError.
    """

    def __init__(self, inner: httpx2.BaseTransport, seconds: float, most_bytes: int) -> None:
        self._inner, self._seconds, self._most_bytes = inner, seconds, most_bytes

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; the answer's content is bounded."""
        until = time.monotonic() + self._seconds
        answer = self._inner.handle_request(request)
        assert isinstance(answer.stream, httpx2.SyncByteStream)
        content = _Bounded(answer.stream, until, self._most_bytes)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=content, extensions=answer.extensions)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, until: float, left: int) -> None:
        self._inner, self._until, self._left = inner, until, left

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._inner:
            self._left -= len(piece)
            if self._left < 0:
                raise TooLargeError("the answer is too large")
            if time.monotonic() > self._until:
                raise httpx2.ReadTimeout("the answer came too slowly")
            yield piece

    def close(self) -> None:
        self._inner.close()
