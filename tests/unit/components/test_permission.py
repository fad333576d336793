"""A cluster's permission: one module knows the kinds, and everybody else what follows from them."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from components.stack import permission
from components.stack.deployment import Deployment
from components.stack.permission import PERMISSIONS
from falco_firelens.settings import EksCluster, KubernetesCluster, load
from tests.unit.components.cloud import FILE, Monitor, deploy, run
from tests.unit.components.stacks import account

NODE = {
    "name": "node",
    "platform": "eks",
    "permission": "nodeRole",
    "nodeRole": "prod-node",
    "existing": {"name": "Prod_3"},
}


def test_every_permission_that_a_stack_file_can_name_is_known() -> None:
    named = [get_args(model.model_fields["permission"].annotation) for model in (EksCluster, KubernetesCluster)]
    assert {name for names in named for name in names} == set(PERMISSIONS)


def test_no_other_module_of_the_components_names_one() -> None:
    room = Path(permission.__file__).parents[1]
    named = [
        f"{file.relative_to(room)}:{node.lineno}"
        for file in room.rglob("*.py")
        if file != Path(permission.__file__)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value in PERMISSIONS
    ]
    assert named == []


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")  # the model knows no such name
def test_a_further_permission_is_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the node role's except for the name and the network, as every reader sees it."""
    further = permission.Permission("further", PERMISSIONS["nodeRole"].holder)
    monkeypatch.setattr(permission, "PERMISSIONS", {**PERMISSIONS, "further": further})
    settings = load({"clusters": [NODE]}, file=FILE, root=Path())
    clusters = tuple(cluster.model_copy(update={"permission": "further"}) for cluster in settings.clusters)
    changed = settings.model_copy(update={"clusters": clusters})

    known = deploy({"clusters": [NODE]}, account())
    found = run(lambda: Deployment("deployment", {"settings": changed, "file": FILE}), Monitor(account()))

    assert {item.urn for item in found.resources} == {item.urn for item in known.resources}
    (pod, other) = (
        stack.one("DaemonSet", "node-sensor-fluent-bit").inputs["spec"]["template"] for stack in (found, known)
    )
    assert pod["metadata"]["annotations"]["falco-firelens/credentials"] == "further"
    assert other["metadata"]["annotations"]["falco-firelens/credentials"] == "nodeRole"
    assert other["spec"]["hostNetwork"] and not pod["spec"].get("hostNetwork")
