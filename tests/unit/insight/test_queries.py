"""Saved queries name only fields that events have."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from falco_firelens.contract import PRIORITIES
from falco_firelens.insight.queries import QUERIES, newest, top_rules
from falco_firelens.insight.transformer import EVENT
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import CREATED
from tests.unit.insight.watched import SAMPLES, event
from tests.unit.sensor.fluent_bit_script import Log, Script
from tests.unit.sensor.fluent_bit_script import event as falcos_line

KEYWORDS = {
    *("fields", "filter", "stats", "sort", "limit", "display", "as", "by", "in", "like", "and", "or", "not"),
    *("asc", "desc", "count", "count_distinct", "max", "min", "latest", "bin", "parse", "coalesce", "ispresent"),
}
COMMANDS = {"fields", "filter", "parse", "stats", "display", "sort", "limit"}

TEXTS = {query.name: query.text for query in QUERIES} | {
    "newest": newest("Error", 20),
    "newest of a hub": newest("Error", 20, "@aws.account", "@log"),
    "top rules": top_rules(10),
}

ON_ECS = "output_fields.ecs.task.arn"
"""Which `falco_firelens.sensor.falco` appends on ECS; the samples are of Kubernetes."""


def fields_of(value: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The names by which Insights knows an event's fields: a dot leads deeper, and stands for itself in a key."""
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from fields_of(item, f"{path}{key}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{path}{key}"


_, NOT_WHOLE = Log(Script("eks"), "0.log").write(falcos_line("long", "x" * 1_030_000))
"""What Fluent Bit tells of an event that is too long."""

EVENTS = (*(json.loads(event(rule, "web")) for rule in SAMPLES), NOT_WHOLE)
SYSTEM_FIELDS = {"@timestamp", "@message", "@logStream", "@log", "@aws.account", "@aws.region", "@transformationError"}
"""What CloudWatch Logs itself adds, and no event can bring:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html"""

OWN = {name for each in EVENTS for name in fields_of(each)} | {ON_ECS}
FIELDS = OWN | {f"{EVENT}.{name}" for name in OWN} | SYSTEM_FIELDS


def names_in(query: str) -> set[str]:
    """The fields that a query names, without words of the language, functions and names that it gives itself."""
    bare = re.sub(r'"[^"]*"|/[^/]*/|\b[0-9]+[hmds]?\b', " ", query)
    given = {name for names in re.findall(r"\bas (\w+(?:, \w+)*)", bare) for name in names.split(", ")}
    words = set(re.findall(r"@?[A-Za-z_][A-Za-z0-9_.]*", bare))
    return words - KEYWORDS - given


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_query_names_only_the_fields_of_events(text: str) -> None:
    assert names_in(text)
    assert names_in(text) - FIELDS == set()


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_query_reads_an_event_whether_it_was_transformed_or_not(text: str) -> None:
    read = re.compile(rf"coalesce\({EVENT}\.([\w.]+), ([\w.]+)\)")
    assert all(older == field and field in OWN for field, older in read.findall(text))
    given = set(re.findall(r"\bas (\w+)", text))
    assert (names_in(read.sub("", text)) - SYSTEM_FIELDS - given) == set()


def test_no_query_takes_a_cluster_from_what_an_event_says() -> None:
    named = {name for name, text in TEXTS.items() if any(each.startswith("cluster.") for each in names_in(text))}
    assert named == {"foreign events"}, "the one that compares it with the log stream"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_every_step_of_a_query_is_a_command(text: str) -> None:
    assert {step.split()[0] for step in text.split("\n| ")} <= COMMANDS


def test_the_check_sees_a_field_that_no_event_has() -> None:
    assert names_in('filter output_fields.k8s.pod = "x"') - FIELDS == {"output_fields.k8s.pod"}


def test_every_priority_may_be_the_least_of_the_newest() -> None:
    for index, minimum in enumerate(PRIORITIES):
        listed = re.search(r"priority\) in \[([^\]]*)\]", newest(minimum, 5))
        assert listed is not None
        assert json.loads(f"[{listed[1]}]") == list(PRIORITIES[: index + 1])


def test_the_queries_are_saved_for_the_stacks_log_group() -> None:
    saved = deploy(CREATED).of("QueryDefinition")
    assert {item.inputs["name"] for item in saved} == {f"falco-unit/{query.name}" for query in QUERIES}
    for item in saved:
        assert item.inputs["logGroupNames"] == ["/falco/events"]
        assert item.inputs["queryString"].partition("\n")[2] in TEXTS.values()
