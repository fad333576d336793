"""The local cloud's clock, by which it forgets: a test sets it ahead in place of waiting for a day."""

import time
from collections.abc import Callable, Iterable
from typing import Any

PATH = "/localcloud/clock"
"""A POST here, with seconds as its body, sets the clock so far ahead of this machine's."""

_ahead = 0.0


def now() -> float:
    """Seconds since 1970, as the local cloud counts them."""
    return time.time() + _ahead


class Clock:
    """WSGI middleware that sets the clock, and leaves all else to moto."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"] != PATH:
            return self._application(environ, start_response)
        global _ahead
        _ahead = float(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("204 No Content", [])
        return []
