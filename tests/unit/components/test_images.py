"""One setting says where every image comes from that a stack's nodes pull."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from falco_firelens.sensor import images as table
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import ADOPTED, CREATED, account

MIRROR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/ecr-public"
PULLED = {"falco": table.FALCO, "fluentBit": table.FLUENT_BIT}
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
                yield "{registry}/{repository}:{tag}".format(**item) if isinstance(item, Mapping) else str(item)
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
    assert any(name.startswith(f"{MIRROR}/falcosecurity/falco@") for name in mirrored), "the ECS task's"
    assert any(name.startswith(f"{MIRROR}/aws-observability/aws-for-fluent-bit:") for name in mirrored)


def _both() -> tuple[dict[str, Any], dict[str, Any]]:
    return CREATED, {**CREATED, "imageRegistry": MIRROR}


@pytest.mark.parametrize("extra", [{}, {"imageRegistry": MIRROR}], ids=["alone", "beside imageRegistry"])
def test_falco_alone_can_come_from_elsewhere(extra: dict[str, Any]) -> None:
    stack = {**CREATED, **extra, "falco": {"registry": "registry.example.com/mirror"}}
    names = {name for found in pulled(stack).values() for name in found}
    falco = {name for name in names if "/falco:" in name or "/falco@" in name}
    assert all(name.startswith("registry.example.com/mirror/falco") for name in falco) and len(falco) == 2
    assert not any("registry.example.com" in name for name in names - falco)


DIGESTS = {key: f"sha256:{letter * 64}" for key, letter in (("falco", "a"), ("fluentBit", "b"))}


@pytest.mark.parametrize("name", STACKS)
def test_a_digest_of_the_stack_file_reaches_every_platform(name: str) -> None:
    digests = {key: {**STACKS[name].get(key, {}), "digest": digest} for key, digest in DIGESTS.items()}
    found = {image for names in pulled({**STACKS[name], **digests}).values() for image in names}
    assert {image.rpartition("@")[2] for image in found} == set(DIGESTS.values())
    versions = {key: {**STACKS[name].get(key, {}), "version": "9.9.9", "digest": "none"} for key in DIGESTS}
    found = {image for names in pulled({**STACKS[name], **versions}).values() for image in names}
    assert {image.rpartition(":")[2] for image in found} == {"9.9.9"}


def test_fluent_bit_alone_can_come_from_elsewhere() -> None:
    stack = {**CREATED, "fluentBit": {"registry": "registry.example.com/mirror", "version": "3.6.0"}}
    names = {name for found in pulled(stack).values() for name in found}
    ours = {name for name in names if "registry.example.com" in name}
    assert ours == {"registry.example.com/mirror/aws-for-fluent-bit:3.6.0"}
    assert not any("aws-for-fluent-bit" in name for name in names - ours)


@pytest.mark.parametrize(
    ("keys", "warned"),
    [
        ({"tags": {"of": "no other test"}}, {key for key, known in PULLED.items() if not known.digest(known.version)}),
        ({"falco": {"version": "0.41.0"}, "fluentBit": {"version": "9.9.9"}}, {"falco", "fluentBit"}),
        ({"falco": {"version": "0.41.0", "digest": "none"}, "fluentBit": {"digest": DIGESTS["fluentBit"]}}, set()),
    ],
    ids=["defaults", "other versions", "decided"],
)
def test_an_image_that_runs_by_its_tag_is_said_once_a_stack(
    keys: dict[str, Any], warned: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.warn", said.append)
    deploy({**ADOPTED, **keys}, account())
    lines = [line for line in said if "runs by its tag" in line]
    assert {line.partition(".digest: ")[0] for line in lines} == warned
    assert len(lines) == len(warned), "five clusters, one line each"
