"""What happens to a stack file that is right."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from falco_firelens.settings import (
    ENCRYPTED,
    EksCluster,
    KubernetesCluster,
    Settings,
    load,
    namespaced,
    read_stack_file,
)
from tests.unit.settings.conftest import KUBECONFIG, RULES

Read = Callable[[str], Settings]

EVERYTHING = """
account: "111122223333"
clusters:
  - name: apps
    platform: eks
    permission: irsa
    create:
      version: "1.34"
      endpointAccess: publicAndPrivate
      publicAccessCidrs: [9.9.9.9/32]
      nodeGroups:
        - {name: arm, architecture: arm64, minSize: 0, maxSize: 9, desiredSize: 4, diskGib: 100}
  - name: jobs
    platform: ecs
    existing: {cluster: "arn:aws:ecs:eu-west-1:111122223333:cluster/jobs"}
network: {cidr: 10.7.0.0/20, availabilityZones: 3, natGateways: perZone}
events: {logGroup: /security, retentionDays: 365, minimumPriority: Debug, protect: true}
falco:
  version: 0.44.1
  install: helm
  rulesFiles: [rules.yaml]
  disabledRules: [Shell]
  exceptions:
    - {rule: Shell, name: ports, fields: [fd.sport, proc.name], comps: ["=", in], values: [[22, [sshd, 7]]]}
alarms: {minimumPriority: Error, deliveryLateMinutes: 45, clusters: {jobs: {silentMinutes: 120, droppedPercent: 9}}}
notifications: [{protocol: email, endpoint: soc@example.com}]
tags: {team: security}
"""


def test_a_few_lines_of_a_cluster_are_enough(read: Read) -> None:
    settings = read("clusters: [{name: apps, platform: eks, create: {endpointAccess: private}}]")
    [apps] = settings.clusters
    assert isinstance(apps, EksCluster)
    assert apps.create is not None
    assert apps.existing is None
    assert apps.permission == "podIdentity"
    [group] = apps.create.node_groups
    assert (group.name, group.min_size, group.max_size, group.desired_size) == ("default", 1, 3, None)
    assert settings.account is None
    assert settings.events.retention_days == 90
    assert settings.network.existing is None


def test_every_setting_arrives(read: Read) -> None:
    settings = read(EVERYTHING)
    apps, jobs = settings.clusters
    assert isinstance(apps, EksCluster)
    assert apps.create is not None
    [arm] = apps.create.node_groups
    assert (arm.instance_types, arm.min_size, arm.max_size, arm.desired_size) == (("m6g.large",), 0, 9, 4)
    assert apps.create.public_access_cidrs == ("9.9.9.9/32",)
    assert jobs.existing is not None
    assert settings.network.nat_gateways == "perZone"
    assert settings.events.minimum_priority == "Debug"
    assert settings.falco.exceptions[0].values == (("22", ("sshd", "7")),)
    assert settings.tags == {"team": "security"}


def test_thresholds_of_a_cluster_are_its_own_or_those_of_all(read: Read) -> None:
    alarms = read(EVERYTHING).alarms
    apps, jobs = alarms.of("apps"), alarms.of("jobs")
    assert (apps.minimum_priority, apps.silent_minutes, apps.dropped_percent) == ("Error", 60, 5)
    assert (jobs.minimum_priority, jobs.silent_minutes, jobs.dropped_percent) == ("Error", 120, 9)
    assert jobs.delivery_late_minutes == 45


def test_comparisons_are_equality_where_none_are_given(read: Read) -> None:
    settings = read(
        "{clusters: [{name: apps, platform: ecs}], falco: {exceptions: "
        "[{rule: A, name: x, fields: [a.b, c.d], values: [[1, 2]]}]}}"
    )
    assert settings.falco.exceptions[0].comps == ("=", "=")


def test_rules_files_are_read_in_their_order(read: Read) -> None:
    rules = read("{clusters: [{name: apps, platform: ecs}], falco: {rulesFiles: [./rules.yaml]}}").falco.rules
    assert list(rules.items()) == [("rules.yaml", RULES)]


def test_a_kubeconfig_file_is_read_and_stays_secret(read: Read) -> None:
    settings = read(
        "clusters: [{name: kops, platform: kubernetes, nodeRole: nodes, "
        "existing: {kubeconfigFile: kops.kubeconfig, context: reader}}]"
    )
    [kops] = settings.clusters
    assert isinstance(kops, KubernetesCluster)
    assert kops.existing.kubeconfig is not None
    assert kops.existing.kubeconfig.get_secret_value() == KUBECONFIG
    assert "s3cr3t" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize("section", ["network", "events", "falco", "tags"])
def test_a_section_with_nothing_in_it_has_its_defaults(read: Read, section: str) -> None:
    empty = read(f"clusters: [{{name: apps, platform: ecs}}]\n{section}: {'{}' if section == 'tags' else ''}")
    assert empty == read("clusters: [{name: apps, platform: ecs}]")


def test_create_with_nothing_in_it_creates(read: Read) -> None:
    assert read("clusters: [{name: apps, platform: ecs, create: }]") == read("clusters: [{name: apps, platform: ecs}]")


def test_settings_cannot_be_changed(read: Read) -> None:
    settings = read("clusters: [{name: apps, platform: ecs}]")
    with pytest.raises(ValueError, match="frozen"):
        settings.events.protect = True  # pyright: ignore[reportAttributeAccessIssue]


def test_a_program_gets_the_same_from_the_engine(read: Read, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine hands every value over as a text, structured ones as JSON."""
    from pulumi.runtime import get_config_env

    tree = yaml.safe_load(EVERYTHING)
    config = {"aws:region": "eu-west-1"} | {
        f"falco-firelens:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in tree.items()
    }
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
    assert load(namespaced(get_config_env()), file="Pulumi.dev.yaml", root=project) == read(EVERYTHING)


def test_what_the_engine_makes_of_missing_and_empty_keys(project: Path) -> None:
    """Keys that a stack file lacks come with the default of Pulumi.yaml, keys without a value as an empty text."""
    values = {"account": "any", "clusters": '[{"name":"apps","platform":"ecs"}]', "network": "", "falco": "{}"}
    settings = load(values, file="Pulumi.dev.yaml", root=project)
    assert settings == load({"clusters": [{"name": "apps", "platform": "ecs"}]}, file="", root=project)


def test_encrypted_values_of_a_stack_file_stay_closed(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(
        "encryptionsalt: v1:abc\n"
        "config:\n"
        "  aws:region: eu-west-1\n"
        "  falco-firelens:clusters:\n"
        "    - {name: kops, platform: kubernetes, nodeRole: n, "
        "existing: {kubeconfig: {secure: 'v1:xyz'}, context: a}}\n"
    )
    [kops] = read_stack_file(file).clusters
    assert isinstance(kops, KubernetesCluster)
    assert kops.existing.kubeconfig is not None
    assert kops.existing.kubeconfig is ENCRYPTED


def test_paths_start_at_the_folder_of_the_project(project: Path) -> None:
    """The engine runs the program there, wherever the stack file is."""
    (project / "Pulumi.yaml").write_text("name: falco-firelens\n")
    file = project / "more" / "Pulumi.dev.yaml"
    file.write_text(
        "config:\n  falco-firelens:clusters: [{name: apps, platform: ecs}]\n"
        "  falco-firelens:falco: {rulesFiles: [more/rules.yaml]}\n"
    )
    assert read_stack_file(file).falco.rules == {"rules.yaml": RULES}


@pytest.mark.parametrize(
    "access",
    [
        "endpointAccess: private",
        "endpointAccess: publicAndPrivate, publicAccessCidrs: [52.94.76.10/32]",
        "endpointAccess: public, publicAccessCidrs: [0.0.0.0/0]",
        "endpointAccess: public, publicAccessCidrs: [0.0.0.0/1, 128.0.0.0/1]",
    ],
)
def test_an_endpoint_that_nodes_and_people_reach_is_taken(read: Read, access: str) -> None:
    assert read(f"clusters: [{{name: apps, platform: eks, create: {{{access}}}}}]")


def test_a_private_endpoint_in_a_network_that_is_there_already_is_the_default(read: Read) -> None:
    network = "existing: {vpcId: vpc-1a2b3c4d, privateSubnetIds: [subnet-1a2b3c4d, subnet-2a2b3c4d]}"
    [apps] = read(f"{{clusters: [{{name: apps, platform: eks}}], network: {{{network}}}}}").clusters
    assert isinstance(apps, EksCluster) and apps.create
    assert apps.create.endpoint_access == "private"
