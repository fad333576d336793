"""Describes a container of the sensor once, so that every platform runs the same one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from falco_firelens.sensor.images import Image


@dataclass(frozen=True)
class Mount:
    """A path of the node that a container sees."""

    name: str
    source: str
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Health:
    """An HTTP endpoint of the container that answers 200 while it works.

    Times are in seconds. A container may take `start` to come up, and is given up after `failures` in a row.
    `local` says that it answers inside the container only.
    """

    port: int
    path: str
    local: bool = False
    interval: int = 15
    timeout: int = 5
    failures: int = 3
    start: int = 100

    @property
    def command(self) -> tuple[str, ...]:
        """The check as a command inside the container; both images bring curl."""
        return ("curl", "--fail", "--silent", "--show-error", f"http://127.0.0.1:{self.port}{self.path}")


@dataclass(frozen=True)
class Resources:
    """What a container is promised and what it may take: CPU in thousandths of a core, memory in MiB."""

    cpu: int
    memory: int
    cpu_limit: int
    memory_limit: int


@dataclass(frozen=True)
class Container:
    """One container. It runs as root on a read-only root file system and without any capability but those named.

    `files` is what it finds in `SENSOR_DIR`; `scratch` names directories that it may write and that end with it.
    """

    name: str
    image: Image
    command: tuple[str, ...]
    files: Mapping[str, str]
    health: Health
    resources: Resources
    capabilities: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    mounts: tuple[Mount, ...] = ()
    scratch: tuple[str, ...] = ()

    def only_capabilities(self) -> dict[str, list[str]]:
        """Return the capabilities in the words that Kubernetes and ECS share."""
        added = {"add": list(self.capabilities)} if self.capabilities else {}
        return {"drop": ["ALL"], **added}
