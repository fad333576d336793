"""The watch on the local cloud: deployed by the real engine, called by its schedule, in a process of its own."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from falco_firelens.insight.metrics import HEARTBEAT_RULE
from falco_firelens.sensor import falco
from falco_firelens.watch import metrics
from localcloud.accounts import client, container_instance
from localcloud.aws.clock import PATH
from tests.local.conftest import post
from tests.local.stack import Stack
from tests.unit.insight.watched import SAMPLES
from tests.waiting import wait_for

pytestmark = pytest.mark.local

SHOP = {"account": "123456789012", "clusters": [{"name": "shop", "platform": "ecs"}]}
QUARTER = 16 * 60
HOUR = 60 * 60


def heartbeat(env: dict[str, str], stream: str, sums: dict[str, str]) -> None:
    """As Fluent Bit ships it."""
    sample: dict[str, Any] = SAMPLES[HEARTBEAT_RULE]
    event = {**sample, "output_fields": {**sample["output_fields"], **sums}}
    logs = client("logs", env)
    logs.create_log_stream(logGroupName="/falco/events", logStreamName=stream)
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="/falco/events",
        logStreamName=stream,
        logEvents=[{"timestamp": now, "message": json.dumps(event)}],
    )


def lines(env: dict[str, str]) -> list[dict[str, Any]]:
    """What the function has said, one line for each cluster and run."""
    pages = client("logs", env).get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/falco-test-watch")
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


def deployed_sums(env: dict[str, str]) -> dict[str, str]:
    """Of the files that the task definition writes."""
    ecs = client("ecs", env)
    (arn,) = ecs.list_task_definitions(familyPrefix="shop-falco")["taskDefinitionArns"]
    containers = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]
    (writer,) = [one for one in containers if one["name"] == "config"]
    texts = {one["name"]: one["value"] for one in writer["environment"]}
    names = [line.split(" > /sensor/")[1] for line in writer["command"][0].splitlines() if " > " in line]
    return falco.sums({name: texts[f"FILE_{index}"] for index, name in enumerate(names) if name.endswith(".yaml")})


def leave(env: dict[str, str]) -> None:
    """Take the instances out of the cluster, which ECS else does not delete."""
    ecs = client("ecs", env)
    for arn in ecs.list_container_instances(cluster="shop")["containerInstanceArns"]:
        ecs.deregister_container_instance(cluster="shop", containerInstance=arn, force=True)


def test_the_schedule_calls_it_and_it_names_the_node_that_is_silent(stack: Stack, local_env: dict[str, str]) -> None:
    stack.configure(SHOP)
    stack.up()
    assert stack.preview() == []
    heard, silent = (
        container_instance(client("ec2", local_env), client("ecs", local_env), "shop")[0] for _ in range(2)
    )
    heartbeat(local_env, f"shop/{heard}", deployed_sums(local_env))
    heartbeat(local_env, "other/x", {"cluster": "shop"})
    try:
        post(local_env, PATH, str(QUARTER))
        wait_for(lambda: lines(local_env), "a run of the watch")
        assert lines(local_env)[-1] == {"cluster": "shop", "silent": [], "differing": {}, "dropped": {}}, "they are new"

        heartbeat(local_env, "shop/another", {**deployed_sums(local_env), "falco.sha256_config_file.falco_yaml": "0"})
        post(local_env, PATH, str(QUARTER + HOUR))
        wait_for(lambda: len(lines(local_env)) > 1, "the next run of the watch")
        assert set(lines(local_env)[-1]["silent"]) == {heard, silent}, "an hour without any heartbeat"
    finally:
        post(local_env, PATH, "0")
        leave(local_env)
    now = json.dumps({"time": datetime.now(UTC).isoformat()})
    found = client("lambda", local_env).invoke(FunctionName="falco-test-watch", Payload=now)
    values = json.loads(found["Payload"].read())["shop"]
    assert values == {metrics.SILENT: 0, metrics.DIFFERING: 1, metrics.DROPPED: 0, metrics.CHANGED: 1}
    listed = client("cloudwatch", local_env).list_metrics(Namespace="FalcoFirelens")["Metrics"]
    assert {metrics.SILENT, metrics.DIFFERING, metrics.DROPPED, metrics.WATCHED} <= {
        one["MetricName"] for one in listed
    }
    stack.destroy()
    assert client("events", local_env).list_rules()["Rules"] == []
