"""A stack with a response on the local cloud, by the real engine: made, changed, left alone, taken away."""

import asyncio
import json
from typing import Any

import pytest
import yaml
from lightkube import ApiError
from lightkube.generic_resource import create_global_resource
from lightkube.resources.admissionregistration_v1 import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding
from lightkube.resources.core_v1 import Pod, Secret
from lightkube.resources.rbac_authorization_v1 import ClusterRole, ClusterRoleBinding

from components.response.cluster_access import NAME
from components.sensors.existing_objects import UnsupportedError, check_policies
from falco_firelens.responder.clients import AwsClients, connect
from falco_firelens.responder.configuration import Cluster
from falco_firelens.responder.marks import ISOLATED
from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from localcloud.environment import environment
from tests.local.response import Api
from tests.local.stack import Stack, Step

pytestmark = pytest.mark.local

FUNCTION = "falco-test-response"
CONTROL_PLANES = ("eks", "selfmanaged")


@pytest.fixture
def deployed(local_cloud: LocalCloud) -> Deployed:
    return Deployed(local_cloud.layout)


def clusters(cloud: LocalCloud) -> list[dict[str, Any]]:
    """One of each platform."""
    kubeconfig = {"kubeconfigFile": str(cloud.layout.kubeconfig("selfmanaged")), "context": "selfmanaged"}
    return [
        {"name": "eks", "platform": "eks", "create": {"endpointAccess": "private"}},
        {"name": "ecs", "platform": "ecs"},
        {"name": "own", "platform": "kubernetes", "existing": kubeconfig, "nodeRole": "selfmanaged-node"},
    ]


def playbooks(*, dry_run: bool) -> list[dict[str, Any]]:
    """One that does something on each platform."""
    return [
        {
            "name": "contain",
            "match": {"minimumPriority": "Critical"},
            "actions": {"evidence": {}, "isolate": {}, "stopTask": {}, "notify": {}},
            "dryRun": dry_run,
        }
    ]


def registered(stack: Stack) -> list[str]:
    """Names of what the stack has for its response, with the types, as the engine knows them."""
    parts = (urn.rsplit("::", 2)[1:] for urn in stack.resources())
    return [f"{kind.split('$')[-1]} {name}" for kind, name in parts if "response" in name]


def names(deployed: Deployed) -> dict[str, list[str]]:
    """What AWS has of the response, by service."""
    client = deployed.client
    queues = client("sqs").list_queues(QueueNamePrefix=FUNCTION).get("QueueUrls", [])
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{FUNCTION}")["logGroups"]
    functions = [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]]
    found = {
        "functions": [one for one in functions if FUNCTION in one],
        "mappings": [one["UUID"] for one in client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "queues": [url.rpartition("/")[2] for url in queues],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "secrets": [one["Name"] for one in client("secretsmanager").list_secrets()["SecretList"]],
        "topics": [one["TopicArn"] for one in client("sns").list_topics()["Topics"] if FUNCTION in one["TopicArn"]],
        "buckets": [one["Name"] for one in client("s3").list_buckets()["Buckets"] if FUNCTION in one["Name"]],
        "groups": [one["logGroupName"] for one in groups],
    }
    return {kind: sorted(listed) for kind, listed in found.items()}


def test_a_response_is_made_changed_and_taken_away(
    stack: Stack, deployed: Deployed, local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = {"clusters": clusters(local_cloud), "account": "123456789012"}
    stack.configure({**base, "response": {"playbooks": playbooks(dry_run=True)}})
    stack.up()

    assert stack.preview("--expect-no-changes") == []
    made = names(deployed)
    assert made["functions"] == made["tables"] == [FUNCTION]
    assert made["queues"] == [f"{FUNCTION}-dead-letters", f"{FUNCTION}-retries"]
    assert made["secrets"] == [f"{FUNCTION}/own"]
    assert len(made["mappings"]) == len(made["buckets"]) == len(made["topics"]) == len(made["groups"]) == 1
    check_function(deployed)
    for cluster in CONTROL_PLANES:
        Api(local_cloud.layout, cluster).pods("shop/victim")
    secret = deployed.client("secretsmanager").get_secret_value(SecretId=f"{FUNCTION}/own")["SecretString"]
    check_rights(connect(**json.loads(secret)))
    with monkeypatch.context() as patch:
        patch_environment(patch, function_environment(deployed, local_cloud))
        check_rights(AwsClients().kubernetes(Cluster("eks", "eks")))

    before = deployed.client("lambda").get_function(FunctionName=FUNCTION)["Configuration"]["CodeSha256"]
    stack.configure({**base, "response": {"playbooks": playbooks(dry_run=False)}})
    assert stack.preview() == [Step("update", "Function response", frozenset({"code"}))]
    stack.up()
    assert deployed.client("lambda").get_function(FunctionName=FUNCTION)["Configuration"]["CodeSha256"] != before
    stack.up("--refresh", "--expect-no-changes")

    stack.configure(base)
    stack.up()
    assert registered(stack) == []
    assert set(map(tuple, names(deployed).values())) == {()}
    filters = deployed.client("logs").describe_subscription_filters(logGroupName="/falco/events")
    assert filters["subscriptionFilters"] == []
    for cluster in CONTROL_PLANES:
        api = Api(local_cloud.layout, cluster)
        for kind in (ClusterRole, ClusterRoleBinding, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding):
            assert NAME not in {one.metadata.name for one in api.admin.list(kind)}
        api.clear("shop")


def test_an_api_server_is_asked_whether_it_has_policies(
    local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older one says of these what this one says about a kind that there never was."""

    def look() -> None:
        kubeconfig = yaml.safe_load(local_cloud.layout.kubeconfig("selfmanaged").read_text())
        asyncio.run(check_policies(kubeconfig, None, {"metadata": {"name": "nobody"}}, expected="what to do"))

    look()
    unknown = create_global_resource("admissionregistration.k8s.io", "v1", "UnknownPolicy", "unknownpolicies")
    monkeypatch.setattr("lightkube.resources.admissionregistration_v1.ValidatingAdmissionPolicy", unknown)
    with pytest.raises(UnsupportedError, match="what to do"):
        look()


def check_function(deployed: Deployed) -> None:
    """The function is called by the log group and the retry queue, and its failures go to the dead letters."""
    client = deployed.client("lambda")
    function = client.get_function(FunctionName=FUNCTION)
    arn = function["Configuration"]["FunctionArn"]
    assert function["Configuration"]["VpcConfig"]["SubnetIds"]
    assert function["Concurrency"]["ReservedConcurrentExecutions"] > 0
    (subscribed,) = deployed.client("logs").describe_subscription_filters(logGroupName="/falco/events")[
        "subscriptionFilters"
    ]
    assert subscribed["destinationArn"] == arn
    (mapping,) = client.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]
    assert mapping["EventSourceArn"].endswith(f"{FUNCTION}-retries")
    invoked = client.get_function_event_invoke_config(FunctionName=FUNCTION)
    assert invoked["DestinationConfig"]["OnFailure"]["Destination"].endswith(f"{FUNCTION}-dead-letters")
    (statement,) = json.loads(client.get_policy(FunctionName=FUNCTION)["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "logs.amazonaws.com"}


def function_environment(deployed: Deployed, cloud: LocalCloud) -> dict[str, str]:
    """What the function is started with: the local cloud, and its own role."""
    role = deployed.client("lambda").get_function(FunctionName=FUNCTION)["Configuration"]["Role"]
    given = deployed.client("sts").assume_role(RoleArn=role, RoleSessionName=FUNCTION)["Credentials"]
    return {
        **environment(cloud.layout),
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def patch_environment(patch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        if name.startswith("AWS_"):
            patch.setenv(name, value)


def check_rights(client: Any) -> None:
    """The function may do in a cluster what its playbooks need and no more."""
    with pytest.raises(ApiError, match="not found"):
        client.get(Pod, "nobody", namespace="default")
    with pytest.raises(ApiError, match="forbidden"):
        client.get(Secret, "anything", namespace="default")
    with pytest.raises(ApiError, match="ValidatingAdmissionPolicy"):
        client.patch(Pod, "victim", {"spec": {"containers": [{"name": "main", "image": "evil"}]}}, namespace="shop")
    uid = client.get(Pod, "victim", namespace="shop").metadata.uid
    assert client.patch(Pod, "victim", {"metadata": {"labels": {ISOLATED: uid}}}, namespace="shop")
