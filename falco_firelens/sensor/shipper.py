"""Describes the Fluent Bit container that ships Falco's events, for every platform."""

from collections.abc import Mapping
from typing import Final

from falco_firelens.sensor.container import Container, Health, Mount, Resources
from falco_firelens.sensor.model import FLUENT_BIT_HTTP_PORT, FLUENT_BIT_STATE_DIR, Pipeline

PROGRAM: Final = "/fluent-bit/bin/fluent-bit"

MAIN_FILE: Final = "fluent-bit.conf"
"""Of Fluent Bit's files, the one that names the others."""

HEALTH: Final = Health(port=FLUENT_BIT_HTTP_PORT, path="/api/v1/uptime", local=True)
"""Only whether Fluent Bit lives. Its `/api/v1/health` fails with the destination, and an outage there must not restart
every shipper of the fleet."""

RESOURCES: Final = Resources(cpu=50, memory=128, cpu_limit=500, memory_limit=256)

STATE: Final = Mount("state", FLUENT_BIT_STATE_DIR, FLUENT_BIT_STATE_DIR, read_only=False)
"""Read positions and unsent chunks outlive the container, on the node."""


def container(
    name: str,
    pipeline: Pipeline,
    files: Mapping[str, str],
    *,
    command: tuple[str, ...] = (),
    mounts: tuple[Mount, ...] = (),
) -> Container:
    """Fluent Bit: root without any capability, for it reads root's log files. No command means the image's own."""
    return Container(
        name=name,
        image=pipeline.image,
        command=command,
        files=files,
        health=HEALTH,
        resources=RESOURCES,
        environment={"AWS_REGION": pipeline.identity.region},
        mounts=(STATE, *mounts),
        scratch=("/tmp",),
    )
