"""What holds for every test: property tests are not timed, since a busy machine would fail them."""

from hypothesis import settings

pytest_plugins = ["tests.sessions"]

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
