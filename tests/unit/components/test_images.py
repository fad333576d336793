"""One setting says where every image comes from that a stack's nodes pull."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import ADOPTED, CREATED, account

MIRROR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"
STACKS = {
    "created": CREATED,
    "adopted": ADOPTED,
    "chart": {**CREATED, "falco": {"install": "helm"}},
}


def images(value: object) -> Iterator[str]:
    """Whatever stands under the key `image` at any depth, in JSON texts too; the parts of the chart's image in one."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    if isinstance(value, Mapping):
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            if key == "image":
                yield "{registry}/{repository}".format(**item) if isinstance(item, Mapping) else str(item)
            else:
                yield from images(item)
    elif isinstance(value, list | tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from images(item)


def pulled(stack: Mapping[str, Any]) -> dict[str, set[str]]:
    """The images of every resource that names any."""
    found = {item.urn: set(images(item.inputs)) for item in deploy(stack, account()).resources}
    return {urn: names for urn, names in found.items() if names}


@pytest.mark.parametrize("name", STACKS)
def test_every_image_comes_from_the_mirror(name: str) -> None:
    mirrored = pulled({**STACKS[name], "imageRegistry": MIRROR})
    assert mirrored.keys() == pulled(STACKS[name]).keys() and len(mirrored) >= 4
    for urn, names in mirrored.items():
        assert all(image.startswith(f"{MIRROR}/") for image in names), urn


def test_a_mirror_has_the_paths_of_the_public_registry() -> None:
    """As a pull-through cache has: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html."""
    public, mirrored = ({name for names in pulled(stack).values() for name in names} for stack in _both())
    assert {name.removeprefix("public.ecr.aws") for name in public} == {name.removeprefix(MIRROR) for name in mirrored}
    assert any(name.startswith(f"{MIRROR}/falcosecurity/falco:") for name in mirrored)
    assert any(name.startswith(f"{MIRROR}/aws-observability/aws-for-fluent-bit:") for name in mirrored)


def _both() -> tuple[dict[str, Any], dict[str, Any]]:
    return CREATED, {**CREATED, "imageRegistry": MIRROR}


@pytest.mark.parametrize("extra", [{}, {"imageRegistry": MIRROR}], ids=["alone", "beside imageRegistry"])
def test_falco_alone_can_come_from_elsewhere(extra: dict[str, Any]) -> None:
    stack = {**CREATED, **extra, "falco": {"registry": "registry.example.com/mirror"}}
    names = {name for found in pulled(stack).values() for name in found}
    falco = {name for name in names if "/falco:" in name}
    assert all(name.startswith("registry.example.com/mirror/falco:") for name in falco) and falco
    assert not any("registry.example.com" in name for name in names - falco)
