"""A stand-in for a Kubernetes cluster behind lightkube's client: pods, nodes and NetworkPolicies in memory.

It refuses what the API server would refuse of this: 404 for what is not there, 409 for what exists already or has
another uid. It knows no permissions, no admission and no controllers; tests/local has the real API server.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
from lightkube import ApiError
from lightkube.models.core_v1 import Container, NodeSpec, PodSpec, PodStatus, Taint
from lightkube.models.meta_v1 import ObjectMeta, OwnerReference
from lightkube.resources.core_v1 import Node, Pod

from falco_firelens.responder.configuration import Cluster

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class MadeUpCluster:
    """The cluster; `asked` is what its client was asked, by verb and name."""

    def __init__(self, *nodes: str) -> None:
        self.asked: list[str] = []
        self._kept: dict[tuple[str, str, str], Any] = {}
        for name in nodes or ("node-1",):
            self._keep(Node(metadata=ObjectMeta(name=name, labels={}, annotations={}), spec=NodeSpec()))

    def run(
        self, path: str, node: str = "node-1", owner: str = "", labels: Mapping[str, str] | None = None, **spec: Any
    ) -> Any:
        """A pod NAMESPACE/NAME on a node, which a ReplicaSet of this name owns."""
        namespace, _, name = path.partition("/")
        owned = [OwnerReference(apiVersion="apps/v1", kind="ReplicaSet", name=owner, uid="x")] if owner else []
        identity = str(uuid.uuid4())
        pod = Pod(
            metadata=ObjectMeta(
                name=name,
                namespace=namespace,
                uid=identity,
                labels=dict(labels or {}),
                ownerReferences=owned,
                creationTimestamp=LONG_AGO,
            ),
            spec=PodSpec(containers=[Container(name="main")], nodeName=node, **spec),
            status=PodStatus(phase="Running"),
        )
        self._keep(pod)
        return pod

    def _keep(self, one: Any) -> None:
        self._kept[type(one).__name__, one.metadata.namespace or "", one.metadata.name] = one

    def get(self, kind: Any, name: str, *, namespace: str = "") -> Any:
        self.asked.append(f"get {kind.__name__} {name}")
        found = self._kept.get((kind.__name__, namespace, name))
        if found is None:
            raise refusal(404, f"{name} not found")
        return kind.from_dict(found.to_dict())

    def list(
        self,
        kind: Any,
        *,
        namespace: str = "",
        fields: Mapping[str, str] | None = None,
        chunk_size: int | None = None,
    ) -> Iterator[Any]:
        self.asked.append(f"list {kind.__name__} {namespace} {dict(fields or {})}")
        for (name, space, _), one in list(self._kept.items()):
            if (
                name == kind.__name__
                and namespace in ("*", space)
                and all(_field(one, *f) for f in (fields or {}).items())
            ):
                yield kind.from_dict(one.to_dict())

    def create(self, one: Any) -> None:
        key = type(one).__name__, one.metadata.namespace or "", one.metadata.name
        self.asked.append(f"create {key[0]} {key[2]}")
        if key in self._kept:
            raise refusal(409, "already exists")
        self._kept[key] = one

    def patch(self, kind: Any, name: str, patch: dict[str, Any], *, namespace: str = "", **_: Any) -> None:
        self.asked.append(f"patch {kind.__name__} {name}")
        one = self._kept.get((kind.__name__, namespace, name))
        if one is None:
            raise refusal(404, f"{name} not found")
        metadata = patch.get("metadata", {})
        if metadata.get("uid") not in (None, one.metadata.uid):
            raise refusal(409, "the uid in the precondition does not match")
        for part in ("labels", "annotations"):
            merged = {**(getattr(one.metadata, part) or {}), **metadata.get(part, {})}
            setattr(one.metadata, part, {key: value for key, value in merged.items() if value is not None})
        for key, value in patch.get("spec", {}).items():
            setattr(one.spec, key, [Taint(**taint) for taint in value] if key == "taints" else value)

    def delete(self, kind: Any, name: str, *, namespace: str = "", grace_period: int | None = None) -> None:
        self.asked.append(f"delete {kind.__name__} {name} {grace_period}")
        if self._kept.pop((kind.__name__, namespace, name), None) is None:
            raise refusal(404, f"{name} not found")

    def log(self, name: str, *, container: str, **_: Any) -> Iterator[str]:
        self.asked.append(f"log {name} {container}")
        return iter([f"a line of {container}\n"])


class OneCluster:
    """Clients of one cluster, and of AWS where a test gives that."""

    def __init__(self, cluster: Any, aws: Any = None) -> None:
        self._cluster, self._aws = cluster, aws

    def kubernetes(self, cluster: Cluster) -> Any:
        return self._cluster

    def aws(self, service: str) -> Any:
        return self._aws(service)


def _field(one: Any, path: str, wanted: str) -> bool:
    """Compare a field; of Pods the API server knows these two, among others."""
    return {"spec.nodeName": lambda: one.spec.nodeName, "metadata.name": lambda: one.metadata.name}[path]() == wanted


def refusal(code: int, message: str) -> ApiError:
    """What lightkube raises for a refusal of the API server."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    request = httpx2.Request("GET", "https://127.0.0.1")
    return ApiError(request=request, response=httpx2.Response(code, json=status, request=request))
