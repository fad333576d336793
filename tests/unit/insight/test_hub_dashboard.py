"""The hub's dashboard names only what is in the hub or in one of its spokes, and sees all of it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from components.aws.location import AwsLocation
from components.stack.hub import alarms_of, view
from falco_firelens.contract import PRIORITIES
from falco_firelens.insight.hub_dashboard import SHARED_NAMESPACES, body
from falco_firelens.settings import load
from localcloud.cloudwatch.metric_data import MetricData, series, state
from tests.unit.components.cloud import ACCOUNT, FILE, Account, Deployed, deploy
from tests.unit.components.stacks import BANK, ECS, HUB, HUB_STACK, SHOP, spoke
from tests.unit.insight.watched import NOW, described_alarm

Widgets = list[dict[str, Any]]
WITHOUT_ORGANIZATION = {"hub": {"spokes": HUB["hub"]["spokes"]}}
SPOKES = (
    (SHOP, "eu-west-1", "firehose"),
    (SHOP, "us-east-1", "firehose"),
    (BANK, "us-east-1", "subscription"),
)


def widgets_of(stack: Deployed) -> Widgets:
    return json.loads(stack.one("Dashboard", "hub").inputs["dashboardBody"])["widgets"]


@pytest.fixture(scope="module")
def hub() -> Deployed:
    return deploy({**WITHOUT_ORGANIZATION, "clusters": [{**ECS, "name": "own"}]}, Account(region="eu-central-1"))


@pytest.fixture(scope="module")
def spokes(hub: Deployed) -> dict[tuple[str, str], Deployed]:
    return {
        (account, region): deploy(
            {"clusters": [ECS], "spoke": {"hub": HUB_STACK, "delivery": delivery}}, spoke(account, region, hub.outputs)
        )
        for account, region, delivery in SPOKES
    }


@pytest.fixture(scope="module")
def widgets(hub: Deployed) -> Widgets:
    return widgets_of(hub)


def expressions(widgets: Widgets) -> list[tuple[str, str]]:
    """Region and expression of every line of every graph; there are no others."""
    lines = [line for widget in widgets for line in widget["properties"].get("metrics", ())]
    assert all(len(line) == 1 for line in lines)
    return [(line[0]["region"], line[0]["expression"]) for line in lines]


def parsed(expression: str) -> tuple[str, set[str], str, set[str]]:
    """Namespace, dimensions and name of the metrics that an expression finds, and the values that it asks for."""
    found = r"\{([\w/]+),([\w,]+)\} MetricName=\"([\w.]+)\"(?: (\w+)=(.+))?"
    search = re.fullmatch(rf"(?:SUM\()?SEARCH\('{found}', '(?:Sum|Maximum)', \d+\)\)?", expression)
    if search:
        namespace, dimensions, name, dimension, value = search.groups()
        assert dimension is None or dimension in dimensions.split(",")
        return namespace, set(dimensions.split(",")), name, set(re.findall(r'"([^"]+)"', value or ""))
    query = re.fullmatch(
        r"SELECT SUM\((\w+)\) FROM SCHEMA\((\w+), ([\w, ]+)\) GROUP BY AWS\.AccountId, (\w+)", expression
    )
    assert query, expression
    name, namespace, dimensions, group = query.groups()
    assert group in dimensions.split(", ")
    return namespace, set(dimensions.split(", ")), name, set()


def test_every_metric_is_one_that_each_spoke_makes_and_shares(
    widgets: Widgets, hub: Deployed, spokes: dict[tuple[str, str], Deployed]
) -> None:
    stacks = [hub, *spokes.values()]
    for stack in stacks:
        made = {
            (item.inputs["metricTransformation"]["namespace"], item.inputs["metricTransformation"]["name"]): set(
                item.inputs["metricTransformation"].get("dimensions", ())
            )
            for item in stack.of("LogMetricFilter")
        }
        for _, expression in expressions(widgets):
            namespace, dimensions, name, _ = parsed(expression)
            assert namespace in SHARED_NAMESPACES
            assert namespace.startswith("AWS/") or made[namespace, name] == dimensions


def test_every_metric_is_looked_for_in_every_region(widgets: Widgets) -> None:
    regions: dict[str, set[str]] = {}
    for region, expression in expressions(widgets):
        regions.setdefault(expression, set()).add(region)
    assert len(regions) > 10
    (received,) = (expression for expression in regions if f"-{BANK}-" in expression)
    assert regions.pop(received) == {"eu-central-1"}, "the hub's own streams are in its region"
    assert set(map(frozenset, regions.values())) == {frozenset({"eu-central-1", "eu-west-1", "us-east-1"})}


def test_no_search_is_longer_than_cloudwatch_takes() -> None:
    many = [
        {"account": f"{number:012}", "regions": ["ap-southeast-1"], "delivery": "subscription"} for number in range(40)
    ]
    stack = deploy({"hub": {"spokes": many}})
    found = [expression for _, expression in expressions(widgets_of(stack))]
    assert max(map(len, found)) < 1024
    named = {name for expression in found for name in parsed(expression)[3]}
    assert named >= {item.inputs["name"] for item in stack.of("FirehoseDeliveryStream")}


def test_streams_and_log_groups_of_metrics_are_those_that_there_are(
    widgets: Widgets, hub: Deployed, spokes: dict[tuple[str, str], Deployed]
) -> None:
    asked: dict[str, set[str]] = {}
    for _, expression in expressions(widgets):
        namespace, _, _, values = parsed(expression)
        asked.setdefault(namespace, set()).update(values)
    streams = {item.inputs["name"] for stack in (hub, *spokes.values()) for item in stack.of("FirehoseDeliveryStream")}
    groups = {item.inputs["name"] for stack in (hub, *spokes.values()) for item in stack.of("LogGroup")}
    assert asked["AWS/Firehose"] == streams
    assert asked["AWS/Logs"] == {"/falco/events"} <= groups


def sources(widgets: Widgets) -> dict[tuple[str, str], str]:
    """The region of each query by its view and log group."""
    found: dict[tuple[str, str], str] = {}
    for widget in (widget["properties"] for widget in widgets if widget["type"] == "log"):
        groups = re.findall(r"SOURCE '([^']+)' \| ", widget["query"])
        assert groups
        found |= {(widget["view"], group): widget["region"] for group in groups}
    return found


def test_queries_read_every_spokes_log_group_in_its_region(
    widgets: Widgets, hub: Deployed, spokes: dict[tuple[str, str], Deployed]
) -> None:
    stacks = {(ACCOUNT, "eu-central-1"): hub, **spokes}
    names = {
        location: stack.one("cloudwatch/logGroup:LogGroup", "events").inputs["name"]
        for location, stack in stacks.items()
    }
    there = {f"arn:aws:logs:{region}:{account}:log-group:{name}" for (account, region), name in names.items()}
    found = sources(widgets)
    assert {group for _, group in found} == there
    assert {view for view, _ in found} == {"table", "bar"}
    assert all(group.split(":")[3] == region for (_, group), region in found.items())


def test_what_an_organization_copies_is_read_in_place_of_the_spokes_log_groups() -> None:
    found = sources(widgets_of(deploy(HUB)))
    assert set(found) == {("table", "/falco/events/central"), ("bar", "/falco/events/central")}
    found = sources(widgets_of(deploy({**HUB, "clusters": [ECS]}, Account(region="eu-central-1"))))
    assert {group for _, group in found} == {"/falco/events/central", "/falco/events"}
    assert set(found.values()) == {"eu-central-1"}


def test_a_query_reads_fifty_log_groups_at_most() -> None:
    many = [{"account": f"{number:012}", "regions": ["eu-west-1"]} for number in range(120)]
    queries = [
        widget["properties"]["query"]
        for widget in widgets_of(deploy({"hub": {"spokes": many}}))
        if widget["type"] == "log" and widget["properties"]["view"] == "table"
    ]
    assert [query.count("SOURCE ") for query in queries] == [50, 50, 20]


REGIONS = [
    f"{area}-{side}-{number}" for area in ("ap", "eu", "us") for side in ("north", "south") for number in (1, 2, 3)
]
"""Eighteen, as names go."""


@pytest.fixture(scope="module")
def largest() -> Widgets:
    """Two hundred accounts by subscription, as many regions as there are names for, and the longest log group."""
    many = [
        {"account": f"{number:012}", "regions": REGIONS[: 1 + number % 18], "delivery": "subscription"}
        for number in range(200)
    ]
    events = {"logGroup": f"/{'g' * 244}", "destinations": {"s3": {}}}
    values = {"events": events, "hub": {"spokes": many}}
    settings = load(values, file=FILE, root=Path())
    assert settings.hub
    location: AwsLocation = {
        "account": ACCOUNT,
        "region": "eu-west-1",
        "partition": "aws",
        "dns_suffix": "amazonaws.com",
    }
    return body(view(settings, settings.hub, location, alarms_of(settings, settings.hub, "unit")))["widgets"]


def test_a_graph_has_a_hundred_searches_at_most(largest: Widgets) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html"""
    graphs = [widget["properties"]["metrics"] for widget in largest if widget["type"] == "metric"]
    searches = [sum(line[0]["expression"].count("SEARCH(") for line in lines) for lines in graphs]
    assert sum(searches) > 300 and max(searches) <= 100
    for priority in PRIORITIES:
        of_priority = [region for region, expression in expressions(largest) if f'"{priority}Events"' in expression]
        assert sorted(of_priority) == sorted(REGIONS)


def test_a_query_is_no_longer_than_insights_takes(largest: Widgets) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html"""
    queries = [widget["properties"]["query"] for widget in largest if widget["type"] == "log"]
    assert 8_000 < max(map(len, queries)) <= 10_000
    assert max(query.count("SOURCE ") for query in queries) <= 50
    assert len(sources(largest)) == 2 * sum(1 + number % 18 for number in range(200)), "by table and by bar"


def test_a_widget_shows_a_hundred_alarms_at_most(largest: Widgets) -> None:
    shown = [widget["properties"]["alarms"] for widget in largest if widget["type"] == "alarm"]
    assert max(map(len, shown)) == 100 and min(map(len, shown)) >= 1
    assert len({arn for arns in shown for arn in arns}) == 1 + 2 * sum(1 + number % 18 for number in range(200))


def test_a_dashboard_has_five_hundred_widgets_at_most(largest: Widgets) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html"""
    assert len(largest) <= 500


def test_newest_events_say_where_they_are_from(widgets: Widgets) -> None:
    (query, *_) = (widget["properties"]["query"] for widget in widgets if widget["properties"].get("view") == "table")
    assert "display time, @log, cluster, priority, rule, output" in query
    (query,) = (
        widget["properties"]["query"]
        for widget in widgets_of(deploy(HUB))
        if widget["properties"].get("view") == "table"
    )
    assert "display time, @aws.account, @aws.region, @log, cluster, priority, rule, output" in query


def test_ids_are_unique_within_a_graph(widgets: Widgets) -> None:
    for widget in widgets:
        ids = [line[0]["id"] for line in widget["properties"].get("metrics", ())]
        assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-z]\w*", one) for one in ids)


def test_the_alarms_shown_are_all_that_the_hub_itself_has(hub: Deployed, widgets: Widgets) -> None:
    (shown,) = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")
    names = [item.inputs["name"] for item in hub.under(hub.one("Hub", "hub")) if item.type.endswith(":MetricAlarm")]
    assert sorted(shown) == sorted(f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:{name}" for name in names)
    assert len(names) == 3


@pytest.mark.parametrize(
    ("alarm", "values", "expected"),
    [
        ("late", [(NOW - 400, 1801.0), (NOW - 700, 1801.0)], "ALARM"),
        ("late", [(NOW - 400, 1799.0), (NOW - 700, 1799.0)], "OK"),
        ("failing", [(NOW - 400, 0.0), (NOW - 700, 0.5)], "ALARM"),
        ("failing", [(NOW - 400, 1.0), (NOW - 700, 0.0)], "OK"),
        ("failing", [], "OK"),
    ],
)
def test_an_alarm_of_what_the_hub_delivers_rings_when_it_should(
    hub: Deployed, alarm: str, values: list[tuple[float, float]], expected: str
) -> None:
    inputs = hub.one("MetricAlarm", f"hub-{BANK}-us-east-1-{alarm}").inputs
    metric = inputs["metricQueries"][0]["metric"]
    data = MetricData()
    for time, value in values:
        data.put(series(metric["namespace"], metric["metricName"], metric["dimensions"]), time, value)
    assert state(described_alarm(inputs), data, NOW) == expected


def test_widgets_do_not_overlap(widgets: Widgets) -> None:
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) <= 23
