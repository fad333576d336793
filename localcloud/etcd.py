"""The store of all control planes: one etcd, in which each has its own prefix."""

from pathlib import Path

from localcloud.health import START_TIMEOUT, answers
from localcloud.layout import Layout, Ports
from localcloud.processes import Processes


class Etcd:
    """The store of all control planes."""

    name = "etcd"

    def __init__(self, layout: Layout, processes: Processes, ports: Ports) -> None:
        self._layout, self._processes = layout, processes
        self.url = f"http://127.0.0.1:{ports.etcd}"
        self._peer_url = f"http://127.0.0.1:{ports.etcd_peer}"

    def ready(self) -> bool:
        """Whether it answers."""
        return answers(f"{self.url}/health")

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if not self._processes.find(self.name):
            self._processes.start(self.name, self._command())
        self._processes.wait(self.name, self.ready, START_TIMEOUT)

    def _command(self) -> list[str | Path]:
        self._layout.etcd.mkdir(parents=True, exist_ok=True)
        self._layout.etcd.chmod(0o700)
        options = {
            "--data-dir": self._layout.etcd,
            "--listen-client-urls": self.url,
            "--advertise-client-urls": self.url,
            "--listen-peer-urls": self._peer_url,
            "--initial-advertise-peer-urls": self._peer_url,
            "--initial-cluster": f"default={self._peer_url}",
            "--log-level": "warn",
        }
        return [self._layout.bin / "etcd", "--unsafe-no-fsync", *(f"{key}={value}" for key, value in options.items())]
