"""The watch: what is registered for it, what its function may do, and which sums of files it is told."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from components.aws.wheels import PackageError
from components.watch.package import build
from falco_firelens.insight.metrics import HEARTBEAT_RULE
from falco_firelens.settings.stack import MOST_CLUSTERS
from falco_firelens.watch.configuration import Cluster, Configuration, from_document
from tests.unit.components.cloud import ACCOUNT, Account, Deployed, deploy
from tests.unit.components.stacks import ADOPTED, CREATED, ECS, HUB, account

CONFIGURATION = Configuration("/falco/events", HEARTBEAT_RULE, {"own": Cluster("kubernetes", "own")})


def package(stack: Deployed) -> Path:
    return Path(stack.one("lambda/function:Function", "watch").inputs["code"].path)


def configuration(stack: Deployed) -> Configuration:
    with zipfile.ZipFile(package(stack)) as archive:
        return from_document(json.loads(archive.read("falco_firelens/watch/watch.json")))


def allowed(stack: Deployed) -> dict[str, set[str]]:
    """Resources by action."""
    found: dict[str, set[str]] = {}
    policies = [item for item in stack.of("iam/policy:Policy") if item.name.startswith("watch-")]
    for item in (stack.one("RolePolicy", "watch"), *policies):
        for statement in json.loads(item.inputs["policy"])["Statement"]:
            for action in statement["Action"]:
                resources = statement["Resource"]
                found.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return found


def test_it_is_there_wherever_a_log_group_is_and_goes_when_it_is_not_wanted(created: Deployed) -> None:
    assert created.of("SensorWatch")
    for off in (
        {**CREATED, "alarms": {"watch": False}},
        {**CREATED, "events": {"cloudwatch": False, "destinations": {"s3": {}}}},
        HUB,
    ):
        stack = deploy(off)
        assert not stack.of("SensorWatch") and not stack.of("EventRule")


def test_it_reads_the_events_and_writes_metrics_of_one_namespace(created: Deployed) -> None:
    may = allowed(created)
    events = {f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/falco/events:*"}
    own = {f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/falco-unit-watch:*"}
    assert may == {
        "logs:CreateLogStream": own,
        "logs:PutLogEvents": own,
        "logs:FilterLogEvents": events,
        "logs:DescribeLogStreams": events,
        "cloudwatch:PutMetricData": {"*"},
        "ec2:DescribeInstances": {"*"},
        "ecs:DescribeServices": {f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/jobs/falco"},
        "ecs:ListContainerInstances": {f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/jobs"},
        "ecs:DescribeContainerInstances": {f"arn:aws:ecs:eu-west-1:{ACCOUNT}:container-instance/jobs/*"},
    }
    (metrics,) = [
        statement
        for statement in json.loads(created.one("RolePolicy", "watch").inputs["policy"])["Statement"]
        if statement["Action"] == ["cloudwatch:PutMetricData"]
    ]
    assert metrics["Condition"] == {"StringEquals": {"cloudwatch:namespace": "FalcoFirelens"}}


def test_with_a_response_it_looks_at_that_too() -> None:
    playbook = {"name": "tell", "match": {"minimumPriority": "Error"}, "actions": {"notify": {}}}
    stack = deploy({**CREATED, "response": {"playbooks": [playbook]}})
    assert {"logs:DescribeSubscriptionFilters", "cloudwatch:GetMetricData"} <= allowed(stack).keys()
    response = configuration(stack).response
    made = stack.one("LogSubscriptionFilter", "response").inputs
    assert response and (response.function, response.pattern) == (made["name"], made["filterPattern"])
    assert response.function == stack.one("lambda/function:Function", "response").inputs["name"]


def test_a_stack_of_ecs_alone_does_not_look_at_instances() -> None:
    assert "ec2:DescribeInstances" not in allowed(deploy({"clusters": [ECS]}))


@pytest.mark.extreme
def test_policies_fit_for_the_most_clusters_with_the_longest_names() -> None:
    there = Account("aws-us-gov", "us-gov-west-1")
    clusters: list[dict[str, Any]] = []
    for number in range(MOST_CLUSTERS):
        there.with_ecs(f"{number:c>255}", 1)
        clusters.append({"name": f"{number:c>40}", "platform": "ecs", "existing": {"cluster": f"{number:c>255}"}})
    stack = deploy({"clusters": clusters}, there)
    assert len(allowed(stack)["ecs:ListContainerInstances"]) == MOST_CLUSTERS
    managed = [item.inputs["policy"] for item in stack.of("iam/policy:Policy")]
    assert managed and max(map(len, managed)) <= 6144 + 500, "with white space"


def test_only_its_rule_may_call_it(created: Deployed) -> None:
    permission = created.one("lambda/permission:Permission", "watch").inputs
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["sourceArn"] == f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/falco-unit-watch"
    assert created.one("EventRule", "watch").inputs["scheduleExpression"] == "rate(15 minutes)"


def test_it_is_told_the_sums_of_the_files_that_are_deployed(created: Deployed) -> None:
    clusters = configuration(created).clusters
    deployed = created.one("ConfigMap", "web-sensor-falco").inputs["data"]
    sums = {hashlib.sha256(text.encode()).hexdigest() for text in deployed.values()}
    assert set(clusters["web"].files.values()) == sums and len(sums) >= 2
    task = json.loads(created.one("TaskDefinition", "jobs-sensor").inputs["containerDefinitions"])
    written = {one["value"] for container in task if container["name"] == "config" for one in container["environment"]}
    assert set(clusters["jobs"].files.values()) <= {hashlib.sha256(text.encode()).hexdigest() for text in written}


def test_clusters_go_by_the_names_that_aws_knows() -> None:
    clusters = configuration(deploy(ADOPTED, account())).clusters
    given = {one["name"]: one for one in ADOPTED["clusters"]}
    for name, cluster in clusters.items():
        existing = given[name]["existing"]
        assert cluster.name == existing.get("name", existing.get("cluster", name)).rpartition("/")[2]


def test_what_the_chart_makes_nobody_knows() -> None:
    clusters = configuration(deploy({**CREATED, "falco": {"install": "helm"}})).clusters
    assert not clusters["web"].files and clusters["jobs"].files


def test_the_package_has_no_library_and_the_same_bytes_everywhere(tmp_path: Path) -> None:
    one, other = build(CONFIGURATION, tmp_path / "a"), build(CONFIGURATION, tmp_path / "b")
    assert one.name == other.name and one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        assert tops == {"falco_firelens"}
        assert not [name for name in archive.namelist() if "responder" in name]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PackageError, match=r"could not be written: .*\nIt is kept in .*/file/watch: make"):
        build(CONFIGURATION, tmp_path / "file" / "watch")
