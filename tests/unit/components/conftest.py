"""The two deployments that most of the components' tests look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.response import package
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
    monkeypatch.setattr(package, "cache", lambda: tmp_path)
    monkeypatch.setattr(package, "_download", lambda folder: None)  # pyright: ignore[reportUnknownLambdaType]
    yield
