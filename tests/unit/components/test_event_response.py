"""The response: what is registered for it, and that its permissions are those of the playbooks and no more."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from localcloud.cloudwatch.filter_pattern import matcher, value_at
from responder.event import PRIORITIES
from responder.places import Places
from responder.respond import Responder
from tests.unit.components.cloud import ACCOUNT, KUBECONFIG, Deployed, deploy
from tests.unit.components.stacks import CREATED, EKS, OWN, account
from tests.unit.responder.events import MemoryLedger, configuration, event


def playbook(*actions: str, **keys: object) -> dict[str, Any]:
    named = {action: {"securityGroupId": "sg-01234567"} if action == "quarantine" else {} for action in actions}
    return {"name": "contain", "dryRun": False, "actions": named, **keys}


def answering(*playbooks: dict[str, Any], **response: object) -> Deployed:
    return deploy({**CREATED, "response": {"playbooks": list(playbooks), **response}}, account())


def allowed(stack: Deployed) -> dict[str, list[str]]:
    policy = json.loads(stack.one("RolePolicy", "response").inputs["policy"])
    return {statement["Sid"]: statement["Action"] for statement in policy["Statement"]}


def cluster_role(stack: Deployed, name: str) -> set[tuple[str, str]]:
    rules = stack.one("ClusterRole", f"{name}-response").inputs["rules"]
    return {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}


def test_a_stack_without_playbooks_has_nothing_of_it() -> None:
    stack = deploy(CREATED, account())
    assert not stack.of("EventResponse") and not stack.of("Function") and not stack.of("ClusterAccess")


def test_permissions_are_those_of_the_playbooks_actions() -> None:
    told = answering(playbook("notify"))
    assert not {"FindClusters", "StopTasks0", "Drain0", "Move", "Findings"} & allowed(told).keys()
    assert not told.of("ClusterRole") and not told.of("AccessEntry")
    assert allowed(told)["Notify"] == ["sns:Publish"]
    acting = answering(playbook("isolate", "stopTask", "quarantine", "finding"))
    assert {"FindClusters", "FindTasks0", "StopTasks0", "Move", "Findings"} <= allowed(acting).keys()
    assert not {"Drain0", "Notify"} & allowed(acting).keys()
    assert cluster_role(acting, "web") == {
        ("pods", "get"),
        ("pods", "patch"),
        ("networkpolicies", "create"),
        ("networkpolicies", "list"),
        ("nodes", "get"),
    }


def test_permissions_are_given_in_the_clusters_of_a_playbook_alone() -> None:
    stack = answering(playbook("delete", match={"clusters": ["own"]}))
    assert [item.name for item in stack.of("ClusterRole")] == ["own-response"]
    assert "FindClusters" not in allowed(stack)


def test_on_eks_the_functions_role_is_let_in_and_elsewhere_a_service_account() -> None:
    stack = answering(playbook("isolate"))
    entry = stack.one("AccessEntry", "web-response")
    assert entry.inputs["kubernetesGroups"] == ["falco-firelens:responder"]
    (subject,) = stack.one("ClusterRoleBinding", "web-response").inputs["subjects"]
    assert (subject["kind"], subject["name"]) == ("Group", "falco-firelens:responder")
    (subject,) = stack.one("ClusterRoleBinding", "own-response").inputs["subjects"]
    assert (subject["kind"], subject["namespace"]) == ("ServiceAccount", "falco")
    assert "secretString" in stack.one("SecretVersion", "own-response").secrets


def test_the_function_runs_where_it_reaches_a_private_endpoint() -> None:
    stack = answering(playbook("isolate"))
    assert stack.one("lambda/function:Function", "response").inputs["vpcConfig"]["subnetIds"]
    rule = stack.one("SecurityGroupIngressRule", "response-web")
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (443, 443)
    assert "vpcConfig" not in answering(playbook("notify")).one("lambda/function:Function", "response").inputs


def test_nothing_is_lost_on_the_way() -> None:
    stack = answering(playbook("isolate"))
    config = stack.one("FunctionEventInvokeConfig", "response").inputs
    dead = stack.one("Queue", "response-dead-letters")
    retries = stack.one("Queue", "response-retries").inputs
    assert config["destinationConfig"]["onFailure"]["destination"].endswith(dead.inputs["name"])
    assert json.loads(retries["redrivePolicy"])["deadLetterTargetArn"].endswith(dead.inputs["name"])
    function = stack.one("lambda/function:Function", "response").inputs
    assert retries["visibilityTimeoutSeconds"] > function["timeout"]
    mapping = stack.one("EventSourceMapping", "response").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    names = {item.inputs["metricName"] for item in stack.of("MetricAlarm") if item.name.startswith("response")}
    assert names == {
        "Errors",
        "Throttles",
        "AsyncEventAge",
        "DestinationDeliveryFailures",
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
        "ResponseTooLate",
    }


def test_events_that_come_too_late_are_counted_as_the_function_says_it(caplog: pytest.LogCaptureFixture) -> None:
    counter = answering(playbook("notify")).one("LogMetricFilter", "response-alarms-unanswered").inputs
    assert counter["logGroupName"] == "/aws/lambda/falco-unit-response"
    one = Responder(configuration(), None, MemoryLedger(), Places())  # pyright: ignore[reportArgumentType]
    assert list(one.answer([event(age=4000), event(age=5000)])) == []
    (said,) = [json.loads(LambdaPowertoolsFormatter().format(record)) for record in caplog.records]
    assert matcher(counter["pattern"])(said)
    assert value_at(said, counter["metricTransformation"]["value"]) == 2


def test_everything_is_encrypted_with_the_responses_own_key() -> None:
    stack = answering(playbook("isolate"), webhooks=[{"url": "https://hooks.example/secret"}])
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/response-key"
    component = stack.one("EventResponse", "response")
    for item in stack.under(component):
        if item.type.endswith((":Queue", ":Topic")):
            assert item.inputs["kmsMasterKeyId"] == key
        if item.type.endswith((":LogGroup", ":Secret")):
            assert item.inputs["kmsKeyId"] == key
    assert stack.one("dynamodb/table:Table", "response").inputs["serverSideEncryption"]["kmsKeyArn"] == key
    version = stack.one("SecretVersion", "response-webhooks")
    assert "secretString" in version.secrets and "hooks.example" in version.inputs["secretString"]


def test_logs_may_call_the_function_for_this_log_group_alone() -> None:
    stack = answering(playbook("notify"))
    permission = stack.one("lambda/permission:Permission", "response").inputs
    assert permission["principal"] == "logs.amazonaws.com" and permission["sourceAccount"] == ACCOUNT
    assert permission["sourceArn"].endswith("log-group:/falco/events:*")


def test_the_function_may_call_an_api_server_on_whatever_port_it_is() -> None:
    def ports(*servers: str) -> list[int]:
        existing = [{"kubeconfig": KUBECONFIG.replace("https://k.example", server)} for server in servers]
        own = [{**OWN, "name": f"own-{number}", "existing": one} for number, one in enumerate(existing)]
        stack = deploy({"clusters": [EKS, *own], "response": {"playbooks": [playbook("isolate")]}}, account())
        rules = [item.inputs for item in stack.of("SecurityGroupEgressRule") if item.name.startswith("response-")]
        assert all(rule["fromPort"] == rule["toPort"] for rule in rules)
        return sorted(rule["fromPort"] for rule in rules)

    assert ports() == ports("https://k.example") == ports("https://k.example:443") == [443]
    assert ports("https://10.0.0.5:6443", "https://10.0.0.6:6443", "https://k.example:8443") == [443, 6443, 8443]


@pytest.mark.parametrize("least", PRIORITIES)
def test_the_function_is_called_with_what_a_playbook_can_be_for_and_nothing_else(least: str) -> None:
    graver = {**playbook("notify", match={"minimumPriority": "Alert"}), "name": "graver"}
    stack = answering(graver, playbook("notify", match={"minimumPriority": least}))
    pattern = stack.one("LogSubscriptionFilter", "response").inputs["filterPattern"]
    assert len(pattern) <= 1024, (
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html"
    )
    called = [one for one in PRIORITIES if matcher(pattern)({"source": "syscall", "priority": one})]
    assert called == list(PRIORITIES[: max(PRIORITIES.index(one) for one in (least, "Alert")) + 1])
    assert not matcher(pattern)({"source": "internal", "priority": "Emergency"}), "a heartbeat"
