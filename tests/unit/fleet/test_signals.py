"""A signal cancels whatever the main thread waits for, and wherever the signal is taken."""

import signal
import threading
from typing import Any, cast

import pytest

from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.engine import EngineCommand
from falco_firelens.fleet.signals import cancelled_by_signals
from tests.waiting import PATIENCE


class Engine:
    """Notes how it is cancelled."""

    def __init__(self) -> None:
        self.cancelled: list[bool] = []
        self.first, self.second = threading.Event(), threading.Event()

    def cancel(self, *, now: bool = False) -> None:
        self.cancelled.append(now)
        (self.second if now else self.first).set()


def taken_by_another_thread(number: signal.Signals) -> None:
    """As if it had come just before the main thread began to wait: it is not woken."""
    threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), number)).start()


def test_the_first_signal_cancels_and_the_second_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    engine, cancellation = Engine(), Cancellation()
    cancellation.add(cast(EngineCommand, cast(Any, engine)))
    before = signal.getsignal(signal.SIGTERM)
    with cancelled_by_signals(cancellation):
        taken_by_another_thread(signal.SIGTERM)
        assert engine.first.wait(PATIENCE) and cancellation.requested
        taken_by_another_thread(signal.SIGINT)
        assert engine.second.wait(PATIENCE)
    assert engine.cancelled == [False, True]
    assert signal.getsignal(signal.SIGTERM) is before and signal.set_wakeup_fd(-1) == -1
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0].partition(",")[0] for line in told] == ["ending what has begun", "ending at once"]
