"""The official chart's values."""

import fnmatch
from typing import Any

import pytest
import yaml

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.sensor import falco, fluent_bit, helm
from falco_firelens.sensor.model import FalcoOptions, SensorError
from tests.unit.sensor.clusters import identity
from tests.unit.sensor.conftest import DIGEST


@pytest.fixture
def values(options: FalcoOptions) -> dict[str, Any]:
    return helm.values(options, identity("eks"))


def test_the_chart_is_pinned():
    assert helm.CHART_VERSION.count(".") == 2


def test_the_image_is_the_stacks_and_not_the_charts(values: dict[str, Any]):
    assert values["image"] == {
        "registry": "registry.example.com/mirror",
        "repository": "falco",
        "tag": f"0.45.1@{DIGEST}",
    }


def test_rules_and_plugins_come_with_the_image_and_from_no_registry(values: dict[str, Any]):
    assert values["falcoctl"]["artifact"] == {"install": {"enabled": False}, "follow": {"enabled": False}}
    assert values["falco"]["config_files"] == [], "the image's own additions would override ours"
    assert [plugin["name"] for plugin in values["falco"]["plugins"]] == values["falco"]["load_plugins"] == ["container"]


def test_the_chart_does_not_choose_a_privileged_driver(values: dict[str, Any]):
    assert values["driver"] == {
        "kind": "modern_ebpf",
        "modernEbpf": {"leastPrivileged": True, "bufSizePreset": 4},
    }
    assert "privileged" not in yaml.safe_dump(values["containerSecurityContext"])


def test_rules_are_where_falco_is_told_to_look(options: FalcoOptions, values: dict[str, Any]):
    assert values["customRules"] == falco.rules(options)
    first, _, *others = values["falco"]["rules_files"]
    assert [first, *others] == [f"/etc/falco/rules.d/{name}" for name in values["customRules"]]


def test_the_charts_logs_are_found_by_our_fluent_bit(values: dict[str, Any]):
    pod = f"{values['fullnameOverride']}-x7k2p"
    container = helm.CHART  # the chart's template names it so
    assert fnmatch.fnmatchcase(f"/var/log/pods/{SENSOR_NAMESPACE}_{pod}_0f3c/{container}", fluent_bit.POD_LOGS)


def test_variables_that_the_chart_sets_are_not_set_twice(values: dict[str, Any]):
    names = [variable["name"] for variable in values["extra"]["env"]]
    assert names == ["FALCO_CGROUP_MEM_PATH"]


def test_an_ecs_cluster_takes_no_chart(options: FalcoOptions):
    with pytest.raises(SensorError, match="payments"):
        helm.values(options, identity("ecs"))


INDENTED = "  - list: a\n    items: [b]\n"


@pytest.mark.parametrize("text", [INDENTED, f"\n{INDENTED}", "- list: a\n  items: ['{{ x }}']\n", "- x\r\n"])
def test_rules_are_what_they_were_once_the_chart_has_written_them(text: str):
    """rules-configmap.yaml: `{{ $file }}: |-` and `{{ $content | indent 4 }}`, which makes no template of it."""
    rules = helm.values(FalcoOptions(rules={"own.yaml": text}), identity("eks"))["customRules"]
    written = "".join(
        f"  {name}: |-\n" + "\n".join(f"    {line}" for line in content.split("\n")) + "\n"
        for name, content in rules.items()
    )
    (own,) = [content for name, content in yaml.safe_load(f"data:\n{written}")["data"].items() if "own" in name]
    assert list(yaml.safe_load_all(own)) == list(yaml.safe_load_all(text))
