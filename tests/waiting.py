"""The one place where tests wait: for what is sure to come, and never for time to pass.

A test that needs a certain moment makes it: see `tests/local/gate.py` for one inside an update, `faulty_api.py` for a
cluster that does not answer, and the functions in `test_functions.py` that go on when they are let.
tests/unit/test_waiting.py holds all tests to it.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

Found = TypeVar("Found")

PATIENCE = 900
"""Seconds after which what a test waits for is said not to come. Only a test that fails anyway takes so long."""


def wait_for(look: Callable[[], Found], what: str) -> Found:
    """What `look` finds, as soon as it finds something; `what` says what that is."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < until, f"{what}: it did not come within {PATIENCE} s"
        time.sleep(0.05)
    return found


def ended(pid: int) -> bool:
    """Whether a process has ended; a zombie has, whose parent has not looked yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
