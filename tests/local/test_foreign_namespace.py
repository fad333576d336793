"""A cluster in which somebody's Falco is installed already, as a Helm release leaves it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.moto import NODE_ROLE
from tests.local.stack import PulumiError, Stack

pytestmark = pytest.mark.local

Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(local_env: dict[str, str]) -> Iterator[Kubectl]:
    def run(*words: str) -> str:
        return subprocess.check_output(["kubectl", "--context", "selfmanaged", *words], env=local_env, text=True)

    run("create", "namespace", "falco")
    run("--namespace", "falco", "create", "configmap", "falco", "--from-literal=falco.yaml=theirs")
    yield run
    run("delete", "namespace", "falco", "--ignore-not-found")


@pytest.fixture
def configured(stack: Stack, local_cloud: LocalCloud) -> Stack:
    kubeconfig = Path(local_cloud.layout.kubeconfig("selfmanaged"))
    existing = {"kubeconfigFile": str(kubeconfig)}
    cluster = {"name": "own", "platform": "kubernetes", "nodeRole": NODE_ROLE, "existing": existing}
    stack.configure({"clusters": [cluster]})
    return stack


def test_a_namespace_of_somebody_else_s_is_refused_by_the_preview_until_it_is_handed_over(
    configured: Stack, kubectl: Kubectl
) -> None:
    with pytest.raises(PulumiError) as refused:
        configured.preview()

    assert "found the namespace falco in the cluster, expected none" in str(refused.value)
    assert "helm uninstall falco --namespace falco" in str(refused.value)

    kubectl("label", "namespace", "falco", "app.kubernetes.io/part-of=falco-firelens")
    assert "Namespace own-sensor" in {step.resource for step in configured.preview()}


def test_an_update_without_a_preview_leaves_it_as_it_is(configured: Stack, kubectl: Kubectl) -> None:
    with pytest.raises(PulumiError, match="found the namespace falco"):
        configured.up()
    configured.destroy()

    assert kubectl("--namespace", "falco", "get", "configmap", "falco", "--output=jsonpath={.data}") == (
        '{"falco.yaml":"theirs"}'
    )
