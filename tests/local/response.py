"""What tests of the response need of the local cloud: pods, people with few permissions, a moto with its own tables."""

import functools
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from lightkube import Client, KubeConfig, codecs
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.authorization_v1 import ResourceAttributes, SubjectAccessReviewSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.authorization_v1 import SubjectAccessReview
from lightkube.resources.core_v1 import Pod, ServiceAccountToken
from lightkube.resources.networking_v1 import NetworkPolicy

from components.response.admission_policy import group_member, policy_spec
from falco_firelens.responder.actions.registry import Need
from falco_firelens.responder.clients import connect
from falco_firelens.responder.configuration import Cluster
from falco_firelens.responder.permissions import rules
from localcloud.layout import Layout
from tests.waiting import wait_for

GROUP = "system:serviceaccounts:default"
"""Every service account of `Api.someone`: the admission policy of the response bounds what they write."""


@functools.cache
def _bound(api: "Api") -> None:
    """Make the admission policy, for `GROUP`, and wait until it is in force."""
    meta, group = {"name": "tests"}, "admissionregistration.k8s.io/v1"
    spec = policy_spec(group_member(GROUP))
    binding = {"policyName": meta["name"], "validationActions": ["Deny"]}
    api.apply(
        {"apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": meta, "spec": spec},
        {"apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta, "spec": binding},
    )
    asks = ["annotate", "node", "node-1", "tests=x", "--overwrite", "--dry-run=server", "--as=tests"]
    wait_for(lambda: not api.allows(*asks, "--as-group=system:masters", f"--as-group={GROUP}"), "the policy")


@functools.cache
def _admin(layout: Layout, name: str) -> Any:
    return Client(config=KubeConfig.from_file(layout.kubeconfig(name)))


@dataclass(frozen=True)
class Api:
    """One control plane, asked by its API where kubectl, which takes a fifth of a second to start, adds nothing."""

    layout: Layout
    name: str = "eks"

    @property
    def admin(self) -> Any:
        """A client that may do everything."""
        return _admin(self.layout, self.name)

    def kubectl(self, *arguments: str) -> str:
        done = self._kubectl(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def allows(self, *arguments: str) -> bool:
        """Whether kubectl is let do something; any other failure than a refusal is one of the test."""
        done = self._kubectl(*arguments)
        assert done.returncode == 0 or "forbidden" in done.stderr, done.stderr
        return done.returncode == 0

    def _kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [self.layout.bin / "kubectl", f"--kubeconfig={self.layout.kubeconfig(self.name)}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def apply(self, *manifests: dict[str, Any]) -> None:
        for manifest in manifests:
            self.admin.apply(codecs.from_dict(manifest), field_manager="tests", force=True)

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
        wait_for(lambda: all(map(_ready, self.admin.list(Pod, namespace="*", labels={"app": "web"}))), "ready pods")

    def clear(self, namespace: str) -> None:
        """Delete the pods and the policies of a namespace at once."""
        for kind in (NetworkPolicy, Pod):
            self.admin.deletecollection(kind, namespace=namespace, grace_period=0)

    def someone(self, name: str, needs: Iterable[Need]) -> Any:
        """A client with the token of a service account that has these permissions and no others, in force already.

        As in a stack, the admission policy bounds what it writes.
        """
        _bound(self)
        meta = {"name": name, "namespace": "default"}
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        self.allow(name, needs)
        asked = ServiceAccountToken(metadata=ObjectMeta(), spec=TokenRequestSpec(audiences=[]))
        return connect(**self.access(self.admin.create(asked, name, namespace="default").status.token))

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
            self.until(name, need, allowed=True)

    def until(self, name: str, need: Need, *, allowed: bool) -> None:
        """Wait until a service account may, or may not, do something."""
        group, resource, verb = need
        plain, _, part = resource.partition("/")
        what = ResourceAttributes(group=group, resource=plain, subresource=part, verb=verb)
        asked = SubjectAccessReview(
            spec=SubjectAccessReviewSpec(user=f"system:serviceaccount:default:{name}", resourceAttributes=what)
        )
        wait_for(lambda: self.admin.create(asked).status.allowed is allowed, f"{allowed} for {need}")


def _ready(pod: Any) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or ())


class TestClients:
    """Clients of tests: boto3 of a moto in this process, and Kubernetes clients that are given."""

    __test__ = False

    def __init__(self, aws: Any, **kubernetes: Any) -> None:
        self._aws, self._kubernetes = aws, kubernetes

    def aws(self, service: str) -> Any:
        return self._aws(service)

    def kubernetes(self, cluster: Cluster) -> Any:
        return self._kubernetes[cluster.name]
