"""Every alarm, driven over and under its threshold by events through the metric filters' own patterns."""

import itertools
import json

import pytest

from falco_firelens.contract import PRIORITIES
from falco_firelens.insight.alarms import (
    DESTINATIONS,
    LONGEST_RULE,
    MOST_CHILDREN,
    Alarm,
    Delivery,
    Metric,
    Stream,
    Thresholds,
    alarms,
    composites,
)
from falco_firelens.settings.stack import MOST_CLUSTERS
from localcloud.cloudwatch.metric_data import Arrival
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import CREATED
from tests.unit.insight.watched import (
    CRITICAL,
    DROPS,
    ERROR,
    HEARTBEAT_EVENT,
    MINUTE,
    NOW,
    SAMPLES,
    Watched,
    arrivals,
    forged,
    heartbeats,
)
from tests.unit.sensor.fluent_bit_script import Log, Script
from tests.unit.sensor.fluent_bit_script import event as falcos_line

STACK = {
    **CREATED,
    "events": {"destinations": {"s3": {}}},
    "alarms": {"clusters": {"jobs": {"minimumPriority": "Error", "silentMinutes": 120}}},
}

KINDS = ("events", "silent", "drops", "not-whole", "foreign-events")
"""What each cluster has an alarm for."""


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched(deploy(STACK))


WATCH = ("nodes-silent", "nodes-differing", "queue-drops")


def test_each_cluster_and_each_way_has_its_alarms(watched: Watched) -> None:
    of_clusters = itertools.product(("web", "jobs", "own"), (*KINDS, *WATCH))
    others = ("log-group-quiet", "uncounted-events", "s3-late", "s3-failing", "notifications-failing")
    watch = ("watch-failing", "ingested", "web-sensor-changed", "jobs-sensor-changed")
    assert set(watched.alarms) == {f"falco-unit-{name}" for name in ("-".join(each) for each in of_clusters)} | {
        f"falco-unit-{name}" for name in (*others, *watch)
    }


def test_a_critical_event_is_an_alarm_for_five_minutes(watched: Watched) -> None:
    alarm = "falco-unit-web-events"
    assert watched.state(alarm, arrivals(CRITICAL, "web", [NOW - 1])) == "ALARM"
    assert watched.state(alarm, arrivals(CRITICAL, "web", [NOW - 5 * MINUTE])) == "ALARM"
    assert watched.state(alarm, arrivals(CRITICAL, "web", [NOW - 5 * MINUTE - 1])) == "OK"


def test_other_events_and_other_clusters_are_none(watched: Watched) -> None:
    alarm = "falco-unit-web-events"
    assert watched.state(alarm) == "OK"
    for rule in (ERROR, HEARTBEAT_EVENT, DROPS):
        assert watched.state(alarm, arrivals(rule, "web", [NOW - 1])) == "OK"
    assert watched.state(alarm, arrivals(CRITICAL, "own", [NOW - 1])) == "OK"
    assert watched.state(alarm, arrivals(HEARTBEAT_EVENT, "web", [NOW - 1], priority="Critical")) == "OK"


@pytest.mark.parametrize("minimum", PRIORITIES)
def test_a_priority_and_graver_ones_are_an_alarm(minimum: str) -> None:
    watched = Watched(deploy({**CREATED, "alarms": {"minimumPriority": minimum}}))
    rings = [
        priority
        for priority in PRIORITIES
        if watched.state("falco-unit-own-events", arrivals(ERROR, "own", [NOW - 1], priority=priority)) == "ALARM"
    ]
    assert rings == list(PRIORITIES[: PRIORITIES.index(minimum) + 1])


def test_a_cluster_has_thresholds_of_its_own(watched: Watched) -> None:
    assert watched.state("falco-unit-jobs-events", arrivals(ERROR, "jobs", [NOW - 1])) == "ALARM"
    quiet = heartbeats("jobs", NOW - 600 * MINUTE, NOW - 100 * MINUTE)
    assert watched.state("falco-unit-jobs-silent", quiet) == "OK"
    assert watched.state("falco-unit-jobs-silent", quiet, NOW + 30 * MINUTE) == "ALARM"


def test_a_cluster_that_sends_heartbeats_is_never_silent(watched: Watched) -> None:
    beats = heartbeats("web", NOW - 300 * MINUTE, NOW + 120 * MINUTE)
    states = {watched.state("falco-unit-web-silent", beats, NOW + minute * MINUTE) for minute in range(120)}
    assert states == {"OK"}


def test_a_cluster_that_falls_silent_is_an_alarm_after_an_hour_and_not_before(watched: Watched) -> None:
    beats = heartbeats("web", NOW - 1000 * MINUTE, NOW)
    last = max(time for time, *_ in beats)
    minutes = [NOW + minute * MINUTE for minute in range(120)]
    rings = [now for now in minutes if watched.state("falco-unit-web-silent", beats, now) == "ALARM"]
    assert rings == [now for now in minutes if now >= rings[0]]
    assert 60 * MINUTE < rings[0] - last <= 61 * MINUTE


def test_only_a_clusters_own_heartbeat_keeps_it_from_being_silent(watched: Watched) -> None:
    alarm = "falco-unit-web-silent"
    assert watched.state(alarm) == "ALARM"
    assert watched.state(alarm, heartbeats("own", NOW - 300 * MINUTE, NOW)) == "ALARM"
    assert watched.state(alarm, arrivals(CRITICAL, "web", [NOW - 1])) == "ALARM"
    assert watched.state(alarm, arrivals(HEARTBEAT_EVENT, "web", [NOW - 60 * MINUTE])) == "OK"
    assert watched.state(alarm, arrivals(HEARTBEAT_EVENT, "web", [NOW - 60 * MINUTE - 1])) == "ALARM"


def test_drops_that_go_on_are_an_alarm_and_a_single_burst_is_none(watched: Watched) -> None:
    alarm = "falco-unit-own-drops"
    assert watched.state(alarm) == "OK"
    assert watched.state(alarm, arrivals(DROPS, "own", [NOW - 10, NOW - 40, NOW - 70])) == "OK"
    assert watched.state(alarm, arrivals(DROPS, "own", [NOW - 10, NOW - 6 * MINUTE])) == "ALARM"
    assert watched.state(alarm, arrivals(DROPS, "own", [NOW - 10, NOW - 16 * MINUTE])) == "OK"
    assert watched.state(alarm, arrivals(DROPS, "web", [NOW - 10, NOW - 6 * MINUTE])) == "OK"


def test_an_event_that_is_not_whole_is_an_alarm(watched: Watched) -> None:
    """As Fluent Bit tells of it, in the script's own words."""
    line = falcos_line("long", "x" * 1_030_000)
    _, told = Log(Script("eks"), "0.log").write(line)
    said = json.dumps({**told, "cluster": {**told["cluster"], "name": "own"}})
    alarm = "falco-unit-own-not-whole"
    assert watched.state(alarm) == "OK"
    assert watched.state(alarm, [Arrival(NOW - 10 * MINUTE, said, "own/n-1")]) == "ALARM"
    assert watched.state(alarm, [Arrival(NOW - 16 * MINUTE, said, "own/n-1")]) == "OK"
    assert watched.state("falco-unit-web-not-whole", [Arrival(NOW - 10, said, "own/n-1")]) == "OK"
    assert watched.state("falco-unit-own-events", [Arrival(NOW - 10, said, "own/n-1")]) == "OK", "Fluent Bit's own"


def test_an_event_in_another_clusters_name_is_an_alarm_of_the_cluster_that_sent_it(watched: Watched) -> None:
    alarm = "falco-unit-own-foreign-events"
    assert watched.state(alarm, [each for rule in SAMPLES for each in arrivals(rule, "own", [NOW - 1])]) == "OK"
    assert watched.state(alarm, forged(ERROR, "web", "own", [NOW - 1])) == "ALARM"
    assert watched.state(alarm, forged(ERROR, "web", "own", [NOW - 5 * MINUTE - 1])) == "OK"
    assert watched.state("falco-unit-web-foreign-events", forged(ERROR, "web", "own", [NOW - 1])) == "OK"
    for named in (None, {}, {"name": None}, {"name": ""}, {"name": "own-2"}, "own"):
        said = json.dumps({**SAMPLES[ERROR], "cluster": named})
        assert watched.state(alarm, [Arrival(NOW - 1, said, "own/n-1")]) == "ALARM", named


@pytest.mark.parametrize(
    "text",
    [
        "Killed",
        "[]",
        '{"rule": ',
        f'{{"output": "{"x" * 512 * 1024}"}}',
        json.dumps(dict.fromkeys(map(str, range(201)), 1)),
    ],
)
def test_an_event_that_no_metric_can_count_is_an_alarm(watched: Watched, text: str) -> None:
    alarm = "falco-unit-uncounted-events"
    assert watched.state(alarm, arrivals(ERROR, "own", [NOW - 1])) == "OK"
    assert watched.state(alarm, [Arrival(NOW - 1, text, "own/n-1")]) == "ALARM"
    assert watched.state(alarm, [Arrival(NOW - 5 * MINUTE - 1, text, "own/n-1")]) == "OK"


def test_no_event_of_falco_is_too_large_to_be_counted(watched: Watched) -> None:
    everything = [each for rule in SAMPLES for each in arrivals(rule, "own", [NOW - 1])]
    assert watched.state("falco-unit-uncounted-events", everything) == "OK"


def test_a_log_group_into_which_nothing_comes_is_an_alarm(watched: Watched) -> None:
    alarm = "falco-unit-log-group-quiet"
    assert watched.state_of_values(alarm, []) == "ALARM"
    assert watched.state_of_values(alarm, [(NOW - 31 * MINUTE, 5)]) == "ALARM"
    assert watched.state_of_values(alarm, [(NOW - 29 * MINUTE, 1)]) == "OK"
    heard = [(time, 1) for time, *_ in heartbeats("web", NOW - 300 * MINUTE, NOW + 60 * MINUTE)]
    assert {watched.state_of_values(alarm, heard, NOW + minute * MINUTE) for minute in range(60)} == {"OK"}


def test_a_stream_that_is_behind_is_an_alarm(watched: Watched) -> None:
    alarm, late = "falco-unit-s3-late", 30 * MINUTE
    assert watched.state_of_values(alarm, []) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, late), (NOW - 400, late)]) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, late + 1)]) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, late + 1), (NOW - 400, late + 1)]) == "ALARM"


def test_a_stream_whose_deliveries_fail_is_an_alarm(watched: Watched) -> None:
    alarm = "falco-unit-s3-failing"
    assert watched.state_of_values(alarm, []) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, 1), (NOW - 400, 1)]) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, 0)]) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, 0), (NOW - 61, 1), (NOW - 400, 0)]) == "ALARM"


def test_a_notification_that_reached_nobody_is_an_alarm(watched: Watched) -> None:
    alarm = "falco-unit-notifications-failing"
    assert watched.state_of_values(alarm, []) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, 0)]) == "OK"
    assert watched.state_of_values(alarm, [(NOW - 60, 1)]) == "ALARM"


def test_the_alarm_of_the_alarms_is_on_as_long_as_any_other_is(watched: Watched) -> None:
    well = dict.fromkeys(watched.alarms, "OK")
    assert watched.attention("falco-unit-attention", well) == "OK"
    for name in watched.alarms:
        assert watched.attention("falco-unit-attention", {**well, name: "ALARM"}) == "ALARM"


def test_a_cluster_has_an_alarm_that_is_on_as_long_as_one_of_its_own_is(watched: Watched) -> None:
    well = dict.fromkeys(watched.alarms, "OK")
    for cluster in ("web", "jobs", "own"):
        rings = {
            name
            for name in watched.alarms
            if watched.attention(f"falco-unit-{cluster}-attention", {**well, name: "ALARM"}) == "ALARM"
        }
        changed = ("sensor-changed",) if cluster != "own" else ()
        assert rings == {f"falco-unit-{cluster}-{kind}" for kind in (*KINDS, *WATCH, *changed)}


def largest(alarms_a_cluster: int = 0) -> list[Alarm]:
    """The alarms of a stack with the most clusters and the longest names; AWS takes stack names of 100 from Pulumi."""
    prefix = f"falco-{'s' * 100}"
    clusters = [Thresholds(f"{number:a>40}", "Critical", 60, 5) for number in range(MOST_CLUSTERS)]
    streams = tuple(Stream(name, name) for name in DESTINATIONS)
    found = list(alarms(prefix, clusters, Delivery("/falco/events", 30, streams), prefix))
    metric = Metric("FalcoFirelens", "Events", {})
    for each in clusters:
        there = sum(alarm.cluster == each.cluster for alarm in found)
        found += [
            Alarm(
                name=f"{prefix}-{each.cluster}-{number:b>20}",
                description="",
                metric=metric,
                period=60,
                periods=1,
                cluster=each.cluster,
            )
            for number in range(there, alarms_a_cluster)
        ]
    return found


@pytest.mark.parametrize("alarms_a_cluster", [0, 10])
def test_the_largest_stack_fits_into_composite_alarms(alarms_a_cluster: int) -> None:
    found = largest(alarms_a_cluster)
    made = composites(f"falco-{'s' * 100}", found)
    names = [alarm.name for alarm in found] + [each.name for each in made]
    assert len(names) == len(set(names)) and max(map(len, names)) <= 255
    assert len(made) == MOST_CLUSTERS + 1 and [each.top for each in made] == [False] * MOST_CLUSTERS + [True]
    for each in made:
        assert 1 <= len(each.children) <= MOST_CHILDREN and len(each.rule) <= LONGEST_RULE
    assert {child for each in made for child in each.children} == set(names) - {made[-1].name}


def test_no_alarm_looks_back_further_than_a_day() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    longest = [Thresholds("web", "Debug", 1440, 100)]
    for alarm in alarms("falco-unit", longest, Delivery("/falco/events", 1440), "falco-unit"):
        assert alarm.period * alarm.periods <= 86_400
        assert alarm.period % 60 == 0
        assert 1 <= alarm.datapoints <= alarm.periods
