"""What holds for every test.

Property tests are not timed, since a busy machine would fail them. What the imports leave in memory is never garbage,
so it is left out of its collection, which otherwise takes a third of a run's processor time.
"""

import gc

import pytest
from hypothesis import settings

pytest_plugins = ["tests.sessions"]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

gc.set_threshold(50_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave out of garbage collection what collecting the tests has imported."""
    gc.freeze()
