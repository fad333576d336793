"""What tests of the response need of the local cloud: pods, people with few permissions, a moto with its own tables."""

import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from lightkube import Client, KubeConfig

from localcloud.layout import Layout
from responder.clients import connect
from responder.configuration import Cluster
from responder.permissions import Need, rules


@dataclass(frozen=True)
class Api:
    """One control plane."""

    layout: Layout
    name: str = "eks"

    @property
    def admin(self) -> Any:
        """A client that may do everything."""
        return Client(config=KubeConfig.from_file(self.layout.kubeconfig(self.name)))

    def kubectl(self, *arguments: str, manifest: object = None, check: bool = True) -> str:
        command = [self.layout.bin / "kubectl", f"--kubeconfig={self.layout.kubeconfig(self.name)}", *arguments]
        text = None if manifest is None else yaml.safe_dump(manifest)
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def apply(self, *manifests: object) -> None:
        self.kubectl("apply", "-f", "-", manifest={"apiVersion": "v1", "kind": "List", "items": list(manifests)})

    def access(self, token: str) -> dict[str, str]:
        """Server, certificate authority and token, as `connect` takes them."""
        cluster = yaml.safe_load(self.layout.kubeconfig(self.name).read_text())["clusters"][0]["cluster"]
        return {
            "server": cluster["server"],
            "certificate_authority": cluster["certificate-authority-data"],
            "token": token,
        }

    def pods(self, *names: str) -> None:
        """Pods, by NAMESPACE/NAME, all with the same labels, and ready."""
        parts = [name.split("/") for name in names]
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": one}} for one in {p[0] for p in parts}]
        pods = [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": namespace, "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "main", "image": "nginx"}], "nodeName": "node-1"},
            }
            for namespace, name in parts
        ]
        self.apply(*spaces, *pods)
        self.kubectl("wait", "-A", "--for=condition=Ready", "pod", "-l", "app=web", "--timeout=60s")

    def someone(self, name: str, needs: Iterable[Need]) -> Any:
        """A client with the token of a service account that has these permissions and no others, in force already."""
        meta = {"name": name, "namespace": "default"}
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        self.allow(name, needs)
        token = self.kubectl("create", "token", name)
        return connect(**self.access(token))

    def allow(self, name: str, needs: Iterable[Need]) -> None:
        """Give a service account these permissions, and wait until the authorizer knows."""
        needs = set(needs)
        group = "rbac.authorization.k8s.io"
        self.apply(
            {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules(needs)},
            {
                "apiVersion": f"{group}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": name},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
            },
        )
        for need in needs:
            self.until(name, need, "yes")

    def until(self, name: str, need: Need, answer: str) -> None:
        """Wait until a service account may, or may not, do something."""
        group, resource, verb = need
        plain, _, part = resource.partition("/")
        asked = [verb, f"{plain}.{group}" if group else plain, *([f"--subresource={part}"] if part else [])]
        until = time.monotonic() + 20
        while True:
            who = f"--as=system:serviceaccount:default:{name}"
            if self.kubectl("auth", "can-i", *asked, who, "-A", check=False) == answer:
                return
            assert time.monotonic() < until, f"{need} did not become {answer}"
            time.sleep(0.1)


class TestClients:
    """Clients of tests: boto3 of a moto in this process, and Kubernetes clients that are given."""

    __test__ = False

    def __init__(self, aws: Any, **kubernetes: Any) -> None:
        self._aws, self._kubernetes = aws, kubernetes

    def aws(self, service: str) -> Any:
        return self._aws(service)

    def kubernetes(self, cluster: Cluster) -> Any:
        return self._kubernetes[cluster.name]
