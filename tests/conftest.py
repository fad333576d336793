"""What holds for every test.

Property tests are not timed, since a busy machine would fail them. In an ordinary run each tries a quarter of the
examples that it tries in `make test-slow`, which loads the profile "full". What the imports leave in memory is never
garbage, so it is left out of its collection, which otherwise takes a third of a run's processor time.
"""

import gc

import pytest
from hypothesis import settings

pytest_plugins = ["tests.sessions"]

settings.register_profile("ordinary", deadline=None, max_examples=25)
settings.register_profile("full", deadline=None, max_examples=100)
settings.load_profile("ordinary")

gc.set_threshold(50_000, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave out of garbage collection what collecting the tests has imported."""
    gc.freeze()
