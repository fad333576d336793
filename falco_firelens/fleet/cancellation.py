"""A request to stop that reaches every engine that works for it."""

import threading

from falco_firelens.fleet.engine import EngineCommand


class Cancellation:
    """Shared by the operations of one request. A service keeps one for each of its own requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines: set[EngineCommand] = set()
        self._requested = False

    @property
    def requested(self) -> bool:
        """Whether to stop."""
        return self._requested

    def request(self, *, now: bool = False) -> None:
        """Begin nothing more, and ask the running engines to finish what they have begun.

        With `now` they do not wait for the cloud: what it has not answered may be there without being in the state.
        """
        with self._lock:
            self._requested = True
            for engine in self._engines:
                engine.cancel(now=now)

    def add(self, engine: EngineCommand) -> None:
        """Add a running engine, to cancel it later."""
        with self._lock:
            self._engines.add(engine)
            if self._requested:
                engine.cancel()

    def remove(self, engine: EngineCommand) -> None:
        """Remove an engine that has ended."""
        with self._lock:
            self._engines.discard(engine)
