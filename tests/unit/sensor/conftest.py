"""Options that the sensor's tests share."""

import pytest

from falco_firelens.sensor.images import Image
from falco_firelens.sensor.model import FalcoOptions, RuleException

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.fixture
def options() -> FalcoOptions:
    """Something in every field, so that a field that is forgotten shows."""
    return FalcoOptions(
        image=Image("registry.example.com/mirror", "falco", "0.45.1", DIGEST),
        minimum_priority="Warning",
        rules={
            "zebra.yaml": "- macro: zebra\n  condition: (always_true)\n",
            "ape rules.yml": "- list: ape\n  items: []\n",
        },
        disabled_rules=("Terminal shell in container",),
        exceptions=(
            RuleException("Clear Log Activities", "rotation", ("proc.name",), ("=",), (("logrotate",),)),
            RuleException("Clear Log Activities", "paths", ("fd.name",), ("in",), ((("/a", "/b"),),)),
        ),
    )
