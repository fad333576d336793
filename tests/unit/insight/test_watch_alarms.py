"""The alarms on the watch function's metrics and on the bytes that come, each driven over and under its threshold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from falco_firelens.contract import METRICS_NAMESPACE
from falco_firelens.insight.audit import PATTERN
from falco_firelens.watch import metrics
from localcloud.cloudwatch.metric_data import MetricData, State, series, state
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import CREATED
from tests.unit.insight.watched import MINUTE, NOW, Watched, described_alarm
from tests.unit.watch.world import CLUSTERS, a_world

QUARTER = 15 * MINUTE
CLUSTERS_OF_STACK = ("web", "jobs", "own")
STACK = {**CREATED, "alarms": {"hourlyMebibytes": 10, "clusters": {"jobs": {"silentNodes": 3}}}}


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched(deploy(STACK))


def after(watched: Watched, alarm: str, values: Iterable[tuple[float, float]], now: float = NOW) -> State:
    """An alarm's state after values of its metric."""
    return state_after(watched.alarms[f"falco-unit-{alarm}"], values, now)


def state_after(described: Mapping[str, Any], values: Iterable[tuple[float, float]], now: float = NOW) -> State:
    metric = next(one["MetricStat"]["Metric"] for one in described["Metrics"] if "MetricStat" in one)
    dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
    data = MetricData()
    for time, value in values:
        data.put(series(metric["Namespace"], metric["MetricName"], dimensions), time, value)
    return state(described, data, now)


def runs(*values: float) -> Sequence[tuple[float, float]]:
    """What the function found every quarter of an hour, the newest last."""
    return [(NOW - MINUTE - QUARTER * back, value) for back, value in enumerate(reversed(values))]


def test_a_silent_node_is_an_alarm_while_it_is_silent(watched: Watched) -> None:
    assert after(watched, "web-nodes-silent", []) == "OK"
    assert after(watched, "web-nodes-silent", runs(0, 0)) == "OK"
    assert after(watched, "web-nodes-silent", runs(0, 1)) == "ALARM"
    assert after(watched, "web-nodes-silent", runs(1, 0)) == "ALARM", "the function may be late"
    assert after(watched, "web-nodes-silent", runs(1, 0, 0)) == "OK"


def test_a_cluster_may_have_some_silent_nodes(watched: Watched) -> None:
    assert after(watched, "jobs-nodes-silent", runs(2, 2)) == "OK"
    assert after(watched, "jobs-nodes-silent", runs(2, 3)) == "ALARM"


def test_a_rollout_is_no_alarm_and_other_files_that_stay_are(watched: Watched) -> None:
    assert after(watched, "own-nodes-differing", []) == "OK"
    assert after(watched, "own-nodes-differing", runs(0, 5, 2, 0)) == "OK"
    assert after(watched, "own-nodes-differing", runs(0, 1, 1, 1)) == "ALARM"
    assert after(watched, "own-nodes-differing", runs(1, 1, 0, 1)) == "ALARM"
    assert after(watched, "own-nodes-differing", runs(1, 1, 1, 0, 0)) == "OK"


def test_an_event_that_falco_dropped_is_an_alarm(watched: Watched) -> None:
    assert after(watched, "web-queue-drops", []) == "OK"
    assert after(watched, "web-queue-drops", runs(0, 0)) == "OK"
    assert after(watched, "web-queue-drops", runs(0, 1)) == "ALARM"
    assert after(watched, "web-queue-drops", runs(7, 0, 0)) == "OK"


def test_a_watch_that_does_not_run_or_does_not_read_everything_is_an_alarm(watched: Watched) -> None:
    assert after(watched, "watch-failing", []) == "ALARM"
    assert after(watched, "watch-failing", runs(3, 3, 3)) == "OK"
    assert after(watched, "watch-failing", runs(3, 2, 2)) == "OK"
    assert after(watched, "watch-failing", runs(2, 2, 2)) == "ALARM"
    assert after(watched, "watch-failing", runs(3, 3, 3), NOW + 40 * MINUTE) == "OK"
    assert after(watched, "watch-failing", runs(3, 3, 3), NOW + 45 * MINUTE) == "ALARM"


def test_more_than_so_many_mebibytes_an_hour_are_an_alarm(watched: Watched) -> None:
    most = 10 * 2**20
    assert after(watched, "ingested", []) == "OK"
    assert after(watched, "ingested", [(NOW - 30 * MINUTE, most / 2), (NOW - 5 * MINUTE, most / 2)]) == "OK"
    assert after(watched, "ingested", [(NOW - 30 * MINUTE, most / 2), (NOW - 5 * MINUTE, most / 2 + 1)]) == "ALARM"
    assert after(watched, "ingested", [(NOW - 61 * MINUTE, most + 1)]) == "OK"


def test_the_alarms_look_at_what_the_function_writes(watched: Watched) -> None:
    looked = {
        (metric["MetricName"], *(one["Value"] for one in metric["Dimensions"]))
        for alarm in watched.alarms.values()
        for metric in (one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one)
        if metric["Namespace"] == METRICS_NAMESPACE and metric["MetricName"] in vars(metrics).values()
    }
    with a_world() as world:
        world.clusters = {**dict.fromkeys(CLUSTERS_OF_STACK, CLUSTERS["own"]), "jobs": CLUSTERS["shop"]}
        world.look()
        written = {(name, cluster) if cluster else (name,) for name, cluster in world.metrics()}
    assert looked == written


def test_a_changed_sensor_is_an_alarm(watched: Watched) -> None:
    assert after(watched, "jobs-sensor-changed", []) == "OK"
    assert after(watched, "jobs-sensor-changed", runs(0, 0)) == "OK"
    assert after(watched, "jobs-sensor-changed", runs(0, 1)) == "ALARM"
    assert after(watched, "jobs-sensor-changed", runs(1, 0, 0)) == "OK"
    assert after(watched, "web-sensor-changed", [(NOW - 6 * MINUTE, 1)]) == "ALARM"
    assert after(watched, "web-sensor-changed", [(NOW - 11 * MINUTE, 1)]) == "OK"
    assert "falco-unit-own-sensor-changed" not in watched.alarms, "nobody keeps its audit log"


def test_the_audit_log_of_a_created_cluster_counts_what_its_alarm_looks_at() -> None:
    stack = deploy(STACK)
    made = stack.one("LogMetricFilter", "web-sensor-changes").inputs
    assert made["logGroupName"] == "/aws/eks/web/cluster" and made["pattern"] == PATTERN
    (query,) = [one for one in Watched(stack).alarms["falco-unit-web-sensor-changed"]["Metrics"] if "MetricStat" in one]
    metric = query["MetricStat"]["Metric"]
    given = made["metricTransformation"]
    assert (metric["Namespace"], metric["MetricName"]) == (given["namespace"], given["name"])


def test_a_response_that_is_not_called_is_an_alarm() -> None:
    playbook = {"name": "tell", "actions": {"notify": {}}}
    stack = deploy({**CREATED, "response": {"playbooks": [playbook]}})
    alarm = described_alarm(stack.one("MetricAlarm", "insights-response-missed").inputs)
    assert state_after(alarm, runs(0, 0)) == "OK"
    assert state_after(alarm, runs(1, 0)) == "ALARM"
    assert state_after(alarm, runs(1, 0, 0)) == "OK"
    (query,) = [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]
    assert (query["MetricName"], query["Dimensions"]) == (metrics.MISSED, [])


def test_without_a_watch_there_are_no_alarms_on_it() -> None:
    off = Watched(deploy({**CREATED, "alarms": {"watch": False}})).alarms
    ends = ("nodes-silent", "nodes-differing", "queue-drops", "watch-failing", "sensor-changed")
    assert not [name for name in off if name.endswith(ends)]
    assert "falco-unit-ingested" in off
