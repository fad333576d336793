"""The response: what is registered for it, and that its permissions are those of the playbooks and no more."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from components.response.event_response import LEDGER_WRITES
from falco_firelens.contract import PRIORITIES
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.responder import Responder
from falco_firelens.settings import SettingsError
from falco_firelens.settings.stack import MOST_CLUSTERS
from localcloud.aws.resource_policy import Request, grants
from localcloud.cloudwatch.filter_pattern import matcher, value_at
from tests.unit.components.cloud import ACCOUNT, KUBECONFIG, VPC, Account, Deployed, deploy
from tests.unit.components.stacks import CREATED, EKS, OWN, account
from tests.unit.responder.account import TRIES
from tests.unit.responder.events import MemoryLedger, configuration, event


def playbook(*actions: str, **keys: object) -> dict[str, Any]:
    named = {action: {"securityGroupId": "sg-01234567"} if action == "quarantine" else {} for action in actions}
    return {"name": "contain", "dryRun": False, "actions": named, **keys}


def answering(*playbooks: dict[str, Any], **response: object) -> Deployed:
    return deploy({**CREATED, "response": {"playbooks": list(playbooks), **response}}, account())


def documents(stack: Deployed) -> list[dict[str, Any]]:
    """The function's policies: the inline one, and those that are attached."""
    attached = [item for item in stack.of("iam/policy:Policy") if item.name.startswith("response-")]
    named = {item.name for item in stack.of("RolePolicyAttachment") if item.name.startswith("response-")}
    assert named == {item.name for item in attached}
    return [json.loads(item.inputs["policy"]) for item in (stack.one("RolePolicy", "response"), *attached)]


def allowed(stack: Deployed) -> dict[str, set[str]]:
    """Resources by action."""
    found: dict[str, set[str]] = {}
    for statement in (statement for document in documents(stack) for statement in document["Statement"]):
        resources = statement["Resource"]
        for action in statement["Action"]:
            found.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return found


def cluster_role(stack: Deployed, name: str) -> set[tuple[str, str]]:
    rules = stack.one("ClusterRole", f"{name}-response").inputs["rules"]
    return {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}


def test_a_stack_without_playbooks_has_nothing_of_it() -> None:
    stack = deploy(CREATED, account())
    assert not stack.of("EventResponse") and not stack.of("ClusterAccess")
    assert [item.name for item in stack.of("lambda/function:Function")] == ["watch"]


def test_permissions_are_those_of_the_playbooks_actions() -> None:
    told = answering(playbook("notify"))
    assert not [action for action in allowed(told) if action.startswith(("ec2:", "ecs:", "eks:", "securityhub:"))]
    assert not told.of("ClusterRole") and not told.of("AccessEntry")
    assert allowed(told)["sns:Publish"] == {f"arn:aws:sns:eu-west-1:{ACCOUNT}:falco-unit-response"}
    acting = answering(playbook("isolate", "stopTask", "quarantine", "finding"))
    assert allowed(acting)["eks:DescribeCluster"] == {f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/web"}
    assert {name for name in allowed(acting) if name.startswith("ecs:")} == {
        "ecs:DescribeContainerInstances",
        "ecs:DescribeTasks",
        "ecs:ListContainerInstances",
        "ecs:ListTasks",
        "ecs:StopTask",
    }
    assert {"ec2:ModifyNetworkInterfaceAttribute", "securityhub:BatchImportFindings"} <= allowed(acting).keys()
    assert "sns:Publish" not in allowed(acting)
    assert cluster_role(acting, "web") == {
        ("pods", "get"),
        ("pods", "patch"),
        ("networkpolicies", "create"),
        ("networkpolicies", "list"),
        ("nodes", "get"),
    }


def test_what_protects_something_lets_the_function_look_at_the_pods_of_nodes() -> None:
    for action, more in {"cordon": {("pods", "list"), ("pods", "get")}, "isolate": set[tuple[str, str]]()}.items():
        without = cluster_role(answering(playbook(action)), "web")
        assert cluster_role(answering(playbook(action), protect={"namespaces": ["payments"]}), "web") == without | more


def test_permissions_are_given_in_the_clusters_of_a_playbook_alone() -> None:
    stack = answering(playbook("delete", match={"clusters": ["own"]}))
    assert [item.name for item in stack.of("ClusterRole")] == ["own-response"]
    assert "eks:DescribeCluster" not in allowed(stack)


def test_on_eks_the_functions_role_is_let_in_and_elsewhere_a_service_account() -> None:
    stack = answering(playbook("isolate"))
    entry = stack.one("AccessEntry", "web-response")
    assert entry.inputs["kubernetesGroups"] == ["falco-firelens:responder"]
    (subject,) = stack.one("ClusterRoleBinding", "web-response").inputs["subjects"]
    assert (subject["kind"], subject["name"]) == ("Group", "falco-firelens:responder")
    (subject,) = stack.one("ClusterRoleBinding", "own-response").inputs["subjects"]
    assert (subject["kind"], subject["namespace"]) == ("ServiceAccount", "falco")
    assert "secretString" in stack.one("SecretVersion", "own-response").secrets


def test_evidence_is_locked_only_where_that_is_asked_for() -> None:
    plain, locked = answering(playbook("evidence")), answering(playbook("evidence"), evidenceLockDays=90)
    assert not plain.one("s3/bucket:Bucket", "response-evidence").inputs["objectLockEnabled"]
    assert not [one for one in plain.of("BucketObjectLockConfiguration") if one.name == "response-evidence"]
    assert locked.one("s3/bucket:Bucket", "response-evidence").inputs["objectLockEnabled"]
    kept = locked.one("BucketObjectLockConfiguration", "response-evidence").inputs["rule"]["defaultRetention"]
    assert kept == {"mode": "COMPLIANCE", "days": 90}


TASKS = ("evidence", "stopTask", "drainInstance", "quarantine")


@pytest.mark.extreme
@pytest.mark.parametrize(
    ("platform", "longest"),
    [("ecs", "created"), ("eks", "created"), ("ecs", "adopted"), ("eks", "adopted"), ("kubernetes", "adopted")],
)
def test_policies_fit_for_the_most_clusters_with_the_longest_names(platform: str, longest: str) -> None:
    """In the partition that has the longest ARNs.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    there = Account("aws-us-gov", "us-gov-west-1", groups={f"sg-{number:017x}": VPC for number in range(50)})
    clusters: list[dict[str, Any]] = []
    for number in range(MOST_CLUSTERS):
        name = f"{number:c>40}"
        one: dict[str, Any] = {"name": name, "platform": platform}
        if longest == "adopted" and platform == "ecs":
            there.with_ecs(f"{number:c>255}", 1)
            one["existing"] = {"cluster": f"{number:c>255}"}
        elif longest == "adopted" and platform == "eks":
            there.with_eks(f"{number:c>100}")
            one["existing"] = {"name": f"{number:c>100}"}
        elif platform == "eks":
            one["create"] = {"endpointAccess": "private"}
        elif platform == "kubernetes":
            one |= {"nodeRole": f"{number:r>64}", "existing": {"kubeconfig": KUBECONFIG.replace("k.", f"k{number}.")}}
        clusters.append(one)
    playbooks = [
        {
            # A playbook for each cluster, each with other actions, and one for all with its own group.
            **playbook(*TASKS[: 1 + number % 4], "isolate", "finding", "notify"),
            "name": f"{number:p>40}",
            "match": {"clusters": [f"{number:c>40}" if number < MOST_CLUSTERS else "*"]},
        }
        for number in range(50)
    ]
    for number, one in enumerate(playbooks):
        if "quarantine" in one["actions"]:
            one["actions"]["quarantine"] = {"securityGroupId": f"sg-{number:017x}"}
    stack = deploy({"clusters": clusters, "response": {"playbooks": playbooks, "webhooks": HOOKS}}, there)
    inline, *attached = documents(stack)
    assert size(inline) <= 10_240 and len(attached) <= 10
    assert all(size(document) <= 6_144 for document in attached)
    for document in (inline, *attached):
        assert len({statement["Sid"] for statement in document["Statement"]}) == len(document["Statement"])
    own = allowed(deploy({"clusters": clusters[:1], "response": {"playbooks": [playbook("notify")]}}, there))
    assert allowed(stack).keys() >= own.keys()


HOOKS = [{"url": f"https://hooks.example/{number}"} for number in range(10)]


def size(document: dict[str, Any]) -> int:
    """Characters without white space, as IAM counts them, of a stack whose function has the longest name."""
    return len("".join(json.dumps(document).replace("falco-unit-response", "f" * 57).split()))


@pytest.mark.parametrize("count", [1, 5, 12, 13, pytest.param(30, marks=pytest.mark.extreme)])
def test_each_cluster_has_the_permissions_of_its_playbooks_however_many_there_are(count: int) -> None:
    clusters = [{"name": f"jobs-{number}", "platform": "ecs"} for number in range(count)]
    playbooks = [
        {
            **playbook(*TASKS[: 1 + number % 4], match={"clusters": [f"jobs-{number}"]}),
            "name": f"contain-{number}",
        }
        for number in range(count)
    ]
    found = allowed(deploy({"clusters": clusters, "response": {"playbooks": playbooks}}, account()))
    for action, kind, least in (
        ("ecs:DescribeTasks", "task/{}/*", 0),
        ("ecs:StopTask", "task/{}/*", 1),
        ("ecs:DescribeContainerInstances", "container-instance/{}/*", 2),
        ("ecs:PutAttributes", "container-instance/{}/*", 2),
        ("ecs:UpdateContainerInstancesState", "container-instance/{}/*", 2),
        ("ecs:ListContainerInstances", "cluster/{}", 3),
    ):
        names = [kind.format(f"jobs-{number}") for number in range(count) if number % 4 >= least]
        assert found.get(action, set()) == {f"arn:aws:ecs:eu-west-1:{ACCOUNT}:{name}" for name in names}, action


def test_the_function_is_made_after_everything_that_it_is_allowed() -> None:
    clusters = [{"name": f"{number:a>40}", "platform": "ecs"} for number in range(MOST_CLUSTERS)]
    stack = deploy({"clusters": clusters, "response": {"playbooks": [playbook(*TASKS)]}}, account())
    policy = stack.one("RolePolicy", "response")
    attached = {item.urn for item in stack.of("RolePolicyAttachment") if item.name.startswith("response-")}
    assert attached and attached <= policy.dependencies
    assert policy.urn in stack.one("lambda/function:Function", "response").dependencies


def test_lambda_takes_the_role_without_a_condition() -> None:
    """https://github.com/aws/aws-parallelcluster/pull/6926: with one, no function can be made in a VPC."""
    for stack in (answering(playbook("isolate")), answering(playbook("notify"))):
        document = json.loads(stack.one("iam/role:Role", "response").inputs["assumeRolePolicy"])
        (statement,) = document["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"} and "Condition" not in statement


def test_the_retry_queue_has_room_in_what_is_reserved() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
    stack = answering(playbook("notify"), reservedConcurrency=2)
    mapping = stack.one("EventSourceMapping", "response").inputs["scalingConfig"]["maximumConcurrency"]
    assert 2 <= mapping <= stack.one("lambda/function:Function", "response").inputs["reservedConcurrentExecutions"]
    redrive = json.loads(stack.one("Queue", "response-retries").inputs["redrivePolicy"])
    assert redrive["maxReceiveCount"] == TRIES >= 5
    with pytest.raises(SettingsError, match=r"response\.reservedConcurrency: found the number 1, expected at least 2"):
        answering(playbook("notify"), reservedConcurrency=1)


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
        "ResponseHeldBack",
    }


def test_events_that_come_too_late_are_counted_as_the_function_says_it(caplog: pytest.LogCaptureFixture) -> None:
    counter = answering(playbook("notify")).one("LogMetricFilter", "response-alarms-unanswered").inputs
    assert counter["logGroupName"] == "/aws/lambda/falco-unit-response"
    one = Responder(configuration(), None, MemoryLedger(), Environment())  # pyright: ignore[reportArgumentType]
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


ANYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


@pytest.mark.parametrize(
    ("kind", "name", "action"),
    [
        ("Queue", "response-retries", "sqs:SendMessage"),
        ("Queue", "response-dead-letters", "sqs:SendMessage"),
        ("TopicPolicy", "response", "sns:Publish"),
        *(("ResourcePolicy", "response", action) for action in LEDGER_WRITES),
    ],
)
def test_an_application_of_the_account_forges_a_message_or_what_was_done(kind: str, name: str, action: str) -> None:
    """The attacker may do anything in the account but change policies.

    A message says what is to be done to whom, and an item of the ledger that it was done.
    """
    stack = answering(playbook("isolate"))
    item = stack.one(kind, name)
    ends = {"ResourcePolicy": "table/falco-unit-response", "TopicPolicy": "falco-unit-response"}
    end = ends.get(kind) or item.inputs["name"]
    resource = f"arn:aws:{action.partition(':')[0]}:eu-west-1:{ACCOUNT}:{end}"

    def may(principal: str) -> bool:
        context = {"aws:PrincipalArn": principal, "aws:PrincipalIsAWSService": "false"}
        return grants([ANYTHING, item.inputs["policy"]], Request(ACCOUNT, action, resource, context))

    (role,) = [one for one in stack.of("iam/role:Role") if one.name == "response"]
    assert may(f"arn:aws:mock:eu-west-1:{ACCOUNT}:{role.name}"), "as the mock calls the function's role"
    assert not may(f"arn:aws:iam::{ACCOUNT}:role/shop-app")


@pytest.mark.parametrize("protect", [True, False])
def test_what_has_been_done_can_be_looked_up(protect: bool) -> None:
    events = {"protect": protect}
    stack = deploy({**CREATED, "events": events, "response": {"playbooks": [playbook("isolate")]}}, account())
    table = stack.one("dynamodb/table:Table", "response").inputs
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table.get("deletionProtectionEnabled", False) is protect


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


def test_the_function_gets_the_events_as_they_were_sent() -> None:
    """It compares an event's cluster with the log stream itself, and its pattern reads the original's fields."""
    assert (
        not answering(playbook("notify")).one("LogSubscriptionFilter", "response").inputs.get("applyOnTransformedLogs")
    )


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
