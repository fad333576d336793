"""One local cloud for all tests of a session, with its own state and ports, beside the one of `make up`."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from localcloud.cloud import LocalCloud
from localcloud.environment import environment
from localcloud.toolchain import provide
from tests.local.stack import Stack


def _exit(number: int, _frame: object) -> NoReturn:
    # Not SystemExit, which fails the test that is running and goes on with the next.
    pytest.exit("terminated", returncode=128 + number)


@pytest.fixture(scope="session")
def local_cloud() -> Iterator[LocalCloud]:
    """Running servers, stopped at the end also when the session is terminated."""
    before = signal.signal(signal.SIGTERM, _exit)
    cloud = LocalCloud.for_session()
    try:
        cloud.up(provide())
        yield cloud
    finally:
        cloud.remove()
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def local_env(local_cloud: LocalCloud) -> dict[str, str]:
    """The environment in which pulumi, kubectl and aws talk to the session's cloud."""
    return environment(local_cloud.layout)


@pytest.fixture
def stack(local_env: dict[str, str], tmp_path: Path) -> Iterator[Stack]:
    """An empty stack, destroyed at the end."""
    stack = Stack("test", local_env, tmp_path)
    stack.init()
    yield stack
    try:
        stack.destroy()
    finally:
        stack.remove()
