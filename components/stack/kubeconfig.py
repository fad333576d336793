"""Kubeconfigs: one for an EKS cluster, and which cluster one is for."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from falco_firelens.settings.validation.yaml_text import kubeconfig_tree


def eks_kubeconfig(name: str, endpoint: str, certificate_authority: str, region: str) -> str:
    """Return a kubeconfig that asks the AWS CLI for a token when one is needed, so it holds no secret that expires.

    https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
    """
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"],
        "interactiveMode": "Never",
    }
    server = {"server": endpoint, "certificate-authority-data": certificate_authority}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": server}],
            "users": [{"name": name, "user": {"exec": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


def parsed(kubeconfig: str) -> Mapping[str, Any]:
    """Return what a kubeconfig's YAML says."""
    return cast("Mapping[str, Any]", kubeconfig_tree(kubeconfig))


def cluster_identifier(kubeconfig: str, context: str | None = None) -> str:
    """Return what identifies a cluster: a hash of its certificate authority, or of its address if it has none.

    A cluster that moves to another address stays the same one. A cluster that was rebuilt under the same name does not,
    so its sensors are installed again rather than believed to be there.
    """
    server = cluster_of(kubeconfig, context)
    identity = server.get("certificate-authority-data") or server.get("certificate-authority") or server["server"]
    return hashlib.sha256(str(identity).encode()).hexdigest()[:32]


def cluster_of(kubeconfig: str, context: str | None = None) -> Mapping[str, Any]:
    """Return a kubeconfig's entry for the cluster of a context, or of the current one."""
    document = parsed(kubeconfig)
    contexts = _by_name(document, "contexts", "context")
    return _by_name(document, "clusters", "cluster")[contexts[context or document["current-context"]]["cluster"]]


def _by_name(document: Mapping[str, Any], entries: str, content: str) -> Mapping[str, Mapping[str, Any]]:
    return {entry["name"]: entry[content] for entry in document[entries]}
