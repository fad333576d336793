"""A server that a test starts on a thread, and ends with the test."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

POLL_SECONDS = 0.02
"""How long ending it may take."""


@contextmanager
def serving(server: ThreadingHTTPServer, stopped: threading.Event) -> Generator[None]:
    """Serve inside the context. `stopped` is set first at its end, for handlers that keep a client waiting."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
