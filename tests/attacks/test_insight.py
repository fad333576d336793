"""The attacker holds one cluster's shipping credentials, and wants other clusters' alarms silent, or their metrics."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.cloudwatch.metric_data import Arrival
from tests.unit.components.cloud import Deployed, deploy
from tests.unit.components.stacks import CREATED, HUB
from tests.unit.insight.watched import (
    CRITICAL,
    HEARTBEAT,
    HEARTBEAT_EVENT,
    MINUTE,
    NOW,
    SAMPLES,
    Watched,
    arrivals,
    forged,
    heartbeats,
)

RESPONDING = {**CREATED, "response": {"playbooks": [{"name": "tell", "actions": {"notify": {}}}]}}
MINE, VICTIM = "own", "web"
MANY = 1500
"""More than the thousand dimensions for which CloudWatch Logs may switch a metric filter off."""


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched(deploy(CREATED))


def clusters_counted(watched: Watched, events: list[Arrival]) -> set[str]:
    """The values of all dimensions of the stack's own metrics."""
    series = watched.data(events).values
    return {value for namespace, _, dimensions in series if namespace == "FalcoFirelens" for _, value in dimensions}


def test_a_dead_cluster_looks_alive(watched: Watched) -> None:
    beats = [NOW - number * HEARTBEAT - 60 for number in range(8)]
    masking = forged(HEARTBEAT_EVENT, VICTIM, MINE, beats)

    assert watched.state(f"falco-unit-{VICTIM}-silent", masking) == "ALARM"
    assert watched.state(f"falco-unit-{MINE}-foreign-events", masking) == "ALARM", "and it is seen who did it"


def test_an_alarm_of_another_cluster_goes_off(watched: Watched) -> None:
    blaming = forged(CRITICAL, VICTIM, MINE, [NOW - 1])

    assert watched.state(f"falco-unit-{VICTIM}-events", blaming) == "OK"
    assert watched.state(f"falco-unit-{MINE}-events", blaming) == "ALARM", "it counts for the cluster that sent it"


def invented(kind: str) -> list[Arrival]:
    """So many events of the attacker's, each with one thing that no other has."""
    place = {"name": MINE}
    changed: dict[str, Any] = {
        "clusters": lambda number: {"cluster": {"name": f"c{number}"}},
        "priorities": lambda number: {"cluster": place, "priority": f"p{number}"},
        "sources": lambda number: {"cluster": place, "source": f"s{number}"},
        "rules": lambda number: {"cluster": place, "rule": f"r{number}"},
        "streams": lambda number: {"cluster": place},
    }
    stream = "n-{}" if kind == "streams" else "n-1"
    return [
        Arrival(
            NOW - 30 * MINUTE,
            json.dumps({**SAMPLES[CRITICAL], **changed[kind](number)}),
            f"{MINE}/{stream.format(number)}",
        )
        for number in range(MANY)
    ]


@pytest.mark.parametrize("kind", ["clusters", "priorities", "sources", "rules", "streams"])
def test_every_clusters_alarms_are_switched_off_by_what_is_invented(watched: Watched, kind: str) -> None:
    storm = invented(kind)

    assert watched.data(storm).switched_off.names == set()
    assert watched.state(f"falco-unit-{VICTIM}-events", storm + arrivals(CRITICAL, VICTIM, [NOW - 1])) == "ALARM"
    assert watched.state(f"falco-unit-{VICTIM}-silent", storm + heartbeats(VICTIM, NOW - 90 * MINUTE, NOW)) == "OK"


def forgeries() -> Iterator[str]:
    """Heartbeats of the victim whose text claims what only the transformer may say."""
    said = {**SAMPLES[HEARTBEAT_EVENT], "cluster": {"name": VICTIM}}
    node = f"{VICTIM}/n-1"
    claims = {
        "stream_cluster": VICTIM,
        "@logGroupStream": node,
        "@logStream": node,
        "event": said,
        "event.stream_cluster": VICTIM,
    }
    for key, value in claims.items():
        yield json.dumps({**said, key: value})
        yield json.dumps({key: value, **said})
    everything = {**claims, **said}
    yield json.dumps(everything)
    # Twice the same key, of which parsers may take either.
    yield f'{{"stream_cluster": "{MINE}", ' + json.dumps(everything)[1:]
    yield json.dumps({"event": everything, "stream_cluster": VICTIM})
    # What cannot be transformed, should somebody count the original instead.
    filler = {f"filler{number}": number for number in range(201)}
    yield json.dumps({"event": everything, "stream_cluster": VICTIM, "output_fields": filler})
    yield json.dumps({"event": said, "stream_cluster": VICTIM}) + "x" * 10
    yield json.dumps([{"event": said, "stream_cluster": VICTIM}])
    yield json.dumps({"event": said, "stream_cluster": VICTIM, "output": "x" * 600_000})


@pytest.mark.parametrize("text", list(forgeries()), ids=lambda text: text[:60])
def test_an_event_says_itself_which_cluster_it_is_of(watched: Watched, text: str) -> None:
    forgery = [Arrival(NOW - 60, text, f"{MINE}/n-1")]

    assert clusters_counted(watched, forgery) <= {MINE}
    assert watched.state(f"falco-unit-{VICTIM}-silent", forgery) == "ALARM"
    noticed = {
        watched.state(f"falco-unit-{alarm}", forgery) for alarm in (f"{MINE}-foreign-events", "uncounted-events")
    }
    assert "ALARM" in noticed


@pytest.mark.parametrize(
    "stream", [f"/{VICTIM}/n", f"/\n{VICTIM}/n", f"/\n/{VICTIM}", f"/$1{VICTIM}/", "/\\1", f"/{VICTIM}", "/" * 400, "/"]
)
def test_a_log_streams_name_passes_for_another_clusters(watched: Watched, stream: str) -> None:
    """The role lets the attacker choose what comes after the cluster and a slash."""
    sent = [one._replace(stream=f"{MINE}{stream}") for one in arrivals(HEARTBEAT_EVENT, VICTIM, [NOW - 60])]

    assert clusters_counted(watched, sent) == {MINE}


@pytest.mark.parametrize("settings", [CREATED, HUB, RESPONDING], ids=["created", "hub", "responding"])
def test_a_dimension_comes_from_what_an_event_says(settings: dict[str, Any]) -> None:
    stack = deploy(settings)
    for item in stack.of("LogMetricFilter"):
        dimensions: dict[str, str] = item.inputs["metricTransformation"].get("dimensions", {})
        if dimensions:
            assert item.inputs["applyOnTransformedLogs"] is True, item.name
            assert set(dimensions.values()) <= added_by_transformer(stack, item.inputs["logGroupName"]), item.name


def added_by_transformer(stack: Deployed, log_group: str) -> set[str]:
    """The selectors of what the transformer of a log group adds, where no key of an event can be."""
    (transformer,) = (
        each.inputs["transformerConfigs"]
        for each in stack.of("LogTransformer")
        if each.inputs["logGroupArn"].rpartition(":")[2] == log_group
    )
    (under,) = (each["parseJsons"][0]["destination"] for each in transformer if "parseJsons" in each)
    (copies,) = (each["copyValue"]["entries"] for each in transformer if "copyValue" in each)
    made = [each for each in copies if each["source"].startswith("@") and each["overwriteIfExists"]]
    return {f"$.{each['target']}" for each in made if each["target"].split(".")[0] != under}
