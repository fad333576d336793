"""The function's role on a moto that enforces IAM: it suffices, and with any verb less that very verb is refused.

Moto holds nearly every request against the resource `*`, and against no condition. `RESOURCES` says which resources a
request is for, and `condition_keys` with what; the local cloud's judge of policies decides. Moto knows no KMS behind
other services, and nothing calls the log and the dead-letter queue but Lambda itself: see `NOT_SEEN`.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import botocore.session
import pulumi
import pytest
from botocore.loaders import Loader
from moto.core import DEFAULT_ACCOUNT_ID, enable_iam_authentication
from moto.ec2.models import ec2_backends
from moto.iam.access_control import IAMPolicy, IAMRequestBase
from moto.moto_api import state_manager

from components.aws.function_role import trust
from components.aws.location import arn
from components.aws.policy_document import VERSION
from components.response.role import ClusterActions, action_statements, own_statements
from falco_firelens.responder.clients import AwsClients
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.handler import Invocation
from falco_firelens.responder.marks import BEFORE
from localcloud.aws.resource_policy import Request, grants
from tests.unit.responder.account import REGION, Account, LambdaContext, deliver, moto_account
from tests.unit.responder.events import configuration, document, playbook
from tests.unit.responder.nodes import node_instance
from tests.unit.responder.test_aws_actions import Aws, task

PLACE: Any = {"account": DEFAULT_ACCOUNT_ID, "region": REGION, "partition": "aws", "dns_suffix": "amazonaws.com"}
LOADER = Loader()
"""Of the models of AWS's services, which take seconds to be read anew for each session."""

HOOKS, ACCESS = "response/webhooks", "own-access"

NOT_SEEN: Mapping[str, str] = {
    "kms:Decrypt": "moto decrypts nothing behind other services",
    "kms:GenerateDataKey": "moto encrypts nothing behind other services",
    "logs:CreateLogStream": "called by Lambda itself",
    "logs:PutLogEvents": "called by Lambda itself",
    "dynamodb:GetItem": "called where the item has expired since it was in the way; Powertools asks for it",
}
"""Verbs of the role that no call here needs, and why it has them."""


def _arn(service: str, resource: str) -> str:
    return arn(PLACE, service, resource)


def _secret(body: Any) -> list[str]:
    from moto.secretsmanager.models import secretsmanager_backends

    return [secretsmanager_backends[DEFAULT_ACCOUNT_ID][REGION].secrets[body["SecretId"]].arn]


def _interface(body: Any) -> list[str]:
    groups = [f"security-group/{value}" for name, value in body.items() if name.startswith("SecurityGroupId.")]
    return [_arn("ec2", one) for one in (f"network-interface/{body['NetworkInterfaceId']}", *groups)]


RESOURCES: Mapping[str, Callable[[Any], list[str]]] = {
    "dynamodb": lambda body: [_arn("dynamodb", f"table/{body['TableName']}")],
    "ecs:DescribeContainerInstances": lambda body: body["containerInstances"],
    "ecs:DescribeTasks": lambda body: body["tasks"],
    "ecs:ListContainerInstances": lambda body: [_arn("ecs", f"cluster/{body['cluster']}")],
    "ecs:ListTasks": lambda body: [body["containerInstance"]],
    "ecs:PutAttributes": lambda body: [one["targetId"] for one in body["attributes"]],
    "ecs:StopTask": lambda body: [body["task"]],
    "ecs:UpdateContainerInstancesState": lambda body: body["containerInstances"],
    "ec2:CreateTags": lambda body: [_arn("ec2", f"network-interface/{body['ResourceId.1']}")],
    "ec2:ModifyNetworkInterfaceAttribute": _interface,
    "secretsmanager": _secret,
    "securityhub": lambda body: [one["ProductArn"] for one in body["Findings"]],
    "sns": lambda body: [body["TopicArn"]],
}
"""The resources of a request, by action or service, as the service authorization reference has them."""


def condition_keys(resource: str, body: Mapping[str, str]) -> dict[str, str | list[str]]:
    """The values of EC2's condition keys that statements of the role have, for one resource of a request."""
    kind, _, identity = resource.rpartition(":")[2].partition("/")
    ec2, found = ec2_backends[DEFAULT_ACCOUNT_ID][REGION], dict[str, str | list[str]]()
    if kind == "network-interface" and identity in ec2.enis:
        found["ec2:Vpc"] = _arn("ec2", f"vpc/{ec2.enis[identity].subnet.vpc_id}")
    group = ec2.get_security_group_from_id(identity) if kind == "security-group" else None
    if group is not None:
        found["ec2:Vpc"] = _arn("ec2", f"vpc/{group.vpc_id}")
    keys = [value for name, value in body.items() if re.fullmatch(r"Tag\.\d+\.Key", name)]
    return {**found, "aws:TagKeys": keys} if keys else found


def _resources(request: Any, given: str) -> list[str]:
    action: str = request._action
    of = RESOURCES.get(action) or RESOURCES.get(action.partition(":")[0])
    if action == "eks:DescribeCluster":
        return [_arn("eks", "cluster/" + request._path.rpartition("/")[2])]
    if of is None:
        return [given]
    text = request._body.decode()
    return of(json.loads(text) if text else {name: value[0] for name, value in request._data.items()})


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every action that was refused."""
    made = list[str]()

    def check(request: Any, resource: str) -> None:
        policies = [json.dumps(IAMPolicy(one)._policy_json) for one in request._access_key.collect_policies()]
        body = {name: value[0] for name, value in request._data.items()}
        for one in _resources(request, resource):
            keys = condition_keys(one, body) if request._action.startswith("ec2:") else {}
            if not grants(policies, Request(DEFAULT_ACCOUNT_ID, request._action, one, keys)):
                made.append(request._action)
                request._raise_access_denied()

    monkeypatch.setattr(IAMRequestBase, "check_action_permitted", check)
    monkeypatch.setattr(IAMRequestBase, "check_signature", lambda _: None)  # moto's is wrong for a GET of EKS
    monkeypatch.setattr("time.sleep", lambda _: None)
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 100})
    with moto_account(monkeypatch):
        yield made
    state_manager.unset_transition("ecs::task")


class Scene:
    """A task of cluster `jobs`, and everything that a function with every action asks for."""

    def __init__(self) -> None:
        self.account = Account()
        aws = self.account.aws
        self.task, self.instance = task(Aws(), "service:shop")
        vpc = aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        made = aws("ec2").create_security_group(GroupName="closed", Description="none", VpcId=vpc)
        self.vpc, self.group = vpc, made["GroupId"]
        self.node, self.node_api = node_instance(aws, "eks", vpc)
        aws("securityhub").enable_security_hub()
        secrets = {HOOKS: [], ACCESS: {"server": "https://127.0.0.1:1", "certificate_authority": "", "token": "x"}}
        self.secrets = [
            aws("secretsmanager").create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
            for name, value in secrets.items()
        ]
        acting = {name: {"securityGroupId": self.group} if name == "quarantine" else {} for name in TASK}
        self.plan = configuration(
            playbook("task", acting, match={"clusters": ["jobs"]}),
            playbook("pod", ["isolate"], match={}),
            workloads=["jobs/ledger"],
        )

    def statements(self) -> list[dict[str, Any]]:
        """What `components` puts into the role's policy for these playbooks, as JSON."""

        async def rendered() -> str:
            queues = {name: _arn("sqs", name) for name in ("retries", "dead")}
            own = own_statements(
                {
                    "log_group": _arn("logs", "log-group:/aws/lambda/f"),
                    "table": _arn("dynamodb", "table/ledger"),
                    "retries": queues["retries"],
                    "dead_letters": queues["dead"],
                    "bucket": "arn:aws:s3:::kept",
                    "topic": self.account.topic,
                    "key": _arn("kms", "key/x"),
                    "secrets": self.secrets,
                }
            )
            clusters = [
                ClusterActions("eks", "eks", frozenset(["isolate", "quarantine"]), api=True),
                ClusterActions("ecs", "jobs", frozenset(TASK), api=False),
            ]
            acting = action_statements(PLACE, clusters, self.account.topic.rpartition(":")[2], {self.group: self.vpc})
            text = await pulumi.Output.json_dumps([*own, *acting]).future()
            assert text is not None
            return text

        # Not asyncio.run, which takes the thread's loop away from the tests that come later.
        with contextlib.closing(asyncio.new_event_loop()) as loop:
            return json.loads(loop.run_until_complete(rendered()))

    def role(self, statements: list[dict[str, Any]]) -> Any:
        """A session of a role with these statements."""
        iam, name = self.account.aws("iam"), "response"
        made = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": VERSION, "Statement": [trust()]})
        )["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        keys = self.account.aws("sts").assume_role(RoleArn=made, RoleSessionName="function")["Credentials"]
        plain = botocore.session.Session()
        plain.register_component("data_loader", LOADER)
        return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION, plain)

    def run(self, session: Any) -> None:
        """Everything that the function and its event source mapping do, with a role's credentials."""
        clients = AwsClients()
        clients._session = session
        account = self.account
        environment = Environment.of({**account.environment, "WEBHOOKS_SECRET": HOOKS})
        cluster = {"name": "jobs", "platform": "ecs", "account": DEFAULT_ACCOUNT_ID, "region": REGION}
        victim = document(pod=None, platform="ecs", fields={"ecs.task.arn": self.task})
        victim["cluster"] = {**cluster, "node": self.instance}
        with enable_iam_authentication():

            def deliver_(payload: Any) -> None:
                try:
                    Invocation(self.plan, clients, environment, LambdaContext()).answer_delivery(payload)
                except Exception as error:
                    assert "AccessDenied" in str(error)

            deliver_(deliver(victim, stream="jobs/x"))
            deliver_(deliver({"not": "an event"}))
            for name, platform in (
                ("eks", "eks"),
                ("own", "kubernetes"),
            ):  # neither can be reached, so both are retried
                deliver_(deliver(document(cluster=name, platform=platform), stream=f"{name}/x"))
            self.quarantine_node(clients, environment)
            self.map(session.client("sqs"))

    def quarantine_node(self, clients: AwsClients, environment: Environment) -> None:
        """Move the instance of a Kubernetes node, whose API server is made up."""
        plan = configuration(playbook("node", {"quarantine": {"securityGroupId": self.group}}))
        found = document(pod=None)
        found["cluster"]["node"] = self.node_api.name
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clients, "kubernetes", lambda _: self.node_api)
            Invocation(plan, clients, environment, LambdaContext()).answer_delivery(deliver(found))

    def map(self, sqs: Any) -> None:
        """What Lambda does with the function's role for its event source mapping.

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
        """
        url = self.account.urls["retries"]
        for call in (
            lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
            lambda: sqs.receive_message(QueueUrl=url),
            lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="x"),
        ):
            try:
                call()
            except sqs.exceptions.ClientError as error:
                assert re.search("AccessDenied|ReceiptHandleIsInvalid", str(error))


TASK = ("evidence", "stopTask", "drainInstance", "quarantine", "finding", "notify")


def test_the_role_suffices_for_everything(denied: list[str]) -> None:
    scene = Scene()
    scene.run(scene.role(scene.statements()))
    assert denied == []
    reasons = [one["reasons"] for one in scene.account.messages("retries")]
    assert [list(one) for one in reasons] == [["isolate"], ["isolate"]], "only what cannot be reached has failed"
    ecs, aws = scene.account.aws("ecs"), scene.account.aws
    (stopped,) = ecs.describe_tasks(cluster="jobs", tasks=[scene.task])["tasks"]
    assert stopped["desiredStatus"] == "STOPPED"
    (drained,) = ecs.describe_container_instances(cluster="jobs", containerInstances=[stopped["containerInstanceArn"]])[
        "containerInstances"
    ]
    assert drained["status"] == "DRAINING"
    for instance in (scene.instance, scene.node):
        filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
        (interface,) = aws("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        assert [one["GroupId"] for one in interface["Groups"]] == [scene.group]
    assert len(aws("securityhub").get_findings()["Findings"]) == len(scene.account.notices()) == 1
    assert {key.partition("/")[0] for key in scene.account.objects()} == {"evidence", "set-aside"}


VERBS = [
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "ec2:CreateTags",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ecs:DescribeContainerInstances",
    "ecs:DescribeTasks",
    "ecs:ListContainerInstances",
    "ecs:ListTasks",
    "ecs:PutAttributes",
    "ecs:StopTask",
    "ecs:UpdateContainerInstancesState",
    "eks:DescribeCluster",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
    "securityhub:BatchImportFindings",
    "sns:Publish",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
]


def test_these_are_all_the_verbs(denied: list[str]) -> None:
    assert sorted({verb for one in Scene().statements() for verb in one["Action"]}) == VERBS


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in NOT_SEEN])
def test_with_any_verb_less_that_one_is_refused(denied: list[str], verb: str) -> None:
    scene = Scene()
    less = [{**one, "Action": [action for action in one["Action"] if action != verb]} for one in scene.statements()]
    scene.run(scene.role([one for one in less if one["Action"]]))
    assert set(denied) == {verb}


def test_what_is_elsewhere_is_refused(denied: list[str]) -> None:
    """The same verbs on other things of the account."""
    scene = Scene()
    session = scene.role(scene.statements())
    other, aws = _arn("ecs", f"task/bank/{'0' * 32}"), session.client
    calls: dict[str, Callable[[], Any]] = {
        "ecs:StopTask": lambda: aws("ecs").stop_task(cluster="bank", task=other),
        "ecs:ListContainerInstances": lambda: aws("ecs").list_container_instances(cluster="bank"),
        "ec2:ModifyNetworkInterfaceAttribute": lambda: aws("ec2").modify_network_interface_attribute(
            NetworkInterfaceId="eni-1", Groups=["sg-another"]
        ),
        "sns:Publish": lambda: aws("sns").publish(TopicArn=_arn("sns", "alarms"), Message="x"),
        "s3:PutObject": lambda: aws("s3").put_object(Bucket="other", Key="x", Body=b""),
        "dynamodb:PutItem": lambda: aws("dynamodb").put_item(TableName="orders", Item={"id": {"S": "x"}}),
        "sqs:SendMessage": lambda: aws("sqs").send_message(QueueUrl=scene.account.urls["inbox"], MessageBody="x"),
        "eks:DescribeCluster": lambda: aws("eks").describe_cluster(name="bank"),
    }
    with enable_iam_authentication():
        for call in calls.values():
            with pytest.raises(Exception, match=r"AccessDenied|UnauthorizedOperation"):
                call()
    assert denied == list(calls)


def test_no_other_vpc_and_no_other_tag(denied: list[str]) -> None:
    """Of what stands in the same account: the quarantine's group is in one VPC, and the tags are the function's own."""
    scene = Scene()
    aws = scene.account.aws
    (interface,) = aws("ec2").describe_network_interfaces(
        Filters=[{"Name": "attachment.instance-id", "Values": [scene.node]}]
    )["NetworkInterfaces"]
    vpc = aws("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = aws("ec2").create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    beyond = aws("ec2").create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    mine = interface["NetworkInterfaceId"]
    ec2 = scene.role(scene.statements()).client("ec2")
    own, owner = {"Key": f"{BEFORE}-0", "Value": "sg"}, {"Key": "team", "Value": "bank"}
    refused: tuple[Callable[[], Any], ...] = (
        lambda: ec2.modify_network_interface_attribute(NetworkInterfaceId=beyond, Groups=[scene.group]),
        lambda: ec2.modify_network_interface_attribute(NetworkInterfaceId=beyond, SourceDestCheck={"Value": False}),
        lambda: ec2.create_tags(Resources=[beyond], Tags=[own]),
        lambda: ec2.create_tags(Resources=[mine], Tags=[owner]),
        lambda: ec2.create_tags(Resources=[mine], Tags=[own, owner]),
        lambda: ec2.delete_tags(Resources=[mine], Tags=[{"Key": "team"}]),
    )
    with enable_iam_authentication():
        ec2.create_tags(Resources=[mine], Tags=[own])
        ec2.modify_network_interface_attribute(NetworkInterfaceId=mine, Groups=[scene.group])
        for call in refused:
            with pytest.raises(Exception, match=r"AccessDenied|UnauthorizedOperation"):
                call()
    assert len(denied) == len(refused)
