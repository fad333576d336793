"""Marks the tests that take longest, so that `make test-fast` can leave them out."""

import pytest

from tests.unit.components import cloud

OF_TWO_STACKS = {"test_deployment.py"}
"""Files that look at the two deployments of `tests/unit/components/conftest.py`, which any change may break."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        deploys = getattr(getattr(item, "module", None), "deploy", None) is cloud.deploy
        if deploys and item.path.name not in OF_TWO_STACKS:
            item.add_marker(pytest.mark.stacks)
