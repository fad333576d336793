"""Everything that can be wrong with a stack file, and what the person who wrote it reads."""

from collections.abc import Callable
from pathlib import Path

import pytest

from falco_firelens.settings import SettingsError, read_stack_file
from tests.unit.settings import bad_clusters, bad_destinations, bad_hub, bad_response, bad_settings

CASES = {
    f"{title}: {name}": case
    for title, table in {
        "top level": bad_settings.TOP_LEVEL,
        "clusters": bad_clusters.CLUSTERS,
        "created": bad_clusters.CREATED,
        "network": bad_settings.NETWORK,
        "events": bad_settings.EVENTS,
        "destinations": bad_destinations.DESTINATIONS,
        "response": bad_response.RESPONSE,
        "alarms": bad_settings.ALARMS,
        "hub": bad_hub.HUBS,
        "spoke": bad_hub.SPOKES,
        "falco": bad_settings.FALCO,
        "policy": bad_settings.POLICY,
        "kubeconfigs": bad_clusters.KUBECONFIGS,
    }.items()
    for name, case in table.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mistake_is_one_line_with_path_found_and_expected(
    case: tuple[str, ...], mistakes: Callable[[str], list[str]]
) -> None:
    text, *expected = case
    assert mistakes(text) == expected


TEN = """
account: "1234"
clusters:
  - name: apps
    platform: eks
    create:
      endpointAccess: private
      version: 1.35
      nodeGroups:
        - {minSize: 5, maxSize: 3}
        - {name: arm, architecture: arm64, instanceTypes: [m6i.large]}
  - name: apps
    platform: ecs
    create: {launchType: FARGATE}
    existing: {cluster: jobs}
network: {cidr: 10.0.0.1/16}
events: {retentionDays: 45}
falco: {rulesFiles: [nowhere.yaml]}
"""


def test_ten_mistakes_are_ten_lines(mistakes: Callable[[str], list[str]]) -> None:
    paths = [line.partition(": found")[0] for line in mistakes(TEN)]
    assert paths == [
        "account",
        "clusters[0].create.nodeGroups[0].minSize",
        "clusters[0].create.nodeGroups[1].instanceTypes",
        "clusters[0].create.version",
        "clusters[1]",
        "clusters[1].create.launchType",
        "clusters[1].name",
        "events.retentionDays",
        "falco.rulesFiles[0]",
        "network.cidr",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "config: [",
            "found what is not YAML (did not find expected node content at line 2), expected a stack file",
        ),
        ("- a", "found a list of 1 at its top, expected a stack file"),
        ("config: [a]", "found a list of 1 at config, expected a stack file"),
        ("", "clusters: found nothing"),
        ("config:", "clusters: found nothing"),
        ("config: {'aws:region': eu-west-1}", "clusters: found nothing"),
        ("config: {'falco-firelens:clusters': 5}", "clusters: found the number 5, expected a list"),
        (
            "config: {'falco-firelens:account': 098765432109, 'falco-firelens:clusters': [{name: a1, platform: ecs}]}",
            'account: found "98765432109", expected an account id of 12 digits in quotes',
        ),
        ("config: {5: 5}", "5: found an unknown key"),
        ("config: {'a:b:c:d': 5}", 'found the key "a:b:c:d", which is not <namespace>:<name>'),
        (
            "config:\n  falco-firelens:events:\n    retentionDays: 30\n    retentionDays: 90\n",
            'found the key "retentionDays" twice, at lines 3 and 4, expected each key once',
        ),
        (
            "config:\n  account: '111122223333'\n  falco-firelens:account: '111122223333'\n",
            'found "account" and "falco-firelens:account", which are one key',
        ),
    ],
)
def test_a_file_that_is_no_stack_file(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_stack_file(file)
    assert str(caught.value).startswith(f"Pulumi.dev.yaml: {expected}")


def test_a_stack_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi\.dev\.yaml: found no such file in "):
        read_stack_file(tmp_path / "Pulumi.dev.yaml")
