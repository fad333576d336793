"""The two deployments that most of the components' tests look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.response import package
from components.response.wheels import Wheels
from components.watch import package as watch_package
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
    for module in (package, watch_package):
        monkeypatch.setattr(module, "cache", lambda: tmp_path)
    monkeypatch.setattr(Wheels, "read", lambda wheels, folder: folder.mkdir(exist_ok=True) or {})  # pyright: ignore
    yield
