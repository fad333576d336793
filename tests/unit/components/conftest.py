"""The two deployments that most of the components' tests look at."""

import pytest

from tests.unit.components.cloud import Deployed, deploy
from tests.unit.components.stacks import ADOPTED, CREATED, account


@pytest.fixture
def created() -> Deployed:
    return deploy(CREATED)


@pytest.fixture
def adopted() -> Deployed:
    return deploy(ADOPTED, account())
