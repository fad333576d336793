"""One cluster's shipping credentials, and what they can make the watch say of another cluster: nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from falco_firelens.insight.metrics import HEARTBEAT_RULE
from falco_firelens.watch import metrics
from falco_firelens.watch.heartbeats import CONFIG_FILE, QUEUE_DROPS, RULES_FILE
from falco_firelens.watch.metrics import SILENT_MINUTES
from tests.unit.watch.world import CLUSTERS, MINUTE, SUMS, World, a_world

EKS = "aws:eks:cluster-name"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from([*SUMS, f"{RULES_FILE}x", f"{CONFIG_FILE}x", QUEUE_DROPS, "falco.duration_sec"])


def events(node: str) -> st.SearchStrategy[Any]:
    """What somebody may write who wants to be taken for prod."""
    place = {"name": "prod", "platform": "eks", "node": node}
    heartbeat = st.fixed_dictionaries(
        {
            "rule": st.just(HEARTBEAT_RULE) | JSON,
            "source": st.just("internal") | JSON,
            "cluster": st.just(place) | JSON,
            "output_fields": st.dictionaries(KEYS, JSON, max_size=4) | JSON,
        }
    )
    return heartbeat.map(json.dumps) | st.text(min_size=1, max_size=20) | st.just("[" * 100_000)


STREAMS = st.sampled_from(["dev/n-1", "dev/prod/n-1", "dev/../prod/n-1", "dev/"])
"""Which streams the role of dev may write into: `dev/*`."""


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as world:
        yield world


def test_a_silent_node_is_masked_by_another_clusters_heartbeats(world: World) -> None:
    _, name = world.instance((EKS, "prod-in-aws"))
    world.passes(60)
    for stream in (f"dev/{name}", f"dev/prod/{name}"):
        world.heartbeat(stream, place={"name": "prod", "node": name})
    found = world.look()
    assert len(found["prod"].silent) == 1
    assert world.metrics()[metrics.SILENT, "prod"] == 1


def test_a_silent_node_is_masked_by_heartbeats_of_the_future(world: World) -> None:
    """CloudWatch Logs takes events of up to two hours ahead."""
    identity, name = world.instance((EKS, "prod-in-aws"))
    world.passes(60)
    for minutes in range(0, 120, 15):
        world.heartbeat(f"prod/{name}", at=world.now + minutes * MINUTE)
    assert world.look()["prod"].silent == []
    world.passes(SILENT_MINUTES + 1)
    assert world.look()["prod"].silent == [min(identity, name)]


def test_one_cluster_uses_up_the_time_of_the_others(world: World) -> None:
    for number in range(50):
        world.write(f"dev/n-{number}", {"rule": "noise"})
    world.heartbeat("own/node-1")
    world.clusters = {"dev": CLUSTERS["dev"], "own": CLUSTERS["own"]}
    logs, pages = world.client("logs"), 0

    def slow(**_: object) -> None:
        nonlocal pages
        pages += 1

    logs.meta.events.register("before-call.logs.FilterLogEvents", slow)
    assert world.look(seconds=60).keys() == world.clusters.keys()
    assert pages == 2, "each cluster is asked for by itself, with a share of the time of its own"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_nothing_that_dev_writes_changes_what_is_said_of_prod(data: st.DataObject) -> None:
    with a_world() as world:
        _, silent = world.instance((EKS, "prod-in-aws"))
        world.passes(60)
        world.heartbeat("prod/n-1")
        world.heartbeat("prod/n-2", **{QUEUE_DROPS: 3, "falco.duration_sec": 60})
        before = world.look()
        for stream, event in data.draw(st.lists(st.tuples(STREAMS, events(silent)), max_size=6)):
            world.write(stream, event)
        after = world.look()
        assert {name: after[name] for name in ("prod", "shop", "own")} == {
            name: before[name] for name in ("prod", "shop", "own")
        }
        assert "dev" in after, "it is read anyway"
