"""The dashboard names only what is there."""

import json
import re
from typing import Any

import pytest

from falco_firelens.settings.stack import MOST_CLUSTERS
from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import CREATED, ECS

STACK = {**CREATED, "events": {"destinations": {"s3": {}}, "logGroup": "/security/falco"}}


@pytest.fixture(scope="module")
def stack() -> Deployed:
    return deploy(STACK)


@pytest.fixture(scope="module")
def widgets(stack: Deployed) -> list[dict[str, Any]]:
    return json.loads(stack.one("Dashboard", "insights").inputs["dashboardBody"])["widgets"]


def metrics_of(widgets: list[dict[str, Any]]) -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of each metric, those that an expression searches for included."""
    found: list[tuple[str, str, dict[str, str]]] = []
    for line in (line for widget in widgets for line in widget["properties"].get("metrics", ())):
        if isinstance(line[0], dict):
            search = re.fullmatch(
                r"SUM\(SEARCH\('\{(\w+),([\w,]+)\} MetricName=\"(\w+)\"', 'Sum', 300\)\)",
                line[0]["expression"],
            )
            assert search, line[0]["expression"]
            namespace, dimensions, name = search.groups()
            found.append((namespace, name, dict.fromkeys(dimensions.split(","), "")))
        else:
            namespace, name, *pairs = [part for part in line if isinstance(part, str)]
            found.append((namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found


def test_every_metric_is_one_that_the_stack_makes(stack: Deployed, widgets: list[dict[str, Any]]) -> None:
    made = {
        (item.inputs["metricTransformation"]["namespace"], item.inputs["metricTransformation"]["name"]): set(
            item.inputs["metricTransformation"].get("dimensions", ())
        )
        for item in stack.of("LogMetricFilter")
    }
    own = [metric for metric in metrics_of(widgets) if not metric[0].startswith("AWS/")]
    assert len(own) > 10
    for namespace, name, dimensions in own:
        assert made[namespace, name] == set(dimensions)
        assert dimensions["cluster"] in ("web", "jobs", "own", "")


def test_metrics_of_aws_are_those_of_the_stacks_log_group_and_streams(widgets: list[dict[str, Any]]) -> None:
    others = [metric for metric in metrics_of(widgets) if metric[0].startswith("AWS/")]
    assert {tuple(dimensions.items()) for _, _, dimensions in others} == {
        (("LogGroupName", "/security/falco"),),
        (("DeliveryStreamName", "security-falco-s3"),),
    }
    assert {name for _, name, _ in others} == {"IncomingLogEvents", "DeliveryToS3.DataFreshness"}


def test_queries_read_the_stacks_log_group(widgets: list[dict[str, Any]]) -> None:
    queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert len(queries) == 2
    assert all(query.startswith("SOURCE '/security/falco' | filter ") for query in queries)


def test_the_alarms_shown_are_all_that_the_stack_has(stack: Deployed, widgets: list[dict[str, Any]]) -> None:
    (shown,) = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")
    names = [item.inputs["name"] for item in stack.of("MetricAlarm")]
    names += [item.inputs["alarmName"] for item in stack.of("CompositeAlarm")]
    assert sorted(shown) == sorted(f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{name}" for name in names)


@pytest.mark.extreme
def test_a_widget_shows_a_hundred_alarms_at_most() -> None:
    """The longest and the most: 30 clusters with three alarms and the one above them."""
    clusters = [{**ECS, "name": f"{number:a>40}"} for number in range(MOST_CLUSTERS)]
    stack = deploy({"clusters": clusters, "events": {"destinations": {"s3": {}, "opensearch": {}}}})
    body = json.loads(stack.one("Dashboard", "insights").inputs["dashboardBody"])
    shown = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert all(1 <= len(arns) <= 100 for arns in shown)
    made = [*stack.of("MetricAlarm"), *stack.of("CompositeAlarm")]
    assert len({arn for arns in shown for arn in arns}) == sum(map(len, shown)) == len(made) > 100
    assert shown[0][0].endswith("-attention")


def test_widgets_fill_the_page_without_overlapping(widgets: list[dict[str, Any]]) -> None:
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23
    assert len(cells) == 24 * (max(y for _, y in cells) + 1)


def test_a_stack_without_a_log_group_has_nothing_to_look_at() -> None:
    stack = deploy({**CREATED, "events": {"cloudwatch": False, "destinations": {"s3": {}}}})
    assert stack.of("Dashboard") == stack.of("MetricAlarm") == stack.of("QueryDefinition") == []
    assert stack.outputs["insights"] == {}
