"""Stacks that earlier commits deployed, of which only the engine's state is left, go on as they are."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.stack.kubeconfig import cluster_identifier
from falco_firelens.contract import PRIORITIES
from falco_firelens.insight.queries import FOREIGN, QUERIES, UNCOUNTED
from localcloud.cloud import LocalCloud
from tests.local.conftest import with_state
from tests.local.stack import Stack, Step, named

pytestmark = pytest.mark.local

STATES = Path(__file__).parent / "states"

CREATED_EKS = STATES / "created_eks.json"
"""What commit 9930693 made of a created EKS cluster with IRSA, while pulumi-eks made its add-ons and its OIDC provider;
without what stands beside the cluster in such a stack."""

WHOLE = STATES / "whole.json.gz"
"""What commit 493b638, the last before the code moved under one import name, made of `WHOLE_STACK`. Names in @ stand
for what the kubeconfig of its local cloud said."""

DIMENSIONS = "metricTransformation.dimensions"

WHOLE_STACK: Mapping[str, Any] = {
    "clusters": [
        {"name": "pods", "platform": "eks", "create": {"endpointAccess": "private"}},
        {"name": "tasks", "platform": "ecs"},
    ],
    "notifications": [{"protocol": "email", "endpoint": "security@example.com"}],
    "events": {"destinations": {"s3": {}, "opensearch": {}}},
    "response": {
        "playbooks": [
            {
                "name": "contain",
                "match": {"minimumPriority": "Critical"},
                "actions": {"evidence": {}, "isolate": {}, "cordon": {}, "stopTask": {}, "finding": {}, "notify": {}},
            }
        ]
    },
}


WATCH = (
    *("SensorWatch", "LogGroup", "Role", "RolePolicy", "Function", "FunctionEventInvokeConfig"),
    *("EventRule", "EventTarget", "Permission"),
)
"""What the watch is made of."""


@pytest.fixture
def stack(local_env: dict[str, str], tmp_path: Path) -> Stack:
    """An empty stack that deploys nothing."""
    stack = Stack("test", with_state(local_env, tmp_path), tmp_path)
    stack.init()
    return stack


def test_a_created_eks_cluster_keeps_what_pulumi_eks_made(stack: Stack) -> None:
    create = {"endpointAccess": "private"}
    stack.configure({"clusters": [{"name": "pods", "platform": "eks", "permission": "irsa", "create": create}]})
    stack.bring(CREATED_EKS)
    kept = {named(urn) for urn in stack.ids()}

    steps = stack.preview()

    gone = [step for step in steps if step.op not in ("create", "update")]
    assert gone == [Step("delete", "VpcCniAddon pods-vpc-cni")], "a component, which nothing in AWS stands for"
    assert {step.resource for step in steps if step.op == "create"} & kept == set()
    changed = [step.changed for step in steps if step.op == "update" and step.resource.startswith("Addon ")]
    assert changed == [{"preserve"}], "of which EKS hears only when an add-on is deleted"


def test_a_whole_stack_with_a_response_gets_new_code_and_keeps_everything(
    stack: Stack, local_cloud: LocalCloud, tmp_path: Path
) -> None:
    stack.configure(WHOLE_STACK)
    exported = json.loads(_at_home(gzip.decompress(WHOLE.read_bytes()).decode(), local_cloud))
    in_cluster = _without_objects(exported)
    state = tmp_path / "whole.json"
    state.write_text(json.dumps(exported))
    stack.bring(state)

    steps = [step for step in stack.preview() if step.resource not in in_cluster]

    assert {step.resource for step in steps if step.op == "create"} == {
        "LogMetricFilter response-alarms-held-back",
        "MetricAlarm response-alarms-held-back",
        "ResourcePolicy response",
        "TopicPolicy response",
        "ValidatingAdmissionPolicy pods-response",
        "ValidatingAdmissionPolicyBinding pods-response",
        # A cluster is known by its log stream.
        "LogTransformer insights",
        *(f"LogMetricFilter insights-priority-{priority.lower()}" for priority in PRIORITIES),
        *(f"LogMetricFilter insights-foreign-{cluster}" for cluster in ("pods", "tasks")),
        *(f"MetricAlarm insights-{cluster}-foreign-events" for cluster in ("pods", "tasks")),
        "MetricAlarm insights-uncounted-events",
        *(f"QueryDefinition insights-{query}" for query in ("foreign-events", "uncounted-events")),
        # That Falco's pods reach nobody. The others of the cluster are left out above.
        "NetworkPolicy pods-sensor-falco",
        "MetricAlarm insights-ingested",
        "MetricAlarm insights-watch-failing",
        *(
            f"MetricAlarm insights-{cluster}-{kind}"
            for cluster in ("pods", "tasks")
            for kind in ("nodes-silent", "nodes-differing", "queue-drops")
        ),
        *(f"{kind} watch-key" for kind in ("EncryptionKey", "Key", "Alias")),
        *(f"{kind} watch" for kind in WATCH),
        *(f"MetricAlarm insights-{cluster}-sensor-changed" for cluster in ("pods", "tasks")),
        "MetricAlarm insights-response-missed",
        "LogMetricFilter pods-sensor-changes",
    }
    others = {step.resource for step in steps if step.op not in ("create", "update")}
    assert others == {"TaskDefinition tasks-sensor"}, "a new revision"
    assert {step.resource: step.changed for step in steps if step.op == "update"} == {
        "Function response": {"code", "handler"},
        **{
            f"LogMetricFilter insights-{name}": {"applyOnTransformedLogs", f"{DIMENSIONS}.cluster", "pattern"}
            for name in ("events-critical", "heartbeats", "drops", "not-whole")
        },
        "LogMetricFilter insights-events": {
            *("applyOnTransformedLogs", f"{DIMENSIONS}.cluster", f"{DIMENSIONS}.priority", "pattern"),
        },
        **{
            f"CompositeAlarm insights-{name}": {"alarmRule"}
            for name in ("attention", "pods-attention", "tasks-attention")
        },
        **{
            f"QueryDefinition insights-{query.name.replace(' ', '-')}": {"queryString"}
            for query in QUERIES
            if query not in (FOREIGN, UNCOUNTED)
        },
        "Dashboard insights": {"dashboardBody"},
        "Queue response-dead-letters": {"policy"},
        "Queue response-retries": {"policy"},
        "Table response": {"pointInTimeRecovery"},
        # The text names the command that shows dead letters.
        "MetricAlarm response-alarms-dead-letters": {"alarmDescription"},
        # The sensor's script, rules, images and privileges have changed.
        "Service tasks-sensor": {"taskDefinition"},
    }


def _without_objects(exported: dict[str, Any]) -> set[str]:
    """Take out what is in the cluster, which is not in the cluster of this local cloud; returns the names."""
    resources = exported["deployment"]["resources"]
    gone = {one["urn"] for one in resources if one["type"].startswith("kubernetes:")}
    kept = [one for one in resources if one["urn"] not in gone]
    for one in kept:
        one["dependencies"] = [urn for urn in one.get("dependencies", ()) if urn not in gone]
    exported["deployment"]["resources"] = kept
    return {named(urn) for urn in gone}


def _at_home(state: str, cloud: LocalCloud) -> str:
    """The state as if its cluster were the control plane of this local cloud."""
    kubeconfig = cloud.layout.kubeconfig("eks").read_text()
    document = yaml.safe_load(kubeconfig)
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    known = {
        "authority": cluster["certificate-authority-data"],
        "server": cluster["server"],
        "token": user["token"],
        "identifier": cluster_identifier(kubeconfig),
    }
    for name, value in known.items():
        state = state.replace(f"@{name}@", value)
    return state
