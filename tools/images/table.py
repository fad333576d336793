"""Holds the table of images to what is rendered, and writes what has been renewed into it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from falco_firelens.sensor import ecs, helm, images, kubernetes
from falco_firelens.sensor.model import ClusterIdentity, FalcoOptions, LogGroup, Pipeline


def mistakes() -> Iterator[str]:
    """Yield each image that a stack would pull with its defaults and that is not in the table.

    The form of the table has been checked when it was read.
    """
    known = {name for one in images.KNOWN.values() for name in (one.image().reference, one.image().tag_or_digest)}
    for name in sorted(rendered() - known):
        yield f"{name}: found an image that is not in images.yaml; name it by falco_firelens/sensor/images.py"


def rendered() -> set[str]:
    """Every image of the manifests, the chart's values and the task."""
    manifests = kubernetes.manifests(FalcoOptions(), _pipeline("eks"))
    workloads = (manifests.falco, manifests.fluent_bit)
    specs: list[dict[str, Any]] = [one.daemon_set["spec"]["template"]["spec"] for one in workloads]
    pods = [
        container for spec in specs for key in spec if key.lower().endswith("containers") for container in spec[key]
    ]
    chart = helm.values(FalcoOptions(), _pipeline("eks").identity)["image"]
    task = ecs.task(FalcoOptions(), _pipeline("ecs")).container_definitions
    return {
        *(str(container["image"]) for container in (*pods, *task)),
        f"{chart['registry']}/{chart['repository']}:{chart['tag']}",
    }


def with_digest(text: str, known: images.Known, release: images.Release, digest: str, sources: Sequence[str]) -> str:
    """Return the table's text with the digest of one release, and everything else as it was.

    Raises ValueError where the text is not laid out as the project's table is.
    """
    entry = re.compile(
        rf"(path: {re.escape(known.path)}\n(?:(?!\S).*\n)*?    - version: {re.escape(release.version)}\n)"
        r"      digest: .*\n      sources:.*\n(?:        - .*\n)*"
    )
    lines = "".join(f"        - {source}\n" for source in sources)
    changed, count = entry.subn(lambda found: f"{found[1]}      digest: {digest}\n      sources:\n{lines}", text)
    if count != 1:
        raise ValueError(f"{known.path}:{release.version}: found {count} entries, expected one")
    return changed


def _pipeline(platform: Any) -> Pipeline:
    return Pipeline(ClusterIdentity("any", platform, "123456789012", "eu-west-1"), LogGroup("any", "eu-west-1"))
