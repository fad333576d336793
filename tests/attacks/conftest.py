"""What attacks have in common: a local cloud that is attacked."""

from tests.local.conftest import local_cloud, local_env

__all__ = ["local_cloud", "local_env"]
