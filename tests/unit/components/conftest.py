"""The two deployments that most of the components' tests look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.aws import function_package
from components.aws.wheels import Wheels
from tests.unit.components.cloud import Deployed, deploy
from tests.unit.components.stacks import ADOPTED, CREATED, account


@pytest.fixture
def created() -> Deployed:
    return deploy(CREATED)


@pytest.fixture
def adopted() -> Deployed:
    return deploy(ADOPTED, account())


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The libraries are not needed to see what is registered."""
    monkeypatch.setattr(function_package, "cache", lambda: tmp_path)
    monkeypatch.setattr(Wheels, "read", lambda wheels, folder: folder.mkdir(exist_ok=True) or {})  # pyright: ignore
    yield
