"""Which context of whose file a person's command goes to."""

from pathlib import Path

import pytest
import yaml
from lightkube.core.exceptions import ConfigError

from falco_firelens.responder.commands.kubeconfig import config_of


def kubeconfig(file: Path, *names: str, current: str | None = None, **changes: object) -> str:
    document = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example"}} for name in names],
        "users": [{"name": name, "user": {"token": name}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "current-context": current,
        **changes,
    }
    file.write_text(yaml.safe_dump(document))
    return str(file)


def reached(context: str | None, cluster: str, *files: str) -> str:
    return config_of(context, cluster, {"KUBECONFIG": ":".join(files)}).cluster.server


def test_several_files_are_one_as_for_kubectl(tmp_path: Path) -> None:
    files = (
        str(tmp_path / "not-there"),
        kubeconfig(tmp_path / "a", "one", "two", current="two"),
        kubeconfig(tmp_path / "b", "three", current="three"),
    )
    assert reached("three", "x", *files) == "https://three.example"
    assert reached(None, "one", *files) == "https://one.example", "the context that is called as the cluster"
    assert reached(None, "x", *files) == "https://two.example", "the first file's current one"
    with pytest.raises(
        ConfigError, match=r"context four is not in .*not-there and .*; contexts there: one, three, two"
    ):
        reached("four", "one", *files)


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no context is current in .*; contexts there: none"):
        reached(None, "x", str(tmp_path / "not-there"))
    broken = kubeconfig(tmp_path / "broken", "one", clusters=[])
    with pytest.raises(ConfigError, match=r"context one of .*broken has no 'one' beside it"):
        reached("one", "x", broken)
    for text in ("{", "- a", "", "contexts: {}"):
        (tmp_path / "other").write_text(text)
        with pytest.raises(ConfigError, match="other is not a kubeconfig"):
            reached(None, "x", str(tmp_path / "other"))
