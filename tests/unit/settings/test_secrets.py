"""No message repeats a kubeconfig, wherever in a stack file somebody puts it."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from settings import SettingsError, load
from tests.unit.settings.conftest import KUBECONFIG

SECRET = "s3cr3t-t0ken"

JSON = '{"apiVersion": "v1", "kind": "Config", "users": [{"name": "a", "user": {"token": "s3cr3t-t0ken"}}], "x": '

PLACES: dict[str, Callable[[str], dict[str, object]]] = {
    "in its place": lambda secret: {"existing": {"kubeconfig": secret}},
    "inside a mapping": lambda secret: {"existing": {"kubeconfig": {"text": secret}}},
    "inside a list": lambda secret: {"existing": {"kubeconfig": [secret]}},
    "under a mistyped key": lambda secret: {"existing": {"kubeConfig": secret}},
    "one level too high": lambda secret: {"existing": secret},
    "beside the platform": lambda secret: {"kubeconfig": secret},
    "as the file's name": lambda secret: {"existing": {"kubeconfigFile": secret}},
    "as the context": lambda secret: {"existing": {"kubeconfigFile": "kops.kubeconfig", "context": secret}},
    "as the name of the role": lambda secret: {"nodeRole": secret},
    "as the platform": lambda secret: {"platform": secret},
    "as a key": lambda secret: {secret: 1},
}

TEXTS = {
    "broken": KUBECONFIG + "[",
    "without contexts": KUBECONFIG.replace("contexts:", "context:"),
    "without a current context": KUBECONFIG.replace("current-context: kops", ""),
    "a line of broken JSON": JSON,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_a_kubeconfig_is_never_repeated(project: Path, place: Callable[[str], dict[str, object]], text: str) -> None:
    cluster = {"name": "kops", "platform": "kubernetes", "nodeRole": "nodes", **place(text)}
    with pytest.raises(SettingsError) as caught:
        load({"clusters": [cluster]}, file="Pulumi.dev.yaml", root=project)
    everything = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(caught.value.mistakes)
    assert SECRET not in everything
    assert caught.value.__context__ is None


def test_a_short_secret_in_its_place_is_not_repeated(project: Path) -> None:
    cluster = {"name": "kops", "platform": "kubernetes", "nodeRole": "nodes", "existing": {"kubeconfig": SECRET}}
    with pytest.raises(SettingsError, match="not shown, it may be a secret") as caught:
        load({"clusters": [cluster]}, file="Pulumi.dev.yaml", root=project)
    assert SECRET not in str(caught.value)


def test_a_stack_file_that_is_not_yaml_is_not_repeated(tmp_path: Path) -> None:
    from settings import read_stack_file

    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"config:\n  falco-firelens:clusters: {KUBECONFIG}\n")
    with pytest.raises(SettingsError) as caught:
        read_stack_file(file)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
