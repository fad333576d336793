"""One local cloud for all tests of a process, with its own state and ports, beside the one of `make up`.

`make test-local` runs two such processes (pytest-xdist). Tests that share what a module's fixture has made stay in one
of them; every other test goes to the one that is free.
"""

import itertools
import signal
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

from localcloud.aws.clock import PATH
from localcloud.cloud import SESSIONS, LocalCloud
from localcloud.environment import environment
from localcloud.stacks import LocalStack
from localcloud.toolchain import provide
from tests.local.stack import Stack
from tests.waiting import PATIENCE, wait_for

LONGEST = "test_whole_lives.py"

_ACCOUNTS = map(str, itertools.count(700_000_000_001))


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


def with_state(env: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment with a state backend of its own in the folder."""
    state = folder / "state"
    state.mkdir()
    return {**env, "PULUMI_BACKEND_URL": state.as_uri()}


@contextmanager
def new_stack(env: dict[str, str], folder: Path) -> Generator[Stack]:
    """An empty stack with its files and its state in the folder, destroyed at the end."""
    stack = Stack("test", with_state(env, folder), folder)
    stack.init()
    yield stack
    stack.destroy()


@pytest.fixture
def another_account(local_cloud: LocalCloud) -> Callable[..., dict[str, str]]:
    """The environment of an account that no other test uses, so that what is made there need not be destroyed."""

    def env(region: str = "eu-west-1") -> dict[str, str]:
        return environment(local_cloud.layout, LocalStack("test", next(_ACCOUNTS), region))

    return env


@pytest.fixture
def account_env(another_account: Callable[..., dict[str, str]]) -> dict[str, str]:
    """One such account's environment."""
    return another_account()


def post(env: Mapping[str, str], path: str, body: str) -> None:
    """Ask the local cloud for something that AWS does not have."""
    signed = f"AWS4-HMAC-SHA256 Credential={env['AWS_ACCESS_KEY_ID']}/20261128/us-east-1/sts/aws4_request"
    headers = {"Authorization": signed, "Content-Type": "application/json"}
    request = urllib.request.Request(env["AWS_ENDPOINT_URL"] + path, body.encode(), headers)
    urllib.request.urlopen(request, timeout=PATIENCE).close()


@pytest.fixture
def clock(local_env: dict[str, str]) -> Iterator[Callable[[float], None]]:
    """Sets the local cloud's clock ahead, by seconds."""

    def ahead(seconds: float) -> None:
        post(local_env, PATH, str(seconds))

    yield ahead
    ahead(0)


@pytest.fixture
def lone_stack(account_env: dict[str, str], tmp_path: Path) -> Stack:
    """An empty stack in an account of its own."""
    stack = Stack("test", with_state(account_env, tmp_path), tmp_path)
    stack.init()
    return stack


@pytest.fixture
def stack(local_env: dict[str, str], tmp_path: Path) -> Iterator[Stack]:
    """An empty stack, destroyed at the end."""
    with new_stack(local_env, tmp_path) as stack:
        yield stack
