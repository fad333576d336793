"""One local cloud for all tests of a process, with its own state and ports, beside the one of `make up`.

`make test-local` runs two such processes (pytest-xdist). Tests that share what a module's fixture has made stay in one
of them; every other test goes to the one that is free.
"""

import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
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


def pytest_configure() -> None:
    """End in order when terminated, also in the process that only hands out tests."""
    signal.signal(signal.SIGTERM, _exit)


def pytest_collection_modifyitems(items: Sequence[pytest.Function]) -> None:
    for item in items:
        definitions = item._fixtureinfo.name2fixturedefs.values()
        if any(one.scope == "module" for found in definitions for one in found):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.fixture(scope="session")
def local_cloud() -> Iterator[LocalCloud]:
    """Running servers, stopped at the end also when the session is terminated."""
    cloud = LocalCloud.for_session()
    try:
        cloud.up(provide())
        yield cloud
    finally:
        cloud.remove()


@pytest.fixture(scope="session")
def local_env(local_cloud: LocalCloud) -> dict[str, str]:
    """The environment in which pulumi, kubectl and aws talk to the session's cloud."""
    return environment(local_cloud.layout)


@contextmanager
def new_stack(env: dict[str, str], folder: Path) -> Generator[Stack]:
    """An empty stack with its files in the folder, destroyed at the end."""
    stack = Stack("test", env, folder)
    stack.init()
    try:
        yield stack
        stack.destroy()
    finally:
        stack.remove()


@pytest.fixture
def stack(local_env: dict[str, str], tmp_path: Path) -> Iterator[Stack]:
    """An empty stack, destroyed at the end."""
    with new_stack(local_env, tmp_path) as stack:
        yield stack
