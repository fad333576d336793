"""Kubernetes control planes: real API servers over one etcd, with fake nodes on which pods become Ready (kwok)."""

import base64
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from localcloud.access_key import access_key
from localcloud.errors import LocalCloudError
from localcloud.health import START_TIMEOUT, answers
from localcloud.layout import Layout, Ports, write_secret
from localcloud.processes import Processes

EKS = "eks"
CLUSTERS = (EKS, "selfmanaged")
"""Each has its own API server, and its own prefix in etcd."""

TOKEN_REVIEW = "/localcloud/token-review"
"""Where the moto process says whose a token of AWS is (`localcloud.aws.eks_identity.webhook`)."""


@dataclass(frozen=True)
class _Node:
    name: str
    architecture: str
    taints: tuple[dict[str, str], ...] = ()

    def manifest(self, number: int) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self.name,
                "labels": {
                    "kubernetes.io/hostname": self.name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": self.architecture,
                    "topology.kubernetes.io/zone": f"local-1{'abc'[number]}",
                },
            },
            "spec": {"taints": list(self.taints)} if self.taints else {},
        }


NODES = (
    _Node("node-1", "amd64"),
    _Node("node-2", "arm64"),
    _Node("node-3", "amd64", ({"key": "dedicated", "value": "batch", "effect": "NoSchedule"},)),
)
"""One of each kind that a sensor must run on: both architectures, and one that turns other pods away."""


class ControlPlane:
    """One cluster: API server, controllers, scheduler, nodes."""

    def __init__(self, name: str, layout: Layout, processes: Processes, ports: Ports) -> None:
        self.name = name
        self._layout, self._processes = layout, processes
        self._port = ports.api_server(name)
        self._folder = layout.kubernetes / name
        self._token = self._folder / "admin.token"
        self._authenticator = self._folder / "authenticator.kubeconfig"
        self._webhook_url = f"https://127.0.0.1:{ports.moto_tls}{TOKEN_REVIEW}"

    @property
    def url(self) -> str:
        """Where its API server listens."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def api_server(self) -> str:
        """The API server's process name."""
        return f"{self.name}-apiserver"

    @property
    def followers(self) -> dict[str, list[str | Path]]:
        """The processes that need the API server, by name: controllers, scheduler, nodes."""
        kubeconfig = f"--kubeconfig={self._layout.kubeconfig(self.name)}"
        quiet = ["--leader-elect=false", "--secure-port=0"]
        stages = [f"--config={stage}" for stage in sorted(self._layout.bin.glob("kwok-*.yaml"))]
        return {
            f"{self.name}-controller-manager": [
                self._layout.bin / "kube-controller-manager",
                kubeconfig,
                f"--service-account-private-key-file={self._folder / 'accounts.key'}",
                # A fake node whose heartbeat is late on a busy machine would make its pods unready, and forever: there
                # is no kubelet that says otherwise later.
                "--node-monitor-grace-period=1h",
                *quiet,
            ],
            f"{self.name}-scheduler": [self._layout.bin / "kube-scheduler", kubeconfig, *quiet],
            f"{self.name}-kwok": [self._layout.bin / "kwok", kubeconfig, "--manage-all-nodes=true", *stages],
        }

    def create(self) -> None:
        """Make its secrets and its kubeconfig."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        token = secrets.token_urlsafe(32)
        write_secret(self._token, token.encode())
        write_secret(self._folder / "tokens.csv", f'{token},admin,admin,"system:masters"\n'.encode())
        _write_account_key(self._folder / "accounts.key", self._folder / "accounts.pub")
        kubeconfig = _kubeconfig(self.name, self.url, self._layout.certificate.read_bytes(), token)
        write_secret(self._layout.kubeconfig(self.name), kubeconfig.encode())
        if self.name == EKS:
            secret = access_key(self._layout)["AWS_SECRET_ACCESS_KEY"]
            webhook = _kubeconfig("webhook", self._webhook_url, self._layout.certificate.read_bytes(), secret)
            write_secret(self._authenticator, webhook.encode())

    def ready(self) -> bool:
        """Whether its API server says so."""
        return answers(f"{self.url}/readyz", self._layout.certificate, self._token.read_text())

    def start(self, etcd_url: str) -> None:
        """Start what does not run, and wait until its nodes are Ready."""
        if not self._processes.find(self.api_server):
            self._processes.start(self.api_server, self._api_server_command(etcd_url))
        self._processes.wait(self.api_server, self.ready, START_TIMEOUT)
        for name, command in self.followers.items():
            if not self._processes.find(name):
                self._processes.start(name, command)
        self._kubectl("apply", "--filename=-", manifests=[node.manifest(i) for i, node in enumerate(NODES)])
        self._kubectl("wait", "--for=condition=Ready", "node", "--all", f"--timeout={START_TIMEOUT:.0f}s")

    def _api_server_command(self, etcd_url: str) -> list[str | Path]:
        options = {
            "--etcd-servers": etcd_url,
            "--etcd-cafile": self._layout.certificate,
            "--etcd-certfile": self._layout.etcd_client,
            "--etcd-keyfile": self._layout.etcd_client_key,
            "--etcd-prefix": f"/{self.name}",
            "--secure-port": self._port,
            "--bind-address": "127.0.0.1",
            # Neither a route nor an address of this machine is needed: nothing runs inside the cluster.
            "--advertise-address": "192.0.2.1",
            "--endpoint-reconciler-type": "none",
            "--tls-cert-file": self._layout.certificate,
            "--tls-private-key-file": self._layout.key,
            "--token-auth-file": self._folder / "tokens.csv",
            "--anonymous-auth": "false",
            "--authorization-mode": "RBAC,Node",
            "--service-account-issuer": "https://kubernetes.default.svc",
            "--service-account-signing-key-file": self._folder / "accounts.key",
            "--service-account-key-file": self._folder / "accounts.pub",
            "--service-cluster-ip-range": "10.96.0.0/24",
            "--allow-privileged": "true",
            **(self._webhook_options() if self._authenticator.exists() else {}),
        }
        return [self._layout.bin / "kube-apiserver", *(f"{key}={value}" for key, value in options.items())]

    def _webhook_options(self) -> dict[str, str | Path]:
        """Who else may come in: roles with an access entry, as on EKS."""
        return {
            "--authentication-token-webhook-config-file": self._authenticator,
            "--authentication-token-webhook-version": "v1",
            # An access entry that is gone should be seen soon; API servers keep a token for 10 seconds in any case.
            "--authentication-token-webhook-cache-ttl": "1s",
        }

    def _kubectl(self, *arguments: str, manifests: list[dict[str, Any]] | None = None) -> None:
        command = [self._layout.bin / "kubectl", f"--kubeconfig={self._layout.kubeconfig(self.name)}", *arguments]
        listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}) if manifests else None
        done = subprocess.run(command, input=listing, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LocalCloudError(f"{self.name}: kubectl {arguments[0]} failed: {done.stderr.strip()}")


def _kubeconfig(name: str, url: str, certificate: bytes, token: str) -> str:
    """One context, cluster and user of that name, so that several files merge (`KUBECONFIG=a:b`)."""
    cluster = {"server": url, "certificate-authority-data": base64.b64encode(certificate).decode()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
        },
        sort_keys=False,
    )


def _write_account_key(private: Path, public: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    write_secret(private, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
