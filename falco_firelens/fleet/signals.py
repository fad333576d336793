"""SIGINT and SIGTERM as a cancellation, whatever the main thread is waiting for."""

import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from falco_firelens.fleet.cancellation import Cancellation

NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def cancelled_by_signals(cancellation: Cancellation) -> Generator[None]:
    """Cancel the engines in order on the first SIGINT or SIGTERM; on the second, without waiting for the cloud.

    A thread listens, since Python runs a handler when the main thread goes on: a signal that comes just before that one
    begins to wait for the engines would be seen only when they have ended.
    https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    before = {number: signal.signal(number, _handled_by_the_thread) for number in NUMBERS}
    descriptor = signal.set_wakeup_fd(told.fileno())
    listener = threading.Thread(target=_listen, args=(heard, cancellation), daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        told.close()
        listener.join()
        heard.close()


def _handled_by_the_thread(_number: int, _frame: object) -> None:
    pass


def _listen(heard: socket.socket, cancellation: Cancellation) -> None:
    while number := heard.recv(1):
        if number[0] in NUMBERS:
            _cancel(cancellation)


def _cancel(cancellation: Cancellation) -> None:
    again = cancellation.requested
    print(
        "ending at once: what the cloud has not answered may be there without being in the state"
        if again
        else "ending what has begun, nothing more is begun; once more ends it without waiting for the cloud",
        file=sys.stderr,
        flush=True,
    )
    cancellation.request(now=again)
