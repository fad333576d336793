"""A node of each platform with a real Fluent Bit on it, and a container whose output it gets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from falco_firelens.sensor.model import FALCO_CONTAINER, NODE_VARIABLE
from testbed import ecs_agent
from testbed.docker import LogDriver
from testbed.fluent_bit import FluentBit
from testbed.kubelet import ContainerLog
from testbed.placement import Endpoint, place, towards

NODE_NAME = "node-1"
"""The Kubernetes node in the harness."""


class Node(Protocol):
    """What every platform's node has in common."""

    fluent_bit: FluentBit
    name: str

    def write(self, line: str, *, stream: str = "stdout") -> None:
        """Write a line into the container's log file."""
        ...

    def close(self) -> None:
        """Falco and Fluent Bit end."""
        ...


class KubernetesNode:
    """Fluent Bit follows the files of Falco's pod."""

    def __init__(self, files: Mapping[str, str], root: Path, endpoint: Endpoint) -> None:
        """`files` is what `sensor.fluent_bit.files` rendered or a ConfigMap holds; everything is kept under `root`."""
        placement = place(files, root, endpoint)
        self.name = NODE_NAME
        self.log = ContainerLog(placement.logs)
        self.fluent_bit = FluentBit(
            placement.sensor / "fluent-bit.conf",
            root,
            placement.http_port,
            environment={NODE_VARIABLE: self.name, **endpoint.credentials},
        )

    def write(self, line: str, *, stream: str = "stdout") -> None:
        """Send a line to Docker."""
        self.log.write(line, stream=stream)

    def close(self) -> None:
        """End both."""
        self.log.close()
        self.fluent_bit.kill()


class EcsNode:
    """Docker's log driver feeds Fluent Bit, which runs what the ECS agent generates around the configuration."""

    def __init__(
        self,
        files: Mapping[str, str],
        root: Path,
        endpoint: Endpoint,
        *,
        log_options: Mapping[str, str] | None = None,
        memory_mib: int = 128,
    ) -> None:
        """`files` is what `sensor.firelens.files` rendered or a task definition holds. `root` must be a short path:
        a unix socket's path has at most 107 bytes. For the others see `ecs_agent.configuration`.
        """
        placement = place(files, root, endpoint)
        unix_socket = root / "fluent.sock"
        main = root / "fluent.conf"
        generated = ecs_agent.configuration(
            placement.sensor / "fluent-bit.conf", unix_socket, log_options=log_options, memory_mib=memory_mib
        )
        main.write_text(towards(generated, placement.endpoint))
        self.name = ecs_agent.INSTANCE_ID
        self.driver = LogDriver(unix_socket, ecs_agent.tag(FALCO_CONTAINER))
        self.fluent_bit = FluentBit(main, root, placement.http_port, environment=endpoint.credentials)

    def write(self, line: str, *, stream: str = "stdout") -> None:
        """Send a line to Docker."""
        self.driver.write(line, stream=stream)

    def close(self) -> None:
        """End both."""
        self.driver.stop()
        self.fluent_bit.kill()
