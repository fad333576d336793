"""Where the local cloud keeps its files, and on which ports it listens."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from localcloud.ports import release, reserve

CHECKOUT = Path(__file__).resolve().parents[1]
"""The project's root: where Pulumi.yaml is."""


@dataclass(frozen=True)
class Ports:
    """One port on 127.0.0.1 for each server."""

    moto: int
    moto_tls: int
    etcd: int
    etcd_peer: int
    eks: int
    selfmanaged: int

    def api_server(self, cluster: str) -> int:
        """Return the port of a control plane."""
        return {"eks": self.eks, "selfmanaged": self.selfmanaged}[cluster]

    @classmethod
    def reserved(cls, owner: Path) -> Self:
        """Ports that are the owner's alone, see `localcloud.ports`."""
        return cls(*reserve(len(cls.__dataclass_fields__), owner))


@dataclass(frozen=True)
class Layout:
    """The files of one local cloud, all below `home`."""

    home: Path

    @property
    def bin(self) -> Path:
        """Links to the programs that this cloud uses; one entry of PATH."""
        return self.home / "bin"

    @property
    def log(self) -> Path:
        """One log a process."""
        return self.home / "log"

    @property
    def processes(self) -> Path:
        """One record a process, see `localcloud.processes`."""
        return self.home / "processes"

    @property
    def etcd(self) -> Path:
        """What the control planes know."""
        return self.home / "etcd"

    @property
    def kubernetes(self) -> Path:
        """Kubeconfigs, and the secrets of the control planes."""
        return self.home / "kubernetes"

    @property
    def tls(self) -> Path:
        """The certificate of every TLS server of this cloud."""
        return self.home / "tls"

    @property
    def state(self) -> Path:
        """Pulumi's state backend."""
        return self.home / "state"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's own folder, so that a person's logins and plugins stay out of the local cloud."""
        return self.home / "pulumi"

    @property
    def functions(self) -> Path:
        """The unpacked code of functions, as their processes import it."""
        return self.home / "functions"

    @property
    def aws(self) -> Path:
        """What belongs to the local AWS."""
        return self.home / "aws"

    @property
    def credentials(self) -> Path:
        """JSON file: the access key of the user that deploys, as variables of the environment.

        Its secret is also what the local cloud's own servers show each other.
        """
        return self.aws / "credentials.json"

    @property
    def trusted_code(self) -> Path:
        """Empty files, each named by the SHA-256 of a zip: code that functions may have."""
        return self.aws / "trusted-code"

    @property
    def certificate(self) -> Path:
        """PEM file: the servers' certificate, which is its own authority."""
        return self.tls / "server.pem"

    @property
    def key(self) -> Path:
        """PEM file: the certificate's private key."""
        return self.tls / "server.key"

    @property
    def etcd_client(self) -> Path:
        """PEM file: the certificate by which etcd knows its clients, which is its own authority."""
        return self.tls / "etcd-client.pem"

    @property
    def etcd_client_key(self) -> Path:
        """PEM file: that certificate's private key."""
        return self.tls / "etcd-client.key"

    def kubeconfig(self, cluster: str) -> Path:
        """Return the kubeconfig of a control plane; its only context has the cluster's name."""
        return self.kubernetes / f"{cluster}.kubeconfig"

    @property
    def volatile(self) -> tuple[Path, ...]:
        """What is of no use without the processes."""
        return (
            self.bin,
            self.processes,
            self.etcd,
            self.kubernetes,
            self.functions,
            self.aws,
            self.tls,
            self.state,
            self.pulumi_home,
        )

    def ports(self) -> Ports | None:
        """Return the ports chosen by `choose_ports`, None when the cloud has not been started."""
        try:
            return Ports(**json.loads(self._ports_file.read_text()))
        except FileNotFoundError:
            return None

    def choose_ports(self) -> Ports:
        """Choose free ports and remember them."""
        release(self.home)
        ports = Ports.reserved(self.home)
        self._ports_file.write_text(json.dumps(asdict(ports), indent=2) + "\n")
        return ports

    def forget_ports(self) -> None:
        """Forget the ports: nothing listens any more."""
        self._ports_file.unlink(missing_ok=True)
        release(self.home)

    @property
    def _ports_file(self) -> Path:
        return self.home / "ports.json"


def write_secret(file: Path, content: bytes) -> None:
    """Write a file that only its owner can read, in a folder that is made for it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
