"""Falco by a chart, and what a changed `falco.install` meets in the cluster.

The chart is a small one of this file's own with the name, the version and the selector of the official one, served as a
repository over TLS. The real Kubernetes provider fetches and renders it.
"""

import functools
import io
import ssl
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from falco_firelens.sensor.helm import CHART, CHART_VERSION
from localcloud.cloud import LocalCloud
from localcloud.moto import NODE_ROLE
from testbed.certificate import self_signed
from tests.local.stack import PulumiError, Stack
from tests.serving import serving

pytestmark = pytest.mark.local

NAMES = {"app.kubernetes.io/name": "falco", "app.kubernetes.io/instance": "falco"}
"""What the official chart selects: `falco.selectorLabels` of its templates/_helpers.tpl."""

POD = {
    "serviceAccountName": "falco",
    "containers": [
        {
            "name": "falco",
            "image": "{{ .Values.image.registry }}/falco:{{ .Values.image.tag }}",
            "volumeMounts": [{"name": "etc-fs", "mountPath": "/host/etc"}],
        }
    ],
    "volumes": [{"name": "etc-fs", "hostPath": {"path": "/etc"}}],
}


def daemon_set(labels: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "falco", "namespace": "falco", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": POD},
        },
    }


def packed() -> bytes:
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "falco", "namespace": "{{ .Release.Namespace }}"},
    }
    files = {
        "Chart.yaml": {"apiVersion": "v2", "name": CHART, "version": CHART_VERSION},
        "templates/falco.yaml": daemon_set(NAMES),
        "templates/account.yaml": account,
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, document in files.items():
            text = yaml.safe_dump(document, width=1000).encode()
            entry = tarfile.TarInfo(f"{CHART}/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return archive.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a chart repository, and the certificate that it is trusted by."""
    folder = tmp_path / "charts"
    folder.mkdir()
    (folder / "falco.tgz").write_bytes(packed())
    entry = {"name": CHART, "version": CHART_VERSION, "urls": ["falco.tgz"]}
    (folder / "index.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "entries": {CHART: [entry]}}))
    files = self_signed(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server, threading.Event()):
        yield f"https://127.0.0.1:{server.server_port}", files.certificate


@pytest.fixture
def own(stack: Stack, local_cloud: LocalCloud, repository: tuple[str, Path]) -> Stack:
    """A stack that trusts the repository, with a self-managed cluster."""
    trusting = stack.acting_with({"SSL_CERT_FILE": str(repository[1])})
    install(trusting, local_cloud, {"install": "manifests"})
    return trusting


def install(stack: Stack, cloud: LocalCloud, falco: dict[str, str]) -> None:
    existing = {"kubeconfigFile": str(cloud.layout.kubeconfig("selfmanaged"))}
    cluster = {"name": "own", "platform": "kubernetes", "nodeRole": NODE_ROLE, "existing": existing}
    stack.configure({"clusters": [cluster], "falco": falco})


def kubectl(env: dict[str, str], *words: str, given: str | None = None) -> str:
    command = ["kubectl", "--context", "selfmanaged", *words]
    return subprocess.run(command, env=env, text=True, input=given, capture_output=True, check=True).stdout


@pytest.fixture
def namespace(local_env: dict[str, str]) -> Iterator[None]:
    """The stack's namespace, as an earlier update has left it."""
    kubectl(local_env, "create", "namespace", "falco")
    kubectl(local_env, "label", "namespace", "falco", "app.kubernetes.io/part-of=falco-firelens")
    yield
    kubectl(local_env, "delete", "namespace", "falco", "--ignore-not-found")


@pytest.mark.usefixtures("namespace")
def test_a_changed_install_is_refused_by_the_preview_with_what_to_do(
    own: Stack, local_cloud: LocalCloud, local_env: dict[str, str], repository: tuple[str, Path]
) -> None:
    by_chart = {"install": "helm", "chartRepository": repository[0]}
    for labels, falco in ((NAMES, {"install": "manifests"}), ({"app.kubernetes.io/name": "falco"}, by_chart)):
        kubectl(local_env, "apply", "--filename=-", given=yaml.safe_dump(daemon_set(labels)))
        install(own, local_cloud, falco)

        with pytest.raises(PulumiError) as refused:
            own.preview()

        assert "found the DaemonSet falco/falco with another selector, expected none" in str(refused.value)
        assert "pulumi destroy --target '**::own-sensor-falco**'" in str(refused.value)
        kubectl(local_env, "--namespace=falco", "delete", "daemonset", "falco")
        assert own.preview()


@pytest.mark.slow
def test_a_changed_install_is_deployed_after_the_old_one_was_taken_away(
    own: Stack, local_cloud: LocalCloud, local_env: dict[str, str], repository: tuple[str, Path]
) -> None:
    by_chart = {"install": "helm", "chartRepository": repository[0]}
    own.up()
    for falco in (by_chart, {"install": "manifests"}):
        install(own, local_cloud, falco)
        with pytest.raises(PulumiError, match=r"falco\.install was changed"):
            own.up()

        own.destroy("--target", "**::own-sensor-falco**")
        own.up()

        assert own.preview() == []
        own.expect_no_drift()
        selects = kubectl(
            local_env,
            "--namespace=falco",
            "get",
            "daemonset",
            "falco",
            "--output=jsonpath={.spec.selector.matchLabels}",
        )
        assert ("app.kubernetes.io/instance" in selects) == (falco == by_chart)
        mounts = "--output=jsonpath={.spec.template.spec.containers[0].volumeMounts[*].readOnly}"
        assert "false" not in kubectl(local_env, "--namespace=falco", "get", "daemonset", "falco", mounts)
