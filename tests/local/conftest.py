"""Stacks for tests of the real engine on a local cloud."""

import itertools
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from localcloud.aws.clock import PATH
from localcloud.cloud import LocalCloud
from localcloud.environment import environment
from localcloud.stacks import LocalStack
from tests.local.stack import Stack
from tests.waiting import PATIENCE

_ACCOUNTS = map(str, itertools.count(700_000_000_001))


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
