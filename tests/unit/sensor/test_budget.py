"""A budget for the events of one rule and workload: nothing grave is left out, and what is left out is told."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from falco_firelens.contract import PRIORITIES, Platform
from falco_firelens.sensor.model import LEFT_OUT_RULE
from tests.unit.sensor.clusters import pipeline
from tests.unit.sensor.fluent_bit_script import Log, Script

BUDGET = 3
PLATFORMS: tuple[Platform, ...] = ("eks", "ecs")


class Node:
    """A script with a budget, and what a Falco prints."""

    def __init__(self, platform: Platform = "eks", budget: int | None = BUDGET) -> None:
        self.script = Script(platform, replace(pipeline(platform), budget=budget))
        self._platform, self._log = platform, Log(self.script, "0.log")

    def write(self, **keys: Any) -> list[dict[str, Any]]:
        line = json.dumps(event(**keys), sort_keys=True, separators=(",", ":")).encode()
        if self._platform == "ecs":
            return self.script.events(source="stdout", log=line)
        return self._log.add("F", line)

    def storm(self, count: int, **keys: Any) -> int:
        """How many of so many arrive."""
        return sum(len(self.write(**keys)) for _ in range(count))


def event(
    rule: str = "Shell", priority: str = "Notice", source: str = "syscall", command: str = "sh", **fields: Any
) -> dict[str, Any]:
    return {
        "hostname": "node",
        "output": f"Shell | command={command}",
        "output_fields": {"container.id": "4f1c", "proc.cmdline": command, **fields},
        "priority": priority,
        "rule": rule,
        "source": source,
        "tags": ["x"],
        "time": "2026-11-24T10:11:12.000000001Z",
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_budget_leaves_nothing_out(platform: Platform):
    assert Node(platform, None).storm(500) == 500


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_next_event_says_how_many_were_left_out(platform: Platform):
    node = Node(platform)
    assert node.storm(100) == BUDGET
    node.script.now += 60
    (first,) = node.write()
    assert first.pop("cluster")
    assert first["output_fields"].pop("event.left_out") == 97
    assert first == event(), "nothing else of it changes"
    (second,) = node.write()
    assert "event.left_out" not in second["output_fields"]


@pytest.mark.parametrize("priority", PRIORITIES)
def test_only_what_is_less_than_critical_is_left_out(priority: str):
    grave = priority in ("Emergency", "Alert", "Critical")
    assert Node().storm(50, priority=priority) == (50 if grave else BUDGET)


@pytest.mark.parametrize("rule", ["Falco internal: metrics snapshot", "Falco internal: syscall event drop"])
def test_heartbeats_and_falcos_own_events_are_never_left_out(rule: str):
    assert Node().storm(50, rule=rule, priority="Informational", source="internal") == 50


@pytest.mark.parametrize(
    "other",
    [{"rule": "Other"}, {"k8s.pod.uid": "b"}, {"ecs.task.arn": "arn:b"}, {"container.id": "9999"}],
    ids=lambda other: next(iter(other)),
)
def test_a_storm_leaves_nothing_out_of_another_rule_or_workload(other: dict[str, str]):
    node = Node()
    node.storm(50)
    assert node.storm(BUDGET, **other) == BUDGET


def test_a_pod_is_one_workload_whatever_containers_it_has():
    node = Node()
    assert sum(node.storm(1, **{"k8s.pod.uid": "a", "container.id": str(one)}) for one in range(50)) == BUDGET


@pytest.mark.parametrize(
    "command",
    [
        '","priority":"Critical","x":"',
        '\\","source":"internal","x":"',
        'echo \'{"rule":"Other","k8s.pod.uid":"z","priority":"Emergency","source":"internal"}\'',
        "x" * 9000 + '"priority":"Alert"',
    ],
)
def test_what_an_attacker_writes_changes_neither_priority_nor_workload(command: str):
    assert Node().storm(20, command=command) == BUDGET


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_storm_that_ends_is_told_by_an_event_of_our_own(platform: Platform):
    node = Node(platform)
    node.storm(50, rule='Sh"ell', **{"k8s.pod.uid": "a-uid"} if platform == "eks" else {})
    node.script.now += 700
    (told, heartbeat) = node.write(rule="Falco internal: metrics snapshot", source="internal")
    assert heartbeat["rule"] == "Falco internal: metrics snapshot"
    assert (told["rule"], told["source"], told["priority"]) == (LEFT_OUT_RULE, "internal", "Notice")
    workload = "a-uid" if platform == "eks" else "4f1c"
    assert told["output_fields"]["event.left_out"] == 47
    assert told["output_fields"]["event.workload"] == workload
    assert told["cluster"]["name"] == "payments"
    node.script.now += 700
    assert len(node.write()) == 1, "told once"


def test_an_event_in_parts_has_a_budget_too():
    node = Node()
    node.storm(BUDGET)
    line = json.dumps(event(command="x" * 500), sort_keys=True, separators=(",", ":")).encode()
    old, new = Log(node.script, "1.log"), Log(node.script, "1.log")
    assert len(old.add("F", json.dumps(event(priority="Critical")).encode())) == 1
    assert old.add("P", line[:200]) == new.add("F", line[200:]) == []
    node.script.now += 3
    assert node.script.events() == [], "joined, and left out"


def test_the_clock_tells_it_where_falco_is_silent():
    node = Node()
    node.storm(50)
    node.script.now += 700
    (told,) = node.script.events()
    assert told["rule"] == LEFT_OUT_RULE


def test_memory_is_bounded_and_what_is_not_counted_is_shipped():
    node = Node()
    assert node.storm(BUDGET + 1) == BUDGET
    for number in range(3000):
        assert node.storm(1, **{"container.id": f"c{number}"}) == 1
    assert node.storm(9, **{"container.id": "c2999"}) == 9, "not counted: there was no room"
    assert node.storm(9) == 0, "what is counted stays so"
    node.script.now += 61
    assert node.storm(9, **{"container.id": "c2999"}) == BUDGET, "there is room again"


def test_a_clock_that_goes_back_leaves_nothing_out_for_longer():
    node = Node()
    node.storm(50)
    node.script.now -= 5000
    assert node.storm(9) == BUDGET + 1, "and the word about the others"


def test_every_event_is_shipped_or_counted():
    chance = random.Random(7)
    node, written, shipped, counted = Node(), 0, 0, 0
    for _ in range(4000):
        node.script.now += chance.choice([0, 0, 0, 1, 20, 700])
        rule, pod = chance.choice("ab"), chance.choice("xyz")
        written += 1
        for made in node.write(rule=rule, **{"k8s.pod.uid": pod}):
            counted += made["output_fields"].get("event.left_out", 0)
            shipped += made["rule"] != LEFT_OUT_RULE
    for _ in range(3):
        node.script.now += 700
        counted += sum(made["output_fields"]["event.left_out"] for made in node.script.events())
    assert written == shipped + counted
