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
        self.url = f"https://127.0.0.1:{ports.etcd}"
        self._peer_url = f"https://127.0.0.1:{ports.etcd_peer}"

    def ready(self) -> bool:
        """Whether it answers."""
        return answers(
            f"{self.url}/health",
            self._layout.certificate,
            client=(self._layout.etcd_client, self._layout.etcd_client_key),
        )

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
            **self._tls(""),
            **self._tls("peer-"),
        }
        return [self._layout.bin / "etcd", "--unsafe-no-fsync", *(f"{key}={value}" for key, value in options.items())]

    def _tls(self, prefix: str) -> dict[str, str | Path]:
        """Only who has the client's certificate gets in: what is stored here is every secret of both clusters.

        https://etcd.io/docs/v3.6/op-guide/security/
        """
        return {
            f"--{prefix}cert-file": self._layout.certificate,
            f"--{prefix}key-file": self._layout.key,
            f"--{prefix}client-cert-auth": "true",
            f"--{prefix}trusted-ca-file": self._layout.etcd_client,
        }
