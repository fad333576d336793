"""The watch over an account on moto: which nodes are silent, which differ, and what became of every cluster."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from falco_firelens.sensor.falco import HEARTBEAT_MINUTES
from falco_firelens.watch import metrics
from falco_firelens.watch.configuration import Cluster, Configuration, from_document
from falco_firelens.watch.metrics import SILENT_MINUTES
from falco_firelens.watch.watch import Finding
from tests.unit.watch.world import CLUSTERS, DEFAULT_RULES, SUMS, World, a_world

EKS = "aws:eks:cluster-name"
CONFIG = "falco.sha256_config_file.falco_yaml"
DROPS = "falco.outputs_queue_num_drops"


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        yield world


def test_a_falco_that_starts_again_is_not_silent() -> None:
    assert SILENT_MINUTES > 2 * HEARTBEAT_MINUTES
    assert metrics.EVERY_MINUTES == HEARTBEAT_MINUTES


def test_one_silent_node_among_many_is_found(world: World) -> None:
    names = [world.instance((EKS, "prod-in-aws"))[1] for _ in range(5)]
    world.passes(60)
    for name in names[1:]:
        world.heartbeat(f"prod/{name}")
    assert len(world.look()["prod"].silent) == 1
    assert world.metrics()[metrics.SILENT, "prod"] == 1


def test_a_node_is_silent_after_forty_minutes_and_not_before(world: World) -> None:
    _, name = world.instance((EKS, "prod-in-aws"))
    world.passes(100)
    world.heartbeat(f"prod/{name}")
    world.passes(SILENT_MINUTES - 1)
    assert world.look()["prod"].silent == []
    world.passes(2)
    assert len(world.look()["prod"].silent) == 1
    world.heartbeat(f"prod/{name}")
    assert world.look()["prod"].silent == []


def test_a_new_node_has_time_to_send_its_first(world: World) -> None:
    world.instance((EKS, "prod-in-aws"))
    world.passes(SILENT_MINUTES - 1)
    assert world.look()["prod"].silent == []
    world.passes(2)
    assert len(world.look()["prod"].silent) == 1


@pytest.mark.parametrize(
    "tag", [(EKS, "prod-in-aws"), ("eks:cluster-name", "prod-in-aws"), ("kubernetes.io/cluster/prod-in-aws", "owned")]
)
def test_nodes_of_every_kind_of_node_group_count(world: World, tag: tuple[str, str]) -> None:
    identity, name = world.instance(tag)
    world.instance(("Name", "prod-in-aws"))
    world.instance((EKS, "another"), ("kubernetes.io/cluster/another", "owned"))
    world.passes(60)
    assert world.look()["prod"].silent == [min(identity, name)]
    world.heartbeat(f"prod/{name}")
    assert world.look()["prod"].silent == []


def test_a_node_of_auto_mode_is_called_as_its_instance(world: World) -> None:
    identity, _ = world.instance((EKS, "prod-in-aws"))
    world.passes(60)
    world.heartbeat(f"prod/{identity}")
    assert world.look()["prod"].silent == []


def test_what_does_not_run_is_not_silent(world: World) -> None:
    identity, _ = world.instance((EKS, "prod-in-aws"))
    world.client("ec2").terminate_instances(InstanceIds=[identity])
    world.passes(60)
    assert world.look()["prod"].silent == []


def test_container_instances_count_while_they_are_active(world: World) -> None:
    first, second = world.container_instance(), world.container_instance()
    world.passes(60)
    world.heartbeat(f"shop/{first}")
    assert world.look()["shop"].silent == [second]
    ecs = world.client("ecs")
    arns = ecs.list_container_instances(cluster="shop")["containerInstanceArns"]
    described = ecs.describe_container_instances(cluster="shop", containerInstances=arns)["containerInstances"]
    (draining,) = [one["containerInstanceArn"] for one in described if one["ec2InstanceId"] == second]
    ecs.update_container_instances_state(cluster="shop", containerInstances=[draining], status="DRAINING")
    assert world.look()["shop"].silent == []


def test_elsewhere_a_node_that_was_heard_is_missed_for_a_day(world: World) -> None:
    world.heartbeat("own/node-1")
    assert world.look()["own"].silent == []
    world.passes(60)
    world.heartbeat("own/node-2")
    assert world.look()["own"].silent == ["node-1"]
    world.passes(23 * 60 + 1)
    world.heartbeat("own/node-2")
    assert world.look()["own"].silent == []


def test_another_configuration_or_other_rules_are_found(world: World) -> None:
    for number in range(4):
        world.heartbeat(f"prod/n-{number}", **({CONFIG: "0" * 64} if number == 2 else {}))
    assert world.look()["prod"].differing == {"n-2": [CONFIG]}
    assert world.metrics()[metrics.DIFFERING, "prod"] == 1
    for number in range(4):
        world.heartbeat(f"prod/n-{number}", **dict.fromkeys(SUMS, "0" * 64))
    assert len(world.look()["prod"].differing) == 4, "all of them alike, and none as deployed"


def test_the_newest_heartbeat_counts(world: World) -> None:
    world.heartbeat("prod/n-1", **{CONFIG: "0" * 64})
    world.passes(15)
    world.heartbeat("prod/n-1")
    assert world.look()["prod"].differing == {}


def test_a_heartbeat_without_sums_is_not_as_deployed(world: World) -> None:
    world.heartbeat("prod/n-1", **dict.fromkeys(SUMS, None))
    assert list(world.look()["prod"].differing) == ["n-1"]


def test_rules_of_the_image_should_be_the_same_on_all_nodes(world: World) -> None:
    for number in range(5):
        world.heartbeat(f"prod/n-{number}", **(dict.fromkeys(DEFAULT_RULES, "0" * 64) if number == 4 else {}))
    assert world.look()["prod"].differing == {"n-4": list(DEFAULT_RULES)}
    world.clusters["prod"] = Cluster("eks", "prod-in-aws")
    world.heartbeat("prod/n-0", **{CONFIG: "0" * 64})
    assert world.look()["prod"].differing == {"n-0": [CONFIG], "n-4": list(DEFAULT_RULES)}, "of no known sum"


def test_events_that_falco_dropped_are_counted_once_and_after_a_restart(world: World) -> None:
    world.heartbeat("prod/n-1", **{DROPS: 7})
    world.heartbeat("prod/n-2", **{DROPS: 9, "falco.duration_sec": 60})
    assert world.look()["prod"].dropped == {"n-2": 9}, "those of n-1 are older than what is looked at"
    world.passes(15)
    world.heartbeat("prod/n-1", **{DROPS: 10})
    world.heartbeat("prod/n-2", **{DROPS: 9})
    assert world.look()["prod"].dropped == {"n-1": 3, "n-2": 9}
    world.passes(15)
    world.heartbeat("prod/n-1", **{DROPS: 2})
    assert world.look()["prod"].dropped == {"n-1": 5, "n-2": 9}
    assert world.metrics()[metrics.DROPPED, "prod"] == 14


def test_every_cluster_has_its_metrics_and_the_stack_one(world: World) -> None:
    found = world.look()
    assert found == {**dict.fromkeys(CLUSTERS, Finding(silent=[])), "shop": Finding(silent=[], changed="")}
    names = (metrics.SILENT, metrics.DIFFERING, metrics.DROPPED)
    of_ecs = {(metrics.CHANGED, "shop"): 0}
    of_clusters = {(name, one): 0 for name in names for one in CLUSTERS}
    assert world.metrics() == {**of_clusters, **of_ecs, (metrics.WATCHED, ""): 4}


def test_a_cluster_that_cannot_be_read_leaves_the_others_alone(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        error = {"Error": {"Code": "ClusterNotFoundException", "Message": "Cluster not found."}}
        raise ClientError(error, "ListContainerInstances")  # pyright: ignore[reportArgumentType]

    world.client("ecs").meta.events.register("before-call.ecs.ListContainerInstances", refuse)
    world.heartbeat("own/node-1")
    world.passes(60)
    found = world.look()
    assert found.keys() == CLUSTERS.keys() - {"shop"} and found["own"].silent == ["node-1"]
    assert world.metrics()[metrics.WATCHED, ""] == 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "ClusterNotFoundException" in next(line["unread"] for line in lines if line["cluster"] == "shop")


def test_a_cluster_that_takes_too_long_is_not_taken_for_a_quiet_one(world: World) -> None:
    world.heartbeat("dev/n-1")
    assert world.look(seconds=-1) == {}
    assert world.metrics() == {(metrics.WATCHED, ""): 0}


def test_the_configuration_comes_back_as_it_was() -> None:
    configuration = Configuration("/falco/events", "a rule", CLUSTERS)
    assert from_document(json.loads(configuration.to_json())) == configuration


def test_a_service_that_somebody_updates_or_deletes_has_changed(world: World) -> None:
    ecs = world.client("ecs")
    assert world.look()["shop"].changed == ""
    ecs.update_service(cluster="shop", service="falco", forceNewDeployment=True)
    assert "new deployment" in (world.look()["shop"].changed or "")
    assert world.metrics()[metrics.CHANGED, "shop"] == 1
    world.passes(17)
    assert world.look()["shop"].changed == "", "until the run after the next"
    ecs.delete_service(cluster="shop", service="falco", force=True)
    assert world.look()["shop"].changed
    assert world.metrics()[metrics.CHANGED, "shop"] == 1
