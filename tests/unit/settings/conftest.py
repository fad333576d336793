"""A folder with files that stack files name, and how the tests read settings there."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from falco_firelens.settings import Settings, SettingsError, load

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: kops
clusters: [{name: kops, cluster: {server: "https://kops.example.com"}}]
contexts: [{name: kops, context: {cluster: kops, user: admin}}, {name: reader, context: {cluster: kops, user: reader}}]
users: [{name: admin, user: {token: s3cr3t-t0ken}}]
"""

RULES = """
- rule: Shell in payments
  desc: Nobody needs one.
  condition: spawned_process and proc.name = bash
  output: A shell (user=%user.name)
  priority: WARNING
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder."""
    files = {
        "rules.yaml": RULES,
        "more/rules.yaml": RULES,
        "broken.yaml": "- rule: [",
        "list.yaml": "- rule: No priority\n  desc: d\n  condition: c\n  output: o\n",
        "text.yaml": "apiVersion: v1\nkind: Pod\n",
        "empty.yaml": "",
        "rules.txt": RULES,
        "kops.kubeconfig": KUBECONFIG,
        "relative.kubeconfig": KUBECONFIG.replace("token: s3cr3t-t0ken", "client-key: keys/admin.key"),
        "contextless.kubeconfig": KUBECONFIG.replace("current-context: kops", ""),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    return tmp_path


@pytest.fixture
def read(project: Path) -> Callable[[str], Settings]:
    """Loads settings from YAML as it stands under the project's namespace."""
    return lambda text: load(yaml.safe_load(text), file="Pulumi.dev.yaml", root=project)


@pytest.fixture
def mistakes(read: Callable[[str], Settings]) -> Callable[[str], list[str]]:
    """The lines of the error that settings cause, without the file's name."""

    def lines(text: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            read(text)
        return [line.removeprefix("Pulumi.dev.yaml: ") for line in str(caught.value).splitlines()]

    return lines
