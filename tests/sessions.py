"""One local cloud for all tests of a process, with its own state and ports, beside the one of `make up`.

`make test-local` runs two such processes (pytest-xdist). Tests that share what a module's fixture has made stay in one
of them; every other test goes to the one that is free.
"""

import signal
from collections.abc import Iterator
from typing import NoReturn

import psutil
import pytest

from localcloud.cloud import SESSIONS, LocalCloud
from localcloud.environment import environment
from localcloud.toolchain import provide
from tests.waiting import wait_for

LONGEST = "test_whole_lives.py"

_terminated = list[int]()


def _exit(number: int, _frame: object) -> NoReturn:
    _terminated.append(number)
    # Not SystemExit, which fails the test that is running and goes on with the next.
    pytest.exit("terminated", returncode=128 + number)


def pytest_runtest_logfinish() -> None:
    """End also where a destructor was running, in which Python drops an exception."""
    if _terminated:
        _exit(_terminated[0], None)


def _exit_with_workers(number: int, frame: object) -> NoReturn:
    workers = psutil.Process().children()
    for worker in workers:
        worker.terminate()
    clouds = [SESSIONS / str(worker.pid) for worker in workers]
    wait_for(lambda: not any(cloud.exists() for cloud in clouds), "the end of every cloud")
    _exit(number, frame)


def pytest_configure(config: pytest.Config) -> None:
    """Stop what was started when terminated, also from the process that only hands out tests."""
    hands_out = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    signal.signal(signal.SIGTERM, _exit_with_workers if hands_out else _exit)


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    # The longest tests are handed out first, so that no process is left with them alone.
    items.sort(key=lambda item: item.path.name != LONGEST)
    for item in items:
        definitions = item._fixtureinfo.name2fixturedefs.values()
        if any(one.scope == "module" for found in definitions for one in found):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


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
